#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Installs into an empty folder, then builds and runs a small program against
that with pkg-config, with the shared and with the static library.

usage: install.py SCRATCH BUILD"""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

PROGRAM = """#include <stdio.h>
#include <tally/base.h>
int main(void)
{
    tally_err err = TALLY_ERR_INIT;

    tally_rc rc = tally_err_set(&err, TALLY_E_LIMIT, 3, "%d is too many", 4);
    printf("%s %s\\n", tally_rc_name(rc), err.message);
    return 0;
}
"""


def run(command, **more):
    result = subprocess.run(command, capture_output=True, text=True, **more)
    if result.returncode != 0:
        sys.exit(f"{shlex.join(map(str, command))}\n{result.stdout}{result.stderr}")
    return result.stdout


def main():
    root = Path(sys.argv[1]) / "install"
    build = sys.argv[2]
    shutil.rmtree(root, ignore_errors=True)
    run(["meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", root])
    described = list(root.rglob("tally.pc"))
    if len(described) != 1:
        sys.exit(f"{len(described)} pkg-config files were installed")
    libraries = described[0].parent.parent
    environment = dict(
        os.environ,
        PKG_CONFIG_PATH=str(described[0].parent),
        PKG_CONFIG_SYSROOT_DIR=str(root),
        LD_LIBRARY_PATH=str(libraries))
    source = root / "program.c"
    source.write_text(PROGRAM)
    for kind in ("shared", "static"):
        options = run(["pkg-config", "--cflags", "--libs", "tally"]
                      + (["--static"] if kind == "static" else []), env=environment).split()
        if kind == "static":
            options = [str(libraries / "libtally.a") if word == "-ltally" else word
                       for word in options]
        program = root / f"program-{kind}"
        run(["gcc", "-std=c17", "-Wall", "-Wextra", "-Werror", source, "-o", program, *options])
        answer = run([program], env=environment)
        if answer != "E_LIMIT 4 is too many\n":
            sys.exit(f"the {kind} program says {answer!r}")
    installed = next(root.rglob("bin/tally"))
    if not run([installed, "--version"], env=environment).startswith("tally "):
        sys.exit("the installed tally does not say its version")


main()
