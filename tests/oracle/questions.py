# SPDX-License-Identifier: Apache-2.0
"""Sections 3, 4 and 10: a question asked at an instant about the events up to it.

Values: Fraction (number or ratio), bool (condition), str (word or id), Day, Instant, Duration, Months,
Event, and None for nothing."""
from dataclasses import dataclass, replace
from fractions import Fraction

import civil
from events import Day, Event
from expressions import Wrong


class Instant(int):
    pass


class Duration(int):
    pass


class Months(int):
    pass


class Period(tuple):
    """What `week`, `month` and the like of an event are: equal for two events of one period."""


@dataclass(frozen=True)
class Question:
    world: object  # what is known: see score.World
    version: object  # whose text is asked
    instant: int
    upto: tuple = None  # events in order up to this place; None: all up to the instant
    event: Event = None  # the event in scope
    candidate: Event = None  # inside a set's `with` and an aggregate
    outer: Event = None  # then: what `this` means, the event or candidate outside
    only_days: tuple = None  # a streak's period: (zone or None, first day, day after)
    held: object = None  # tier name -> bool

    # events and zones ------------------------------------------------------------------------

    def past(self):
        """Every event that the question is about, in order."""
        events = [event for event in self.world.events if event.at <= self.instant]
        if self.upto is not None:
            events = [event for event in events if event.place() <= self.upto]
        if self.only_days is not None:
            _, first, end = self.only_days
            events = [event for event in events if first <= self.zone_of(event).day(event.at) < end]
        return events

    def future(self):
        return [event for event in self.world.events if event.at > self.instant and event.recorded <= self.instant]

    def zone_of(self, event):
        return self.version.zone or civil.Zone(seconds=event.offset)

    def zone(self):
        """The zone of T: each event's own is that of the latest event."""
        if self.version.zone:
            return self.version.zone
        events = replace(self, only_days=None).past()
        return civil.Zone(seconds=events[-1].offset) if events else civil.UTC

    def today(self):
        return self.zone().day(self.instant)

    def about(self, candidate):
        return replace(self, candidate=candidate, outer=self.candidate if self.candidate is not None else self.event)

    # sets ------------------------------------------------------------------------------------

    def members(self, tree, pool=None):
        _, earlier, base, condition, window = tree
        if pool is None:
            pool = self.future() if self.looks_ahead(tree) else self.past()
        if earlier and self.event is not None:
            pool = [event for event in pool if event.place() < self.event.place()]
        members = self.base(base, pool)
        if condition is not None:
            members = [event for event in members if self.about(event).met(condition)]
        if window is not None:
            members = [event for event in members if self.in_window(window, event)]
        return members

    def looks_ahead(self, tree):
        _, _, base, _, window = tree
        if window is not None:
            return window[0] == "next"
        return base[0] == "sub" and self.looks_ahead(base[1])

    def base(self, base, pool):
        if base[0] == "sub":
            return self.members(base[1], pool)
        if base[0] == "last":
            members = self.base(base[2], pool)
            count = int(self.number(base[1]))
            return members[-count:] if count > 0 else []
        chosen = []
        for name in base[1]:
            if name in self.version.sets:
                chosen += self.members(self.version.sets[name], pool)
            elif name in self.version.types:
                chosen += [event for event in pool if event.type == name]
            else:
                raise Wrong(f"no set or event type {name}")
        unique = {id(event): event for event in chosen}
        return sorted(unique.values(), key=Event.place)

    def in_window(self, window, event):
        kind = window[0]
        if kind == "lifetime":
            return True
        if kind in ("calendar", "previous"):
            return self.in_calendar_window(window, event)
        if kind == "rolling":
            count, unit = int(self.number(window[2])), window[1]
            if unit in civil.EXACT_UNITS:
                return event.at > self.instant - count * civil.EXACT_UNITS[unit]
            months = civil.Deadline("months", count * civil.MONTH_UNITS[unit])
            return months.instant(event.at, self.zone_of(event), self.version.month_end) > self.instant
        if kind == "next":
            return event.at <= self.instant + int(self.number(window[2])) * civil.EXACT_UNITS[window[1]]
        reference = self.evaluate(window[2] if kind == "cycle" else window[1])
        if reference is None:
            return False
        if kind == "since":
            return event.place() >= reference.place()
        if kind == "after":
            return event.place() > reference.place()
        return event.at >= self.cycle_start(int(self.number(window[1])), reference)

    def in_calendar_window(self, window, event):
        unit, zone_name = window[1], window[-1]
        if zone_name:
            zone = civil.named_zone(zone_name)
            day, today = zone.day(event.at), zone.day(self.instant)
        else:
            day, today = self.zone_of(event).day(event.at), self.today()
        current = civil.period_start(today, unit)
        if window[0] == "calendar":
            return civil.period_start(day, unit) == current
        first = civil.next_period(current, unit, -int(self.number(window[2])))
        return first <= day < current

    def cycle_start(self, months, reference):
        zone = self.zone_of(reference)
        day = zone.day(reference.at)
        start, turns = zone.first_of(day), 0
        while True:
            turns += 1
            following = zone.first_of(civil.add_months(day, turns * months, self.version.month_end))
            if following > self.instant:
                return start
            start = following

    # expressions -----------------------------------------------------------------------------

    def met(self, tree):
        return self.evaluate(tree) is True

    def number(self, tree):
        value = self.evaluate(tree)
        return Fraction(0) if value is None else value

    def evaluate(self, tree):
        return getattr(self, "eval_" + METHODS.get(tree[0], tree[0].replace(" ", "_")))(*tree[1:])

    def eval_number(self, value, _decimals):
        return value

    def eval_text(self, value):
        return value

    def eval_day(self, day):
        return Day(day)

    def eval_duration(self, milliseconds):
        return Duration(milliseconds)

    def eval_months(self, months):
        return Months(months)

    def eval_condition(self, value):
        return value

    def eval_nothing(self):
        return None

    def eval_now(self):
        return Instant(self.instant)

    def eval_today(self):
        return Day(self.today())

    def eval_paused(self):
        return self.world.paused(self)

    def eval_score(self):
        return self.world.shown_score(self)

    def eval_earned(self, award, window):
        return self.world.earned(self, award, window)

    def eval_held(self, tier):
        return self.held(tier)

    def eval_if(self, condition, yes, no):
        return self.evaluate(yes if self.met(condition) else no)

    def eval_table(self, rows):
        for result, condition in rows:
            if condition is None or self.met(condition):
                return self.evaluate(result)
        return None

    def eval_and(self, parts):
        values = [self.evaluate(part) for part in parts]
        return False if False in values else None if None in values else True

    def eval_or(self, parts):
        values = [self.evaluate(part) for part in parts]
        return True if True in values else None if None in values else False

    def eval_not(self, part):
        value = self.evaluate(part)
        return None if value is None else not value

    def eval_at_least(self, count, parts):
        values = [self.evaluate(part) for part in parts]
        met, unknown = values.count(True), values.count(None)
        return True if met >= count else None if met + unknown >= count else False

    def eval_compare(self, sign, left, right):
        a, b = self.evaluate(left), self.evaluate_right(right, left)
        if sign == "is" and right == ("nothing",):
            return a is None
        if sign == "is not" and right == ("nothing",):
            return a is not None
        if a is None or b is None:
            return None
        if isinstance(a, Event):
            a, b = a.place(), b.place()
        if sign == "is":
            return a == b
        if sign == "is not":
            return a != b
        return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[sign]

    def evaluate_right(self, tree, left):
        """A bare name on the right of `is` is one of the left side's words if it has such a word."""
        if tree[0] == "name" and (tree[1] in self.words(left) or not self.knows(tree[1])):
            return tree[1]
        return self.evaluate(tree)

    def words(self, tree):
        """The words that an expression can be."""
        if tree[0] == "field":
            return self.words_of_field(tree[2])
        if tree[0] == "if":
            return self.words(tree[2]) | self.words(tree[3])
        if tree[0] == "table":
            return {word for result, _ in tree[1] for word in self.words(result)}
        if tree[0] == "text":
            return {tree[1]}
        if tree[0] == "name" and tree[1] in self.version.lets:
            return self.words(self.version.lets[tree[1]])
        return self.words_of_field(tree[1]) if tree[0] == "name" else set()

    def words_of_field(self, name):
        return {word for kind in self.version.types.values() if name in kind.fields and kind.fields[name].kind == "word"
                for word in kind.fields[name].choices}

    def eval_one_of(self, left, members, negated):
        value = self.evaluate(left)
        if value is None:
            return None
        others = [self.evaluate_right(member, left) for member in members]
        if value in [other for other in others if other is not None]:
            return not negated
        return None if None in others else negated

    def eval_any(self, tree):
        return bool(self.members(tree))

    def eval_no(self, tree):
        return not self.members(tree)

    def eval_plus(self, left, right):
        a, b = self.evaluate(left), self.evaluate(right)
        if a is None or b is None:
            return None
        if isinstance(a, Day):
            if isinstance(b, Months):
                return Day(civil.add_months(a, b, self.version.month_end))
            return Day(a + b // civil.DAY)
        if isinstance(a, Instant):
            return Instant(a + b)
        return a + b

    def eval_minus(self, left, right):
        a, b = self.evaluate(left), self.evaluate(right)
        if a is None or b is None:
            return None
        if isinstance(a, Day):
            if isinstance(b, Day):
                return Duration((a - b) * civil.DAY)
            if isinstance(b, Months):
                return Day(civil.add_months(a, -b, self.version.month_end))
            return Day(a - b // civil.DAY)
        if isinstance(a, Instant):
            return Duration(a - b) if isinstance(b, Instant) else Instant(a - b)
        return a - b

    def eval_times(self, left, right):
        a, b = self.evaluate(left), self.evaluate(right)
        return None if a is None or b is None else a * b

    def eval_divide(self, left, right):
        a, b = self.evaluate(left), self.evaluate(right)
        return None if a is None or b is None or b == 0 else a / b

    def eval_negate(self, part):
        value = self.evaluate(part)
        return None if value is None else -value

    def eval_exists(self, part):
        return self.evaluate(part) is not None

    def eval_round(self, part, step, mode):
        value, unit = self.evaluate(part), self.evaluate(step)
        if value is None:
            return None
        turns = value / unit
        low = turns.numerator // turns.denominator
        rest = turns - low
        if mode == "up":
            up = rest > 0
        elif mode == "down":
            up = False
        elif rest != Fraction(1, 2):
            up = rest > Fraction(1, 2)
        else:
            up = mode == "half up" or (mode == "half even" and low % 2 == 1)
        return (low + (1 if up else 0)) * unit

    def eval_min(self, parts):
        values = [self.evaluate(part) for part in parts]
        return None if None in values else min(values)

    def eval_max(self, parts):
        values = [self.evaluate(part) for part in parts]
        return None if None in values else max(values)

    def eval_latest(self, tree):
        members = self.members(tree)
        return members[-1] if members else None

    def eval_earliest(self, tree):
        members = self.members(tree)
        return members[0] if members else None

    # aggregates
    def each(self, tree, members):
        values = [self.about(event).evaluate(tree) for event in members]
        return [value for value in values if value is not None]

    def eval_count(self, tree):
        return Fraction(len(self.members(tree)))

    def eval_sum(self, value, tree):
        return sum(self.each(value, self.members(tree)), Fraction(0))

    def eval_min_of(self, value, tree):
        return min(self.each(value, self.members(tree)), default=None)

    def eval_max_of(self, value, tree):
        return max(self.each(value, self.members(tree)), default=None)

    def eval_mean_of(self, value, tree):
        values = self.each(value, self.members(tree))
        return sum(values, Fraction(0)) / len(values) if values else None

    def eval_distinct(self, values, tree):
        rows = set()
        for event in self.members(tree):
            row = tuple(self.about(event).evaluate(value) for value in values)
            if None not in row:
                rows.add(row)
        return Fraction(len(rows))

    def eval_sum_best(self, count, value, tree):
        values = sorted(self.each(value, self.members(tree)), reverse=True)
        return sum(values[:max(0, int(self.number(count)))], Fraction(0))

    def eval_count_periods(self, unit, condition):
        past, zone, found = self.past(), self.zone(), 0
        if not past:
            return Fraction(0)
        start = civil.period_start(self.zone_of(past[0]).day(past[0].at), unit)
        today = self.today()
        while start <= today:
            following = civil.next_period(start, unit)
            last = min(zone.first_of(following) - 1, self.instant)
            if replace(self, instant=last).met(condition):
                found += 1
            start = following
        return Fraction(found)

    def eval_throughout(self, condition, duration):
        begin = self.instant - duration[1]
        past = self.past()
        if not past or past[0].at > begin:
            return False
        moments = {begin, self.instant} | {moment for moment in self.world.moments() if begin <= moment <= self.instant}
        return all(replace(self, instant=moment).met(condition) for moment in moments)

    # names
    def knows(self, name):
        version = self.version
        if any(name in (version.lets, version.settings, version.facts, version.streaks)[i] for i in range(4)):
            return True
        scope = self.candidate if self.candidate is not None else self.event
        return scope is not None and (name in scope.fields or (self.candidate is not None and name in OWN_NAMES))

    def eval_name(self, name):
        version = self.version
        scope = self.candidate if self.candidate is not None else self.event
        if scope is not None and name in scope.fields:
            return scope.fields[name]
        if self.candidate is not None and name in OWN_NAMES:
            return self.own(self.candidate, name)
        if name == "this":
            return self.outer if self.candidate is not None else self.event
        if name in version.lets:
            return replace(self, candidate=None).evaluate(version.lets[name])
        if name in version.settings:
            return version.settings[name]
        if name in version.facts:
            value = None
            for begins, number in version.facts[name]:
                if begins <= self.instant:
                    value = number
            return value
        if name in version.streaks:
            return self.world.streak(self, version.streaks[name])
        if name == "subject":
            return scope.subject if scope is not None else self.world.subject
        if any(name in kind.fields for kind in version.types.values()):
            return None  # a field that this event's type does not have
        if name in self.world.extra_names:
            return self.world.extra_name(self, name)
        raise Wrong(f"what is {name}?")

    def own(self, event, name):
        if name == "at":
            return Instant(event.at)
        if name == "recorded":
            return Instant(event.recorded)
        day = self.zone_of(event).day(event.at)
        if name == "day":
            return Day(day)
        return Period((name, civil.period_start(day, name)))

    def eval_field(self, tree, name):
        event = self.evaluate(tree)
        if event is None:
            return None
        if name in event.fields:
            return event.fields[name]
        if name in OWN_NAMES:
            return self.own(event, name)
        return event.subject if name == "subject" else None


OWN_NAMES = ("at", "recorded", "day", "week", "month", "quarter", "year")
METHODS = {"+": "plus", "-": "minus", "*": "times", "/": "divide"}
