#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The oracle against the worked figures: the tests that the published schemes carry, and what the
specification says of small things. `selftest.py --all` takes the slow schemes too."""
import sys
from fractions import Fraction
from pathlib import Path

import civil
import documents
import events
import policytests

SCHEMES = Path(__file__).resolve().parent.parent.parent / "examples" / "schemes"
SLOW = {"s12-ebay-feedback.yaml", "s13-ebay-seller-level.yaml"}  # a thousand events each
FAILURES = []


def same(what, expected, got):
    if expected != got:
        FAILURES.append(what)
        print(f"not ok - {what}: expected {expected}, got {got}")


def check_schemes():
    files = sorted(SCHEMES.glob("*.yaml"))
    same("schemes are there", True, len(files) >= 17)
    for path in files:
        if path.name in SLOW and "--all" not in sys.argv:
            continue
        raw = documents.load_documents(path)
        for document in raw:
            for test in document.get("tests") or []:
                same(f"{path.name}: {test['name']}", [], policytests.run_test(raw, test))


def check_deadlines():
    def end(text, at, zone="UTC", month_end="last day"):
        place = civil.named_zone(zone)
        return civil.show_instant(civil.parse_deadline(text).instant(civil.parse_instant(at, place)[0], place, month_end))
    same("clamped month", "2024-02-29T00:00:00.000Z", end("after 30 months", "2021-08-31"))
    same("first of the next month", "2024-03-01T00:00:00.000Z", end("after 30 months", "2021-08-31", month_end="first of next month"))
    same("end of February", "2027-03-01T00:00:00.000Z", end("at the end of February, 2 years later", "2025-11-10"))
    same("end of the month, a year later", "2025-04-01T00:00:00.000Z", end("at the end of the month, 12 months later", "2024-03-15"))
    same("the same local time across the change", "2024-04-01T11:00:00.000Z", end("after 1 months", "2024-03-01T12:00:00Z", "Europe/Lisbon"))


def check_zones():
    lisbon, havana, howe = (civil.named_zone(name) for name in ("Europe/Lisbon", "America/Havana", "Australia/Lord_Howe"))
    day = civil.parse_day
    same("midnight that is skipped", "2024-03-10T05:00:00.000Z", civil.show_instant(havana.first_of(day("2024-03-10"))))
    same("midnight that comes twice", "2024-11-03T04:00:00.000Z", civil.show_instant(havana.first_of(day("2024-11-03"))))
    same("a time that is skipped", "2024-03-31T01:00:00.000Z", civil.show_instant(lisbon.instant(day("2024-03-31") * civil.DAY + 5_400_000)))
    same("a time that comes twice", "2024-10-27T00:30:00.000Z", civil.show_instant(lisbon.instant(day("2024-10-27") * civil.DAY + 5_400_000)))
    same("half an hour skipped", "2024-10-05T15:30:00.000Z", civil.show_instant(howe.instant(day("2024-10-06") * civil.DAY + 2 * 3_600_000 + 600_000)))


def check_order():
    ids = sorted(["b", "10", "9", "09", "a", "1"], key=events.id_key)
    same("order of ids", ["1", "9", "09", "10", "a", "b"], ids)


POLICY = """
tallystick: 1
programme: small
title: Small
subjects: members
events:
  gain: {n: 0..100}
  buy: {cost: 1..100}
awards:
  gains:
    for: gain
    points: n
    decays: half every 10 days
  buys:
    for: buy
    points: -1 * cost
    spends: oldest expiry first
let:
  shares: round(sum(n of gain) / 3, to 0.5, MODE)
report: [shares]
"""


def check_small_policy():
    yaml = documents.YAML(typ="base", pure=True)

    def result(mode, rows, as_of):
        policy = documents.read_policy([documents.plain(yaml.load(POLICY.replace("MODE", mode)))])
        records = [events.record_from_row(row, civil.UTC, order) for order, row in enumerate(rows)]
        answer, _ = policytests.score.evaluate(policy, records, civil.parse_instant(as_of, civil.UTC)[0])
        return answer
    rows = [{"event": "gain", "id": "1", "at": "2024-01-01", "n": "10"}]
    for as_of, expected in (("2024-01-01", 10), ("2024-01-06", 7), ("2024-01-11", 5), ("2024-01-16", 3), ("2024-01-21", 2)):
        same(f"decay on {as_of}", Fraction(expected), result("up", rows, as_of).score)
    for mode, expected in (("up", "3.5"), ("down", "3"), ("half up", "3.5"), ("half down", "3.5"), ("half even", "3.5")):
        same(f"rounding {mode}", Fraction(expected), result(mode, rows, "2024-01-02").reports["shares"])
    rows += [{"event": "buy", "id": "2", "at": "2024-01-11", "cost": "7"}]
    same("spending takes what there is", Fraction(0), result("up", rows, "2024-01-12").score)


def main():
    check_deadlines()
    check_zones()
    check_order()
    check_small_policy()
    check_schemes()
    print(f"# {len(FAILURES)} failures")
    return 1 if FAILURES else 0


if __name__ == "__main__":
    sys.exit(main())
