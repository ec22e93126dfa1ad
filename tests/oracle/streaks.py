# SPDX-License-Identifier: Apache-2.0
"""Section 9: pauses and streaks, walked from the first event at every question."""
from dataclasses import replace

import civil


def pauses(events, version):
    """[start, end) intervals among these events, in order, not overlapping; an end of None has not come."""
    found = []
    for starts, ends in version.pauses:
        running = None
        for event in events:
            if event.type == starts and running is None:
                running = event.at
            elif event.type == ends and running is not None:
                found.append((running, event.at))
                running = None
        if running is not None:
            found.append((running, None))
    merged = []
    for start, end in sorted(found, key=lambda pause: (pause[0], pause[1] is None, pause[1])):
        if merged and (merged[-1][1] is None or start <= merged[-1][1]):
            last = merged[-1]
            merged[-1] = (last[0], None if last[1] is None or end is None else max(last[1], end))
        else:
            merged.append((start, end))
    return merged


def moved_by_pauses(deadline, begins, intervals):
    """The deadline of a clock that began at `begins` and stands still while paused. None: not while the pause runs."""
    for start, end in intervals:
        if deadline is None:
            return None
        if end is not None and end <= begins:
            continue
        start = max(start, begins)
        if start >= deadline:
            continue
        if end is None:
            return None
        deadline += end - start
    return deadline


def length(question, streak):
    """(length at T, freeze events refused)."""
    question = replace(question, event=None, candidate=None)
    past = question.past()
    if not past:
        return 0, []
    walk = Walk(question, streak)
    return walk.run(past)


class Walk:
    def __init__(self, question, streak):
        self.question, self.streak = question, streak
        self.zone = question.version.zone
        self.length = 0
        self.held = []  # freezes: where their instants lie, oldest first
        self.refused = []
        self.missed_in_a_row = 0
        self.repaired_day = None  # first day of the last repaired period
        self.repaired_before_row = None

    def clock(self, instant, offset=None):
        """Comparable with bound(): instants, or wall times when each event has its own zone."""
        if self.zone:
            return instant
        if offset is None:
            return self.question.zone().wall(instant)
        return instant + offset * 1000

    def bound(self, day):
        return self.zone.first_of(day) if self.zone else day * civil.DAY

    def run(self, past):
        question, unit = self.question, self.streak.unit
        start = civil.period_start(question.zone_of(past[0]).day(past[0].at), unit)
        freezes = [event for event in past if event.type == self.streak.freeze_event]
        today = question.today()
        last = max([today] + [question.zone_of(event).day(event.at) for event in past]) if not self.zone else today
        now = self.clock(question.instant)
        while start <= last:
            following = civil.next_period(start, unit)
            ended = self.bound(following) <= now
            freezes = self.equip(freezes, self.bound(following))
            if self.active(start, following):
                self.length += 1
                self.missed_in_a_row = 0
            elif ended:
                self.miss(start, following)
            start = following
        return self.length, self.refused

    def equip(self, freezes, before):
        """Take in the freezes of the period that ends `before`."""
        while freezes and self.clock(freezes[0].at, freezes[0].offset) < before:
            event = freezes.pop(0)
            if len(self.held) >= self.streak.freeze_hold:
                self.refused.append(event)
            else:
                self.held.append(self.clock(event.at, event.offset))
        return freezes

    def active(self, start, following):
        question = self.question
        last = question.instant
        if self.zone:
            last = min(last, self.zone.first_of(following) - 1)
        return replace(question, instant=last, only_days=(None, start, following)).met(self.streak.counts)

    def miss(self, start, following):
        if self.within_pause(start, following):
            return
        if self.missed_in_a_row == 0:
            self.repaired_before_row = self.repaired_day
        self.missed_in_a_row += 1
        if self.length == 0:
            return
        free = self.repaired_before_row is None or start - self.repaired_before_row >= self.streak.repair_again_days
        if self.missed_in_a_row <= self.streak.repair_missed and free:
            self.length += 1
            self.repaired_day = start
            return
        usable = [freeze for freeze in self.held if freeze < self.bound(start)]
        if usable:
            self.held.remove(usable[0])
            return
        self.length = 0

    def within_pause(self, start, following):
        for begins, ends in pauses(replace(self.question, only_days=None).past(), self.question.version):
            offset = self.own_offset(begins), self.own_offset(ends)
            low = self.clock(begins, offset[0])
            high = None if ends is None else self.clock(ends, offset[1])
            if low < self.bound(following) and (high is None or high > self.bound(start)):
                return True
        return False

    def own_offset(self, instant):
        if instant is None:
            return None
        return next(event.offset for event in self.question.world.events if event.at == instant)
