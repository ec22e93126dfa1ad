#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shows that the static library has nothing of the tests' cryptography in it: not
the group P-256 that the proof engine is tested over, no seeded generator of the
known-answer test, and not the experimental certificate unless it was asked for.

usage: release.py NM LIBRARY CERTIFICATE"""

import subprocess
import sys
from pathlib import Path


def main():
    nm, library, certificate = sys.argv[1], sys.argv[2], sys.argv[3] == "true"
    listing = subprocess.run([nm, library], check=True, capture_output=True, text=True).stdout
    names = {line.split()[-1] for line in listing.splitlines() if len(line.split()) >= 2}
    if "tally_rrc_present" not in names:
        sys.exit("release.py: this is not the library")
    groups = {name for name in names if name.startswith("tally_group_") or name == "p256_group"}
    faults = [f"{name}: the engine's other groups are for tests" for name in sorted(groups)
              if name != "tally_group_ristretto255"]
    faults += [f"{name}: deterministic numbers are for tests" for name in sorted(names)
               if "splitmix" in name or "drng" in name.lower()]
    if b"TestDRNG" in Path(library).read_bytes():
        faults.append("the known-answer test's generator is in the library")
    if certificate != ("tally_rrc_certify" in names):
        faults.append("the experimental certificate is not as the option says")
    for line in faults:
        print(line)
    sys.exit(1 if faults else 0)


main()
