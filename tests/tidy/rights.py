#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every right that src/ledger/rights.c calls enforced has a test of what must work and one of what must fail:
tR<n>_pos... and tR<n>_neg... somewhere under tests/. The others say what is missing.

usage: rights.py ROOT"""

import re
import sys
from pathlib import Path

ROW = re.compile(r'\{ "R(\d+)", "[^"]*", (true|false),\s*"([^"]*)" \}')
TEST = re.compile(r"\btR(\d+)_(pos|neg)")
RIGHTS = 36


def main():
    root = Path(sys.argv[1])
    rows = ROW.findall((root / "src/ledger/rights.c").read_text(encoding="utf-8"))
    tests = set()
    for path in sorted((root / "tests").rglob("*")):
        if path.suffix in (".c", ".sh", ".py", ".build", ".tsv"):
            tests.update(TEST.findall(path.read_text(encoding="utf-8")))
    faults = []
    if [int(number) for number, _, _ in rows] != list(range(1, RIGHTS + 1)):
        faults.append("src/ledger/rights.c: the table does not read as R1 to R36")
    for number, is_enforced, missing in rows:
        if (is_enforced == "true") != (missing == ""):
            faults.append(f"R{number}: either it is enforced or it says what is missing")
        for kind in ("pos", "neg") if is_enforced == "true" else ():
            if (number, kind) not in tests:
                faults.append(f"R{number} is called enforced, and no test is called tR{number}_{kind}")
    enforced = sum(row[1] == "true" for row in rows)
    print("\n".join(faults) or f"{enforced} rights enforced, each with both tests")
    return 1 if faults else 0


sys.exit(main())
