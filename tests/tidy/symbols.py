#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the names the libraries define: the shared one exports what public
headers declare and nothing else, the static one defines only tally_ names.

usage: symbols.py NM ROOT SHARED STATIC"""

import re
import subprocess
import sys
from pathlib import Path


def defined(nm, options, library):
    listing = subprocess.run(
        [nm, "--defined-only", *options, library], check=True, capture_output=True, text=True)
    rows = (line.split() for line in listing.stdout.splitlines())
    return {row[2] for row in rows if len(row) == 3 and row[1] in "TDBRVWGSu"}


def declared(root):
    """The functions and objects that public headers mark as API."""
    names = set()
    for header in (root / "include").rglob("*.h"):
        text = re.sub(r"/\*.*?\*/", " ", header.read_text(), flags=re.S)
        text = re.sub(r"^\s*#(?:[^\n]*\\\n)*[^\n]*", " ", text, flags=re.M)
        for match in re.finditer(r"\bTALLY_API\b([^;{]*)[;{]", text):
            declaration = re.sub(r"\b[A-Z][A-Z_]+\b(\([^)]*\))?", " ", match.group(1))
            name = re.search(r"\b(tally_\w+)\s*(?:\(|\[|=|$)", declaration.strip())
            if name is None:
                sys.exit(f"symbols.py: cannot read the declaration{match.group(1)}")
            names.add(name.group(1))
    return names


def main():
    nm, root, shared, static = sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4]
    exported = defined(nm, ["-D"], shared)
    wanted = declared(root)
    # Sanitizers add names of their own to what they instrument.
    internal = {
        name for name in defined(nm, [], static)
        if not name.startswith(("tally_", "__asan", "__ubsan", "__odr_asan", "__sanitizer"))}
    faults = [f"{name} is exported but no public header declares it as API"
              for name in sorted(exported - wanted) if not name.startswith("__")]
    faults += [f"{name} is declared as API but not exported" for name in sorted(wanted - exported)]
    faults += [f"{name} is visible to the linker but not named tally_..."
               for name in sorted(internal)]
    if not exported:
        faults.append("nothing is exported")
    for line in faults:
        print(line)
    sys.exit(1 if faults else 0)


main()
