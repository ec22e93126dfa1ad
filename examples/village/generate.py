#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A year of events about generated members, as four sources would write them.

usage: generate.py CARDS OUT MEMBERS SEED

CARDS holds one file a source, a membership card a line in the order of members. OUT gets
MM/SOURCE.jsonl, what each source sends after month MM; `leavers`, a line "MM member"
for each who leaves after that month's batches; and `oracle.jsonl`, the admitted events as the
engine alone reads them, by member number. The same arguments give the same files.
Nobody in here exists."""

import datetime
import json
import random
import sys
from pathlib import Path

SOURCES = ("parks-office", "transit", "river-wardens", "tool-library")
YEAR = 2025


def recorded(month, source):
    """When a source sends its events of a month: early in the next, one after the other."""
    year, month = (YEAR, month + 1) if month < 12 else (YEAR + 1, 1)
    return f"{year}-{month:02}-03T{6 + SOURCES.index(source):02}:00:00Z"


def days_of(month):
    first = datetime.date(YEAR, month, 1)
    following = datetime.date(YEAR + month // 12, month % 12 + 1, 1)
    return (following - first).days


class Village:
    def __init__(self, cards, members, seed):
        self.random = random.Random(seed)
        self.members = members
        self.handles = {
            source: [line.split()[4] for line in (cards / source).read_text().splitlines()]
            for source in SOURCES
        }
        self.left = set()
        self.voided = set()
        self.number = 0
        self.oracle = []
        self.sent = {source: [] for source in SOURCES}

    def event(self, source, kind, member, day, month, fields, month_of_day=None):
        """What the source writes, and what the engine reads."""
        self.number += 1
        at = f"{YEAR}-{month_of_day or month:02}-{day:02}"
        event = {"id": f"e{self.number}", "type": kind, "at": at,
                 "subject": "handle:" + self.handles[source][member], **fields}
        mine = {"event": kind, **event, "id": f"{source}/e{self.number}", "subject": f"m{member:05}",
                "recorded": recorded(month, source)}
        del mine["type"]
        if "of" in fields:
            mine["of"] = f"{source}/{fields['of']}"
        self.oracle.append(mine)
        if "of" not in fields:
            self.sent[source].append((event["id"], member))
        return event

    def month(self, month):
        lines = {source: [] for source in SOURCES}
        here = [m for m in range(self.members) if m not in self.left]
        draw = self.random
        last = days_of(month)
        for member in here:
            if draw.random() < 0.06:
                lines["parks-office"].append(self.event(
                    "parks-office", "tree-planted", member, draw.randint(2, last), month,
                    {"trees": draw.randint(1, 4)}))
            if draw.random() < 0.8:
                journeys = draw.randint(0, 90)
                lines["transit"].append(self.event(
                    "transit", "month-travelled", member, last, month,
                    {"journeys": journeys, "public": draw.randint(0, journeys)}))
            if draw.random() < 0.08:
                lines["river-wardens"].append(self.event(
                    "river-wardens", "river-day", member, draw.randint(2, last), month,
                    {"hours": draw.randint(1, 8)}))
            for day in draw.sample(range(2, last + 1), draw.choice((0, 0, 0, 1, 2))):
                lines["tool-library"].append(self.event(
                    "tool-library", "tool-returned", member, day, month,
                    {"days": draw.randint(1, 30)}))
        self.amend(month, lines)
        return lines

    def amend(self, month, lines):
        """Mistakes put right, and what comes a month late."""
        draw = self.random
        for source in ("parks-office", "river-wardens", "tool-library"):
            known = [e for e in self.sent[source]
                     if e[1] not in self.left and e[0] not in self.voided]
            for of, member in draw.sample(known, min(3, len(known))):
                lines[source].append(self.void(source, member, month, of))
        trees = [e for e in self.sent["parks-office"] if e[1] not in self.left]
        for of, member in draw.sample(trees, min(2, len(trees))):
            if of in self.voided:
                continue
            lines["parks-office"].append(self.event(
                "parks-office", "correction", member, days_of(month), month,
                {"of": of, "trees": draw.randint(1, 9)}))
        if month > 2:
            for member in draw.sample([m for m in range(self.members) if m not in self.left], 5):
                lines["river-wardens"].append(self.event(
                    "river-wardens", "river-day", member, 1, month, {"hours": 2},
                    month_of_day=month - 1))

    def void(self, source, member, month, of):
        self.voided.add(of)
        return self.event(source, "void", member, days_of(month), month, {"of": of})

    def leave(self, count):
        going = self.random.sample([m for m in range(self.members) if m not in self.left], count)
        self.left |= set(going)
        return sorted(going)


def main():
    cards, out, members, seed = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    village = Village(cards, members, seed)
    leavers = []
    for month in range(1, 13):
        folder = out / f"{month:02}"
        folder.mkdir(parents=True, exist_ok=True)
        for source, events in village.month(month).items():
            (folder / f"{source}.jsonl").write_text(
                "".join(json.dumps(e, separators=(",", ":")) + "\n" for e in events))
        if month % 3 == 0:
            leavers += [(month, m) for m in village.leave(max(1, members // 200))]
    (out / "leavers").write_text("".join(f"{m:02} {who}\n" for m, who in leavers))
    with (out / "oracle.jsonl").open("w") as file:
        for event in village.oracle:
            if int(event["subject"][1:]) not in village.left:
                file.write(json.dumps(event, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
