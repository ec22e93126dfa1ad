# SPDX-License-Identifier: Apache-2.0
"""A subject's result at T, put together from everything else."""
from dataclasses import replace
from fractions import Fraction

import civil
import events
import expressions
import streaks
from awards import Ledger
from questions import Question
from tiers import Ladder


class World:
    """What is known of one subject at T."""

    def __init__(self, policy, intake, as_of, subject="", known=None, extra_facts=None):
        self.policy, self.as_of, self.subject = policy, as_of, subject
        self.events = events.known_events(intake, as_of) if known is None else known
        self.extra_names = extra_facts or {}
        self.ledger = Ledger(self)
        self.ladder = Ladder(self)
        self._moments = None
        self._pauses = {}
        self.run()

    def run(self):
        prices = any(tier.price is not None for version in self.policy.versions for tier in version.tiers)
        for event in self.events:
            if event.at > self.as_of:
                break
            self.ledger.settle_until(event.at)
            if prices:
                self.ladder.advance(event.at, inclusive=False)
            self.ledger.take(event)
            if prices:
                self.ladder.pay_prices(event)
        self.ledger.settle_until(self.as_of)
        self.ladder.advance(self.as_of, inclusive=True)

    # what questions ask of the world -----------------------------------------------------------

    def shown_score(self, question):
        """Before the event in scope; nothing while there is no rating."""
        version = self.policy.in_force(question.instant)
        if not version.awards:
            return None
        before = question.event.place() if question.event is not None else None
        if version.needs is not None and not self.rated(version, question.instant, before):
            return None
        return self.ledger.score(question.instant, before) + version.shown_on

    def rated(self, version, instant, before=None):
        question = Question(self, version, instant, held=self.ladder.is_held)
        if before is not None:
            earlier = [event.place() for event in self.events if event.place() < before]
            question = replace(question, upto=earlier[-1] if earlier else (-10 ** 18, ()))
        return question.met(version.needs)

    def earned(self, question, award, window):
        return self.ledger.earned(question, award, window)

    def streak(self, question, streak):
        return Fraction(streaks.length(question, streak)[0])

    def paused(self, question):
        found = streaks.pauses(replace(question, only_days=None).past(), question.version)
        return bool(found) and (found[-1][1] is None)

    def pauses_at(self, version, instant):
        key = (version.number, instant)
        if key not in self._pauses:
            self._pauses[key] = streaks.pauses([event for event in self.events if event.at <= instant], version)
        return self._pauses[key]

    def extra_name(self, question, name):
        return self.extra_names[name](question)

    # the instants at which anything can change ---------------------------------------------------

    def moments(self):
        if self._moments is None:
            self._moments = sorted(Moments(self).all())
        return self._moments


class Moments:
    """A superset of the instants at which an answer can change, from the first event to T."""

    def __init__(self, world):
        self.world, self.policy, self.as_of = world, world.policy, world.as_of
        self.events = [event for event in world.events if event.at <= world.as_of]

    def all(self):
        if not self.events:
            return set()
        first = self.events[0].at
        found = self.bases()
        durations, months, throughout = self.spans()
        for base in list(found):
            for duration in durations:
                found |= {base + duration, base + duration + 1, base - duration}
        for event in self.world.events:
            for version in self.policy.versions:
                zone = version.zone or civil.Zone(seconds=event.offset)
                for count in months:
                    found.add(civil.Deadline("months", count).instant(event.at, zone, version.month_end))
        found |= self.of_lines() | self.midnights(first)
        for duration in throughout:
            found |= {moment + extra for moment in list(found) for extra in (duration, duration + 1)}
        found = {moment for moment in found if first <= moment <= self.as_of}
        found.add(self.as_of)
        return found

    def bases(self):
        found = {version.begins for version in self.policy.versions if version.begins is not None}
        for event in self.world.events:
            found |= {event.at, event.at + 1, event.recorded}
            found |= set(event.reversals) | {at for at, _ in event.disputes} | {at for at, _ in event.decisions}
        for version in self.policy.versions:
            found |= {begins for dated in version.facts.values() for begins, _ in dated}
        return found

    def trees(self, version):
        """Every tree of a version in which a window or a duration can stand."""
        yield from version.lets.values()
        yield from version.sets.values()
        for award in version.awards:
            yield from (award.when, award.points)
        for tier in version.tiers:
            yield from (tier.gain, tier.keep)
        yield from (version.grade, version.needs, version.locked_while)
        for streak in version.streaks.values():
            yield streak.counts

    def spans(self):
        durations, months, throughout = set(), set(), set()
        for version in self.policy.versions:
            settings = [int(value) for value in version.settings.values() if value.denominator == 1]
            for tree in self.trees(version):
                for part in expressions.walk(tree):
                    if part[:1] == ("throughout",):
                        throughout.add(part[2][1])
                    elif part[:1] == ("duration",):
                        durations.add(part[1])
                    elif part[:1] == ("months",):
                        months.add(part[1])
                    elif part[:1] in (("rolling",), ("next",)) and len(part) == 3:
                        counts = [int(part[2][1])] if part[2][0] == "number" else settings
                        if part[1] in civil.EXACT_UNITS:
                            durations |= {count * civil.EXACT_UNITS[part[1]] for count in counts}
                        else:
                            months |= {count * civil.MONTH_UNITS[part[1]] for count in counts}
        return durations, months, throughout

    def of_lines(self):
        """Effects, ends of answer periods, expiries and steps of decay of any award that could have been given."""
        found = set()
        for event in self.events:
            version = self.policy.in_force(event.at)
            for award in version.awards:
                if event.type not in award.types:
                    continue
                deadlines = [deadline for deadline, _ in award.expires or []]
                if award.counts_after:
                    deadlines.append(award.counts_after)
                found |= {self.world.ledger.deadline(deadline, event, version) for deadline in deadlines}
                if award.decay:
                    found |= set(range(event.at, self.as_of + 1, civil.DAY))
        found.discard(None)
        return found

    def midnights(self, first):
        zones = set()
        for version in self.policy.versions:
            zones |= {version.zone} if version.zone else {civil.Zone(seconds=seconds) for seconds in {event.offset for event in self.events}}
            for tree in self.trees(version):
                for part in expressions.walk(tree):
                    if part[:1] in (("calendar",), ("previous",)) and part[-1]:
                        zones.add(civil.named_zone(part[-1]))
        found = set()
        for zone in zones:
            found |= {zone.first_of(day) for day in range(zone.day(first), zone.day(self.as_of) + 2)}
        return found


# a result ------------------------------------------------------------------------------------------

class Result:
    def __init__(self, world):
        self.world = world
        self.version = version = world.policy.in_force(world.as_of)
        as_of = world.as_of
        self.question = Question(world, version, as_of, held=world.ladder.is_held)
        self.state, self.score, self.shown = "no score", None, None
        if version.awards:
            if version.needs is not None and not self.question.met(version.needs):
                self.state = "no rating"
            else:
                self.state = "score"
                self.score = world.ledger.score(as_of)
                self.shown = self.score + version.shown_on
        self.tier = self.current_tier()
        self.grade = self.current_grade()
        self.reports = {name: self.value(name) for name in version.report}

    def current_tier(self):
        if not self.version.tiers:
            return None
        ladder = self.world.ladder
        if ladder.version is not self.version:
            return self.version.no_tier
        place = ladder.highest()
        return self.version.tiers[place].name if place >= 0 else self.version.no_tier

    def valid_until(self):
        holding = self.world.ladder.holdings.get(self.tier)
        return holding.valid_until if holding else None

    def current_grade(self):
        version, question = self.version, self.question
        if version.grade is None:
            return None
        if version.grade_review is not None:
            moment = self.last_assessment()
            if moment is None:
                return "no grade"
            question = replace(question, instant=moment)
        return question.evaluate(version.grade) or "no grade"

    def last_assessment(self):
        """The latest assessment that is not before the first event."""
        past = self.question.past()
        if not past:
            return None
        zone = self.question.zone()
        for day in range(zone.day(self.world.as_of), zone.day(past[0].at) - 1, -1):
            moment = zone.first_of(day)
            if self.version.grade_review(day) and past[0].at <= moment <= self.world.as_of:
                return moment
        return None

    def value(self, name):
        return self.question.eval_name(name)


def evaluate(policy, records, as_of, subject=""):
    """(Result, Intake) of one subject's records."""
    intake = events.Intake(policy, records)
    return Result(World(policy, intake, as_of, subject)), intake
