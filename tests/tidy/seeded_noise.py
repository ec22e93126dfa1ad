#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tR23_neg_seeded_noise_in_release_build: what is released draws from the operating system alone.

Looks at every source of src/ and cmd/ for a second source of randomness, and into the built library
for the name of one. Proves first that it would see one.

usage: seeded_noise.py NM ROOT LIBRARY"""
import re
import subprocess
import sys
from pathlib import Path

SYSTEM = "src/crypto/random.c"
# Sources that draw nothing, and how many each file makes: what they hand over was drawn before.
HANDED_OVER = {"src/ledger/event_seal.c": 1}  # the nonce of an event, drawn with its batch's others
# A tally_random made anywhere: with an initialiser, or a function put into its place.
MADE = re.compile(r"\btally_random\s+\w+\s*(\[[^]]*\]\s*)?=|\(tally_random\)\s*\{|[.>]fill\s*=|\.fill\s*=")
SEEDED = re.compile(r"\b(srand|srandom|rand|random|drand48|lrand48|rand_r|RAND_seed|randombytes_buf_deterministic)\s*\(")
NAMES = re.compile(r"seeded|splitmix|xorshift|mersenne|pcg32|deterministic", re.I)


def without_comments(text):
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', " ", text, flags=re.S)


def faults_of(path, text):
    code = without_comments(text)
    made = len(MADE.findall(code)) - HANDED_OVER.get(path, 0)
    found = [f"{path}: makes a tally_random"] * made if path != SYSTEM else []
    found += [f"{path}: calls {match.group(1)}()" for match in SEEDED.finditer(code)]
    found += [f"{path}: names {match.group()}" for match in NAMES.finditer(code)]
    return found


def check_itself():
    planted = ("static const tally_random mine = { NULL, fill };", "x->source.fill = fill;", "srand(7);", "int seeded_fill(void);",
               "use((tally_random){ NULL, fill });")
    for text in planted:
        if not faults_of("src/planted.c", text):
            sys.exit(f"seeded_noise.py does not see: {text}")
    if faults_of("src/fine.c", "const tally_random *random = tally_random_system();\nrc = random->fill(random->context, out, 8, err);"):
        sys.exit("seeded_noise.py sees what is not there")


def main():
    nm, root, program = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    check_itself()
    faults, count = [], 0
    for folder in ("src", "cmd", "include"):
        for path in sorted((root / folder).rglob("*.[ch]")):
            count += 1
            faults += faults_of(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))
    if count < 50 or not (root / SYSTEM).exists():
        sys.exit("seeded_noise.py: found no sources to check")
    symbols = subprocess.run([nm, program], check=True, capture_output=True, text=True).stdout
    if "tally_random_system" not in symbols:
        sys.exit("seeded_noise.py: the library has no symbols to look at")
    faults += [f"{program}: holds {line.split()[-1]}" for line in symbols.splitlines()
               if NAMES.search(line.split()[-1]) and line.split()[-1].startswith(("tally_", "seeded"))]
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)


main()
