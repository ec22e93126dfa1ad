#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kill -9 at random moments while sources submit, members leave and the log is published: every
acknowledged batch is whole, none is half there, asking again completes it, and both `tally check` and `tally
audit` pass.

usage: kills.py TALLY SOURCE_ROOT    (TALLY_KILLS: how many, default 50; TALLY_SEED)"""

import datetime
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

MEMBERS = 24
START = datetime.date(2025, 1, 1)
EVENTS = 40


class Programme:
    def __init__(self, tally, root, work, seed):
        self.tally, self.work, self.random = tally, work, random.Random(seed)
        self.folder, self.wallet, self.key = work / "p", work / "w", work / "parks.key"
        self.day = 0
        self.left = set()
        self.acknowledged = {}  # member -> events admitted
        self.number = 0
        run = self.run
        run("init", self.folder, "--origin", "kills.example/p", "--policy",
            root / "examples/village/policy.yaml", "--simulated-clock", self.now())
        did = re.search(r"did:key:\w+", run("source", "key", self.key))[0]
        run("source", "add", self.folder, "parks-office", did, "--now", self.now())
        (work / "tokens").write_text(run("roll", "issue", self.folder, "--count", MEMBERS,
                                         "--now", self.now()))
        run("wallet", "new", "--generated", MEMBERS, self.wallet)
        run("wallet", "join", "--all", "--tokens", work / "tokens", "--now", self.now(),
            self.wallet, self.folder)
        cards = run("wallet", "card", "--all", "--source", "parks-office", "--now", self.now(),
                    self.wallet, self.folder)
        self.handles = [line.split()[4] for line in cards.splitlines() if
                        line.startswith("TALLY-CARD")]
        assert len(self.handles) == MEMBERS
        self.vkey = run("log", "key", self.folder).strip().splitlines()[-1]

    def now(self):
        return f"{START + datetime.timedelta(days=self.day)}T12:00:00Z"

    def run(self, *words, ok=(0,)):
        done = subprocess.run([self.tally, *map(str, words)], capture_output=True, text=True,
                              check=False)
        if done.returncode not in ok:
            sys.exit(f"{' '.join(map(str, words))}: status {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def kill_during(self, *words):
        """Start, and kill at a random moment. True: it had ended by itself."""
        process = subprocess.Popen([self.tally, *map(str, words)], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            return process.wait(self.random.uniform(0, 0.08)) is not None
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return False

    def submit(self):
        self.number += 1
        path = self.work / f"{self.number}.jsonl"
        here = [m for m in range(MEMBERS) if m not in self.left]
        lines, sent = [], {}
        for i in range(EVENTS):
            member = self.random.choice(here)
            if sent.get(member, 0) == 5:  # the rate of a day
                continue
            sent[member] = sent.get(member, 0) + 1
            lines.append(f'{{"id":"{self.number}-{i}","type":"tree-planted","at":"{self.now()[:10]}",'
                         f'"subject":"handle:{self.handles[member]}","trees":1}}\n')
        path.write_text("".join(lines))
        words = ("submit", path, "--source-key", self.key, "--programme", self.folder,
                 "--events-per-batch", "7", "--no-progress", "--now", self.now())
        self.kill_during(*words)
        self.check()
        self.run(*words)
        for member, count in sent.items():
            self.acknowledged[member] = self.acknowledged.get(member, 0) + count

    def leave(self):
        if len(self.left) > MEMBERS // 2:
            return self.submit()
        member = self.random.choice([m for m in range(MEMBERS) if m not in self.left])
        words = ("wallet", "leave", "--member", member, "--now", self.now(), self.wallet, self.folder)
        self.kill_during(*words)
        self.check()
        self.run(*words, ok=(0, 1, 3))  # the wallet may know already
        self.left.add(member)
        self.acknowledged.pop(member, None)
        return None

    def publish(self):
        words = ("log", "publish", self.folder, "--once", "--without-witnesses", "--now", self.now())
        self.kill_during(*words)
        self.check()
        self.run(*words)
        self.run("audit", self.folder / "log", "--vkey", self.vkey)

    def check(self):
        self.run("check", self.folder)

    def count(self):
        return int(re.search(r"events +(\d+)", self.run("check", self.folder))[1])


def main():
    tally, root = sys.argv[1], Path(sys.argv[2])
    kills, seed = int(os.environ.get("TALLY_KILLS", "50")), int(os.environ.get("TALLY_SEED", "1"))
    work = Path(tempfile.mkdtemp())
    print(f"seed {seed}, {kills} kills")
    try:
        programme = Programme(os.path.abspath(tally), root, work, seed)
        for _ in range(kills):
            programme.day += 1
            programme.random.choice((programme.submit, programme.submit, programme.leave,
                                     programme.publish))()
        wanted, found = sum(programme.acknowledged.values()), programme.count()
        if wanted != found:
            sys.exit(f"{wanted} events were acknowledged and not erased, {found} are there")
        print(f"{found} events, each once; {len(programme.left)} members left")
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
