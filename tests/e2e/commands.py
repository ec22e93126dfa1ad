#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The help texts, the manual page and the completion of bash speak of the same commands and options.

usage: commands.py TALLY ROOT"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

OPTION = re.compile(r"(?<![\w-])--([a-z][a-z-]+)")
ENTRY = re.compile(r"^  ([a-z][a-z-]+) ", re.MULTILINE)

# Where one command's text names an option of another's.
OTHERS = {"init": {"live", "now"}}


def main():
    tally, root = str(Path(sys.argv[1]).resolve()), Path(sys.argv[2]).resolve()
    completion = root / "completions/tally.bash"
    manual = (root / "docs/tally.1").read_text(encoding="utf-8")
    in_manual = set(re.findall(r"Fl -([a-z][a-z-]+)", manual))
    faults = []

    def help_of(words):
        done = subprocess.run([tally, *words, "--help"], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            faults.append(f"tally {' '.join(words)} --help: status {done.returncode}")
        return done.stdout

    def complete(words):
        script = (
            f"source {completion}; COMP_WORDS=(tally {' '.join(words)}); "
            f"COMP_CWORD={len(words)}; _tally; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
        with tempfile.TemporaryDirectory() as empty: # no files to complete
            done = subprocess.run(
                ["bash", "-c", script], capture_output=True, text=True, check=True, cwd=empty)
        return done.stdout.split()

    def options_of(words):
        return {word[2:] for word in complete([*words, "--"]) if word.startswith("--")} - {"help"}

    listed = ENTRY.findall(help_of([]))
    if len(listed) < 20:
        faults.append(f"tally --help lists {len(listed)} commands only")
    if set(listed) != {word for word in complete(["''"]) if not word.startswith("-")}:
        faults.append("tally --help and the completion list other commands")
    for command in listed:
        if not re.search(rf"^\.Cm {command}\b", manual, re.MULTILINE):
            faults.append(f"docs/tally.1 has no synopsis of {command}")
        text = help_of([command])
        below = [word for word in complete([command, "''"]) if re.fullmatch("[a-z][a-z-]+", word)]
        offered = options_of([command])
        for word in below:
            own = options_of([command, word])
            offered |= own
            if f"{command} {word}" not in text + help_of([command, word]) and word not in text:
                faults.append(f"the help of {command} does not speak of {word}")
            if word not in manual:
                faults.append(f"docs/tally.1 does not speak of {command} {word}")
            text += help_of([command, word])
        told = set(OPTION.findall(text)) - {"help"} - OTHERS.get(command, set())
        faults += [f"{command}: --{name} is not completed" for name in sorted(told - offered)]
        faults += [f"{command}: no help speaks of --{name}" for name in sorted(offered - told)]
        faults += [f"{command}: --{name} is not in docs/tally.1" for name in sorted(told - in_manual)]
    print("\n".join(faults) or f"{len(listed)} commands, told alike everywhere")
    return 1 if faults else 0


sys.exit(main())
