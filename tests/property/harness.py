#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Random policies and histories: the real `tally` (TALLY_BIN) against the oracle and against itself.

    harness.py [--seed N] [--policies N] [--subjects N] [--only CASE]

Every case is a policy, a file of many subjects' histories and an instant; its seed is printed with each
failure, together with a smaller case that still fails. TALLY_PROPERTY_POLICIES asks for more cases."""
import argparse
import copy
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "oracle"))
sys.setrecursionlimit(5000)

import civil  # noqa: E402
import documents  # noqa: E402
import events  # noqa: E402
import generate  # noqa: E402
import score  # noqa: E402

TALLY = os.environ.get("TALLY_BIN", "tally")
NO_ANSWER = "tally gives no answer"
STATES = {"scored": "score", "score": "score"}


class Broken(Exception):
    """tally did not answer."""


class Place:
    """A folder for one run's files."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def write(self, policy_text, rows):
        (self.folder / "policy.yaml").write_text(policy_text, encoding="utf-8")
        with open(self.folder / "events.jsonl", "w", encoding="utf-8") as file:
            for row in rows:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")

    def evaluate(self, policy_text, rows, as_of, *options):
        """subject -> answer (or statement, with --explain), by the real tally."""
        self.write(policy_text, rows)
        command = [TALLY, "eval", str(self.folder / "policy.yaml"), str(self.folder / "events.jsonl"), "--as-of",
                   civil.show_instant(as_of), "--format", "json", "--no-progress", *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode not in (0, 1):
            keep = Path(tempfile.mkdtemp(prefix="tally-broken."))
            for name in ("policy.yaml", "events.jsonl"):
                (keep / name).write_bytes((self.folder / name).read_bytes())
            command[2:4] = [str(keep / "policy.yaml"), str(keep / "events.jsonl")]
            raise Broken(f"{' '.join(command)}: exit status {done.returncode}\n{done.stderr[:3000]}")
        if not done.stdout.strip() and "/policy.yaml:" in done.stderr:
            raise Broken(f"no answers\n{done.stderr[:3000]}")
        answers = {}
        for line in done.stdout.splitlines():
            answer = json.loads(line, parse_float=Fraction, parse_int=Fraction)
            answers[answer.pop("subject")] = answer
        return answers


def oracle_answer(policy, rows, as_of, subject):
    records = [events.record_from_row(row, civil.UTC, order) for order, row in enumerate(rows)]
    result, _ = score.evaluate(policy, records, as_of, subject)
    answer = {"state": result.state, "score": result.score, "shown": result.shown}
    if result.version.tiers:
        answer["tier"] = result.tier
    if result.version.grade is not None:
        answer["grade"] = result.grade
    answer.update(result.reports)
    return answer


def differences(ours, theirs):
    """Keys on which an answer of tally differs from the oracle's. Ratios are reported as tally rounds them: skipped."""
    found = []
    for name, expected in ours.items():
        got = theirs.get(name)
        if name == "state":
            got = STATES.get(got, "no score" if got is None else got)
        if name == "shown" and "shown" not in theirs:
            continue
        if isinstance(expected, str) and isinstance(got, Fraction):
            expected = Fraction(expected)
        if isinstance(expected, bool):
            expected = "yes" if expected else "no"
        if got != expected:
            found.append(f"{name}: oracle {show(expected)}, tally {show(got)}")
    return found


def show(value):
    return "nothing" if value is None else str(value)


# one case --------------------------------------------------------------------------------------------

def make_case(seed, subjects):
    chance = random.Random(seed)
    policy = generate.make_policy(chance)
    maker = generate.HistoryMaker(chance, policy)
    rows, moments = [], []
    for number in range(subjects):
        own = maker.make(f"s{number:02d}")
        rows += own
        moments.append(maker.as_of(own))
    return policy, rows, chance.choice(moments), chance


def by_subject(rows):
    grouped = {}
    for row in rows:
        grouped.setdefault(row["subject"], []).append(row)
    return grouped


def check_oracle(place, raw, rows, as_of):
    """[(subject, what)] on which tally and the oracle differ; also ours and theirs if one does not understand the policy."""
    text = generate.policy_text(raw)
    theirs = place.evaluate(text, rows, as_of)
    policy = documents.load_policy(place.folder / "policy.yaml")
    problems = []
    for subject, own in sorted(by_subject(rows).items()):
        ours = oracle_answer(policy, own, as_of, subject)
        if subject not in theirs:
            problems.append((subject, NO_ANSWER))
            continue
        for what in differences(ours, theirs[subject]):
            problems.append((subject, what))
    return problems, theirs


def same(place, text, rows, as_of, expected, subjects=None):
    """Subjects whose answers differ from what was expected."""
    got = place.evaluate(text, rows, as_of)
    return [subject for subject in (subjects if subjects is not None else expected)
            if subject in expected and got.get(subject, expected[subject] if subject not in by_subject(rows) else None) != expected[subject]]


def check_itself(place, raw, rows, as_of, answers, chance):
    """[(property, subject)] of what tally says against what it said."""
    text = generate.policy_text(raw)
    problems = []
    shuffled = list(rows)
    chance.shuffle(shuffled)
    problems += [("arrival order", subject) for subject in same(place, text, shuffled, as_of, answers)]

    added = []
    for subject, own in by_subject(rows).items():
        extra = dict(chance.choice(own))
        if extra["event"] in ("void", "correction", "reversal", "dispute", "decision"):
            continue
        extra["id"] = "9000"
        extra.pop("recorded", None)
        added += [extra, {"event": "void", "subject": subject, "id": "9001", "at": extra["at"], "of": "9000"}]
    problems += [("add, then void", subject) for subject in same(place, text, rows + added, as_of, answers)]

    known = [row for row in rows if events.record_from_row(row, civil.UTC, 0).recorded <= as_of]
    about = {row["of"] for row in known if "of" in row}
    problems += [("known then", subject) for subject in same(place, text, known, as_of, answers, by_subject(known))]

    subjects = sorted(by_subject(rows))
    chosen = set(chance.sample(subjects, max(1, len(subjects) // 3)))
    some = [row for row in rows if row["subject"] in chosen]
    problems += [("other subjects", subject) for subject in same(place, text, some, as_of, answers, sorted(chosen))]

    noisy = []
    for row in rows:
        row = dict(row)
        if row["event"] == "visit" and row["id"] not in about:
            row["note"] = "".join(chr(chance.choice([chance.randrange(32, 127), chance.randrange(0xA0, 0x2000)])) for _ in range(20)).strip() or "x"
        noisy.append(row)
    problems += [("text fields", subject) for subject in same(place, text, noisy, as_of, answers)]
    return problems


def check_statements(place, raw, rows, as_of, answers, chance):
    """The lines of a statement sum to what is shown, and nothing changes before the day it names."""
    text = generate.policy_text(raw)
    statements = place.evaluate(text, rows, as_of, "--explain", "--limit-rows", "0")
    problems = []
    for subject, statement in statements.items():
        if statement["state"] != "scored" or "score" not in answers.get(subject, {}):
            continue
        total = sum((line["amount"] for line in statement["lines"]), Fraction(0))
        if total != statement["shown"] or statement["score"] != answers[subject]["score"]:
            problems.append((f"statement (lines {total}, shown {statement['shown']})", subject))
    for subject in chance.sample(sorted(statements), min(2, len(statements))):
        problems += check_next_change(place, text, rows, as_of, subject, statements[subject])
    return problems


def check_next_change(place, text, rows, as_of, subject, statement):
    change = statement.get("next change")
    if change is None and "no change before" not in statement:
        return []
    own = [row for row in rows if row["subject"] == subject and events.record_from_row(row, civil.UTC, 0).recorded <= as_of]
    if not own:
        return []
    moment = int(change["at ms"]) if change else civil.parse_day(statement["no change before"]) * civil.DAY - civil.DAY
    if moment <= as_of:
        return [("next change is not after T", subject)]

    def answer(instant):
        return place.evaluate(text, own, instant).get(subject)
    problems = []
    if answer(moment - 1) != answer(as_of):
        problems.append((f"a change before {civil.show_instant(moment)}", subject))
    if change and answer(moment) == answer(moment - 1):
        problems.append((f"no change at {civil.show_instant(moment)}", subject))
    return problems


# smaller ---------------------------------------------------------------------------------------------

def still_fails(place, raw, rows, as_of):
    try:
        problems, _ = check_oracle(place, raw, rows, as_of)
        return any(what != NO_ANSWER for _, what in problems)
    except Exception:  # whatever a mangled policy leads to is not the failure we look for
        return False


def paths_of(node, path=()):
    """Paths of everything that can be left out of a document, big things first."""
    if isinstance(node, dict):
        for key in node:
            yield path + (key,)
        for key, value in node.items():
            yield from paths_of(value, path + (key,))
    elif isinstance(node, list):
        for index in range(len(node)):
            yield path + (index,)
        for index, value in enumerate(node):
            yield from paths_of(value, path + (index,))


def without(raw, path):
    smaller = copy.deepcopy(raw)
    node = smaller
    for step in path[:-1]:
        node = node[step]
    del node[path[-1]]
    if path[1:2] == ("let",) and len(path) == 3:
        smaller[path[0]]["report"] = [name for name in smaller[path[0]].get("report", []) if name != path[2]]
    if path[1:2] == ("streaks",) or path[1:2] == ("let",) and len(path) == 2:
        lets, streaks = smaller[path[0]].get("let", {}), smaller[path[0]].get("streaks", {})
        smaller[path[0]]["report"] = [name for name in smaller[path[0]].get("report", []) if name in lets or name in streaks]
    return smaller


def shrink(place, raw, rows, as_of, seconds=60):
    end = time.monotonic() + seconds
    changed = True
    while changed and time.monotonic() < end:
        changed = False
        for index in range(len(rows) - 1, -1, -1):
            fewer = rows[:index] + rows[index + 1:]
            if time.monotonic() < end and fewer and still_fails(place, raw, fewer, as_of):
                rows, changed = fewer, True
        for path in list(paths_of(raw)):
            if path[1:2] == ("events",):
                continue  # a row's fields would be refused here and passed over there
            try:
                smaller = without(raw, path)
            except (KeyError, IndexError, TypeError):
                continue
            if time.monotonic() < end and smaller and still_fails(place, smaller, rows, as_of):
                raw, changed = smaller, True
    return raw, rows


def report(place, seed, raw, rows, as_of, problems):
    subject = problems[0][0]
    own = [row for row in rows if row["subject"] == subject]
    print(f"not ok - case {seed}: {len(problems)} differences, the first of {subject}: {problems[0][1]}")
    raw, own = shrink(place, raw, own, as_of)
    try:
        problems, _ = check_oracle(place, raw, own, as_of)
    except Exception as error:
        problems = [("?", str(error))]
    print("# smaller, differing in " + "; ".join(what for _, what in problems))
    for line in generate.policy_text(raw).splitlines():
        print("#   " + line)
    for row in own:
        print("#   " + json.dumps(row, ensure_ascii=False))
    print(f"#   --as-of {civil.show_instant(as_of)}")
    print(f"# again: TALLY_BIN={TALLY} {sys.argv[0]} --only {seed}")


def run_case(place, seed, subjects, check_self=True):
    """(failures, histories)"""
    raw, rows, as_of, chance = make_case(seed, subjects)
    try:
        problems, answers = check_oracle(place, raw, rows, as_of)
    except Broken as error:
        print(f"not ok - case {seed}: {error}")
        print(f"# again: TALLY_BIN={TALLY} {sys.argv[0]} --only {seed}")
        return 1, 0
    except Exception as error:
        print(f"not ok - case {seed}: the oracle stopped: {type(error).__name__}: {error}")
        return 1, 0
    failures = 0
    if problems:
        report(place, seed, raw, rows, as_of, problems)
        failures += 1
    if check_self:
        try:
            broken = check_itself(place, raw, rows, as_of, answers, chance)
            broken += check_statements(place, raw, rows, as_of, answers, chance)
        except Broken as error:
            broken = [(str(error), "")]
        for name, subject in broken[:5]:
            print(f"not ok - case {seed}: {name}: {subject}")
            print(f"# again: TALLY_BIN={TALLY} {sys.argv[0]} --only {seed}")
        failures += bool(broken)
    return failures, len(by_subject(rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, help="default: a new one each day")
    parser.add_argument("--policies", type=int, default=int(os.environ.get("TALLY_PROPERTY_POLICIES", "12")))
    parser.add_argument("--subjects", type=int, default=30)
    parser.add_argument("--only", type=int, help="just this case")
    parser.add_argument("--stop-after", type=int, default=5, help="failures")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else int(time.time())
    cases = [options.only] if options.only is not None else range(seed * 1000, seed * 1000 + options.policies)
    print(f"# seed {seed}")
    failures = histories = 0
    with tempfile.TemporaryDirectory(prefix="tally-property.") as folder:
        place = Place(folder)
        for case in cases:
            failed, checked = run_case(place, case, options.subjects)
            failures, histories = failures + failed, histories + checked
            sys.stdout.flush()
            if failures >= options.stop_after:
                break
    print(f"# {histories} histories, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
