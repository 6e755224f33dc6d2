"""Puts a story's visits on the calendar: the anchored session first, the others at the interval around it."""

import datetime as dt

from clinic.models import Patient
from scheduling.models import Resource
from treatments.demo.opening import OPEN
from treatments.demo.planner import Placed
from treatments.demo.stories import CONSULTED_BEFORE, INTERVAL, NEVER_BOOKED, Fate, Story
from treatments.demo.world import World

SESSION = "prp_session"


def physician_of(world: World, story: Story) -> Resource:
    """One of those who work on the story's day."""
    there = [one for one in world.place.physicians if world.planner.works(one, story.anchor)]
    return world.rng.choice(there or world.place.physicians)


def sessions(world: World, story: Story, patient: Patient, lead: Resource) -> list[Placed] | None:
    """The sessions' visits in order, all with one physician. None when there is no room for them."""
    if story.fate in NEVER_BOOKED:
        return []
    anchored = _anchored(world, story, patient, lead)
    if anchored is None:
        return None
    found = {story.number: anchored}
    last = story.number if story.fate in (Fate.EARLY, Fate.STOPPED) else story.planned
    for number in [*range(story.number - 1, 0, -1), *range(story.number + 1, last + 1)]:
        step = -1 if number < story.number else 1
        day = world.day_of(found[number - step].start) + dt.timedelta(days=step * INTERVAL)
        if day.weekday() not in OPEN:  # a demo loaded on a weekend: spread over the week around
            day += dt.timedelta(
                days=world.rng.choice([n for n in range(-6, 6) if (day.weekday() + n) % 7 in OPEN])
            )
        past = step < 0 or day < world.today
        placed = world.planner.near(
            SESSION,
            patient.pk,
            day,
            at=story.at,
            lead=anchored.lead,
            reach=9,
            latest=world.yesterday if past else None,
            earliest=None if past else world.tomorrow,
        )
        if placed is None:
            return None
        found[number] = placed
    return [found[number] for number in sorted(found)]


def _anchored(world: World, story: Story, patient: Patient, lead: Resource) -> Placed | None:
    """Today's sessions at their very minute, whoever leads them; others near their day."""
    leads = [lead, *(one for one in world.place.physicians if one is not lead)]
    for drift in (0, 45):
        for physician in leads:
            placed = world.planner.place(
                SESSION, patient.pk, story.anchor, at=story.at, lead=physician, drift=drift
            )
            if placed is not None:
                return placed
    if story.anchor == world.today:
        return None
    return world.planner.near(
        SESSION,
        patient.pk,
        story.anchor,
        at=story.at,
        lead=lead,
        latest=world.yesterday if story.anchor < world.today else None,
        earliest=world.tomorrow if story.anchor > world.today else None,
    )


def consultation(world: World, patient: Patient, lead: Resource, *, first: dt.datetime) -> dt.datetime:
    """The visit at which the course was agreed; returns its end."""
    day = min(world.day_of(first) - dt.timedelta(days=CONSULTED_BEFORE), world.yesterday)
    at = dt.time(world.rng.choice((9, 10, 11, 14, 15)))
    placed = world.planner.near(
        "consultation", patient.pk, day, at=at, lead=lead, latest=world.yesterday, reach=9
    )
    if placed is None:
        return world.local(day, dt.time(15))
    asked = max(patient.created_at, placed.start - dt.timedelta(days=world.rng.randrange(2, 9)))
    visit = world.visits.add(
        placed, patient, booked_at=world.at_the_desk(min(asked, placed.start - dt.timedelta(hours=1)))
    )
    return visit.ended("consultation") or placed.end
