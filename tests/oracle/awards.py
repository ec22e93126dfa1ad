# SPDX-License-Identifier: Apache-2.0
"""Sections 5 and 6: the pass over events, what an award is worth at an instant, spending."""
from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction

import civil
import streaks
from questions import Question


@dataclass
class Line:
    """What one award (or a tier's price) gave for one event."""
    event: object
    version: object
    award: object  # None: a price
    index: int  # written order
    raw: Fraction
    credited: Fraction  # after limits and bounds
    effect: int = None  # None: never
    expires: int = None  # None: never
    ended: int = None
    spends: bool = False
    used: list = field(default_factory=list)  # of a positive amount: (the spending line, how much)
    tier: str = None

    def place(self):
        return (self.event.place(), self.index)

    def limits(self):
        if self.award is None:
            return []
        return self.award.own + [self.version.limits[name] for name in self.award.within]


class Ledger:
    """The lines of a history so far, and the questions about them."""

    def __init__(self, world):
        self.world = world
        self.lines = []
        self.waiting = []  # lines whose bounds are settled when they take effect

    # one event ---------------------------------------------------------------------------------

    def take(self, event):
        version = self.world.policy.in_force(event.at)
        for index, award in enumerate(version.awards):
            if event.type in award.types:
                self.give(event, version, award, index)

    def give(self, event, version, award, index):
        question = Question(self.world, version, event.at, upto=event.place(), event=event)
        if award.when is not None and not question.met(award.when):
            return
        raw = question.evaluate(award.points)
        if raw is None:
            return
        if award.accepted_by and not self.accepted(event, award):
            return
        line = Line(event, version, award, index, raw, raw, spends=award.spends)
        line.effect = self.effect(line)
        line.expires = self.expiry(line, question)
        line.ended = self.end(line)
        line.credited = self.cut_by_limits(line, raw)
        self.lines.append(line)
        if line.effect == event.at:
            self.cut_by_bounds(line, event.at)
        else:
            self.waiting.append(line)
        if line.spends:
            self.spend(line, -line.credited, event.at)

    def accepted(self, event, award):
        return any(other.type == award.accepted_by and other.fields.get(award.obligation) == event.fields.get(award.obligation)
                   and other.place() < event.place() for other in self.world.events)

    def settle_until(self, instant, inclusive=True):
        """Awards that count later are cut by the bounds when they take effect."""
        while True:
            due = [line for line in self.waiting if line.effect is not None
                   and (line.effect < instant or (inclusive and line.effect == instant))]
            if not due:
                return
            line = min(due, key=lambda line: (line.effect, line.place()))
            self.waiting.remove(line)
            self.cut_by_bounds(line, line.effect)

    # deadlines ---------------------------------------------------------------------------------

    def deadline(self, deadline, event, version):
        zone = version.zone or civil.Zone(seconds=event.offset)
        instant = deadline.instant(event.at, zone, version.month_end)
        if deadline.stands_still_in_pauses():
            return streaks.moved_by_pauses(instant, event.at, self.world.pauses_at(version, self.world.as_of))
        return instant

    def effect(self, line):
        award, event = line.award, line.event
        instants = [event.at]
        if award.counts_after:
            instants.append(self.deadline(award.counts_after, event, line.version))
        if award.once_confirmed:
            instants.append(min((at for at, finding in event.decisions if finding == "stands"), default=None))
        if None in instants:
            return None
        effect = max(instants)
        if award.deduction:
            for begins, ends in self.world.pauses_at(line.version, self.world.as_of):
                if begins <= effect and (ends is None or effect < ends):
                    return ends
        return effect

    def expiry(self, line, question):
        for deadline, condition in line.award.expires or []:
            if condition is None or question.met(condition):
                return self.deadline(deadline, line.event, line.version)
        return None

    def end(self, line):
        event, award = line.event, line.award
        ends = event.reversals + [at for at, finding in event.decisions if finding == "dropped"]
        if award.deduction and award.repair:
            ends += [other.at for other in self.world.events if other.type == award.repair and other.place() > event.place()
                     and other.fields.get(award.obligation) == event.fields.get(award.obligation)]
        return min(ends, default=None)

    # limits ------------------------------------------------------------------------------------

    def cut_by_limits(self, line, amount):
        room = [self.room(line, limit) for limit in line.limits() if not limit.settles_at_the_end() and (amount > 0 or limit.counts == "times")]
        if amount <= 0:
            return Fraction(0) if Fraction(0) in room else amount
        return max(Fraction(0), min([amount] + [left for left in room if left is not None]))

    def room(self, line, limit):
        """What the limit leaves; None: as much as you like."""
        question = Question(self.world, line.version, line.event.at, upto=line.event.place(), event=line.event)
        charged = [other for other in self.lines if any(mine.name == limit.name for mine in other.limits())
                   and self.bucket(other, limit) == self.bucket(line, limit) and question.in_window(limit.window, other.event)]
        if limit.counts == "times":
            return None if sum(1 for other in charged if other.credited != 0) < limit.amount else Fraction(0)
        return limit.amount - sum((other.credited for other in charged), Fraction(0))

    @staticmethod
    def bucket(line, limit):
        return tuple(line.event.fields.get(name) for name in limit.for_each)

    # bounds ------------------------------------------------------------------------------------

    def cut_by_bounds(self, line, instant):
        """The floor and the ceiling, if they are applied at each event, as the line takes effect."""
        version = self.world.policy.in_force(instant)
        if not version.bounds_each_event:
            return
        if line.spends:
            amount = line.credited if self.counts(line, instant) else Fraction(0)
        else:
            amount = self.amount(line, instant)
        left_out = {id(line)} | {id(other) for other in self.waiting}
        before = version.start + sum((worth for other, worth in self.amounts(instant) if id(other) not in left_out),
                                     Fraction(0))
        if amount > 0 and version.ceiling is not None:
            kept = max(Fraction(0), min(amount, version.ceiling - before))
        elif amount < 0 and version.floor is not None:
            kept = min(Fraction(0), max(amount, version.floor - before))
        else:
            return
        line.credited -= amount - kept

    # spending ----------------------------------------------------------------------------------

    def spend(self, line, wanted, instant):
        """Use up positive amounts, the one that expires soonest first; returns what was used."""
        open_lines = [(other, worth) for other, worth in self.amounts(instant) if worth > 0 and other is not line]
        open_lines.sort(key=lambda pair: (pair[0].expires is None, pair[0].expires or 0, pair[0].place()))
        left = wanted
        for other, worth in open_lines:
            used = min(left, worth)
            if used > 0:
                other.used.append((line, used))
                left -= used
        line.credited = left - wanted
        return wanted - left

    def pay(self, event, version, tier):
        """A tier's price, and what is left above `carry`."""
        line = Line(event, version, None, len(version.awards), -tier.price, Fraction(0), effect=event.at, spends=True, tier=tier.name)
        self.lines.append(line)
        paid = self.spend(line, tier.price, event.at)
        if tier.carry is not None:
            above = self.score(event.at) - tier.carry
            if above > 0:
                paid += self.spend(line, above, event.at)
        line.credited = -paid

    # what counts at an instant -----------------------------------------------------------------

    def counts(self, line, instant):
        if line.event.at > instant:
            return False
        asked = self.seen(line, instant)
        if asked is None:
            return False
        if line.ended is not None and line.ended <= asked:
            return False
        return line.effect is not None and line.effect <= asked and (line.expires is None or line.expires > asked)

    def seen(self, line, instant):
        """The instant whose state counts, earlier while frozen; None: held out."""
        disputed = self.open_dispute(line.event, instant) if line.award is not None else None
        if disputed is None:
            return instant
        while_disputed = line.award.while_disputed or ("held out" if line.raw < 0 else "counts")
        if while_disputed == "held out":
            return None
        return max(disputed, line.event.at) if while_disputed == "frozen" else instant

    @staticmethod
    def open_dispute(event, instant):
        """When the earliest dispute that is open at this instant was filed; None: none is."""
        filed = [place for place in event.disputes if place[0] <= instant
                 and not any(place < decided and decided[0] <= instant for decided in event.decision_places)]
        return min(filed)[0] if filed else None

    def amount(self, line, instant):
        """What the line is worth before net limits, best limits and the share of deductions."""
        if line.spends or not self.counts(line, instant):
            return Fraction(0)
        worth = self.decayed(line, self.seen(line, instant))
        used = sum((used for spending, used in line.used if self.counts(spending, instant)), Fraction(0))
        return max(Fraction(0), worth - used) if used else worth

    def decayed(self, line, instant):
        if line.award is None or line.award.decay is None:
            return line.credited
        kind, days = line.award.decay
        age = (instant - line.event.at) // civil.DAY
        unit = self.world.policy.unit()
        units = line.credited / unit
        if kind == "half":
            turns, rest = divmod(age, days)
            numerator, denominator = units * (2 * days - rest), 2 ** (turns + 1) * days
        else:
            numerator, denominator = units * max(0, days - age), days
        sign = -1 if numerator < 0 else 1
        return sign * (abs(numerator) // denominator) * unit

    def amounts(self, instant, before=None):
        """[(line, amount)] at an instant; `before` leaves out events from that place on."""
        lines = [line for line in self.lines if line.event.at <= instant and (before is None or line.event.place() < before)]
        worth = {id(line): self.amount(line, instant) for line in lines}
        self.cut_at_the_end(lines, worth)
        self.cut_deductions(lines, worth, instant)
        return [(line, worth[id(line)]) for line in lines]

    def cut_at_the_end(self, lines, worth):
        groups = defaultdict(list)
        for line in lines:
            for limit in line.limits():
                if limit.settles_at_the_end():
                    groups[(limit.name, self.period(line, limit), self.bucket(line, limit))].append((line, limit))
        for group in groups.values():
            limit = group[-1][1]
            members = sorted((line for line, _ in group), key=Line.place)
            if limit.counts == "best":
                counting = [line for line in members if worth[id(line)] != 0]
                ranked = sorted(counting, key=lambda line: -worth[id(line)])
                for line in ranked[int(limit.amount):]:
                    worth[id(line)] = Fraction(0)
                continue
            excess = sum((worth[id(line)] for line in members), Fraction(0)) - limit.amount
            for line in reversed(members):
                cut = min(max(Fraction(0), worth[id(line)]), max(Fraction(0), excess))
                worth[id(line)] -= cut
                excess -= cut

    @staticmethod
    def period(line, limit):
        if limit.window == ("lifetime",):
            return None
        _, unit, zone_name = limit.window
        zone = civil.named_zone(zone_name) if zone_name else line.version.zone or civil.Zone(seconds=line.event.offset)
        return civil.period_start(zone.day(line.event.at), unit)

    def cut_deductions(self, lines, worth, instant):
        """Active deductions together take at most 25 % of the active points."""
        deductions = [line for line in lines if line.award is not None and line.award.deduction]
        if not deductions:
            return
        unit = self.world.policy.unit()
        active = sum((amount for line in lines if (amount := worth[id(line)]) > 0), Fraction(0))
        room = (active / 4) // unit * unit
        excess = -sum((worth[id(line)] for line in deductions), Fraction(0)) - room
        for line in sorted(deductions, key=Line.place, reverse=True):
            cut = min(-worth[id(line)], max(Fraction(0), excess))
            worth[id(line)] += cut
            excess -= cut

    def score(self, instant, before=None):
        """In points."""
        version = self.world.policy.in_force(instant)
        total = version.start + sum((amount for _, amount in self.amounts(instant, before)), Fraction(0))
        if version.floor is not None:
            total = max(total, version.floor)
        if version.ceiling is not None:
            total = min(total, version.ceiling)
        return total

    def earned(self, question, name, window):
        total = Fraction(0)
        for line in self.lines:
            if line.award is None or (name != "all" and line.award.name != name) or line.event.at > question.instant:
                continue
            if line.spends or (line.ended is not None and line.ended <= question.instant):
                continue
            if question.event is not None and line.event.place() >= question.event.place():
                continue
            if window is None or question.in_window(window, line.event):
                total += line.credited
        return total
