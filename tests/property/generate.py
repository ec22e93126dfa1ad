# SPDX-License-Identifier: Apache-2.0
"""Random policies and random histories with awkward times. A policy is a list of plain documents (what
YAML would give); a history is a list of flat rows (what JSON Lines would give)."""
import json
import re

import civil

ZONES = ["UTC", "UTC", "Europe/Lisbon", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Havana", "each event's own"]
PEOPLE = ["ann", "ben", "cem", "dee"]
SCORED = ["visit", "thanks", "course"]


class PolicyMaker:
    def __init__(self, random):
        self.random = random
        self.lets = []  # numbers
        self.conditions = []
        self.tiers = []
        self.own_zone = False
        self.has_awards = False
        self.in_award = False

    def chance(self, percent):
        return self.random.randrange(100) < percent

    def pick(self, *choices):
        return self.random.choice(choices)

    def maybe(self, document, key, percent, make):
        if self.chance(percent):
            document[key] = make()

    # events ------------------------------------------------------------------------------------

    def events(self):
        return {
            "visit": {"n": "0..10", "kind": "one of low, mid, high", "from": "member", "ok": "yes or no",
                      "amount": self.pick("0.0..5.0 or nothing", "0.00..2.00 step 0.25 or nothing"), "note": "text or nothing"},
            "thanks": {"from": "member", "w": "-5..5", "until": "day or nothing"},
            "course": {"hours": self.pick("one of 1, 2, 5", "0.5..3.0"), "ok": "yes or no"},
            "freeze": {}, "leave": {}, "back": {}, "purchase": {"cost": "1..20"},
            "broken": {"promise": "id"}, "mended": {"promise": "id"},
        }

    def number_field(self, kinds):
        """A number field that all these types have, or None."""
        fields = {"visit": ["n", "amount"], "thanks": ["w"], "course": ["hours"]}
        common = set(fields.get(kinds[0], []))
        for kind in kinds[1:]:
            common &= set(fields.get(kind, []))
        return self.random.choice(sorted(common)) if common else None

    def condition_field(self, kinds, before=""):
        """A condition about the fields that all these types have, or None."""
        choices = []
        if all(kind in ("visit", "course") for kind in kinds):
            choices += [f"{before}ok", f"not {before}ok", f"{before}ok is no"]
        if all(kind in ("visit", "thanks") for kind in kinds):
            choices += [f"{before}from exists"]
        if kinds == ["visit"]:
            choices += [f"{before}kind is high", f"{before}kind is one of low, mid", f"{before}kind is not low",
                        f"{before}amount exists", f"{before}amount > 1", f"{before}n >= {self.random.randrange(11)}"]
        if kinds == ["thanks"]:
            choices += [f"{before}w > 0", f"{before}w is 2", f"{before}until exists", f"{before}until is nothing"]
        if kinds == ["course"]:
            choices += [f"{before}hours >= 2"]
        return self.random.choice(choices) if choices else None

    # windows and sets --------------------------------------------------------------------------

    def window(self, ahead=False, references=True):
        kinds = ["calendar"] * 3 + ["rolling"] * 4 + ["previous", "lifetime"]
        if references:
            kinds += ["since", "after", "cycle"]
        if ahead:
            kinds.append("next")
        kind = self.random.choice(kinds)
        unit = self.pick("day", "week", "month", "quarter", "year")
        zone = self.pick("", "", "", " UTC", " America/New_York")
        if kind == "calendar":
            return f"calendar {unit}{zone}"
        if kind == "previous":
            return self.pick(f"previous calendar {unit}", f"previous {self.random.randint(2, 4)} calendar {unit}s")
        if kind == "rolling":
            return f"rolling {self.rolling()}"
        if kind in ("since", "after"):
            return f"{kind} {self.pick('latest', 'earliest')}({self.random.choice(SCORED)})"
        if kind == "cycle":
            return f"cycle of {self.pick(1, 2, 3)} months from earliest({self.random.choice(SCORED)})"
        if kind == "next":
            return f"next {self.random.randint(1, 30)} days"
        return "lifetime"

    def rolling(self):
        return self.pick("1 days", "7 days", "30 days", "(look) days", "90 days", "1 months", "3 months", "12 months", "36 hours", "2 weeks", "1 years")

    def kinds(self):
        return self.random.sample(SCORED, self.pick(1, 1, 1, 2))

    def set(self, ahead=False, inner=False, kinds=None, windowless=False):
        """(text, types)."""
        kinds = kinds or self.kinds()
        base = " or ".join(kinds)
        if len(kinds) > 1:
            base = f"({base})"
        if self.chance(15) and len(kinds) == 1:
            base = f"last {self.random.randint(1, 4)} of {base}"
        text = ("earlier " if self.in_award and self.chance(25) else "") + base
        condition = self.condition_field(kinds)
        if condition and self.chance(40):
            if inner and self.chance(30) and all(kind in ("visit", "thanks") for kind in kinds):
                condition = "from is this.from"
            text += f" with ({condition})"
        if not windowless and self.chance(70):
            text += f" in {self.window(ahead)}"
        return text, kinds

    # numbers and conditions --------------------------------------------------------------------

    def aggregate(self, ahead=False, windowless=False):
        """A number of at most two decimals that is never nothing, as text."""
        text, kinds = self.set(ahead, windowless=windowless)
        kind = self.random.randrange(7)
        field = self.number_field(kinds)
        if kind == 1 and field:
            return f"sum({field} of {text})"
        if kind == 2 and field:
            return f"sum(best {self.random.randint(1, 3)} {field} of {text})"
        if kind == 3:
            what = self.pick("day", "week", "month", "day, month")
            if all(name in ("visit", "thanks") for name in kinds) and self.chance(50):
                what = self.pick("from", "from, day")
            return f"distinct({what} of {text})"
        if kind == 4 and not self.own_zone and self.chance(50):
            unit = self.pick("weeks", "months", "quarters")
            return f"count({unit} with {self.set_condition(f'calendar {unit[:-1]}')})"
        return f"count({text})"

    def set_condition(self, window):
        kinds = self.kinds()
        base = "(" + " or ".join(kinds) + ")"
        return self.pick(f"any {base} in {window}", f"count({base} in {window}) >= {self.random.randint(1, 3)}")

    def number(self, depth=1, ahead=False):
        """A number of at most two decimals."""
        kind = self.random.randrange(12)
        if depth <= 0 or kind < 4:
            return self.aggregate(ahead)
        if kind == 4 and self.lets:
            return self.random.choice(self.lets)
        if kind == 5:
            text, kinds = self.set(ahead)
            field = self.number_field(kinds)
            if field:
                return f"{self.pick('min', 'max')}({field} of {text})"
        if kind == 6:
            first, second = self.number(depth - 1), self.number(depth - 1)
            return f"round({first} / {second}, to {self.pick('1', '0.5', '0.25', '0.1')}, {self.mode()})"
        if kind == 7:
            text, kinds = self.set(ahead)
            field = self.number_field(kinds)
            if field:
                return f"round(mean({field} of {text}), to {self.pick('1', '0.5', '0.01')}, {self.mode()})"
        if kind == 8:
            return f"{self.pick('min', 'max')}({self.number(depth - 1)}, {self.number(depth - 1)})"
        if kind == 9:
            return f"clamp({self.number(depth - 1)}, 1, {self.random.randint(1, 6)})"
        if kind == 10:
            return f"(if {self.condition(depth - 1)} then {self.number(depth - 1)} else {self.random.randint(0, 5)})"
        return f"({self.number(depth - 1)} {self.pick('+', '-')} {self.number(depth - 1)})"

    def mode(self):
        return self.pick("up", "down", "half up", "half down", "half even")

    def condition(self, depth=1, ahead=False, score=False):
        kind = self.random.randrange(13)
        if depth > 0 and kind == 0:
            return f"({self.condition(depth - 1)} and {self.condition(depth - 1)})"
        if depth > 0 and kind == 1:
            return f"({self.condition(depth - 1)} or {self.condition(depth - 1)})"
        if depth > 0 and kind == 2:
            return f"not ({self.condition(depth - 1)})"
        if kind in (3, 4):
            return f"({self.pick('any', 'no')} {self.set(ahead)[0]})"
        if kind == 5:
            kinds = [self.random.choice(SCORED)]
            field = self.condition_field(kinds, f"latest({kinds[0]}).")
            return f"({field})"
        if kind == 6 and score:
            return f"(score >= {self.random.randint(1, 30)})"
        if kind == 7:
            name = self.random.choice(SCORED)
            return f"(now - {self.pick('latest', 'earliest')}({name}).at {self.pick('<', '<=', '>', '>=')} {self.random.randint(1, 40)} days)"
        if kind == 8 and not self.own_zone:
            name = self.random.choice(SCORED)
            return f"(today {self.pick('<', '<=', '>', '>=')} {self.pick('latest', 'earliest')}({name}).day {self.pick('+', '-')} {self.pick('1 months', '20 days', '3 months')})"
        if kind == 9 and self.conditions:
            return self.random.choice(self.conditions)
        if kind == 10:
            return f"({self.number(depth - 1)} / {self.number(depth - 1)} >= {self.pick('50 %', '0.3', '1.5')})"
        if kind == 11:
            return "paused" if self.chance(40) else f"(count({self.set()[0]}) is one of 1, 2, 4)"
        return f"({self.number(depth - 1, ahead)} {self.pick('>=', '>=', '>', '<', '<=', 'is', 'is not')} {self.random.randint(0, 5)})"

    def listed_condition(self):
        legs = [self.condition(1) for _ in range(self.random.randint(2, 3))]
        head = self.pick("all of", "any of", "none of", f"at least {self.random.randint(1, 2)} of")
        if self.chance(50):
            head += f", in {self.window(references=False)}"
        return {head: legs}

    # awards and limits -------------------------------------------------------------------------

    def points(self, kinds):
        kind = self.random.randrange(10)
        field = self.number_field(kinds)
        if kind < 3 or field is None and kind < 6:
            return str(self.random.randint(1, 12))
        if kind == 3 and field:
            return field
        if kind == 4 and field:
            return f"{self.random.randint(2, 4)} * {field}"
        if kind == 5 and field:
            return f"round({field} / {self.random.randint(2, 3)}, to {self.pick('1', '0.5')}, {self.mode()})"
        if kind == 6:
            return {"5": self.condition(1), str(self.random.randint(1, 9)): self.condition(0), "2": "otherwise"}
        if kind == 7:
            return f"if {self.condition(1)} then {self.random.randint(1, 9)} else {self.random.randint(0, 3)}"
        if kind == 8:
            return f"-{self.random.randint(1, 6)}"
        return f"min({self.number(1)}, 20)"

    def deadline(self):
        return self.pick("after 30 days", "after 1 months", "after 3 months", "after 12 months", "after 48 hours", "after (look) days",
                         "at the end of the month", "at the end of the year", "at the end of the week", "at the end of the month, 2 months later",
                         "at the end of the quarter, 1 quarters later", "at the end of February, 1 years later", "after 1 years")

    def limit_window(self, settled_late=False):
        if settled_late:
            return self.pick("calendar month", "calendar week", "calendar year", "lifetime", "calendar day UTC")
        return self.pick("calendar day", "calendar month", "calendar week America/New_York", "lifetime", "rolling 7 days", "rolling 1 months",
                         "rolling 36 hours", "cycle of 2 months from earliest(visit)")

    def shared_limit(self, late):
        limit = {}
        if late and self.chance(35):
            limit["best"] = f"{self.random.randint(1, 3)} per {self.limit_window(True)}"
        elif late and self.chance(50):
            limit["at-most"] = f"{self.random.randint(3, 20)} per {self.limit_window(True)}"
            limit["counting"] = "net"
        else:
            limit["at-most"] = f"{self.random.randint(3, 20)} per {self.limit_window()}"
            if self.chance(20):
                limit["at-most"] = f"{self.random.randint(1, 3)} times per {self.limit_window()}"
        if self.chance(35):
            limit["for-each"] = "from"
        return limit

    def award(self, limits, kinds=None):
        kinds = kinds or self.kinds()
        self.in_award = True
        award = {"for": " or ".join(kinds)}
        if self.chance(35):
            fitting = self.condition_field(kinds)
            award["when"] = fitting if fitting and self.chance(60) else self.condition(1, score=False)
        award["points"] = self.points(kinds)
        if self.chance(30):
            own = [self.pick(f"{self.random.randint(2, 15)} per {self.limit_window()}", f"{self.random.randint(1, 3)} times per {self.limit_window()}")
                   for _ in range(self.pick(1, 1, 2))]
            award["at-most"] = own if len(own) > 1 else own[0]
        names = [name for name in limits if "for-each" not in limits[name] or set(kinds) <= {"visit", "thanks"}]
        plain = [name for name in names if "best" not in limits[name] and "counting" not in limits[name]]
        late = [name for name in names if name not in plain]
        within = ([self.random.choice(late)] if late and self.chance(70) else []) + (
            self.random.sample(plain, self.random.randint(1, len(plain))) if plain and self.chance(60) else [])
        if within:
            award["within"] = within
        if self.chance(50):
            award["expires"] = self.deadline()
            if self.chance(25):
                condition = self.condition_field(kinds) or self.condition(0)
                award["expires"] = {self.deadline(): condition, self.deadline() + "": "otherwise"}
                if len(award["expires"]) < 2:
                    award["expires"] = self.deadline()
        if self.chance(20):
            award["decays"] = self.pick("half every 10 days", "half every 90 days", "to nothing over 45 days", "to nothing over 400 days")
        if self.chance(25):
            award["counts"] = self.pick("after 14 days", "once confirmed", "after 3 days, once confirmed", "after 1 months", "after 48 hours")
        if self.chance(30):
            award["while-disputed"] = self.pick("counts", "held out", "frozen")
        award["because"] = "It helped."
        self.in_award = False
        return award

    # the rest ----------------------------------------------------------------------------------

    def document(self):
        zone = self.random.choice(ZONES)
        self.own_zone = zone == "each event's own"
        document = {"tallystick": "1", "programme": "random", "title": "Random", "subjects": "members", "zone": zone}
        self.maybe(document, "month-end", 50, lambda: self.pick("last day", "first of next month"))
        self.maybe(document, "shown-on", 20, lambda: self.pick("1000", "10"))
        document["settings"] = {"look": str(self.pick(5, 28, 31, 60))}
        document["facts"] = {"people": {"2023-12-01": "3", "2024-02-10": "8"}}
        document["events"] = self.events()
        if self.chance(30):
            document["pauses"] = {"time-off": {"starts": "leave", "ends": "back"}}
        lets = {}
        for index in range(self.random.randint(1, 3)):
            lets[f"number-{index}"] = self.number(2, ahead=True)
            self.lets.append(f"number-{index}")
        if self.chance(50):
            lets["is-so"] = self.listed_condition() if self.chance(50) else self.condition(2)
            self.conditions.append("is-so")
        if self.chance(30):
            lets["level"] = {"one": self.condition(1), "two": self.condition(1), "three": "otherwise"}
        if self.chance(20):
            lets["needed"] = "clamp(round(people / 2, to 1, down), 1, 3)"
        document["let"] = lets
        self.add_awards(document)
        if self.chance(35) and not self.own_zone:
            document["streaks"] = {"in-a-row": self.streak()}
        if self.has_awards and self.chance(30):
            lets["earned-lately"] = f"earned({self.pick('all', 'a0')} in {self.window()})"
        self.add_tiers(document)
        if self.chance(35):
            document["grade"] = {"fine": self.condition(2), "poor": self.condition(1)}
            if self.chance(50):
                document["grade"]["rest"] = "otherwise"
            if self.chance(35) and not self.own_zone:
                document["grade"] = {"assessed": self.review(), **document["grade"]}
        document["report"] = [name for name in lets] + list(document.get("streaks", {}))
        return document

    def add_awards(self, document):
        if self.chance(12):
            return
        self.has_awards = True
        bounded = self.chance(25)
        spending = self.chance(20)
        late = not bounded and not spending and self.chance(40)
        limits = {f"limit-{index}": self.shared_limit(late) for index in range(self.random.randint(0, 2))}
        awards = {f"a{index}": self.award(limits) for index in range(self.random.randint(1, 3))}
        if bounded:
            for award in awards.values():
                award.pop("decays", None)
        if spending:
            awards["bought"] = {"for": "purchase", "points": "-1 * cost", "spends": "oldest expiry first", "because": "Bought."}
        if limits:
            document["limits"] = limits
        document["awards"] = awards
        if self.chance(15) and not spending and not bounded:
            document["deductions"] = {"late": {"for": "broken", "obligation": "promise", "repair": "mended", "points": str(self.random.randint(1, 6)),
                                               "expires": "after 180 days", "because": "Broken."}}
            self.maybe(document["deductions"]["late"], "counts", 60, lambda: self.pick("after 14 days", "after 14 days, once confirmed"))
        score = {}
        self.maybe(score, "start", 25, lambda: self.pick("1", "10", "-3"))
        self.maybe(score, "floor", 40, lambda: self.pick("0", "1", "-5"))
        self.maybe(score, "ceiling", 40, lambda: self.pick("10", "25", "12.5"))
        if bounded and ("floor" in score or "ceiling" in score):
            score["applied"] = "each event"
        start = float(score.get("start", "0"))
        if float(score.get("floor", "-99")) > start or float(score.get("ceiling", "99")) < start:
            score["start"] = score["floor"] if "floor" in score else "3"
        if self.chance(15):
            score["needs"] = self.pick("any visit", "count(visit in rolling 90 days) >= 1", "no course")
        if score:
            document["score"] = score

    def streak(self):
        streak = {"each": self.pick("day", "day", "week", "month")}
        kinds = self.kinds()
        streak["counts"] = self.pick(f"any {' or '.join(kinds)}", f"count({' or '.join(kinds)}) >= 2" if len(kinds) == 1 else f"any ({' or '.join(kinds)})")
        self.maybe(streak, "freezes", 50, lambda: {"event": "freeze", "hold": self.pick("1", "2")})
        self.maybe(streak, "repair", 50, lambda: {"missed": self.pick("1", "1", "2"), "again-after": self.pick("7 days", "14 days", "2 weeks")})
        return streak

    def review(self):
        return self.pick("each day", "each week", "each month", "each month on day 20", "each quarter", "each 1 January and 1 July")

    def add_tiers(self, document):
        if self.chance(35):
            return
        moves = {}
        if not self.own_zone and self.chance(35):
            moves["reviewed"] = self.review()
            self.maybe(moves, "drop", 40, lambda: "one step")
            self.maybe(moves, "climb", 40, lambda: "one step")
        if self.chance(15):
            moves["locked-while"] = self.pick("latest(course).ok", "latest(thanks).w > 2")
        self.maybe(moves, "none", 30, lambda: "newcomer")
        tiers = {}
        base = 1000 if document.get("shown-on") == "1000" else 10 if document.get("shown-on") == "10" else 0
        for index in range(self.random.randint(1, 3)):
            tiers[f"t{index}"] = self.tier(index, base, bool(moves.get("reviewed")), list(tiers))
        if not moves and self.has_awards and self.chance(15) and "limits" not in document and document.get("score", {}).get("applied") is None:
            tiers["paid"] = {"from": str(base + self.random.randint(5, 15)), "price": str(self.random.randint(2, 8))}
            self.maybe(tiers["paid"], "carry", 40, lambda: str(self.random.randint(0, 5)))
        document["tiers"] = tiers
        if moves:
            document["moves"] = moves

    def tier(self, index, base, reviewed, below):
        tier = {}
        kind = self.random.randrange(5)
        if kind < 2 and self.has_awards:
            threshold = base + self.random.randint(1, 20)
            tier["from"] = str(threshold)
            self.maybe(tier, "keep", 40, lambda: str(threshold - self.random.randint(0, 5)))
        elif kind == 2:
            legs = [f"{self.aggregate(windowless=self.chance(50))} >= {self.random.randint(1, 6)}" for _ in range(2)]
            tier["gain"] = {f"all of, in {self.pick('rolling 30 days', 'calendar month', 'rolling 3 months', 'lifetime')}": legs}
            self.maybe(tier, "keep", 60, lambda: self.pick("50 % of gain", "80 % of gain", "90 % of gain"))
        elif kind == 3:
            tier["gain"] = self.condition(2, ahead=True, score=self.has_awards)
            if below and self.chance(30):
                tier["gain"] = f"held({self.random.choice(below)}) and {tier['gain']}"
        else:
            tier["gain"] = f"({self.condition(1, score=self.has_awards)}) throughout {self.pick('7 days', '36 hours', '30 days')}"
        if "keep" not in tier and self.chance(30) and not reviewed:
            tier["valid"] = self.pick("after 3 months", "after 20 days", "at the end of the month", "at the end of February, 1 years later")
            return tier
        self.maybe(tier, "hold", 30, lambda: self.pick("14 days", "36 hours"))
        if not reviewed and not self.own_zone:
            self.maybe(tier, "reviewed", 25, self.review)
        return tier


def make_policy(random):
    maker = PolicyMaker(random)
    documents = [maker.document()]
    if random.randrange(100) < 20:
        documents.append(second_version(random, documents[0]))
    return documents


def second_version(random, first):
    """The same with other figures: settings, points, floors, tiers."""
    second = json.loads(json.dumps(first))
    second["from"] = random.choice(["2024-02-29", "2024-03-10", "2024-05-01", "2024-03-31"])
    second["settings"]["look"] = {"was": random.choice([first["settings"]["look"], "999"]), "now": "45"}
    for award in second.get("awards", {}).values():
        if isinstance(award["points"], str) and re.fullmatch(r"\d+", award["points"]) and random.randrange(2):
            award["points"] = str(int(award["points"]) + 3)
    if "tiers" in second and "moves" not in second and random.randrange(2):
        names = list(second["tiers"])
        if "paid" not in names and not re.search(r"held\(", json.dumps(second)):
            old = random.choice(names)
            second["tiers"] = {("renamed" if name == old else name): tier for name, tier in second["tiers"].items()}
            if random.randrange(2):
                second["migrate"] = {"tiers": {old: "renamed"}}
    if "tiers" in second and random.randrange(100) < 30:
        second.setdefault("migrate", {})["keep-tiers-until"] = "2024-06-15"
    if "score" in second and "floor" in second["score"] and random.randrange(2):
        second["score"]["floor"] = "-6"
    return second


# YAML ----------------------------------------------------------------------------------------------

def scalar(text):
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 ./()+<>=-]*", text) and not re.search(r" #|: |=$", text):
        return text
    return json.dumps(text)


def to_yaml(node, indent=0):
    space = "  " * indent
    if isinstance(node, dict):
        if not node:
            return space + "{}\n"
        out = ""
        for key, value in node.items():
            if isinstance(value, (dict, list)) and value:
                out += f"{space}{scalar(key)}:\n{to_yaml(value, indent + 1)}"
            elif isinstance(value, (dict, list)):
                out += f"{space}{scalar(key)}: {'{}' if isinstance(value, dict) else '[]'}\n"
            else:
                out += f"{space}{scalar(key)}: {scalar(value)}\n"
        return out
    return "".join(f"{space}- {scalar(value)}\n" if isinstance(value, str) else f"{space}-\n{to_yaml(value, indent + 1)}" for value in node)


def policy_text(documents):
    return "---\n".join(to_yaml(document) for document in documents)


# histories -----------------------------------------------------------------------------------------

AWKWARD = ["2023-12-31", "2024-01-01", "2024-01-31", "2024-02-28", "2024-02-29", "2024-03-01", "2024-03-10", "2024-03-11", "2024-03-31",
           "2024-04-01", "2024-04-07", "2024-04-30", "2024-05-01", "2024-05-31", "2024-06-30", "2024-07-01", "2024-10-06", "2024-10-27",
           "2024-11-03", "2024-12-31", "2025-01-01", "2025-02-28", "2025-03-01"]
SPANS = [civil.DAY * days for days in (1, 5, 7, 14, 28, 30, 31, 36, 45, 48, 60, 90)] + [36 * 3_600_000, 48 * 3_600_000]


class HistoryMaker:
    def __init__(self, random, documents):
        self.random = random
        zone = documents[0]["zone"]
        self.own_zone = zone == "each event's own"
        self.zone = civil.UTC if self.own_zone else civil.named_zone(zone)
        self.used = []
        self.base = random.choice(AWKWARD[:14])

    def instant(self):
        random = self.random
        kind = random.randrange(10)
        if self.used and kind < 2:
            return random.choice(self.used)
        if self.used and kind < 5:
            return random.choice(self.used) + random.choice([-1, 1, 1]) * random.choice(SPANS) + random.choice([-1, 0, 0, 1])
        if self.used and kind < 7:
            return max(self.used) + random.randrange(3 * civil.DAY)
        if kind == 7:
            day = civil.parse_day(random.choice(AWKWARD))
            return self.zone.first_of(day) + random.choice([-1, 0, 1, 3_600_000, 7_200_000, 5_400_000])
        day = civil.parse_day(self.base) + random.randrange(60)
        return self.zone.first_of(day) + random.choice([0, 0, random.randrange(civil.DAY)])

    def fields(self, kind):
        random = self.random
        if kind == "visit":
            fields = {"n": str(random.randrange(11)), "kind": random.choice(["low", "mid", "high"]), "from": random.choice(PEOPLE),
                      "ok": random.choice(["yes", "no"])}
            if random.randrange(2):
                fields["amount"] = random.choice(["0.5", "1.0", "1.5", "2.0"])
            if random.randrange(3) == 0:
                fields["note"] = random.choice(["hello", "été", "x" * 40])
            return fields
        if kind == "thanks":
            fields = {"from": random.choice(PEOPLE), "w": str(random.randint(-5, 5))}
            if random.randrange(2):
                fields["until"] = random.choice(AWKWARD)
            return fields
        if kind == "course":
            return {"hours": random.choice(["1", "2"]), "ok": random.choice(["yes", "no"])}
        if kind == "purchase":
            return {"cost": str(random.randint(1, 20))}
        if kind in ("broken", "mended"):
            return {"promise": random.choice(["p1", "p2"])}
        return {}

    def offset(self):
        return self.random.choice([0, 0, 60, 120, -300, 345, 600]) if self.own_zone else 0

    def row(self, kind, subject, number, instant, fields):
        row = {"event": kind, "subject": subject, "id": self.random.choice(["", "", "x", "0"]) + str(number), "at": show(instant, self.offset())}
        if self.random.randrange(5) == 0:
            late = self.random.choice([0, 1, 60_000, 3 * civil.DAY, 40 * civil.DAY, -2 * civil.DAY, -20 * civil.DAY])
            row["recorded"] = show(instant + late, 0)
        return {**row, **fields}

    def make(self, subject):
        random, rows = self.random, []
        self.used = []
        weights = ["visit"] * 6 + ["thanks"] * 4 + ["course"] * 3 + ["freeze", "leave", "back", "purchase", "purchase", "broken", "mended"]
        for number in range(1, random.randint(1, 13)):
            if random.randrange(6) == 0 and self.used:  # a run of days, for streaks
                instant = max(self.used) + civil.DAY
            else:
                instant = self.instant()
            self.used.append(instant)
            kind = random.choice(weights)
            rows.append(self.row(kind, subject, number, instant, self.fields(kind)))
        own = list(rows)
        for number in range(100, 100 + random.choice([0, 0, 1, 2, 3])):
            if own:
                rows.append(self.about(random.choice(own), subject, number))
        return rows

    def about(self, target, subject, number):
        random = self.random
        kind = random.choice(["void", "correction", "reversal", "dispute", "dispute", "decision", "decision"])
        at = civil.parse_instant(target["at"], civil.UTC)[0]
        instant = at + random.choice([0, 1, civil.DAY, 3 * civil.DAY, 20 * civil.DAY, 14 * civil.DAY, 50 * civil.DAY])
        self.used.append(instant)
        fields = {"of": target["id"]}
        if kind == "decision":
            fields["finding"] = random.choice(["stands", "dropped"])
        if kind == "correction":
            new = self.fields(target["event"])
            chosen = sorted(new)[:random.randint(1, 2)]
            fields.update({name: new[name] for name in chosen})
        return self.row(kind, subject, number, instant, fields)

    def as_of(self, rows):
        instants = [civil.parse_instant(row["at"], civil.UTC)[0] for row in rows]
        random = self.random
        if not instants or random.randrange(4) == 0:
            return self.zone.first_of(civil.parse_day(random.choice(AWKWARD))) + random.choice([-1, 0])
        if random.randrange(2):
            return random.choice(instants) + random.choice(SPANS) + random.choice([-1, 0, 0, 1])
        return max(instants) + random.choice([0, civil.DAY, 10 * civil.DAY, 33 * civil.DAY, 100 * civil.DAY])


def show(instant, offset_minutes):
    text = civil.show_instant(instant + offset_minutes * 60_000)[:-1]
    if not offset_minutes:
        return text + "Z"
    sign, minutes = "-" if offset_minutes < 0 else "+", abs(offset_minutes)
    return f"{text}{sign}{minutes // 60:02d}:{minutes % 60:02d}"
