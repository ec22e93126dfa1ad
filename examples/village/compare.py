#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hold the statements that members read against what the engine computes from the events.

usage: compare.py DIR MEMBERS    (DIR as village.sh makes it)"""

import csv
import re
import sys
from pathlib import Path

RESULT = re.compile(r"  (\d[\d ]*?) {2,}(\S+)")


def results(path):
    """Score as shown and tier of each statement, in order."""
    found = []
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines):
        if line.startswith("Statement of "):
            match = RESULT.match(lines[number + 2])
            found.append((int(match[1].replace(" ", "")), match[2]))
    return found


def main():
    folder, members = Path(sys.argv[1]), int(sys.argv[2])
    left = {int(line.split()[1]) for line in (folder / "events/leavers").read_text().splitlines()}
    with (folder / "engine.csv").open() as file:
        engine = {row["subject"]: (int(row["shown"]), row["tier"]) for row in csv.DictReader(file)}
    here = [m for m in range(members) if m not in left]
    told = results(folder / "statements.txt")
    wrong = []
    if len(told) != len(here):
        sys.exit(f"{len(here)} members are there, {len(told)} statements were told")
    for member, result in zip(here, told):
        wanted = engine.get(f"m{member:05}", (1000, "seed"))
        if result != wanted:
            wrong.append(f"member {member}: the ledger says {result}, the engine {wanted}")
    again = results(folder / "statements.rejoined.txt")
    wrong += [f"a rejoiner has {result}" for result in again if result != (1000, "seed")]
    if wrong:
        sys.exit("\n".join(wrong[:20]))
    tiers = {tier: sum(1 for t in told if t[1] == tier) for tier in sorted({t[1] for t in told})}
    print(f"   {len(told)} statements equal the engine's results "
          f"({', '.join(f'{count} {tier}' for tier, count in tiers.items())}); "
          f"{len(left)} left; {len(again)} came back and begin at 1 000.")


if __name__ == "__main__":
    main()
