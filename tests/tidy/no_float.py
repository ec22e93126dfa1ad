#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shows that the pure folders contain no floating-point arithmetic or
conversion: disassembles their objects and lists each function that has such an
instruction, or calls a function that works on floating-point numbers.

Compilers also move integers through vector registers; moves, shuffles and
bitwise operations are therefore no finding.

usage: no_float.py OBJDUMP NM OBJECT-DIRECTORY"""

import re
import subprocess
import sys
from pathlib import Path

FOLDERS = ("policy", "score", "admission", "tlog", "batch", "aggregate")

X86 = re.compile(
    r"v?(add|sub|mul|div|sqrt|min|max|cmp\w*|u?comi|round|rcp|rsqrt|hadd|hsub|addsub|dp|"
    r"fn?m(add|sub)\w*?)(ss|sd|ps|pd)$"
    r"|v?cvt\w+$"
    r"|f(add|sub|mul|div|i?ld|i?st|sqrt|com|ucom|chs|abs|rnd|prem|scale|sin|cos|ptan|2xm1|yl2x)\w*$"
)
AARCH64 = re.compile(
    r"(fadd|fsub|fmul|fnmul|fdiv|fmadd|fmsub|fnmadd|fnmsub|fsqrt|fcmp\w*|fccmp\w*|fcvt\w*|scvtf|"
    r"ucvtf|frint\w*|fmin\w*|fmax\w*|fabs|fabd|fneg|fmla|fmls|faddp)$"
)
CALLS = re.compile(
    r"(strto(f|d|ld)|atof|(f?mod|pow|exp2?|log(2|10)?|sqrt|floor|ceil|l?l?round|trunc|rint|fabs)(f|l)?|"
    r"__(add|sub|mul|div)[sdtx]f3|__(float|fix)\w+|difftime|drand48)$"
)


def findings_in(objdump, path):
    listing = subprocess.run(
        [objdump, "-d", "--no-show-raw-insn", str(path)], check=True, capture_output=True, text=True)
    instructions = AARCH64 if "aarch64" in listing.stdout[:400] else X86
    function = "?"
    found = {}
    for line in listing.stdout.splitlines():
        header = re.match(r"[0-9a-f]+ <(.+)>:$", line)
        if header:
            function = header.group(1)
            continue
        parts = line.split("\t")
        words = parts[1].split() if len(parts) > 1 else []
        if words and instructions.match(words[0]):
            found.setdefault(function, set()).add(words[0])
    return found


def calls_in(nm, path):
    listing = subprocess.run([nm, "-u", str(path)], check=True, capture_output=True, text=True)
    names = (line.split()[-1] for line in listing.stdout.splitlines() if line.strip())
    return sorted(name for name in names if CALLS.match(name.split("@")[0]))


def main():
    objdump, nm, directory = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    everything = list(directory.glob("*.o"))
    if not everything:
        sys.exit(f"no_float.py: no objects in {directory}")
    objects = sorted(
        path for folder in FOLDERS for path in directory.glob(f"src_{folder}_*.o"))
    good = True
    for path in objects:
        for function, instructions in sorted(findings_in(objdump, path).items()):
            print(f"{path.name}: {function}: {' '.join(sorted(instructions))}")
            good = False
        for name in calls_in(nm, path):
            print(f"{path.name}: calls {name}")
            good = False
    print(f"{len(objects)} objects checked")
    sys.exit(0 if good else 1)


main()
