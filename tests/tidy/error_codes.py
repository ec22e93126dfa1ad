#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every stable code that the sources name stands in docs/errors.md, and no other does: a code that nobody
looked up is one that nobody can act on.

usage: error_codes.py ROOT"""

import re
import sys
from pathlib import Path

LITERAL = re.compile(r'"(E_[A-Z_]*[A-Z])[":]')
ROW = re.compile(r"^\|([^|]*)\|")
CODE = re.compile(r"`(E_[A-Z_]+)`")


def main():
    root = Path(sys.argv[1])
    used = {}
    for folder in ("src", "cmd"):
        for path in sorted((root / folder).rglob("*.[ch]")):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                for code in LITERAL.findall(line):
                    used.setdefault(code, f"{path.relative_to(root)}:{number}")
    listed = {}
    page = root / "docs/errors.md"
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        cell = ROW.match(line)
        for code in CODE.findall(cell.group(1)) if cell else ():
            listed.setdefault(code, f"docs/errors.md:{number}")
    faults = [f"{used[c]}: {c} is not in docs/errors.md" for c in sorted(used.keys() - listed.keys())]
    faults += [f"{listed[c]}: no source says {c}" for c in sorted(listed.keys() - used.keys())]
    if len(used) < 40:
        faults.append(f"only {len(used)} codes found under src and cmd: the search is broken")
    print("\n".join(faults) or f"{len(used)} codes, each in docs/errors.md")
    return 1 if faults else 0


sys.exit(main())
