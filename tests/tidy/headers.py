#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles each public header alone, in C and in C++, under strict flags, and
each internal header alone in C.

usage: headers.py ROOT"""

import subprocess
import sys
from pathlib import Path

STRICT = ["-Wall", "-Wextra", "-Wshadow", "-Werror", "-fsyntax-only"]
LANGUAGES = {
    "C": ["gcc", "-x", "c", "-std=c17", "-Wpedantic", "-Wconversion"],
    "C99": ["gcc", "-x", "c", "-std=c99", "-Wpedantic"],
    "C++": ["g++", "-x", "c++", "-std=c++11", "-Wpedantic"],
}


def compiles(command, include, root):
    text = f'#include "{include}"\nextern int tally_tidy_nothing;\n'
    result = subprocess.run(
        command + STRICT + [f"-I{root}/include", "-"], input=text, text=True, capture_output=True)
    if result.returncode != 0:
        print(f"{include} does not compile alone: {' '.join(command)}\n{result.stderr}")
    return result.returncode == 0


def main():
    root = Path(sys.argv[1])
    public = sorted((root / "include").rglob("*.h"))
    internal = sorted((root / "src").rglob("*.h"))
    if not public or not internal:
        sys.exit("headers.py: found no headers to check")
    good = True
    for header in public:
        for command in LANGUAGES.values():
            good &= compiles(command, header.relative_to(root / "include"), root)
    for header in internal:
        command = ["gcc", "-x", "c", "-std=c17", "-D_DEFAULT_SOURCE", f"-I{root}/src"]
        good &= compiles(command, header.relative_to(root / "src"), root)
    sys.exit(0 if good else 1)


main()
