# SPDX-License-Identifier: Apache-2.0
"""The oracle's command line: see oracle.py."""
import argparse
import json
import sys
from collections import defaultdict
from fractions import Fraction

import admission
import civil
import documents
import events
import policytests
import score
from events import Day
from questions import Duration, Instant


def shown(value):
    """A value as JSON; numbers as exact decimal texts, ratios that are none as a fraction."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Fraction):
        return exact(value)
    if isinstance(value, Day):
        return civil.show_day(value)
    if isinstance(value, Instant):
        return civil.show_instant(value)
    if isinstance(value, Duration):
        return f"{int(value)} ms"
    if isinstance(value, events.Event):
        return value.id
    return str(value)


def exact(number):
    number = Fraction(number)
    digits = 0
    while (number * 10 ** digits).denominator != 1 and digits < 18:
        digits += 1
    whole = number * 10 ** digits
    if whole.denominator != 1:
        return f"{number.numerator}/{number.denominator}"
    text = str(abs(whole.numerator)).rjust(digits + 1, "0")
    sign = "-" if whole < 0 else ""
    return sign + (text if digits == 0 else text[:-digits] + "." + text[-digits:])


def describe(subject, result, intake):
    amounts = {id(line): amount for line, amount in result.world.ledger.amounts(result.world.as_of)}
    lines = [{"event": line.event.id, "award": line.award.name if line.award else f"price of {line.tier}",
              "credited": exact(line.credited), "counts_now": exact(amounts.get(id(line), Fraction(0)))}
             for line in result.world.ledger.lines]
    return {"subject": subject, "state": result.state, "score": shown(result.score), "shown": shown(result.shown),
            "tier": result.tier, "grade": result.grade,
            "reports": {name: shown(value) for name, value in result.reports.items()},
            "lines": lines, "refused": [record.id for record, _ in intake.refused]}


def as_of_instant(policy, text):
    """A day means its last millisecond in the zone."""
    day = civil.parse_day(text)
    if day is not None:
        zone = policy.versions[-1].zone or civil.UTC
        return zone.first_of(day + 1) - 1
    return civil.parse_instant(text, civil.UTC)[0]


def evaluate_file(policy, path, as_of, only=None):
    zone = policy.versions[0].zone or civil.UTC
    records = events.read_json_lines(path, zone)
    if any(version.admission for version in policy.versions):
        yield from admission.evaluate_all(policy, records, as_of, only)
        return
    subjects = defaultdict(list)
    for record in records:
        subjects[record.subject].append(record)
    for subject in sorted(subjects):
        if only is None or subject == only:
            yield subject, *score.evaluate(policy, subjects[subject], as_of, subject)


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="oracle.py", description=__doc__)
    parser.add_argument("policy")
    parser.add_argument("--events")
    parser.add_argument("--as-of")
    parser.add_argument("--subject")
    parser.add_argument("--run-tests", action="store_true")
    options = parser.parse_args(arguments)
    if options.run_tests:
        return policytests.run(options.policy)
    if not options.events or not options.as_of:
        parser.error("--events and --as-of are needed")
    policy = documents.load_policy(options.policy)
    as_of = as_of_instant(policy, options.as_of)
    for subject, result, intake in evaluate_file(policy, options.events, as_of, options.subject):
        json.dump(describe(subject, result, intake), sys.stdout, ensure_ascii=False)
        print()
    return 0
