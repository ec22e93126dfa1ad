#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`tally wallet` on a terminal: the passphrase is not echoed, words are shown there and
not on standard output, and Ctrl-C gives the terminal its echo back.

usage: wallet_terminal.py TALLY"""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import termios
import time

TALLY = os.path.abspath(sys.argv[1])
PASSPHRASE = b"four trees by the canal"


class Terminal:
    """A child whose controlling terminal is ours; its standard output is a pipe."""

    def __init__(self, *arguments):
        self.ours, theirs = pty.openpty()
        self.seen = b""

        def take_terminal():
            os.setsid()
            os.close(os.open(os.ttyname(theirs), os.O_RDWR))

        self.child = subprocess.Popen(
            [TALLY, "wallet", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, preexec_fn=take_terminal)
        self.theirs = theirs

    def wait_for(self, text):
        end = time.monotonic() + 60
        while text not in self.seen:
            if time.monotonic() > end:
                sys.exit(f"never saw {text!r} in {self.seen!r}")
            if select.select([self.ours], [], [], 0.2)[0]:
                self.seen += os.read(self.ours, 4096)
            elif self.child.poll() is not None and text not in self.seen:
                sys.exit(f"ended before {text!r}: {self.seen!r} {self.child.stdout.read()!r}")

    def wait_silent(self):
        """Until echoing is off: what is typed before that would be flushed."""
        end = time.monotonic() + 60
        while termios.tcgetattr(self.theirs)[3] & termios.ECHO:
            if time.monotonic() > end:
                sys.exit("the terminal still echoes")
            time.sleep(0.01)
        time.sleep(0.05)

    def answer(self, prompt, line):
        self.wait_for(prompt)
        self.wait_silent()
        self.seen = self.seen.split(prompt, 1)[1]
        os.write(self.ours, line + b"\n")

    def finish(self):
        said = self.child.stdout.read()
        self.child.wait(60)
        while select.select([self.ours], [], [], 0.1)[0]:
            self.seen += os.read(self.ours, 4096)
        return self.child.returncode, said, self.seen

    def echoes(self):
        return bool(termios.tcgetattr(self.theirs)[3] & termios.ECHO)


def check(fact, what):
    if not fact:
        sys.exit(f"wallet_terminal.py: {what}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        wallet = os.path.join(folder, "wallet")

        terminal = Terminal("new", wallet)
        terminal.answer(b"new passphrase for the wallet: ", PASSPHRASE)
        terminal.answer(b"The same again: ", PASSPHRASE)
        status, said, seen = terminal.finish()
        check(status == 0, f"new ended with {status}: {said!r}")
        check(PASSPHRASE not in seen + said, "the passphrase was echoed")
        words = re.findall(rb"\d+ ([a-z]+)", seen)
        check(len(words) == 24, f"{len(words)} words were shown")
        check(not any(b" " + word + b" " in said.replace(b"\n", b" ") and len(word) > 5
                      for word in words), "words went to standard output")

        terminal = Terminal("show", wallet)
        terminal.answer(b"Passphrase: ", PASSPHRASE)
        status, said, seen = terminal.finish()
        check(status == 0 and b"No programme yet" in said, f"show said {said!r}")

        terminal = Terminal("restore", os.path.join(folder, "again"))
        terminal.answer(b"not shown): ", b" ".join(words))
        terminal.answer(b"new passphrase for the wallet: ", PASSPHRASE)
        terminal.answer(b"The same again: ", b"something else")
        status, said, seen = terminal.finish()
        check(status == 1 and b"not the same" in said, f"two passphrases: {said!r}")
        check(words[0] + b" " + words[1] not in seen, "the words were echoed")
        check(not os.path.exists(os.path.join(folder, "again")), "a wallet was left")

        terminal = Terminal("show", wallet)
        terminal.wait_for(b"Passphrase: ")
        terminal.wait_silent()
        check(not terminal.echoes(), "the terminal echoes while it asks")
        os.write(terminal.ours, b"\x03")
        status, said, seen = terminal.finish()
        check(status == -signal.SIGINT, f"Ctrl-C ended it with {status}")
        check(terminal.echoes(), "Ctrl-C left the terminal silent")
    print("wallet_terminal.py: passed")


main()
