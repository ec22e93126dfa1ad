# SPDX-License-Identifier: Apache-2.0
"""Section 2: records, what is refused, and what a history looks like at T after voids and corrections."""
import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction

import civil
from documents import RECORD_TYPES


@dataclass
class Record:
    type: str
    subject: str
    id: str
    at: int
    recorded: int
    offset: int  # seconds
    texts: dict
    order: int = 0  # place in the input
    of: str = None
    finding: str = None
    new_at: tuple = None  # (instant, offset) of a correction
    values: dict = field(default_factory=dict)


@dataclass
class Event:
    """A record of one of the policy's own types, as known at T."""
    type: str
    subject: str
    id: str
    at: int
    recorded: int
    offset: int
    fields: dict
    reversals: list = field(default_factory=list)  # instants
    disputes: list = field(default_factory=list)  # places in order
    decision_places: list = field(default_factory=list)
    decisions: list = field(default_factory=list)  # (instant, finding)

    def place(self):
        return (self.at, id_key(self.id))


def id_key(text):
    if re.fullmatch(r"[0-9]+", text):
        return (0, int(text), len(text), b"")
    return (1, 0, 0, text.encode())


class Refused(Exception):
    pass


class Day(int):
    """A civil day as a value."""


def parse_value(kind, text):
    """The value of one field; raises Refused."""
    if kind.kind == "number":
        if not re.fullmatch(r"-?\d+(\.\d+)?", text):
            raise Refused("out-of-type")
        number = Fraction(text)
        if (number * 10 ** kind.decimals).denominator != 1:
            raise Refused("out-of-type")
        if kind.choices is not None and number not in kind.choices:
            raise Refused("out-of-type")
        if kind.low is not None and not kind.low <= number <= kind.high:
            raise Refused("out-of-type")
        if kind.step is not None and (number / kind.step).denominator != 1:
            raise Refused("out-of-type")
        return number
    if kind.kind == "word":
        if text not in kind.choices:
            raise Refused("out-of-type")
        return text
    if kind.kind == "condition":
        if text not in ("yes", "no", "true", "false"):
            raise Refused("out-of-type")
        return text in ("yes", "true")
    if kind.kind == "day":
        day = civil.parse_day(text)
        if day is None:
            raise Refused("out-of-type")
        return Day(day)
    return text


def shown_text(value):
    """A JSON or YAML scalar as the text that a field is parsed from; None: nothing."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def record_from_row(row, zone, order):
    """A flat row or a CloudEvent; raises ValueError for what has no instant."""
    if "event" in row:
        fields = {key: value for key, value in row.items() if key not in ("event", "subject", "at", "recorded", "id")}
        kind, at = row["event"], row["at"]
    else:
        fields = row.get("data") or {}
        kind, at = row["type"], row["time"]
    instant, offset = civil.parse_instant(at, zone)
    recorded = civil.parse_instant(row["recorded"], zone)[0] if row.get("recorded") else instant
    texts = {key: shown_text(value) for key, value in fields.items()}
    return Record(kind, str(row.get("subject", "")), str(row.get("id", order + 1)), instant, recorded, offset,
                  {key: text for key, text in texts.items() if text is not None}, order)


def read_json_lines(path, zone):
    records = []
    with open(path, encoding="utf-8") as file:
        for order, line in enumerate(file):
            if line.strip():
                records.append(record_from_row(json.loads(line, parse_float=str, parse_int=str), zone, order))
    return records


class Intake:
    """One subject's records, checked: `records` take part, `refused` has (record, code)."""

    def __init__(self, policy, records):
        self.policy = policy
        self.types = policy.versions[-1].types
        self.refused = []
        self.records = []
        seen, about = set(), []
        for record in sorted(records, key=lambda record: record.order):
            if record.id in seen:
                self.refused.append((record, "duplicate"))
                continue
            seen.add(record.id)
            try:
                if record.type in RECORD_TYPES:
                    about.append(record)
                else:
                    self.check_event(record)
                    self.records.append(record)
            except Refused as refusal:
                self.refused.append((record, str(refusal)))
        by_id = {record.id: record for record in self.records}
        for record in about:
            by_id.setdefault(record.id, record)
        for record in about:
            try:
                self.check_about(record, by_id)
                self.records.append(record)
            except Refused as refusal:
                self.refused.append((record, str(refusal)))

    def zone_of(self, record):
        version = self.policy.in_force(record.at)
        return version, version.zone or civil.Zone(seconds=record.offset)

    def check_event(self, record):
        kind = self.types.get(record.type)
        if kind is None:
            raise Refused("unknown-type")
        record.values = self.parse_fields(kind, record.texts)
        for name, declared in kind.fields.items():
            if name not in record.values:
                if not declared.optional:
                    raise Refused("missing-field")
                record.values[name] = None
        if kind.recorded_by:
            version, zone = self.zone_of(record)
            end = kind.recorded_by.instant(record.at, zone, version.month_end)
            if end is not None and record.recorded >= end:
                raise Refused("recorded-late")

    @staticmethod
    def parse_fields(kind, texts):
        values = {}
        for name, text in texts.items():
            if name not in kind.fields:
                raise Refused("unknown-field")
            values[name] = parse_value(kind.fields[name], text)
        return values

    def check_about(self, record, by_id):
        texts = dict(record.texts)
        record.of = texts.pop("of", None)
        target = by_id.get(record.of)
        if target is None:
            raise Refused("unknown-of")
        if record.type != "void" and target.type in RECORD_TYPES:
            raise Refused("unknown-of")
        if record.type == "decision":
            record.finding = texts.pop("finding", None)
            if record.finding not in ("stands", "dropped"):
                raise Refused("out-of-type")
        if record.type == "correction":
            new_at = texts.pop("at", None)
            if new_at is not None:
                try:
                    record.new_at = civil.parse_instant(new_at, self.policy.in_force(record.at).zone or civil.UTC)
                except ValueError:
                    raise Refused("out-of-type") from None
            record.values = self.parse_fields(self.types[target.type], texts)
        elif texts:
            raise Refused("unknown-field")
        if record.type in ("reversal", "dispute", "decision") and record.at < target.at:
            raise Refused("before-its-target")


def known_events(intake, as_of):
    """The events as known at T, in order; voids and corrections applied, what concerns each one attached."""
    known = [record for record in intake.records if record.recorded <= as_of]
    voids = [record for record in known if record.type == "void"]
    kind_of = {record.id: record.type for record in known}
    voided = {record.of for record in voids if kind_of.get(record.of) != "void"}
    standing = sorted((record for record in known if record.id not in voided), key=lambda record: (record.at, id_key(record.id)))
    events, about = {}, defaultdict(list)
    for record in standing:
        if record.type in RECORD_TYPES:
            about[record.type].append(record)
        else:
            events[record.id] = Event(record.type, record.subject, record.id, record.at, record.recorded, record.offset, dict(record.values))
    for record in about["correction"]:
        if record.of in events:
            events[record.of].fields.update(record.values)
            if record.new_at:
                events[record.of].at, events[record.of].offset = record.new_at
    for record in about["reversal"]:
        if record.of in events:
            events[record.of].reversals.append(record.at)
    for record in about["dispute"]:
        if record.of in events:
            events[record.of].disputes.append((record.at, id_key(record.id)))
    for record in about["decision"]:
        if record.of in events:
            events[record.of].decisions.append((record.at, record.finding))
            events[record.of].decision_places.append((record.at, id_key(record.id)))
    return sorted(events.values(), key=Event.place)
