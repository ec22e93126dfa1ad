#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the events of a made-up village as CSV: generate.py [MEMBERS [SEED]].

Two years of trees, months travelled and river days. Only integer arithmetic on a
seeded generator is used, so the same arguments give the same bytes everywhere.
"""
import csv
import datetime
import sys

MASK = (1 << 64) - 1


class Dice:
    """SplitMix64."""

    def __init__(self, seed):
        self.state = seed & MASK

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def between(self, low, high):
        return low + self.next() % (high - low + 1)

    def chance(self, percent):
        return self.next() % 100 < percent


def months():
    for year in (2025, 2026):
        for month in range(1, 13):
            if (year, month) > (2026, 10):
                return
            yield year, month


def events_of(dice):
    """One member's events: people differ in what they do at all, and months differ too."""
    plants, travels, wades = dice.chance(30), dice.chance(60), dice.chance(12)
    habit, usual = dice.between(0, 70), dice.between(6, 70)  # percent by public transport, journeys a month
    for year, month in months():
        end = datetime.date(year + month // 12, month % 12 + 1, 1) - datetime.timedelta(days=1)
        if plants and month in (1, 2, 3, 11, 12) and dice.chance(35):
            at = datetime.date(year, month, dice.between(1, end.day))
            yield "tree-planted", at, at, {"trees": 1 + dice.between(0, 99) // 50 + dice.between(0, 99) // 90}
        if travels:
            journeys = 0 if dice.chance(4) else max(1, usual + dice.between(-5, 5))
            share = min(100, max(0, habit + dice.between(-12, 12)))
            entered = end + datetime.timedelta(days=dice.between(1, 9))
            yield "month-travelled", end, entered, {"journeys": journeys, "public": journeys * share // 100}
        if wades and month in (4, 5, 6, 9, 10) and dice.chance(40):
            at = datetime.date(year, month, dice.between(1, end.day))
            yield "river-day", at, at, {"hours": dice.between(1, 4)}


def main():
    members = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 42
    out = csv.writer(sys.stdout, lineterminator="\n")
    columns = ["trees", "journeys", "public", "hours"]

    out.writerow(["event", "subject", "at", "recorded", "id", *columns])
    for member in range(1, members + 1):
        dice = Dice((seed << 32) + member)
        for number, (event, at, recorded, fields) in enumerate(events_of(dice), 1):
            out.writerow([event, f"m{member:04}", at, recorded, f"m{member:04}-{number}",
                          *(fields.get(column, "") for column in columns)])


if __name__ == "__main__":
    main()
