# SPDX-License-Identifier: Apache-2.0
"""Sections 1, 2, 5, 6, 7, 8, 9, 11: from a YAML file to a Policy, one Version per document."""
import re
from dataclasses import dataclass, field
from fractions import Fraction

from ruamel.yaml import YAML

import civil
import expressions

RECORD_TYPES = ("void", "correction", "reversal", "dispute", "decision")


@dataclass
class Field:
    kind: str  # number, word, condition, day, id, text
    optional: bool = False
    low: Fraction = None
    high: Fraction = None
    step: Fraction = None
    choices: list = None
    decimals: int = 0


@dataclass
class EventType:
    name: str
    fields: dict
    recorded_by: civil.Deadline = None


@dataclass
class Limit:
    name: str  # "award NAME" for an award's own
    counts: str  # points, times or best
    amount: Fraction
    window: tuple
    for_each: list = field(default_factory=list)
    net: bool = False

    def settles_at_the_end(self):
        return self.net or self.counts == "best"


@dataclass
class Award:
    name: str
    types: list
    when: tuple
    points: tuple
    own: list
    within: list
    expires: tuple = None  # ("table", [(Deadline, condition)])
    decay: tuple = None  # ("half", days) or ("nothing", days)
    counts_after: civil.Deadline = None
    once_confirmed: bool = False
    while_disputed: str = None
    spends: bool = False
    deduction: bool = False
    obligation: str = None
    accepted_by: str = None
    repair: str = None


@dataclass
class Tier:
    name: str
    gain: tuple
    keep: tuple
    hold: tuple = None  # ("duration", ms) or ("months", n)
    valid: civil.Deadline = None
    reviewed: object = None
    price: Fraction = None
    carry: Fraction = None
    threshold: Fraction = None  # `from`, as shown
    keeps_for_life: bool = False


@dataclass
class Streak:
    name: str
    unit: str
    counts: tuple
    freeze_event: str = None
    freeze_hold: int = 0
    repair_missed: int = 0
    repair_again_days: int = 0


@dataclass
class Version:
    number: int
    begins: int = None  # instant; None: no beginning
    zone: civil.Zone = None  # None: each event's own
    zone_name: str = "UTC"
    month_end: str = "last day"
    shown_on: Fraction = Fraction(0)
    settings: dict = field(default_factory=dict)
    facts: dict = field(default_factory=dict)
    fact_expressions: dict = field(default_factory=dict)
    types: dict = field(default_factory=dict)
    lets: dict = field(default_factory=dict)
    sets: dict = field(default_factory=dict)
    limits: dict = field(default_factory=dict)
    awards: list = field(default_factory=list)
    start: Fraction = Fraction(0)
    floor: Fraction = None
    ceiling: Fraction = None
    bounds_each_event: bool = False
    needs: tuple = None
    streaks: dict = field(default_factory=dict)
    pauses: list = field(default_factory=list)  # (starts type, ends type)
    tiers: list = field(default_factory=list)
    moves_review: object = None
    drop_one: bool = False
    climb_one: bool = False
    locked_while: tuple = None
    no_tier: str = "no tier"
    grade: tuple = None
    grade_review: object = None
    report: list = field(default_factory=list)
    renamed_tiers: dict = field(default_factory=dict)
    keep_tiers_until: int = None
    admission: dict = field(default_factory=dict)
    tests: list = field(default_factory=list)

    def award(self, name):
        return next((award for award in self.awards if award.name == name), None)


@dataclass
class Policy:
    versions: list
    decimals: int

    def in_force(self, instant):
        chosen = self.versions[0]
        for version in self.versions[1:]:
            if version.begins <= instant:
                chosen = version
        return chosen

    def unit(self):
        """What the last decimal of an amount is worth."""
        return Fraction(1, 10 ** self.decimals)


def listed(value):
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def decimals_of(text):
    return len(text.partition(".")[2])


def parse_field(text):
    text = text.strip()
    optional = text.endswith(" or nothing")
    if optional:
        text = text[:-len(" or nothing")].strip()
    if text == "yes or no":
        return Field("condition", optional)
    if text in ("day", "id", "text"):
        return Field(text, optional)
    if text == "member":
        return Field("id", optional)
    match = re.fullmatch(r"(-?[\d.]*\d)\.\.(-?\d[\d.]*)(?: step (\S+))?", text)
    if match:
        low, high, step = match.groups()
        shown = max(decimals_of(low), decimals_of(high))
        if step:
            shown = max(shown, decimals_of(step))
        return Field("number", optional, Fraction(low), Fraction(high), Fraction(step) if step else None, None, shown)
    if text.startswith("one of "):
        parts = [part.strip().strip('"') for part in text[len("one of "):].split(",")]
        if all(re.fullmatch(r"-?\d+(\.\d+)?", part) for part in parts):
            return Field("number", optional, choices=[Fraction(part) for part in parts],
                         decimals=max(decimals_of(part) for part in parts))
        return Field("word", optional, choices=parts)
    raise expressions.Wrong(f"not a field type: {text!r}")


HEAD = re.compile(r"(all of|any of|none of|at least \d+ of)(, in .+)?")


class Reader:
    """One document into one Version."""

    def __init__(self, number, raw, before, overrides):
        self.raw = raw
        self.version = Version(number)
        self.before = before
        self.overrides = overrides or {}
        lets = raw.get("let") or {}
        self.set_names = set(raw.get("events") or {}) | set(RECORD_TYPES)
        self.set_names |= {name for name, text in lets.items() if isinstance(text, str) and text.startswith("every ")}

    def parse(self, text):
        return expressions.parse(text, self.set_names)

    def filled(self, text):
        """A duration or deadline with the settings in parentheses filled in."""
        return re.sub(r"\(([A-Za-z][A-Za-z0-9-]*)\)", lambda match: str(self.version.settings[match[1]]), text)

    def deadline(self, text):
        return civil.parse_deadline(self.filled(text))

    def condition(self, node):
        return expressions.parse_condition(node, self.set_names)

    def known_name(self, name):
        raw = self.raw
        return any(name in (raw.get(key) or {}) for key in ("settings", "facts", "let", "streaks")) or any(
            name in (fields or {}) for fields in raw["events"].values())

    def value(self, node, labels=False):
        """An expression, a condition list, or a table."""
        if not isinstance(node, dict):
            return self.parse(node)
        if len(node) == 1 and HEAD.fullmatch(next(iter(node))):
            return self.condition(node)
        rows = []
        for result, condition in node.items():
            rows.append((self.result(result, labels), None if condition == "otherwise" else self.condition(condition)))
        return ("table", rows)

    def result(self, text, labels):
        if labels:
            return ("text", text)
        try:
            tree = self.parse(text)
        except expressions.Wrong:
            return ("text", text)
        for part in expressions.walk(tree):
            if part and part[0] == "name" and not self.known_name(part[1]):
                return ("text", text)
        return tree

    def read(self):
        raw, version = self.raw, self.version
        zone = raw.get("zone", "UTC")
        version.zone_name = zone
        version.zone = None if zone == "each event's own" else civil.named_zone(zone)
        if raw.get("from"):
            version.begins = (version.zone or civil.UTC).first_of(civil.parse_day(raw["from"]))
        version.month_end = raw.get("month-end", "last day")
        version.shown_on = Fraction(raw.get("shown-on", "0"))
        self.read_settings()
        for name, dated in (raw.get("facts") or {}).items():
            if isinstance(dated, dict):
                zone_of_facts = version.zone or civil.UTC
                version.facts[name] = sorted((zone_of_facts.first_of(civil.parse_day(day)), Fraction(number)) for day, number in dated.items())
            else:
                version.fact_expressions[name] = self.parse(dated)
        for name, fields in raw["events"].items():
            fields = dict(fields or {})
            fields.pop("is", None)
            deadline = fields.pop("recorded-by", None)
            version.types[name] = EventType(name, {key: parse_field(text) for key, text in fields.items()},
                                            self.deadline(deadline) if deadline else None)
        for name, node in (raw.get("let") or {}).items():
            if isinstance(node, str) and node.startswith("every "):
                version.sets[name] = expressions.parse_set(node[len("every "):], self.set_names)
            else:
                version.lets[name] = self.value(node)
        self.read_awards()
        self.read_score()
        self.read_streaks()
        self.read_tiers()
        self.read_rest()
        return version

    def read_settings(self):
        for name, value in (self.raw.get("settings") or {}).items():
            if isinstance(value, dict):
                earlier = self.before.settings[name]
                value = Fraction(value["now"]) if earlier == Fraction(value["was"]) else earlier
            self.version.settings[name] = Fraction(value)
        for name, value in self.overrides.items():
            if name in self.version.settings:
                self.version.settings[name] = Fraction(value)

    def amount_of_limit(self, name, text, for_each=(), net=False):
        match = re.fullmatch(r"(\S+)( times?)? per (.+)", text)
        return Limit(name, "times" if match[2] else "points", Fraction(match[1]), expressions.parse_window(match[3]), list(for_each), net)

    def read_awards(self):
        version = self.version
        for name, node in (self.raw.get("limits") or {}).items():
            for_each = listed(node.get("for-each"))
            if "best" in node:
                limit = self.amount_of_limit(name, node["best"], for_each)
                limit.counts = "best"
            else:
                limit = self.amount_of_limit(name, node["at-most"], for_each, node.get("counting", "as they come") == "net")
            version.limits[name] = limit
        for section in ("awards", "deductions"):
            for name, node in (self.raw.get(section) or {}).items():
                version.awards.append(self.award(name, node, section == "deductions"))

    def award(self, name, node, deduction):
        points = self.value(node["points"])
        award = Award(name, node["for"].split(" or "), self.condition(node["when"]) if "when" in node else None,
                      ("negate", points) if deduction else points,
                      [self.amount_of_limit(f"award {name}", text) for text in listed(node.get("at-most"))],
                      listed(node.get("within")), deduction=deduction)
        expires = node.get("expires")
        if isinstance(expires, dict):
            award.expires = [(self.deadline(text), None if row == "otherwise" else self.condition(row)) for text, row in expires.items()]
        elif expires:
            award.expires = [(self.deadline(expires), None)]
        decays = node.get("decays")
        if decays:
            match = re.fullmatch(r"half every (\d+) days?", self.filled(decays))
            award.decay = ("half", int(match[1])) if match else (
                "nothing", int(re.fullmatch(r"to nothing over (\d+) days?", self.filled(decays))[1]))
        for part in (node.get("counts") or "").split(", "):
            if part == "once confirmed":
                award.once_confirmed = True
            elif part:
                award.counts_after = self.deadline(part)
        award.while_disputed = node.get("while-disputed")
        award.spends = node.get("spends") == "oldest expiry first"
        award.obligation, award.accepted_by, award.repair = node.get("obligation"), node.get("accepted-by"), node.get("repair")
        return award

    def read_score(self):
        node, version = self.raw.get("score") or {}, self.version
        version.start = Fraction(node.get("start", "0"))
        version.floor = Fraction(node["floor"]) if "floor" in node else None
        version.ceiling = Fraction(node["ceiling"]) if "ceiling" in node else None
        version.bounds_each_event = node.get("applied") == "each event"
        version.needs = self.condition(node["needs"]) if "needs" in node else None

    def read_streaks(self):
        for name, node in (self.raw.get("streaks") or {}).items():
            streak = Streak(name, node["each"], self.condition(node["counts"]))
            if "freezes" in node:
                streak.freeze_event, streak.freeze_hold = node["freezes"]["event"], int(node["freezes"]["hold"])
            if "repair" in node:
                number, unit = self.filled(node["repair"]["again-after"]).split()
                streak.repair_missed = int(node["repair"]["missed"])
                streak.repair_again_days = int(number) * civil.EXACT_UNITS[civil.singular(unit)] // civil.DAY
            self.version.streaks[name] = streak
        for node in (self.raw.get("pauses") or {}).values():
            self.version.pauses.append((node["starts"], node["ends"]))

    def read_tiers(self):
        version = self.version
        for name, node in (self.raw.get("tiers") or {}).items():
            threshold = Fraction(node["from"]) if "from" in node else None
            gain = at_least(threshold) if threshold is not None else self.condition(node["gain"])
            keep, life = self.keep(node.get("keep"), gain), "price" in node and "keep" not in node and "valid" not in node
            tier = Tier(name, gain, keep, threshold=threshold, keeps_for_life=life)
            if "hold" in node:
                parser = expressions.Parser(self.filled(node["hold"]), ())
                tier.hold = parser.whole(parser.duration)
            if "valid" in node:
                tier.valid = self.deadline(node["valid"])
            if "reviewed" in node:
                tier.reviewed = civil.parse_review(node["reviewed"])
            if "price" in node:
                tier.price = Fraction(node["price"])
                tier.carry = Fraction(node["carry"]) if "carry" in node else None
            version.tiers.append(tier)
        moves = self.raw.get("moves") or {}
        version.moves_review = civil.parse_review(moves["reviewed"]) if "reviewed" in moves else None
        version.drop_one, version.climb_one = moves.get("drop") == "one step", moves.get("climb") == "one step"
        version.locked_while = self.condition(moves["locked-while"]) if "locked-while" in moves else None
        version.no_tier = moves.get("none", "no tier")

    def keep(self, node, gain):
        if node is None:
            return gain
        if isinstance(node, str):
            match = re.fullmatch(r"([\d.]+) % of gain", node.strip())
            if match:
                return self.lowered(gain, Fraction(match[1]) / 100)
            if re.fullmatch(r"-?\d+(\.\d+)?", node.strip()):
                return at_least(Fraction(node))
        return self.condition(node)

    def lowered(self, tree, share):
        """`P % of gain`: the right side of each `>=` leg that looks through a window, times P %."""
        kind = tree[0]
        if kind in ("and", "or"):
            return (kind, [self.lowered(leg, share) for leg in tree[1]])
        if kind == "not":
            return ("not", self.lowered(tree[1], share))
        if kind == "at least":
            return (kind, tree[1], [self.lowered(leg, share) for leg in tree[2]])
        if kind == "throughout":
            return (kind, self.lowered(tree[1], share), tree[2])
        if kind == "name" and tree[1] in self.version.lets:
            return self.lowered(self.version.lets[tree[1]], share)
        if kind == "compare" and tree[1] == ">=" and self.looks_through_window(tree[2]):
            return ("compare", ">=", tree[2], ("*", tree[3], ("number", share, 2)))
        return tree

    def looks_through_window(self, tree):
        for part in expressions.walk(tree):
            if not part:
                continue
            if part[0] == "set" and part[4] and part[4] != ("lifetime",):
                return True
            if part[0] == "types" and any(name in self.version.sets and self.looks_through_window(self.version.sets[name]) for name in part[1]):
                return True
            if part[0] == "earned" and part[2] and part[2] != ("lifetime",):
                return True
            if part[0] == "name" and part[1] in self.version.lets and self.looks_through_window(self.version.lets[part[1]]):
                return True
        return False

    def read_rest(self):
        raw, version = self.raw, self.version
        grade = dict(raw.get("grade") or {})
        assessed = grade.pop("assessed", None)
        if grade:
            version.grade = self.value(grade, labels=True)
            version.grade_review = civil.parse_review(assessed) if assessed else None
        version.report = list(raw.get("report") or [])
        migrate = raw.get("migrate") or {}
        version.renamed_tiers = dict(migrate.get("tiers") or {})
        if "keep-tiers-until" in migrate:
            version.keep_tiers_until = (version.zone or civil.UTC).first_of(civil.parse_day(migrate["keep-tiers-until"]) + 1)
        for name, node in (raw.get("admission") or {}).items():
            version.admission[name] = self.admission(node)
        version.tests = list(raw.get("tests") or [])

    def admission(self, node):
        lets = {name: self.value(text) for name, text in (node.get("let") or {}).items()}
        refuse = [(text, self.condition(condition)) for text, condition in (node.get("refuse") or {}).items()]
        writes = []
        for entry_type, entries in (node.get("writes") or {}).items():
            for entry in listed(entries):
                entry = dict(entry)
                to, when = entry.pop("to"), entry.pop("when", None)
                writes.append((entry_type, to, self.condition(when) if when else None,
                               {key: self.parse(text) for key, text in entry.items()}))
        return lets, refuse, writes

    # the number of decimals of an expression (section 3: "Numbers keep their decimals")
    def decimals(self, tree):
        kind = tree[0]
        if kind == "number":
            return tree[2]
        if kind == "table":
            return max(self.decimals(result) for result, _ in tree[1])
        if kind == "if":
            return max(self.decimals(tree[2]), self.decimals(tree[3]))
        if kind == "round":
            return self.decimals(tree[2])
        if kind == "*":
            return self.decimals(tree[1]) + self.decimals(tree[2])
        if kind in ("+", "-"):
            return max(self.decimals(tree[1]), self.decimals(tree[2]))
        if kind in ("min", "max"):
            return max(self.decimals(part) for part in tree[1])
        if kind == "negate":
            return self.decimals(tree[1])
        if kind in ("sum", "min of", "max of"):
            return self.decimals(tree[1])
        if kind == "sum best":
            return self.decimals(tree[2])
        if kind == "field":
            return self.decimals_of_field(tree[2])
        if kind == "name":
            return self.decimals_of_name(tree[1])
        return 0

    def decimals_of_field(self, name):
        return max([fields[name].decimals for fields in (kind.fields for kind in self.version.types.values()) if name in fields], default=0)

    def decimals_of_name(self, name):
        if name in (self.raw.get("settings") or {}):
            value = self.raw["settings"][name]
            return max(decimals_of(text) for text in value.values()) if isinstance(value, dict) else decimals_of(value)
        if isinstance((self.raw.get("facts") or {}).get(name), dict):
            return max(decimals_of(text) for text in self.raw["facts"][name].values())
        if name in self.version.lets:
            return self.decimals(self.version.lets[name])
        return self.decimals_of_field(name)

    def amount_decimals(self):
        """The most that any points, limit, bound or price of this document shows."""
        raw = self.raw
        found = [0] + [self.decimals(award.points) for award in self.version.awards]
        for section in ("awards", "deductions", "limits"):
            for node in (raw.get(section) or {}).values():
                found += [decimals_of(text.split()[0]) for text in listed(node.get("at-most"))]
        found += [decimals_of((raw.get("score") or {}).get(key, "0")) for key in ("start", "floor", "ceiling")]
        for tier in (raw.get("tiers") or {}).values():
            found += [decimals_of(tier[key]) for key in ("price", "carry") if key in tier]
        return max(found)


def at_least(threshold):
    return ("compare", ">=", ("score",), ("number", threshold, 0))


def load_documents(path):
    yaml = YAML(typ="base", pure=True)
    with open(path, encoding="utf-8") as file:
        return [plain(document) for document in yaml.load_all(file)]


def plain(node):
    if isinstance(node, dict):
        return {str(key): plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(part) for part in node]
    return None if node is None or node == "" else str(node)


def read_policy(documents, settings=None, facts=None):
    versions, decimals = [], 0
    for number, raw in enumerate(documents):
        if settings or facts:
            raw = dict(raw)
        if facts:
            given = {name: (value if isinstance(value, dict) else {"1900-01-01": value}) for name, value in facts.items()}
            raw["facts"] = {**(raw.get("facts") or {}), **given}
        reader = Reader(number, raw, versions[-1] if versions else None, settings)
        versions.append(reader.read())
        decimals = max(decimals, reader.amount_decimals())
    return Policy(versions, decimals)


def load_policy(path, settings=None, facts=None):
    return read_policy(load_documents(path), settings, facts)
