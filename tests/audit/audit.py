#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs `tally audit` over published logs, over logs made here, and over copies
in which one thing was changed.

usage: audit.py TALLY MAKE_LOG VECTORS"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TALLY, MAKE_LOG, VECTORS = sys.argv[1], sys.argv[2], Path(sys.argv[3])
KEY = (VECTORS / "keys/log.vkey").read_text().strip()
W1 = (VECTORS / "keys/w1.vkey").read_text().strip()
W2 = (VECTORS / "keys/w2.vkey").read_text().strip()
SIZE = 700

failures = []
claims = 0


def audit(folder, *options, key=KEY):
    """(exit status, everything printed, the summary as a dictionary)"""
    run = subprocess.run([TALLY, "audit", str(folder), "--vkey", key, *map(str, options)],
                         capture_output=True)
    text = run.stdout.decode() + run.stderr.decode()
    last = run.stdout.decode().splitlines()[-1:] or [""]
    summary = {}
    if last[0].startswith("audit: "):
        summary = dict(word.split("=", 1) for word in last[0][len("audit: "):].split(" "))
    return run.returncode, text, summary


def claim(name, is_true, text=""):
    global claims
    claims += 1
    if not is_true:
        failures.append(name)
        print(f"not so: {name}\n{text}")


def passes(name, folder, *options, warnings=None, key=KEY):
    status, text, summary = audit(folder, *options, key=key)
    claim(name, status == 0 and summary.get("result") == "passed" and summary.get("faults") == "0"
          and (warnings is None or summary.get("warnings") == str(warnings)), text)
    return text, summary


def fails(name, folder, *options, saying="", key=KEY):
    status, text, summary = audit(folder, *options, key=key)
    claim(name, status == 1 and summary.get("result") == "failed" and summary.get("faults") != "0"
          and saying in text, text)
    return text


def stops(name, folder, *options, saying="", key=KEY):
    status, text, _ = audit(folder, *options, key=key)
    claim(name, status == 2 and saying in text, text)


def make(folder, size=SIZE, fault=None):
    log, documents = folder / "log", folder / "documents"
    subprocess.run([MAKE_LOG, log, documents, str(size)] + ([fault] if fault else []), check=True)
    return log, documents


def published_logs(scratch):
    log = VECTORS / "log-1000"
    checkpoints = VECTORS / "log-1000.checkpoints"
    # Two of its records name a policy one entry before that is committed.
    text, summary = passes("log-1000 is accepted", log, warnings=2)
    claim("the summary says what was audited",
          summary.get("size") == "1000" and summary.get("snapshots") == "1"
          and summary.get("root") == "g8uUaxhVra90Nezl8zBb0cVbO2yLfRVD61nVMm9oBZM="
          and summary.get("origin") == "log.example.org/recognition"
          and summary.get("documents") == "unchecked" and summary.get("entries") == "checked", text)
    passes("a key may stand in a file", log, key=str(VECTORS / "keys/log.vkey"))
    honest = scratch / "honest"
    honest.mkdir()
    for name in "0 1 2 3 255 256 257 511 512 700 999 1000 1000.cosigned".split():
        shutil.copy(checkpoints / name, honest / name)
    _, summary = passes("it grew from every saved checkpoint", log, "--saved", honest)
    claim("all of them were compared", summary.get("saved") == "13")
    for name, saying in (("800.fork", "rewritten"), ("1000.fork", "rewritten"),
                         ("1200.future", "rolled back")):
        text = fails(f"{name} is told", log, "--saved", honest, "--saved", checkpoints / name,
                     saying=saying)
        claim(f"both notes are printed for {name}",
              (checkpoints / name).read_text() in text and (log / "checkpoint").read_text() in text)
    fails("a note of another log is no saved checkpoint", log, "--saved",
          VECTORS / "tessera-log/checkpoint", saying="saved checkpoint")
    passes("epoch 7 has come", log, "--epoch", 7)
    fails("epoch 7 has not come", log, "--epoch", 6, saying="has not come yet")

    tessera = VECTORS / "tessera-log"
    key = (tessera / "vkey").read_text().strip()
    saved = sum((["--saved", path] for path in sorted(tessera.glob("checkpoint.*"))), [])
    _, summary = passes("the log of another program is accepted", tessera, "--any-entries", *saved,
                        key=key)
    claim("with all its checkpoints", summary.get("saved") == str(len(saved) // 2) != "0")
    fails("its entries are none of ours", tessera, key=key, saying="--any-entries")
    passes("odd entry lengths are accepted", VECTORS / "log-edge", "--any-entries", warnings=0)


def trust(scratch):
    log = scratch / "cosigned"
    shutil.copytree(VECTORS / "log-1000", log)
    fails("witnesses that did not sign are missed", log, "--witness", W1, saying="0 of 1 required")
    shutil.copy(VECTORS / "log-1000.checkpoints/1000.cosigned", log / "checkpoint")
    _, summary = passes("two witnesses are counted", log, "--witness", W1, "--witness", W2)
    claim("in the summary", summary.get("witnesses") == "2")
    passes("a recent enough cosignature", log, "--witness", W1, "--max-age", 10**12)
    fails("an old cosignature", log, "--witness", W1, "--max-age", 1, saying="seconds ago")
    old = scratch / "old"
    shutil.copytree(VECTORS / "log-1000", old)
    for name, saying in (("1000.fork", "the root that was signed"), ("1200.future", "is missing"),
                         ("800.fork", "is missing")):
        shutil.copy(VECTORS / "log-1000.checkpoints" / name, old / "checkpoint")
        fails(f"{name} signed for these entries", old, saying=saying)
    shutil.copy(VECTORS / "log-1000.checkpoints/999", old / "checkpoint")
    # Two files of the last entry are beyond it, besides the two early policies.
    passes("a checkpoint that has not caught up", old, warnings=4)
    stops("a witness counts once", log, "--witness", W1, "--witness", W1, saying="twice")
    stops("more than all cannot be asked for", log, "--witness", W1, "--quorum", 2)
    stops("age needs witnesses", log, "--max-age", 5)
    stops("a witness is no log", log, key=W1, saying="witness")
    stops("a log is no witness", log, "--witness", KEY, saying="log")
    stops("a key that is none", log, key="a+b+c")
    stops("a key file that is none", log, key="/nonexistent")
    stops("no folder", scratch / "nothing")
    stops("no such option", log, "--private", "x")
    other = (VECTORS / "keys/other.vkey").read_text().strip()
    fails("another log's key", log, key=other, saying="no signature")
    rotated = (VECTORS / "keys/log-rotated.vkey").read_text().strip()
    fails("a key that did not sign", log, key=rotated, saying="no signature")
    passes("one of two keys did", log, "--vkey", rotated)
    fails("another origin", log, "--origin", "elsewhere.example.org", saying="is the checkpoint of")


def keeping(scratch):
    log, _ = make(scratch / "keep")
    kept = scratch / "kept"
    passes("the first audit keeps", log, "--keep", kept)
    claim("the checkpoint as published", kept.read_bytes() == (log / "checkpoint").read_bytes())
    grown, _ = make(scratch / "grown", size=SIZE + 100)
    _, summary = passes("a grown log is consistent with it", grown, "--keep", kept)
    claim("and replaces it", summary.get("saved") == "1"
          and kept.read_bytes() == (grown / "checkpoint").read_bytes())
    fails("the old log again is a rollback", log, "--keep", kept, saying="rolled back")
    claim("what was kept stays", kept.read_bytes() == (grown / "checkpoint").read_bytes())
    forked, _ = make(scratch / "forked", size=SIZE + 200, fault="policy-back")
    fails("a fork is told", forked, "--keep", kept, saying="rewritten")
    claim("and not kept", kept.read_bytes() == (grown / "checkpoint").read_bytes())


SIGNED_FAULTS = {
    "no-genesis": "not a genesis", "genesis-twice": "second genesis", "version-2": "version 2",
    "kind-0": "no kind 0", "kind-6": "no kind 6", "not-zero": "not zero",
    "entry-long": "45 bytes", "entry-short": "43 bytes", "epoch-back": "after one of epoch",
    "policy-back": "names policy 1", "policy-skipped": "names policy 3",
    "policy-early": "names policy 1", "policy-uncommitted": "no entry",
    "policy-late": "no entry of its epoch",
    "two-heads": "two heads", "epoch-without-head": "no head between",
    "row-swapped": "does not follow", "row-twice": "does not follow",
    "row-misplaced": "belongs to bucket", "head-root": "do not give the root",
    "head-rows": "its head says", "head-origin": "another log", "head-size": "speaks of",
    "head-size-back": "speaks of", "head-epoch": "says epoch", "head-policy": "policy",
    "head-form": "eight lines", "document-missing": "no document",
}


def signed_faults(scratch):
    for fault, saying in SIGNED_FAULTS.items():
        log, documents = make(scratch / f"signed-{fault}", fault=fault)
        text = fails(f"a signed log with {fault}", log, "--documents", documents, saying=saying)
        claim(f"whose tree is right: {fault}", "3  tree         ok" in text, text)


def flip(path, at):
    content = bytearray(path.read_bytes())
    content[at % len(content)] ^= 1 << random.randrange(8)
    path.write_bytes(content)


ALTERATIONS = {
    "a bit changed": lambda path: flip(path, random.randrange(1 << 20)),
    "the first bit changed": lambda path: flip(path, 0),
    "the last bit changed": lambda path: flip(path, -1),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "emptied": lambda path: path.write_bytes(b""),
    "extended": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "removed": lambda path: path.unlink(),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}

# One of each kind of file, and both ends of those of which there are many.
KINDS = """checkpoint tile/0/000 tile/0/001 tile/0/002.p/188 tile/1/000.p/2 tile/entries/000
    tile/entries/001 tile/entries/002.p/188 state/000/head state/003/head state/006/head
    state/006/roots state/000/b/000 state/006/b/007 tile/0/001.p/44 tile/entries/001.p/44
    tile/1/000.p/1""".split()

# What a reader can do without: the rows of earlier snapshots as a whole, and the
# partial files of earlier sizes.
MAY_GO = {"tile/0/001.p/44", "tile/entries/001.p/44", "tile/1/000.p/1"}


def altered_copies(scratch):
    early, _ = make(scratch / "early", size=500)  # for its partial files
    log, documents = make(scratch / "whole")
    for name in ("001.p", "000.p"):
        for kind in ("tile/0", "tile/entries", "tile/1"):
            if (early / kind / name).is_dir():
                shutil.copytree(early / kind / name, log / kind / name, dirs_exist_ok=True)
    # The first 300 of it, as its publisher wrote them.
    (log / "tile/0/001.p").mkdir(exist_ok=True)
    (log / "tile/0/001.p/44").write_bytes((log / "tile/0/001").read_bytes()[:44 * 32])
    (log / "tile/entries/001.p").mkdir(exist_ok=True)
    (log / "tile/entries/001.p/44").write_bytes((log / "tile/entries/001").read_bytes()[:44 * 46])
    passes("the unaltered log", log, "--documents", documents, warnings=0)
    copy = scratch / "copy"
    for kind in KINDS:
        for what, alter in ALTERATIONS.items():
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(log, copy)
            random.seed(kind + what)
            alter(copy / kind)
            name = f"{kind} {what}"
            if kind in MAY_GO and what in ("removed", "a folder"):
                passes(name, copy, "--documents", documents)
            else:
                fails(name, copy, "--documents", documents)
    shutil.rmtree(copy)


def odd_folders(scratch):
    log, documents = make(scratch / "odd")
    passes("nothing is odd yet", log, "--documents", documents, warnings=0)
    (documents / "more").write_text("not committed\n")
    passes("a document too many", log, "--documents", documents, warnings=1)
    stops("a documents folder that is none", log, "--documents", documents / "nothing")
    (log / "notes\x1b[2Jtxt").write_text("x")
    text, _ = passes("an unknown file", log, warnings=1)
    claim("whose name cannot steer a terminal", "\x1b" not in text and "notes?[2Jtxt" in text, text)
    (log / "tile/0/.tmp-1").write_text("x")
    text, _ = passes("a leftover", log, warnings=2)
    claim("is called that", "left over" in text, text)
    (log / "tile/0/005").write_bytes(bytes(8192))
    text, _ = passes("a tile beyond the checkpoint", log, warnings=3)
    claim("is called that", "beyond the checkpoint" in text, text)
    os.mkfifo(log / "tile/2")
    (log / "tile/loop").symlink_to("..")
    passes("a pipe and a link are not followed", log, warnings=5)
    os.mkfifo(log / "state/000/roots.fifo")
    passes("nor a pipe among the snapshots", log, warnings=6)

    log, _ = make(scratch / "pruned")
    shutil.rmtree(log / "state/000/b")
    (log / "state/000/roots").unlink()
    text, _ = passes("the rows of an old snapshot may go", log, warnings=0)
    claim("and are counted", "1 of them without rows" in text, text)
    (log / "state/001/roots").unlink()
    text, _ = passes("their roots alone leave buckets over", log, warnings=6)
    claim("which is said", "left of rows" in text, text)
    (log / "state/006/roots").unlink()
    fails("those of the newest may not", log, saying="newest snapshot")

    log, _ = make(scratch / "fallback")
    shutil.copy(log / "tile/0/001", log / "tile/0/002")
    (log / "tile/0/002").write_bytes((log / "tile/0/002.p/188").read_bytes() + bytes(68 * 32))
    shutil.rmtree(log / "tile/0/002.p")
    text, _ = passes("a full tile stands in for a partial one", log)
    claim("which is said", "stands in for it" in text, text)

    empty = scratch / "empty"
    empty.mkdir()
    shutil.copy(VECTORS / "log-1000.checkpoints/0", empty / "checkpoint")
    passes("an empty log", empty, warnings=0)
    fails("an empty log that had entries", empty, "--saved", VECTORS / "log-1000.checkpoints/1",
          saying="rolled back")
    with open("/dev/full", "w") as full:
        run = subprocess.run([TALLY, "audit", str(empty), "--vkey", KEY], stdout=full)
    claim("a verdict that cannot be written is none", run.returncode == 2)

    log, _ = make(scratch / "lost")
    (log / "tile/entries/001").unlink()
    fails("lost entries leave the tree to be checked", log, saying="tile/entries/001 is missing")
    (log / "tile/0/001").unlink()
    text = fails("with their tile gone as well, nothing does", log, saying="the audit ends here")
    claim("and that is said", "not checked" in text, text)


def main():
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        for part in (published_logs, trust, keeping, signed_faults, altered_copies, odd_folders):
            part(scratch)
    print(f"{claims} claims, {len(failures)} of them false")
    sys.exit(1 if failures or claims < 260 else 0)


main()
