# SPDX-License-Identifier: Apache-2.0
"""Section 12: what needs two parties or the whole programme is decided before anything is scored."""
from collections import defaultdict
from dataclasses import replace

import events
import score
from events import Event
from questions import Question


class Programme:
    """The whole programme's events written or let through so far; a world without scores."""

    def __init__(self, policy):
        self.policy = policy
        self.events = []
        self.extra_names = {}
        self.subject = ""


def decide(policy, record, programme):
    """The events that one record becomes, or None if it is refused."""
    version = policy.in_force(record.at)
    rule = version.admission.get(record.type)
    if rule is None:
        return [record]
    lets, refusals, writes = rule
    asked = replace(version, lets={**version.lets, **lets})
    question = Question(programme, asked, record.at, event=record)
    if any(question.met(condition) for _, condition in refusals):
        return None
    if not writes:
        return [record]
    written = []
    for kind, to, when, fields in writes:
        if when is not None and not question.met(when):
            continue
        subject = record.subject if to == "subject" else question.eval_name(to)
        values = {name: None for name in version.types[kind].fields}
        values.update({name: question.evaluate(tree) for name, tree in fields.items()})
        written.append(Event(kind, subject, record.id, record.at, record.recorded, record.offset, values,
                             record.reversals, record.disputes, record.decision_places, record.decisions))
    if len(writes) > 1:
        for number, event in enumerate(written, 1):
            event.id = f"{record.id}/{number}"
    return written


def evaluate_all(policy, records, as_of, only=None):
    """(subject, Result, Intake) of every subject, in order of name."""
    by_subject = defaultdict(list)
    for record in records:
        by_subject[record.subject].append(record)
    intakes = {subject: events.Intake(policy, own) for subject, own in by_subject.items()}
    everything = [event for intake in intakes.values() for event in events.known_events(intake, as_of)]
    everything.sort(key=lambda event: (event.place(), event.subject))
    programme = Programme(policy)
    for record in everything:
        written = decide(policy, record, programme)
        if written is None:
            intakes[record.subject].refused.append((record, "admission"))
            continue
        programme.events += written
        programme.events.sort(key=Event.place)
    known = defaultdict(list)
    for event in programme.events:
        known[event.subject].append(event)
    facts = fact_functions(policy, programme)
    for subject in sorted(set(known) | set(by_subject)):
        if only is None or subject == only:
            intake = intakes.get(subject) or events.Intake(policy, [])
            world = score.World(policy, intake, as_of, subject, known[subject], facts)
            yield subject, score.Result(world), intake


def fact_functions(policy, programme):
    names = {name for version in policy.versions for name in version.fact_expressions}

    def ask(name):
        def answer(question):
            tree = question.version.fact_expressions[name]
            return Question(programme, question.version, question.instant).evaluate(tree)
        return answer
    return {name: ask(name) for name in names}
