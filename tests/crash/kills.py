#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills `tally submit`, `tally wallet leave` and `tally log publish` at random
points and looks at what is left: every acknowledged batch is whole, none that was
not is half there, who was told to be gone is gone, the public log verifies at every
moment, and the same command given again completes.

usage: kills.py TALLY KILLPOINT [--kills 50] [--seed N] [--only submit,leave,publish]

KILLPOINT is the library made of killpoint.c. Nine kills in ten hit a counted
operation on files, so that each of them is as likely as any other; the rest come by
the clock. TALLY_KILLS in the environment sets the number as well. How to add a case
is said at `CASES`."""

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ORIGIN = "green.riverside.example/points"
START = 1772442000  # 2026-03-02T09:00:00Z
POLICY = """\
tallystick: 1
programme: green-points
title: Green points
purpose: Thank residents who plant trees and share tools.
contact: green@riverside.example
sponsor: association
subjects: members
keeps-events: 24 months
sources:
  parks-office: {events: [tree-planted], rate: 100000 per calendar day}
events:
  tree-planted: {is: shared-place care, trees: 1..50}
awards:
  trees:
    for: tree-planted
    points: 20 * trees
    expires: after 24 months
    because: Trees planted, and seen by the parks office.
"""
EVENTS_A_BATCH = 8


class Broken(Exception):
    pass


def expect(is_so, what):
    if not is_so:
        raise Broken(what)


class Programme:
    """A programme of generated members, and what must be in it."""

    def __init__(self, tally, killpoint, folder, rng, members):
        self.tally, self.killpoint, self.folder, self.rng = tally, killpoint, folder, rng
        self.now = START
        self.operations = {}  # case -> how many operations it had when it was not killed
        self.batches, self.events_of = 0, {}
        self.files = 0
        (folder / "policy.yaml").write_text(POLICY)
        self.run("init", "p", "--origin", ORIGIN, "--policy", "policy.yaml",
                 "--simulated-clock", self.instant())
        did = self.run("source", "key", "office.key").stdout.split()[-1]
        self.run("source", "add", "p", "parks-office", did, "--now", self.instant())
        self.run("wallet", "new", "--generated", str(members), "village")
        tokens = self.run("roll", "issue", "p", "--count", str(members), "--now", self.instant())
        descriptor = os.open(folder / "tokens", os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(descriptor, tokens.stdout.encode())
        os.close(descriptor)
        self.run("wallet", "join", "--tokens", "tokens", "--all", "--now", self.instant(),
                 "village", "p")
        cards = self.run("wallet", "card", "--source", "parks-office", "--all", "--now",
                         self.instant(), "village", "p").stdout.splitlines()
        self.handles = {number: card.split()[4] for number, card in enumerate(cards)}
        self.live = set(self.handles)
        expect(len(self.handles) == members, "not every member has a card")
        self.run("log", "publish", "p", "--once", "--without-witnesses", "--now", self.instant())
        self.key = self.run("log", "key", "p").stdout.strip()

    def instant(self):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.now))

    def command(self, arguments, environment=None, **options):
        merged = dict(os.environ, **(environment or {}))
        return subprocess.Popen(
            [self.tally, *arguments], cwd=self.folder, env=merged, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def run(self, *arguments, environment=None):
        """Run a command to its end; it has to succeed."""
        process = self.command(arguments, environment)
        out, err = process.communicate(timeout=120)
        expect(process.returncode == 0,
               f"status {process.returncode} of tally {' '.join(arguments)}: {out}{err}")
        return subprocess.CompletedProcess(arguments, 0, out, err)

    def preloaded(self, **variables):
        # A sanitizer wants to be the first library; ours only passes calls on to it.
        options = os.environ.get("ASAN_OPTIONS", "")
        return {"LD_PRELOAD": str(self.killpoint),
                "ASAN_OPTIONS": options + ":verify_asan_link_order=0", **variables}

    def kill(self, case, arguments):
        """Run a command and kill it somewhere; False when it ended before."""
        if self.rng.random() < 0.1:
            process = self.command(arguments)
            try:
                process.communicate(timeout=self.rng.random() * 0.08)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.communicate()
        else:
            point = self.rng.randrange(self.operations.get(case, 60))
            variables = {"TALLY_KILL_AT": str(point)}
            if self.rng.random() < 0.25:
                variables["TALLY_KILL_TORN"] = "1"
            process = self.command(arguments, self.preloaded(**variables))
            process.communicate(timeout=120)
        expect(process.returncode in (0, -signal.SIGKILL),
               f"{case} ended by itself with {process.returncode}")
        return process.returncode != 0

    def complete(self, case, arguments):
        """The same command without a kill; counts its operations."""
        count = self.folder / "operations"
        done = self.run(*arguments,
                        environment=self.preloaded(TALLY_KILL_COUNT=str(count)))
        self.operations[case] = max(int(count.read_text()), 1, self.operations.get(case, 0))
        return done

    def state(self):
        """(batches, events) of a ledger that says it is whole."""
        said = self.run("check", "p").stdout
        expect("check: result=whole" in said, said)
        numbers = [re.search(rf"^{word}\s+(\d+)", said, re.M) for word in ("batches", "events")]
        expect(all(numbers), said)
        return tuple(int(number.group(1)) for number in numbers)

    def total(self):
        return sum(self.events_of.get(member, 0) for member in self.live)

    def audit(self, *more):
        """The public folder as a stranger sees it now, grown from what was kept before."""
        said = self.run("audit", "p/log", "--vkey", self.key, "--keep", "checkpoint", *more).stdout
        expect("result=passed" in said, said)


def kill_a_few_times(programme, case, arguments, look):
    """Kill a command once to three times, looking each time; True if one hit."""
    hits = 0
    for _ in range(programme.rng.choice((1, 1, 1, 2, 3))):
        was_killed = programme.kill(case, arguments)
        hits += was_killed
        look()
        if not was_killed:
            break
    return hits


def submit(programme):
    rng = programme.rng
    count = rng.randrange(1, 5 * EVENTS_A_BATCH)
    members = [rng.choice(sorted(programme.live)) for _ in range(count)]
    programme.files += 1
    name = f"events-{programme.files}.csv"
    lines = ["id,type,at,subject,trees"] + [
        f"e-{programme.files}-{i},tree-planted,2026-03-02T09:30:00Z,"
        f"handle:{programme.handles[member]},{rng.randrange(1, 50)}"
        for i, member in enumerate(members)]
    (programme.folder / name).write_text("\n".join(lines) + "\n")
    arguments = ("submit", name, "--source-key", "office.key", "--programme", "p",
                 "--events-per-batch", str(EVENTS_A_BATCH), "--no-progress",
                 "--now", programme.instant())
    before, events_before = programme.batches, programme.total()
    batches = -(-count // EVENTS_A_BATCH)
    seen = 0

    def look():
        nonlocal seen
        now, events = programme.state()
        arrived = now - before
        expect(seen <= arrived <= batches, f"{arrived} batches of {batches}, {seen} before")
        seen = arrived
        # Whole batches, in their order.
        expect(events - events_before == min(count, arrived * EVENTS_A_BATCH),
               f"{events - events_before} events in {arrived} batches")
        replies = len(list((programme.folder / "office.key.outbox").glob("*.reply")))
        expect(replies <= now, f"{replies} replies for {now} batches")

    hits = kill_a_few_times(programme, "submit", arguments, look)
    done = programme.complete("submit", arguments)
    expect("0 refused" in done.stderr or "already" in done.stderr, done.stderr)
    look()
    expect(seen == batches, "the same command again did not complete")
    replies = len(list((programme.folder / "office.key.outbox").glob("*.reply")))
    programme.batches += batches
    expect(replies == programme.batches, f"{replies} replies at the end")
    for member in members:
        programme.events_of[member] = programme.events_of.get(member, 0) + 1
    return hits


def leave(programme):
    member = programme.rng.choice(sorted(programme.live))
    arguments = ("wallet", "leave", "--member", str(member), "--now", programme.instant(),
                 "village", "p")
    before = programme.total()
    own = programme.events_of.get(member, 0)
    is_gone = False

    def look():
        nonlocal is_gone
        batches, events = programme.state()
        expect(batches == programme.batches, "a batch came or went")
        expect(events in ((before - own,) if is_gone else (before, before - own)),
               f"{events} events, of {before} and {own} of the leaver")
        is_gone = is_gone or (events < before)

    hits = kill_a_few_times(programme, "leave", arguments, look)
    programme.complete("leave", arguments)
    is_gone = True
    look()
    programme.live.discard(member)
    return hits


def publish(programme):
    arguments = ("log", "publish", "p", "--once", "--without-witnesses", "--now",
                 programme.instant())

    def look():
        programme.audit()
        programme.state()

    hits = kill_a_few_times(programme, "publish", arguments, look)
    programme.complete("publish", arguments)
    programme.audit("--documents", "p/log/documents", "--private", "p")
    return hits


# A case does one thing to a programme: it prepares, kills its command a few times
# through kill_a_few_times() with a `look` that says what may be there now, gives the
# command again through complete(), and says in `programme` what must be there from
# then on. It returns how many kills hit. The number says how often it is drawn.
CASES = {"submit": (submit, 5), "leave": (leave, 2), "publish": (publish, 3)}
EVENTFUL_MEMBERS = 6  # how many stay


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tally", type=Path)
    parser.add_argument("killpoint", type=Path)
    parser.add_argument("--kills", type=int, default=int(os.environ.get("TALLY_KILLS", "50")))
    parser.add_argument("--seed", type=int, default=int(os.environ.get("TALLY_SEED", "20261122")))
    parser.add_argument("--only", default=",".join(CASES))
    options = parser.parse_args()
    rng = random.Random(options.seed)
    names = options.only.split(",")
    folder = Path(tempfile.mkdtemp(prefix="tally-kills-"))
    members = EVENTFUL_MEMBERS + max(10, options.kills // 2 if "leave" in names else 0)
    hits = {name: 0 for name in names}
    rounds = 0
    try:
        programme = Programme(options.tally.resolve(), options.killpoint.resolve(), folder, rng,
                              members)
        while sum(hits.values()) < options.kills:
            drawn = [name for name in names
                     if name != "leave" or len(programme.live) > EVENTFUL_MEMBERS]
            name = rng.choices(drawn, [CASES[name][1] for name in drawn])[0]
            programme.now += 3600
            rounds += 1
            hits[name] += CASES[name][0](programme)
    except Broken as broken:
        print(f"kills.py: seed {options.seed}, round {rounds}: {broken}\nleft in {folder}")
        sys.exit(1)
    shutil.rmtree(folder)
    said = ", ".join(f"{name} {count}" for name, count in hits.items())
    print(f"kills.py: seed {options.seed}, {rounds} rounds, killed: {said}; "
          f"operations: {programme.operations}")


main()
