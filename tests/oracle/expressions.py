# SPDX-License-Identifier: Apache-2.0
"""Sections 3 and 4: from text to trees. A tree is a tuple whose first element names its kind.

A set is ("set", earlier, base, condition or None, window or None) where a base is ("types", names),
("last", count, base) or ("sub", set); a name that a `let` gives to a set stands in ("types", …) too.
A window is a tuple ("lifetime",), ("calendar", unit, zone or None), ("previous", unit, count, zone),
("rolling", unit, count), ("next", unit, count), ("since", ref), ("after", ref), ("cycle", months, ref)."""
import re
from fractions import Fraction

import civil

TOKEN = re.compile(r"""\s*(?:
    (?P<day>\d{4}-\d\d-\d\d)(?![\w])
  | (?P<number>\d+(?:\.\d+)?)
  | (?P<text>"(?:[^"\\]|\\.)*")
  | (?P<zone>[A-Z][A-Za-z_]+(?:/[A-Za-z0-9_+-]+)+)
  | (?P<name>[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?)
  | (?P<sign><=|>=|[<>(),.*/%+\-])
  )""", re.X)
DURATION_UNITS = {name + ending: name for name in (*civil.EXACT_UNITS, *civil.MONTH_UNITS) for ending in ("", "s")}
COUNTED_UNITS = {unit + "s": unit for unit in civil.UNITS}
NEVER_A_SUBJECT = {"and", "or", "not", "is", "if", "then", "else", "of", "in", "with", "throughout", "exists", "to"}


class Wrong(Exception):
    """The policy is not understood."""


def tokens_of(text):
    tokens, place = [], 0
    text = text.rstrip()
    while place < len(text):
        match = TOKEN.match(text, place)
        if not match:
            raise Wrong(f"what is {text[place:]!r}?")
        tokens.append((match.lastgroup, match.group(match.lastgroup)))
        place = match.end()
    return tokens + [("end", "")]


class Parser:
    """`set_names`: the event types and named sets; `A or B` is one set if B is among them."""

    def __init__(self, text, set_names):
        self.text = text
        self.set_names = set_names
        self.tokens = tokens_of(text)
        self.place = 0

    def peek(self, ahead=0):
        return self.tokens[min(self.place + ahead, len(self.tokens) - 1)]

    def take(self):
        token = self.peek()
        self.place += 1
        return token

    def at(self, *words):
        return all(self.peek(i)[1] == word and self.peek(i)[0] in ("name", "sign") for i, word in enumerate(words))

    def accept(self, *words):
        if self.at(*words):
            self.place += len(words)
            return True
        return False

    def need(self, *words):
        if not self.accept(*words):
            raise Wrong(f"expected {' '.join(words)} before {self.peek()[1]!r} in {self.text!r}")

    def whole(self, parse):
        tree = parse()
        if self.peek()[0] != "end":
            raise Wrong(f"left over from {self.peek()[1]!r} in {self.text!r}")
        return tree

    # conditions, loosest first
    def expression(self):
        if self.accept("if"):
            condition = self.expression()
            self.need("then")
            yes = self.expression()
            self.need("else")
            return ("if", condition, yes, self.expression())
        return self.either()

    def either(self):
        tree = self.both()
        while self.accept("or"):
            tree = ("or", [tree, self.both()])
        return tree

    def both(self):
        tree = self.negation()
        while self.accept("and"):
            tree = ("and", [tree, self.negation()])
        return tree

    def negation(self):
        if self.accept("not"):
            return ("not", self.negation())
        return self.comparison()

    def comparison(self):
        if self.accept("any"):
            tree = ("any", self.set())
        elif self.at("no") and self.begins_set(self.peek(1)):
            self.need("no")
            tree = ("no", self.set())
        else:
            tree = self.compared()
        while self.accept("throughout"):
            tree = ("throughout", tree, self.duration())
        return tree

    @staticmethod
    def begins_set(token):
        kind, word = token
        return (kind == "name" and word not in NEVER_A_SUBJECT) or (kind == "sign" and word == "(")

    def compared(self):
        left = self.sum()
        if self.accept("is", "not", "one", "of"):
            return ("one of", left, self.members(), True)
        if self.accept("is", "one", "of"):
            return ("one of", left, self.members(), False)
        if self.accept("is", "not"):
            return ("compare", "is not", left, self.sum())
        if self.accept("is"):
            return ("compare", "is", left, self.sum())
        for sign in ("<=", ">=", "<", ">"):
            if self.accept(sign):
                return ("compare", sign, left, self.sum())
        return left

    def members(self):
        members = [self.sum()]
        while self.accept(","):
            members.append(self.sum())
        return members

    def sum(self):
        tree = self.product()
        while self.at("+") or self.at("-"):
            sign = self.take()[1]
            tree = (sign, tree, self.product())
        return tree

    def product(self):
        tree = self.unary()
        while self.at("*") or self.at("/"):
            sign = self.take()[1]
            tree = (sign, tree, self.unary())
        return tree

    def unary(self):
        if self.accept("-"):
            return ("negate", self.unary())
        tree = self.primary()
        while True:
            if self.accept("."):
                tree = ("field", tree, self.take()[1])
            elif self.accept("exists"):
                tree = ("exists", tree)
            else:
                return tree

    def duration(self):
        kind, text = self.take()
        if kind != "number" or self.peek()[1] not in DURATION_UNITS:
            raise Wrong(f"expected a duration in {self.text!r}")
        return self.duration_of(text)

    def duration_of(self, text):
        unit = DURATION_UNITS[self.take()[1]]
        if unit in civil.EXACT_UNITS:
            return ("duration", int(text) * civil.EXACT_UNITS[unit])
        return ("months", int(text) * civil.MONTH_UNITS[unit])

    def primary(self):
        kind, text = self.take()
        if kind == "number":
            decimals = len(text.partition(".")[2])
            if self.accept("%"):
                return ("number", Fraction(text) / 100, decimals + 2)
            if self.peek()[0] == "name" and self.peek()[1] in DURATION_UNITS:
                return self.duration_of(text)
            return ("number", Fraction(text), decimals)
        if kind == "text":
            return ("text", re.sub(r"\\(.)", r"\1", text[1:-1]))
        if kind == "day":
            return ("day", civil.parse_day(text))
        if text == "(" and kind == "sign":
            tree = self.expression()
            self.need(")")
            return tree
        if kind != "name":
            raise Wrong(f"unexpected {text!r} in {self.text!r}")
        return self.word(text)

    def word(self, text):
        if text in ("yes", "no"):
            return ("condition", text == "yes")
        if text in ("nothing", "now", "today", "score", "paused"):
            return (text,)
        if text in ("latest", "earliest"):
            if self.accept("("):
                tree = (text, self.set())
                self.need(")")
                return tree
            return (text, self.set())
        if self.at("(") and text in ("round", "min", "max", "clamp", "earned", "held", "count", "sum", "mean", "distinct"):
            self.need("(")
            tree = getattr(self, "call_" + text)()
            self.need(")")
            return tree
        return ("name", text)

    def call_round(self):
        value = self.expression()
        self.need(",", "to")
        step = self.sum()
        self.need(",")
        mode = self.take()[1]
        if mode == "half":
            mode += " " + self.take()[1]
        if mode not in ("up", "down", "half up", "half down", "half even"):
            raise Wrong(f"no such rounding: {mode!r}")
        return ("round", value, step, mode)

    def call_min(self, name="min"):
        first = self.expression()
        if self.accept("of"):
            return (name + " of", first, self.set())
        values = [first]
        while self.accept(","):
            values.append(self.expression())
        return (name, values)

    def call_max(self):
        return self.call_min("max")

    def call_clamp(self):
        value = self.expression()
        self.need(",")
        low = self.expression()
        self.need(",")
        return ("min", [("max", [value, low]), self.expression()])

    def call_earned(self):
        award = self.take()[1]
        return ("earned", award, self.window() if self.accept("in") else None)

    def call_held(self):
        return ("held", self.take()[1])

    def call_count(self):
        if self.peek()[1] in COUNTED_UNITS and self.peek(1)[1] == "with":
            unit = COUNTED_UNITS[self.take()[1]]
            self.need("with")
            return ("count periods", unit, self.expression())
        return ("count", self.set())

    def call_sum(self):
        if self.accept("best"):
            count = self.count()
            value = self.expression()
            self.need("of")
            return ("sum best", count, value, self.set())
        value = self.expression()
        self.need("of")
        return ("sum", value, self.set())

    def call_mean(self):
        value = self.expression()
        self.need("of")
        return ("mean of", value, self.set())

    def call_distinct(self):
        values = [self.expression()]
        while self.accept(","):
            values.append(self.expression())
        self.need("of")
        return ("distinct", values, self.set())

    def count(self):
        """N: a number, or an expression in parentheses."""
        if self.accept("("):
            tree = self.expression()
            self.need(")")
            return tree
        kind, text = self.take()
        if kind != "number":
            raise Wrong(f"expected a number in {self.text!r}")
        return ("number", Fraction(text), 0)

    # sets
    def set(self):
        earlier = self.accept("earlier")
        base = self.base()
        condition = self.expression() if self.accept("with") else None
        window = self.window() if self.accept("in") or self.at("since") or self.at("after") else None
        return ("set", earlier, base, condition, window)

    def base(self):
        if self.accept("("):
            inner = self.set()
            self.need(")")
            return ("sub", inner)
        if self.accept("last"):
            count = self.count()
            self.need("of")
            return ("last", count, self.base())
        names = [self.take()[1]]
        while self.at("or") and self.peek(1)[0] == "name" and self.peek(1)[1] in self.set_names:
            self.need("or")
            names.append(self.take()[1])
        return ("types", names)

    def window(self):
        if self.accept("lifetime"):
            return ("lifetime",)
        if self.accept("calendar"):
            return ("calendar", self.unit(), self.zone())
        if self.accept("previous"):
            if self.accept("calendar"):
                return ("previous", self.unit(), ("number", Fraction(1), 0), self.zone())
            count = self.count()
            self.need("calendar")
            return ("previous", self.unit(), count, self.zone())
        for kind in ("rolling", "next"):
            if self.accept(kind):
                count = self.count()
                return (kind, self.unit(), count)
        for kind in ("since", "after"):
            if self.accept(kind):
                return (kind, self.sum())
        self.need("cycle", "of")
        count = self.count()
        unit = self.unit()
        self.need("from")
        return ("cycle", ("*", count, ("number", Fraction(civil.MONTH_UNITS[unit]), 0)), self.sum())

    def unit(self):
        word = self.take()[1]
        if word not in DURATION_UNITS:
            raise Wrong(f"not a unit: {word!r}")
        return DURATION_UNITS[word]

    def zone(self):
        if self.peek()[0] == "zone" or self.peek()[1] == "UTC":
            return self.take()[1]
        return None


def parse(text, set_names=()):
    parser = Parser(text, set_names)
    return parser.whole(parser.expression)


def parse_set(text, set_names=()):
    parser = Parser(text, set_names)
    return parser.whole(parser.set)


def parse_window(text):
    parser = Parser(text, ())
    return parser.whole(parser.window)


def with_window(tree, window):
    """Give `window` to every set inside that names none (section 4, condition lists)."""
    if isinstance(tree, list):
        return [with_window(part, window) for part in tree]
    if not isinstance(tree, tuple):
        return tree
    if tree and tree[0] == "set":
        return give_window(tree, window, not has_window(tree))
    return tuple(with_window(part, window) for part in tree)


def give_window(tree, window, needs_one):
    """A set in parentheses is one set with what stands around it: only the outer one gets the window."""
    _, earlier, base, condition, own = tree
    base = ("sub", give_window(base[1], window, False)) if base[0] == "sub" else with_window(base, window)
    return ("set", earlier, base, with_window(condition, window), window if needs_one else with_window(own, window))


def has_window(tree):
    return tree[0] == "set" and (tree[4] is not None or (tree[2][0] == "sub" and has_window(tree[2][1])))


def parse_condition(node, set_names=()):
    """A condition as YAML gives it: a text, or a list (section 4)."""
    if isinstance(node, str):
        return parse(node, set_names)
    if not isinstance(node, dict) or len(node) != 1:
        raise Wrong(f"not a condition: {node!r}")
    (head, legs), = node.items()
    match = re.fullmatch(r"(all of|any of|none of|at least (\d+) of)(?:, in (.+))?", head.strip())
    if not match or not isinstance(legs, list):
        raise Wrong(f"not a condition list: {head!r}")
    trees = [parse_condition(leg, set_names) for leg in legs]
    if match[3]:
        trees = with_window(trees, parse_window(match[3]))
    if match[1] == "all of":
        return ("and", trees)
    if match[1] == "any of":
        return ("or", trees)
    if match[1] == "none of":
        return ("not", ("or", trees))
    return ("at least", int(match[2]), trees)


def walk(tree):
    """Every tuple in a tree."""
    if isinstance(tree, (tuple, list)):
        if isinstance(tree, tuple):
            yield tree
        for part in tree:
            yield from walk(part)
