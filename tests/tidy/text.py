#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the tree's own text: licence lines, banned functions, which folder
includes which, leftovers. Prints file:line: reason; exits 1 when there is any.
Long files and functions are only remarked upon.

usage: text.py ROOT"""

import re
import subprocess
import sys
from pathlib import Path

LICENCE = "SPDX-License-Identifier: Apache-2.0"

BANNED = (
    "strcpy strncpy strcat strncat sprintf vsprintf gets strtok atoi atol atoll atof alloca "
    "system popen"
).split()

# Allocation goes through util/alloc.h. free() stays possible: libraries hand
# out memory that is released so.
ALLOCATORS = "malloc calloc realloc reallocarray strdup strndup aligned_alloc asprintf".split()

# Folders that do no I/O, read no clock or locale, keep no random state.
PURE = (
    "src/policy", "src/score", "src/admission", "src/tlog", "src/batch", "src/aggregate")
IMPURE_CALLS = (
    "fopen fdopen freopen open openat read write close printf fprintf vprintf vfprintf puts fputs "
    "fputc putchar fwrite fread getline time clock clock_gettime gettimeofday localtime gmtime "
    "mktime getenv setenv setlocale rand srand random getrandom getentropy"
).split()

# The house of docs/ARCHITECTURE.md: what a folder may include beyond itself.
HOUSE = {
    "src/util": (),
    "src/crypto": ("util/", "json/"),
    "src/json": ("util/",),
    "src/message": ("util/", "json/", "crypto/"),
    "src/policy": ("util/", "crypto/hash.h"),
    "src/score": ("util/", "policy/"),
    "src/admission": ("util/", "policy/", "score/"),
    "src/eval": ("util/", "policy/", "score/", "admission/"),
    "src/tlog": ("util/", "crypto/"),
    "src/publish": ("util/", "crypto/", "tlog/"),
    "src/aggregate": ("util/", "json/", "crypto/random.h", "policy/charter_limits.h"),
    "src/batch": ("util/", "json/", "crypto/", "policy/", "score/", "tlog/"),
    "src/cred": ("util/", "json/", "crypto/", "message/values.h"),
    "src/store": ("util/",),
    "src/ledger": (
        "util/", "json/", "crypto/", "policy/", "score/", "admission/", "aggregate/", "tlog/",
        "publish/", "batch/", "message/", "cred/", "store/"),
    "src/http": ("ledger/", "json/", "util/"),
    "src/web": ("ledger/", "util/"),
    "src/client": ("util/", "json/", "crypto/", "batch/", "message/values.h"),
    "src/wallet": (
        "util/", "json/", "crypto/", "message/", "cred/", "tlog/", "policy/", "score/", "client/"),
}

# Which folders may include the headers of a library.
LIBRARIES = {
    "openssl/": ("src/crypto", "tests"),
    "sodium": ("src/crypto",),
    "libfyaml.h": ("src/policy",),
    "jansson.h": ("src/policy", "tests", "bench"),
    "qrencode.h": ("cmd",),
    "zlib.h": ("src/cred", "src/eval", "cmd", "tests", "bench"),
    "simdjson.h": ("src/batch",),
    "sqlite3.h": ("src/store", "tests", "bench"),
    "libpq-fe.h": ("bench",),
}

LIBC = set(
    "assert.h complex.h ctype.h errno.h fenv.h float.h inttypes.h iso646.h limits.h locale.h math.h "
    "setjmp.h signal.h stdalign.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdlib.h "
    "stdnoreturn.h string.h threads.h time.h uchar.h wchar.h wctype.h".split()
)

# What speaks to a library that has no C interface.
CPLUSPLUS = "src/batch/simdjson_shim.cpp"

GENERATED = (".o", ".a", ".so", ".pyc", ".gch", ".log", ".profraw", ".orig", ".rej", ".swp")
TEXT = (".c", ".h", ".cpp", ".py", ".sh", ".md", ".map", ".yaml", ".yml", ".txt", ".build", ".1", ".bash")

FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 100

faults = []
remarks = []


def fault(path, line, reason):
    faults.append(f"{path}:{line}: {reason}")


def without_comments_and_strings(text):
    """The same text with comments, strings and characters blanked; lines stay."""

    def blank(match):
        return re.sub(r"[^\n]", " ", match.group())

    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    return re.sub(pattern, blank, text, flags=re.S)


def folder_of(path):
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] == "src" and len(parts) > 2 else parts[0]


def check_licence(path, lines):
    if path.endswith((".c", ".h", ".cpp")):
        if not lines or lines[0] != f"/* {LICENCE} */":
            fault(path, 1, "the first line is not the licence line")
    elif path.endswith((".py", ".sh", "meson.build", ".map", ".bash")) or path in ("dev", ".ci/run"):
        if not any(LICENCE in line for line in lines[:3]):
            fault(path, 1, "no licence line at the top")


def check_includes(path, lines):
    folder = folder_of(path)
    for number, line in enumerate(lines, 1):
        match = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
        if not match:
            continue
        quote, name = match.groups()
        for library, folders in LIBRARIES.items():
            if name.startswith(library) and folder not in folders:
                fault(path, number, f"{folder} must not include {name}")
        if folder == "include":
            if quote == "<" and name not in LIBC:
                fault(path, number, f"a public header includes {name}, which is not libc")
            if quote == '"' and not name.startswith("tally/"):
                fault(path, number, f"a public header includes {name}, which is not public")
        if folder in HOUSE and quote == '"':
            own = folder.removeprefix("src/") + "/"
            if not name.startswith(("tally/", own) + HOUSE[folder]):
                fault(path, number, f"{folder} must not include {name}")


def check_calls(path, code_lines):
    banned = set(BANNED)
    folder = folder_of(path)
    if folder.startswith("src/") and path != "src/util/alloc.c":
        banned |= set(ALLOCATORS)
    if folder in PURE:
        banned |= set(IMPURE_CALLS)
    pattern = re.compile(r"(?<![\w.>])(" + "|".join(sorted(banned)) + r")\s*\(")
    for number, line in enumerate(code_lines, 1):
        for match in pattern.finditer(line):
            fault(path, number, f"{match.group(1)}() is not used in {folder}")
        if folder in PURE and re.search(r"\b(float|double)\b", line):
            fault(path, number, f"no floating point in {folder}")


def check_lengths(path, code_lines):
    if len(code_lines) > FILE_LINES_MAX:
        remarks.append(f"{path}: {len(code_lines)} lines; split it by subject")
    start = None
    for number, line in enumerate(code_lines, 1):
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start is not None:
            if number - start > FUNCTION_LINES_MAX and not path.startswith("tests/"):
                remarks.append(f"{path}:{start}: a function of {number - start} lines")
            start = None


def check_c(path, text, lines):
    code_lines = without_comments_and_strings(text).split("\n")
    check_includes(path, lines)
    check_calls(path, code_lines)
    check_lengths(path, code_lines)
    for number, line in enumerate(lines, 1):
        if "\t" in line:
            fault(path, number, "a tab")
    wide = sum(len(line) > COLUMNS_MAX for line in lines)
    if wide > 0:
        remarks.append(f"{path}: {wide} lines of more than {COLUMNS_MAX} columns")
    if path.endswith(".h") and not re.search(r"^#ifndef TALLY_\w+_H\n#define TALLY_\w+_H\n", text, re.M):
        fault(path, 1, "no include guard named TALLY_..._H")


def check_file(root, path):
    if path.endswith(GENERATED) or path.startswith("build/"):
        fault(path, 1, "a generated file")
        return
    raw = (root / path).read_bytes()
    is_script = path in ("dev", ".ci/run")
    if not (path.endswith(TEXT) or is_script):
        return
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        if "/corpus/" not in path:
            fault(path, 1, "not UTF-8")
        return
    if "/corpus/" in path or path.startswith(("examples/", "tests/vectors/")):
        return
    lines = text.split("\n")
    check_licence(path, lines)
    if text and not text.endswith("\n"):
        fault(path, len(lines), "no newline at the end")
    for number, line in enumerate(lines, 1):
        if line.endswith((" ", "\t", "\r")) and not path.endswith(".md"):
            fault(path, number, "white space at the end of the line")
        if re.search(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b", line):
            fault(path, number, "unfinished work is not committed")
    if path.endswith((".c", ".h", ".cpp")):
        check_c(path, text, lines)
    if path.endswith(".cpp") and path != CPLUSPLUS:
        fault(path, 1, "the project is in C; its one C++ file is " + CPLUSPLUS)


def tree_files(root):
    """Paths below root: what git knows or would add; without git, all but builds."""
    if (root / ".git").exists():
        listing = subprocess.run(
            ["git", "-c", f"safe.directory={root}", "-C", str(root), "ls-files", "-z", "-co",
             "--exclude-standard"],
            check=True, capture_output=True, text=True)
        return sorted(path for path in listing.stdout.split("\0") if path)
    paths = (path.relative_to(root).as_posix() for path in root.rglob("*"))
    return sorted(path for path in paths if not path.startswith("build"))


def main():
    root = Path(sys.argv[1])
    checked = [path for path in tree_files(root) if (root / path).is_file()]
    if not any(path.startswith("src/") for path in checked):
        sys.exit("text.py: found no sources to check")
    for path in checked:
        check_file(root, path)
    for line in remarks:
        print("remark:", line)
    for line in faults:
        print(line)
    sys.exit(1 if faults else 0)


main()
