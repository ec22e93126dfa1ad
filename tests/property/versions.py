#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the policy diff calls better or neutral is never worse for anybody (R25), by the engine.

    versions.py [--seed N] [--cases N] [--subjects N] [--only CASE]

Each case is a random policy and several random changes of it. Where `tally policy diff` finds nothing
worse, every history must come out at least as high under the new version as under the old one, at every
instant asked: by itself, and as the next version of a chain. Where it finds that a worse change binds
later events only, histories that ended before the new version began must come out no lower either.
A case that fails is printed with its seed. TALLY_PROPERTY_VERSIONS asks for more cases."""
import argparse
import copy
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "oracle"))
sys.setrecursionlimit(5000)

import civil  # noqa: E402
import generate  # noqa: E402
import harness  # noqa: E402

TALLY = harness.TALLY
SKIP = {"tallystick", "programme", "title", "subjects", "events", "facts", "zone", "report"}


# policies of the plain kind, in which much can be shown -----------------------------------------------

class PlainMaker(generate.PolicyMaker):
    """Fewer ways of turning more points into less: most programmes look like this."""

    def points(self, kinds):
        field = self.number_field(kinds)
        if field == "w":
            field = None
        kind = self.random.randrange(6)
        if kind < 2 or field is None:
            return str(self.random.randint(1, 12))
        if kind == 2:
            return f"{self.random.randint(2, 4)} * {field}"
        if kind == 3:
            return f"{self.random.randint(1, 4)} * {field} + {self.random.randint(0, 3)}"
        if kind == 4:
            return f"min({self.random.randint(2, 4)} * {field}, {self.random.randint(4, 20)})"
        return {str(self.random.randint(5, 9)): self.condition(0), str(self.random.randint(1, 4)): "otherwise"}

    def document(self):
        document = super().document()
        if self.chance(60):
            document.pop("grade", None)
        if self.chance(70):
            document.pop("streaks", None)
            document["report"] = [name for name in document["report"] if name in document["let"]]
        for award in document.get("awards", {}).values():
            if re.match(r"-", str(award["points"])):
                award["points"] = "4"
        document.get("awards", {}).pop("bought", None)
        score = document.get("score", {})
        if self.chance(70):
            score.pop("applied", None)
        if "tiers" in document and self.chance(70):
            document["tiers"] = self.thresholds(document)
            document.pop("moves", None)
        if self.chance(80) and "needs" in score:
            score.pop("needs")
        return document

    def thresholds(self, document):
        base = {"1000": 1000, "10": 10}.get(document.get("shown-on"), 0)
        tiers, at = {}, base
        for index in range(self.random.randint(1, 3)):
            at += self.random.randint(1, 12)
            tier = tiers[f"t{index}"] = {}
            if self.has_awards and self.chance(80):
                tier["from"] = str(at)
                self.maybe(tier, "keep", 40, lambda: str(at - self.random.randint(0, 5)))
            else:
                tier["gain"] = f"{self.aggregate()} >= {self.random.randint(1, 4)}"
            self.maybe(tier, "hold", 15, lambda: "14 days")
            self.maybe(tier, "reviewed", 20, lambda: self.pick("each month", "each quarter"))
        return tiers


class SmallMaker(PlainMaker):
    """Little policies whose figures a history reaches: where holds, limits and expiries meet."""

    def document(self):
        self.has_awards = True
        awards, limits = {}, {}
        if self.chance(40):
            limits["shared"] = self.shared_limit(True)
        for index in range(self.pick(1, 1, 2)):
            kinds = self.pick(["visit"], ["visit", "thanks"], ["thanks"], ["course"])
            award = {"for": " or ".join(kinds), "points": self.pick("1", "2", "3", "5", "n" if kinds == ["visit"] else "4")}
            self.maybe(award, "expires", 75, lambda: self.pick("after 7 days", "after 30 days", "after 20 days", "at the end of the month", "after 1 months"))
            self.maybe(award, "at-most", 35, lambda: self.pick("4 per calendar month", "6 per rolling 30 days", "2 times per rolling 30 days",
                                                              "2 times per calendar month", "3 per calendar week", "5 per lifetime"))
            self.maybe(award, "decays", 10, lambda: self.pick("half every 10 days", "to nothing over 45 days"))
            self.maybe(award, "counts", 15, lambda: self.pick("after 3 days", "once confirmed"))
            self.maybe(award, "when", 25, lambda: self.condition_field(kinds) or "now - earliest(visit).at > 3 days")
            if limits and self.chance(60) and ("for-each" not in limits["shared"] or kinds != ["course"]):
                award["within"] = "shared"
            award["because"] = "It helped."
            awards[f"a{index}"] = award
        document = {"tallystick": "1", "programme": "random", "title": "Random", "subjects": "members", "zone": self.pick("UTC", "Europe/Lisbon"),
                    "facts": {"people": {"2023-12-01": "3"}}, "events": self.events(), "let": {"score-now": "score"}}
        if limits:
            document["limits"] = limits
        document["awards"] = awards
        if self.chance(20):
            document["deductions"] = {"late": {"for": "broken", "obligation": "promise", "repair": "mended", "points": self.pick("1", "3"),
                                               "expires": "after 60 days", "because": "Broken."}}
        score = {}
        self.maybe(score, "ceiling", 20, lambda: self.pick("6", "12"))
        self.maybe(score, "start", 15, lambda: "1")
        if score:
            document["score"] = score
        tiers, at = {}, 0
        for index in range(self.pick(0, 1, 1, 2)):
            at += self.random.randint(1, 5)
            tier = tiers[f"t{index}"] = {"from": str(at)}
            if self.chance(15):
                tier = tiers[f"t{index}"] = {"gain": f"score >= {at} throughout 3 days"}
            self.maybe(tier, "keep", 30, lambda: str(max(0, at - self.random.randint(-1, 3))))
            self.maybe(tier, "hold", 35, lambda: self.pick("7 days", "14 days", "40 days", "40 days"))
            if self.chance(10) and "keep" not in tier and "hold" not in tier:
                tier["valid"] = self.pick("after 20 days", "at the end of the month")
            else:
                self.maybe(tier, "reviewed", 25, lambda: self.pick("each month", "each week", "each day"))
        if tiers:
            document["tiers"] = tiers
            if self.chance(15):
                document["moves"] = {"reviewed": self.pick("each week", "each month")}
                self.maybe(document["moves"], "drop", 40, lambda: "one step")
                self.maybe(document["moves"], "climb", 40, lambda: "one step")
                for tier in tiers.values():
                    tier.pop("reviewed", None)
        if self.chance(15):
            document["grade"] = {"fine": "score >= 3", "rest": "otherwise"}
        document["report"] = ["score-now"]
        return document


def make_policy(chance):
    kind = chance.randrange(10)
    maker = (SmallMaker if kind < 5 else PlainMaker if kind < 9 else generate.PolicyMaker)(chance)
    return maker.document()


# changes -------------------------------------------------------------------------------------------------

def scalars(node, path=()):
    if isinstance(node, dict):
        for key, value in node.items():
            if len(path) > 0 or key not in SKIP:
                yield from scalars(value, path + (key,))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from scalars(value, path + (index,))
    else:
        yield path, str(node)


def mappings(node, path=()):
    if isinstance(node, dict):
        if path:
            yield path, node
        for key, value in node.items():
            if len(path) > 0 or key not in SKIP:
                yield from mappings(value, path + (key,))


def put(node, path, value):
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value


SWAPS = [(" >= ", " > "), (" > ", " >= "), (" < ", " <= "), (" <= ", " < "), (" and ", " or "), (" or ", " and "), ("any ", "no "),
         ("calendar month", "calendar year"), ("calendar month", "calendar day"), ("rolling 7 days", "rolling 30 days"),
         ("rolling 30 days", "rolling 90 days"), ("rolling 30 days", "lifetime"), (" times per", " per"), ("half every", "half every 1"),
         ("after 30 days", "after 3 months"), ("after 1 months", "after 90 days"), ("at the end of the month", "at the end of the quarter"),
         ("at the end of the week", "at the end of the month"), ("kind is high", "kind is one of high, mid"), ("each month", "each quarter"),
         ("held out", "counts"), ("frozen", "counts"), ("counts", "frozen"), ("once confirmed", "after 3 days"), ("count(", "sum(n of ")]


def change_number(chance, document):
    places = [(path, text) for path, text in scalars(document) if re.search(r"\d", text)]
    if chance.randrange(3) == 0:  # tiers are few among many rules
        places = [(path, text) for path, text in places if path[0] == "tiers"] or places
    if not places:
        return
    path, text = chance.choice(places)
    found = chance.choice(list(re.finditer(r"(?<![\w.])\d+(?![\w.-])", text)) or [None])
    if found is None:
        return
    value = int(found.group())
    value = chance.choice([value + 1, value + 1, value + chance.randint(1, 6), value * 2, max(0, value - 1), max(0, value - chance.randint(1, 5))])
    put(document, path, text[:found.start()] + str(value) + text[found.end():])


def change_words(chance, document):
    places = [(path, text, swap) for path, text in scalars(document) for swap in SWAPS if swap[0] in text]
    if places:
        path, text, swap = chance.choice(places)
        put(document, path, text.replace(swap[0], swap[1], 1))


REMOVABLE = {"when", "at-most", "within", "expires", "counts", "decays", "while-disputed", "floor", "ceiling", "start", "needs", "keep", "hold", "valid",
             "reviewed", "for-each", "locked-while", "drop", "climb"}


def remove_key(chance, document):
    places = [(path, key) for path, node in mappings(document) for key in node if key in REMOVABLE]
    if places:
        path, key = chance.choice(places)
        node = document
        for step in path:
            node = node[step]
        del node[key]


def add_key(chance, document):
    maker = PlainMaker(chance)
    maker.has_awards = True
    kind = chance.randrange(7)
    awards = list(document.get("awards", {}).values())
    tiers = list(document.get("tiers", {}).values())
    if kind == 0 and awards:
        award = chance.choice(awards)
        key, value = chance.choice([("expires", "after 12 months"), ("when", "from exists"), ("counts", "after 3 days"), ("decays", "half every 90 days"),
                                    ("at-most", "9 per calendar month"), ("while-disputed", "held out")])
        award.setdefault(key, value)
    elif kind == 1 and tiers:
        tier = chance.choice(tiers)
        key, value = chance.choice([("hold", "14 days"), ("reviewed", "each quarter"), ("valid", "after 3 months")])
        tier.setdefault(key, value)
    elif kind == 2 and "awards" in document:
        award = maker.award({})
        document["awards"][chance.choice(["a0x", "zz"])] = award
    elif kind == 3 and "awards" in document:
        if len(document["awards"]) > 1:
            del document["awards"][chance.choice(list(document["awards"]))]
    elif kind == 4 and tiers:
        top = max([int(tier["from"]) for tier in tiers if "from" in tier] or [0])
        document["tiers"]["extra"] = {"from": str(top + chance.randint(1, 9))}
        if chance.randrange(3) == 0:
            document["tiers"] = dict(sorted(document["tiers"].items(), key=lambda item: item[0] != "extra"))
    elif kind == 5:
        score = document.setdefault("score", {})
        key, value = chance.choice([("start", "2"), ("floor", "0"), ("ceiling", "30"), ("needs", "any visit")])
        score.setdefault(key, value)
    elif kind == 6 and "deductions" in document:
        del document["deductions"]


def scale(chance, document):
    """Everything under one limit grows in proportion."""
    factor = chance.choice([2, 3])
    for award in document.get("awards", {}).values():
        points = award.get("points")
        if isinstance(points, str) and re.fullmatch(r"\d+", points):
            award["points"] = str(int(points) * factor)
        elif isinstance(points, str) and (match := re.fullmatch(r"(\d+) \* (\w+)(?: \+ (\d+))?", points)):
            more = f" + {int(match[3]) * factor}" if match[3] else ""
            award["points"] = f"{int(match[1]) * factor} * {match[2]}{more}"
    for holder in list(document.get("awards", {}).values()) + list(document.get("limits", {}).values()):
        for key in ("at-most",):
            if isinstance(holder.get(key), str) and "times" not in holder[key]:
                holder[key] = re.sub(r"^\d+", lambda found: str(int(found.group()) * factor + chance.choice([0, 0, 1, -1])), holder[key])


def change(chance, document):
    new = copy.deepcopy(document)
    for _ in range(chance.choice([1, 1, 1, 2, 2, 3])):
        chance.choice([change_number, change_number, change_number, change_words, remove_key, add_key, scale])(chance, new)
    return new


# answers ---------------------------------------------------------------------------------------------------

def compare(place, old_text, new_text, path="diff"):
    old, new = place.folder / f"{path}-old.yaml", place.folder / f"{path}-new.yaml"
    old.write_text(old_text, encoding="utf-8")
    new.write_text(new_text, encoding="utf-8")
    done = subprocess.run([TALLY, "policy", "diff", "--format", "json", str(old), str(new)], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode not in (0, 1):
        raise harness.Broken(f"policy diff: exit status {done.returncode}\n{done.stderr[:2000]}")
    return json.loads(done.stdout) if done.stdout else None  # None: the change made no policy of it


def number(value):
    if isinstance(value, bool):
        return int(value)
    if value in ("yes", "no"):
        return int(value == "yes")
    if isinstance(value, str):
        try:
            return Fraction(value)
        except ValueError:
            return None
    return value


def held(answer, tiers):
    return tiers.index(answer["tier"]) if answer.get("tier") in tiers else -1


def falls(old, new, document, skip_reports=()):
    """What is lower in the new answer."""
    found = []
    tiers = list(document.get("tiers", {}))
    if old.get("state") in ("scored", "score") and new.get("state") not in ("scored", "score"):
        return [f"state {new.get('state')}"]
    for name in ("score", "shown"):
        if old.get(name) is not None and (new.get(name) is None or new[name] < old[name]):
            found.append(f"{name} {old[name]} -> {new.get(name)}")
    if held(new, tiers) < held(old, tiers):
        found.append(f"tier {old.get('tier')} -> {new.get('tier')}")
    if old.get("grade") != new.get("grade"):
        found.append(f"grade {old.get('grade')} -> {new.get('grade')}")
    for name in document.get("report", []):
        if name in skip_reports or name not in old or name not in new or old[name] is None:
            continue
        was, now = number(old[name]), number(new[name])
        if old[name] in ("no", False):
            continue  # what was not met may be met, or not known
        if was is None or now is None:
            if old[name] != new[name]:
                found.append(f"{name} {old[name]} -> {new[name]}")
        elif now < was:
            found.append(f"{name} {old[name]} -> {new[name]}")
    return found


def lower(place, old_text, new_text, document, rows, moments):
    """[(subject, instant, what)]"""
    found = []
    for moment in moments:
        before = place.evaluate(old_text, rows, moment)
        after = place.evaluate(new_text, rows, moment)
        for subject, answer in before.items():
            what = falls(answer, after.get(subject, {}), document)
            if what:
                found.append((subject, moment, "; ".join(what)))
    return found


def chain_text(old, new, day, more=None):
    return generate.policy_text([old, {**new, "from": day, **(more or {})}])


def may_begin(entry):
    return entry["label"] != "worse" or entry["reach"] in ("text", "later events", "later claims")


def ends_within_a_year(document):
    """Every award ends by itself, within what the test keeps tiers for."""
    return all("expires" in award and isinstance(award["expires"], str) for award in document.get("awards", {}).values())


def histories(chance, document, subjects):
    maker = generate.HistoryMaker(chance, [document])
    rows, moments = [], []
    for index in range(subjects):
        own = maker.make(f"s{index:02d}")
        rows += own
        moments.append(maker.as_of(own))
        if own:
            last = max(civil.parse_instant(row["at"], civil.UTC)[0] for row in own)
            moments.append(last + chance.randrange(45 * civil.DAY))
    return rows, chance.sample(moments, min(8, len(moments)))


def report(seed, kind, old_text, new_text, rows, problems, changes):
    subject, moment, what = problems[0]
    print(f"not ok - case {seed}, {kind}: {len(problems)} answers are lower, the first of {subject} at {civil.show_instant(moment)}: {what}")
    for entry in changes["changes"]:
        print(f"#   {entry['label']}: {entry['path']}: {entry['sentence']}")
    for name, text in (("old", old_text), ("new", new_text)):
        print(f"# {name}:")
        for line in text.splitlines():
            print("#   " + line)
    for row in rows:
        if row["subject"] == subject:
            print("#   " + json.dumps(row, ensure_ascii=False))


DAYS = ["2024-02-29", "2024-03-10", "2024-04-01", "2024-05-01"]


def run_case(place, seed, subjects, counts):
    chance = random.Random(seed)
    document = make_policy(chance)
    old_text = generate.policy_text([document])
    failures = 0
    rows, moments = histories(chance, document, subjects)
    for _ in range(6):
        new = change(chance, document)
        new_text = generate.policy_text([new])
        if new_text == old_text:
            continue
        changes = compare(place, old_text, new_text)
        if changes is None:
            counts["no policy"] += 1
            continue
        counts[changes["label"]] += 1
        for entry in changes["changes"]:
            where = ".".join(part for part in entry["path"].split(".") if not re.fullmatch(r"[at]\d|a0x|zz|extra|limit-\d|number-\d", part))
            counts[f"{entry['label']} {where}"] = counts.get(f"{entry['label']} {where}", 0) + 1
        checks = []
        day = chance.choice(DAYS)
        if changes["label"] != "worse":
            checks.append(("alone", new_text, rows))
            checks.append(("chained", chain_text(document, new, day), rows))
        elif document["zone"] != "each event's own":
            begins = civil.named_zone(document["zone"]).first_of(civil.parse_day(day))
            earlier = [row for row in rows if civil.parse_instant(row["at"], civil.UTC)[0] < begins
                       and ("recorded" not in row or civil.parse_instant(row["recorded"], civil.UTC)[0] < begins)]
            worse = [entry for entry in changes["changes"] if not may_begin(entry)]
            if earlier and not worse:
                checks.append(("older events", chain_text(document, new, day), earlier))
            elif earlier and all(entry["keepable"] for entry in worse) and ends_within_a_year(document):
                checks.append(("older events, tiers kept", chain_text(document, new, day, {"migrate": {"keep-tiers-until": "2026-12-31"}}), earlier))
        for kind, text, own in checks:
            counts[kind] += 1
            try:
                problems = lower(place, old_text, text, new, own, moments)
            except harness.Broken as error:
                if "keep" not in str(error) and "policy.yaml" not in str(error):
                    raise
                counts["no chain"] += 1
                continue
            if problems:
                report(seed, kind, old_text, text, own, problems, changes)
                failures += 1
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--cases", type=int, default=int(os.environ.get("TALLY_PROPERTY_VERSIONS", "40")))
    parser.add_argument("--subjects", type=int, default=25)
    parser.add_argument("--only", type=int)
    parser.add_argument("--stop-after", type=int, default=3)
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else int(time.time())
    cases = [options.only] if options.only is not None else range(seed * 100000, seed * 100000 + options.cases)
    counts = dict.fromkeys(["better", "neutral", "worse", "no policy", "alone", "chained", "older events", "older events, tiers kept", "no chain"], 0)
    failures = 0
    print(f"# seed {seed}")
    with tempfile.TemporaryDirectory(prefix="tally-versions.") as folder:
        place = harness.Place(folder)
        for case in cases:
            try:
                failures += run_case(place, case, options.subjects, counts)
            except Exception as error:  # whatever stops a case, its seed is needed
                print(f"not ok - case {case}: {type(error).__name__}: {error}")
                failures += 1
            sys.stdout.flush()
            if failures >= options.stop_after:
                break
    shown = counts if options.verbose else {key: counts[key] for key in list(counts)[:9]}
    for key in sorted(shown, key=lambda name: -shown[name]):
        print(f"# {shown[key]:6} {key}")
    if options.only is None and options.cases >= 20 and counts["alone"] == 0:
        print("not ok - nothing was found better or neutral: the test shows nothing")
        failures += 1
    print(f"# {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
