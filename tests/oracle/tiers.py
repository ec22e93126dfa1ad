# SPDX-License-Identifier: Apache-2.0
"""Section 8: which tiers are held, walked through every instant at which anything can change."""
import bisect
from dataclasses import dataclass

import civil
import streaks
from questions import Question


@dataclass
class Holding:
    since: int
    valid_until: int = None


class Ladder:
    def __init__(self, world):
        self.world = world
        self.version = None
        self.holdings = {}
        self.gain_was_met = {}
        self.more = []  # instants added on the way: ends of hold and of validity
        self.done = None  # the last instant that was settled

    # the walk ----------------------------------------------------------------------------------

    def advance(self, until, inclusive):
        """Settle every instant after the last one up to `until`."""
        if not any(version.tiers for version in self.world.policy.versions):
            return
        while True:
            moment = self.following()
            if moment is None or moment > until or (moment == until and not inclusive):
                return
            self.world.ledger.settle_until(moment)
            self.settle(moment)
            self.done = moment

    def following(self):
        moments = self.world.moments()
        place = bisect.bisect_right(moments, self.done) if self.done is not None else 0
        waiting = [moment for moment in self.more if self.done is None or moment > self.done]
        if place < len(moments):
            waiting.append(moments[place])
        return min(waiting, default=None)

    def settle(self, moment):
        version = self.world.policy.in_force(moment)
        if version is not self.version:
            self.change_version(version)
        if not version.tiers:
            return
        question = Question(self.world, version, moment, held=self.is_held)
        may_move = version.moves_review is None or self.is_review(question, version.moves_review)
        locked = version.locked_while is not None and question.met(version.locked_while)
        before = self.highest()
        if may_move and not locked:
            lost = self.lose(question)
            after_losses = self.highest()
            if version.drop_one and before - after_losses > 1:
                self.gain(question, version.tiers[before - 1])
            if not (version.moves_review and lost):
                self.gain_all(question, lost, self.highest())
        for tier in version.tiers:
            if tier.valid and may_move:
                self.gain_was_met[tier.name] = question.met(tier.gain)

    def lose(self, question):
        moment, version, lost = question.instant, question.version, set()
        protected = version.keep_tiers_until is not None and moment < version.keep_tiers_until
        for tier in version.tiers:
            holding = self.holdings.get(tier.name)
            if holding is None or protected:
                continue
            if tier.valid:
                if holding.valid_until is None or moment < holding.valid_until:
                    continue
                if question.met(tier.gain):
                    holding.valid_until = self.validity(question, tier)
                    continue
            elif tier.keeps_for_life or question.met(tier.keep) or not self.hold_has_passed(question, tier, holding):
                continue
            elif tier.reviewed is not None and not self.is_review(question, tier.reviewed):
                continue
            del self.holdings[tier.name]
            lost.add(tier.name)
        return lost

    def gain_all(self, question, lost, highest):
        version, gained = question.version, []
        for tier in version.tiers:
            if tier.price is not None:
                continue
            met = question.met(tier.gain)
            if tier.name in self.holdings:
                if met and tier.valid and not self.gain_was_met.get(tier.name):
                    self.extend(question, tier)
            elif met and tier.name not in lost:
                self.gain(question, tier)
                gained.append(tier)
        if version.climb_one and gained and self.highest() - highest > 1:
            for tier in gained[1:]:
                del self.holdings[tier.name]

    def gain(self, question, tier):
        self.holdings[tier.name] = Holding(question.instant, self.validity(question, tier) if tier.valid else None)
        hold_ends = self.hold_ends(question, tier, question.instant)
        if hold_ends is not None:
            self.more.append(hold_ends)

    def extend(self, question, tier):
        holding, end = self.holdings[tier.name], self.validity(question, tier)
        holding.valid_until = None if end is None or holding.valid_until is None else max(end, holding.valid_until)

    def validity(self, question, tier):
        end = tier.valid.instant(question.instant, question.zone(), question.version.month_end)
        if end is not None:
            self.more.append(end)
        return end

    def hold_ends(self, question, tier, since):
        if tier.hold is None:
            return None
        kind, amount = tier.hold
        deadline = civil.Deadline("exact" if kind == "duration" else "months", amount)
        end = deadline.instant(since, question.zone(), question.version.month_end)
        return streaks.moved_by_pauses(end, since, self.world.pauses_at(question.version, self.world.as_of))

    def hold_has_passed(self, question, tier, holding):
        if tier.hold is None:
            return True
        end = self.hold_ends(question, tier, holding.since)
        if end is None:
            return False
        if end > question.instant:
            self.more.append(end)
        return end <= question.instant

    @staticmethod
    def is_review(question, predicate):
        zone = question.zone()
        day = zone.day(question.instant)
        return zone.first_of(day) == question.instant and predicate(day)

    # prices ------------------------------------------------------------------------------------

    def pay_prices(self, event):
        """In the pass over events: the score reaches a price."""
        version = self.world.policy.in_force(event.at)
        if version is not self.version:
            self.change_version(version)
        for tier in version.tiers:
            if tier.price is None or tier.name in self.holdings:
                continue
            if self.world.ledger.score(event.at, None) + version.shown_on >= tier.threshold:
                self.world.ledger.pay(event, version, tier)
                self.gain(Question(self.world, version, event.at, upto=event.place()), tier)

    # state -------------------------------------------------------------------------------------

    def change_version(self, version):
        if self.version is not None:
            renamed = {version.renamed_tiers.get(name, name): holding for name, holding in self.holdings.items()}
            self.gain_was_met = {version.renamed_tiers.get(name, name): met for name, met in self.gain_was_met.items()}
            known = {tier.name for tier in version.tiers}
            self.holdings = {name: holding for name, holding in renamed.items() if name in known}
        self.version = version
        if version.keep_tiers_until is not None:
            self.more.append(version.keep_tiers_until)

    def is_held(self, name):
        return name in self.holdings

    def highest(self):
        places = [place for place, tier in enumerate(self.version.tiers) if tier.name in self.holdings]
        return max(places, default=-1)
