# SPDX-License-Identifier: Apache-2.0
"""Section 14: a policy's own tests."""
import re
from collections import defaultdict
from fractions import Fraction

import admission
import civil
import documents
import events
import score
import streaks
from questions import Question

NOT_CHECKED = ("missing", "next-change")


def records_of(given, zone):
    """Records as written: ids default to 1, 2, 3 …"""
    records = []
    for row in given:
        row = dict(row)
        kind = next(iter(row))
        when = row.pop(kind) or ""
        times, own_id = int(row.pop("times", "1")), row.pop("id", None)
        subject, recorded = row.pop("subject", None) or "", row.pop("recorded", None)
        match = re.fullmatch(r"each day from (\S+) to (\S+)", when)
        if match:
            days = range(civil.parse_day(match[1]), civil.parse_day(match[2]) + 1)
            instants = [civil.parse_instant(civil.show_day(day), zone) for day in days]
        else:
            instants = [civil.parse_instant(when, zone)]
        for instant, offset in instants:
            for _ in range(times):
                order = len(records)
                known = civil.parse_instant(recorded, zone)[0] if recorded else instant
                texts = {key: value for key, value in row.items() if value is not None}
                records.append(events.Record(kind, subject, own_id or str(order + 1), instant, known, offset, texts, order))
    return records


def run(path):
    documents_of_file = documents.load_documents(path)
    failures, checked = 0, 0
    for raw in documents_of_file:
        for test in raw.get("tests") or []:
            problems = run_test(documents_of_file, test)
            checked += 1
            failures += bool(problems)
            print(f"{'not ok' if problems else 'ok'} {checked} - {test['name']}")
            for problem in problems:
                print(f"#   {problem}")
    print(f"1..{checked}")
    return 1 if failures or not checked else 0


def run_test(raw_documents, test):
    policy = documents.read_policy(raw_documents, test.get("settings"), test.get("facts"))
    zone = policy.versions[-1].zone or civil.UTC
    records = records_of(test.get("given") or [], zone)
    problems = []
    for expectation in documents.listed(test["expect"]):
        expectation = dict(expectation)
        as_of = expectation.pop("as-of", None) or test.get("as-of")
        instant = end_of(policy, as_of) if as_of else zone.first_of(zone.day(max(record.at for record in records)) + 1) - 1
        subject = expectation.pop("of", None)
        results = results_of(policy, records, instant)
        if subject is None:
            subject = sorted(results)[0] if results else ""
        for name, expected in expectation.items():
            if name in NOT_CHECKED:
                continue
            problems += check(policy, results, subject, name, expected, as_of)
    return problems


def end_of(policy, text):
    day = civil.parse_day(text)
    zone = policy.versions[-1].zone or civil.UTC
    return zone.first_of(day + 1) - 1 if day is not None else civil.parse_instant(text, zone)[0]


def results_of(policy, records, as_of):
    if any(version.admission for version in policy.versions):
        return {subject: (result, intake) for subject, result, intake in admission.evaluate_all(policy, records, as_of)}
    by_subject = defaultdict(list)
    for record in records:
        by_subject[record.subject].append(record)
    return {subject: score.evaluate(policy, own, as_of, subject) for subject, own in (by_subject or {"": []}).items()}


def check(policy, results, subject, name, expected, as_of):
    import cli
    if name == "sum-of-scores":
        got = sum((result.score for result, _ in results.values()), Fraction(0))
        return differs(name, Fraction(expected), got, as_of, cli)
    result, intake = results.get(subject) or score.evaluate(policy, [], end_of(policy, as_of), subject)
    if name == "refused":
        refused = [record.id for _, own in results.values() for record, _ in own.refused]
        refused += [freeze for other, _ in results.values() for freeze in refused_freezes(other)]
        if isinstance(expected, list):
            return differs(name, sorted(expected), sorted(refused), as_of, cli)
        return differs(name, int(expected), len(refused), as_of, cli)
    if name in ("score", "shown", "tier", "grade", "state"):
        got = getattr(result, name)
    elif name == "valid-until":
        end = result.valid_until()
        got = None if end is None else civil.show_day(result.question.zone().day(end - 1))
    else:
        got = result.value(name)
    return differs(name, convert(expected, got), got, as_of, cli)


def refused_freezes(result):
    question = Question(result.world, result.version, result.world.as_of)
    return [event.id for streak in result.version.streaks.values() for event in streaks.length(question, streak)[1]]


def convert(expected, got):
    if expected in (None, "nothing"):
        return None
    if isinstance(got, bool):
        return expected in ("yes", "true")
    if isinstance(got, Fraction):
        match = re.fullmatch(r"([\d.]+) %", expected)
        return Fraction(match[1]) / 100 if match else Fraction(expected)
    if isinstance(got, events.Day):
        return civil.parse_day(expected)
    return expected


def differs(name, expected, got, as_of, cli):
    if expected == got:
        return []
    return [f"{name} at {as_of or 'the end'}: expected {cli.shown(expected)}, got {cli.shown(got)}"]
