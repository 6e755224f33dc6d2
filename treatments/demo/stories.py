"""What happens to whom: one story a course, before any row exists. Dates are local days of the site."""

import datetime as dt
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

INTERVAL = 28
PATIENTS = 300
CONSULTED_BEFORE = 15
"""Days from the consultation to the first session."""
_REACH_BACK = 700
_WINDOW = range(-14, 14)


class Fate(StrEnum):
    """How a course goes, as far as it has gone."""

    UNDER_WAY = "under_way"
    HELD = "held"
    FREED = "freed"
    MISSED = "missed"
    FINISHED = "finished"
    EARLY = "early"
    STOPPED = "stopped"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    SCREENING = "screening"
    DRAFT = "draft"
    TO_BOOK = "to_book"


NEVER_BOOKED = (Fate.DECLINED, Fate.CANCELLED, Fate.SCREENING, Fate.DRAFT, Fate.TO_BOOK)


@dataclass
class Story:
    """`anchor` is the day of session `number`; the other sessions lie at the interval around it."""

    fate: Fate
    anchor: dt.date
    number: int
    planned: int
    at: dt.time
    gain: float
    """The part of pain that treatment takes away in this patient, in the long run; below 0 it grows."""
    patient: int = field(default=-1)

    @property
    def first_day(self) -> dt.date:
        return self.anchor - dt.timedelta(days=INTERVAL * (self.number - 1))

    @property
    def asked_on(self) -> dt.date:
        """The day of the first consultation."""
        return self.first_day - dt.timedelta(days=CONSULTED_BEFORE)


def plan(
    rng: random.Random, *, today: dt.date, times_today: Sequence[dt.time], is_open: Callable[[dt.date], bool]
) -> list[Story]:
    """All stories, today's first, each with the index of its patient among the patients in order of registration."""
    stories = [_under_way(rng, today, at) for at in times_today]
    for story in stories[2:3]:
        story.fate, story.number = Fate.MISSED, min(2, story.planned)
    for offset in _WINDOW:
        day = today + dt.timedelta(days=offset)
        if day != today and is_open(day):
            stories += [_under_way(rng, day, _time(rng)) for _ in range(rng.randrange(5, 8))]
    for fate, count in ((Fate.HELD, 5), (Fate.FREED, 4)):
        for story in rng.sample(
            [
                s
                for s in stories
                if s.anchor < today and s.number < s.planned - 1 and s.fate == Fate.UNDER_WAY
            ],
            count,
        ):
            story.fate = fate
    stories += [_ended(rng, today) for _ in range(90)]
    counts = (
        (Fate.TO_BOOK, 8),
        (Fate.SCREENING, 4),
        (Fate.DRAFT, 2),
        (Fate.DECLINED, 7),
        (Fate.CANCELLED, 5),
    )
    stories += [_never_booked(rng, fate, today) for fate, count in counts for _ in range(count)]
    return stories


def assign(rng: random.Random, stories: Sequence[Story], *, today: dt.date) -> list[dt.date]:
    """Give each story its patient; some come back for a second course. Returns the patients' days of registration."""
    returning = _returning(rng, stories, today)
    own = [story for story in stories if id(story) not in returning]
    days = [(story.asked_on - dt.timedelta(days=rng.randrange(2, 12)), story) for story in own]
    others = [today - dt.timedelta(days=int(rng.triangular(1, 740, 60))) for _ in range(PATIENTS - len(own))]
    in_order = sorted([*days, *((day, None) for day in others)], key=lambda one: one[0])
    for index, (_, story) in enumerate(in_order):
        if story is not None:
            story.patient = index
    for story in stories:
        if id(story) in returning:
            story.patient = returning[id(story)].patient
    return [day for day, _ in in_order]


def _returning(rng: random.Random, stories: Sequence[Story], today: dt.date) -> dict[int, Story]:
    """A story of today's and the ended one of the same patient, more than a year before."""
    year_ago = today - dt.timedelta(days=420)
    before = [
        s for s in stories if s.fate in (Fate.FINISHED, Fate.EARLY, Fate.STOPPED) and s.anchor < year_ago
    ]
    after = [s for s in stories if s.fate == Fate.UNDER_WAY or s.fate in NEVER_BOOKED]
    pairs = zip(
        rng.sample(after, min(20, len(before))), rng.sample(before, min(20, len(before))), strict=True
    )
    return {id(later): earlier for later, earlier in pairs}


def _under_way(rng: random.Random, day: dt.date, at: dt.time) -> Story:
    planned = rng.choices((3, 4, 5), (25, 65, 10))[0]
    number = min(planned, rng.choices((1, 2, 3, 4), (30, 30, 25, 15))[0])
    return Story(Fate.UNDER_WAY, day, number, planned, at, _gain(rng))


def _ended(rng: random.Random, today: dt.date) -> Story:
    fate = rng.choices((Fate.FINISHED, Fate.EARLY, Fate.STOPPED), (70, 16, 14))[0]
    planned = rng.choices((1, 3, 4, 5), (8, 22, 60, 10))[0]
    number = planned
    if fate != Fate.FINISHED:
        planned = max(planned, 3)
        number = rng.randrange(2, planned) if fate == Fate.EARLY else rng.randrange(1, planned)
    gain = {Fate.EARLY: rng.uniform(0.7, 0.9), Fate.STOPPED: rng.uniform(-0.15, 0.12)}.get(fate, _gain(rng))
    last = today - dt.timedelta(days=30 + int(rng.triangular(0, _REACH_BACK - INTERVAL * number, 90)))
    return Story(fate, last, number, planned, _time(rng), gain)


def _never_booked(rng: random.Random, fate: Fate, today: dt.date) -> Story:
    recent = fate in (Fate.TO_BOOK, Fate.SCREENING, Fate.DRAFT)
    asked = today - dt.timedelta(days=rng.randrange(1, 7) if recent else rng.randrange(20, 600))
    return Story(fate, asked + dt.timedelta(days=CONSULTED_BEFORE), 1, 4, _time(rng), 0.4)


def _gain(rng: random.Random) -> float:
    """Most improve, some hardly, a few not at all."""
    low, high = rng.choices(((0.62, 0.85), (0.38, 0.6), (0.15, 0.35), (-0.12, 0.1)), (34, 34, 18, 14))[0]
    return rng.uniform(low, high)


def _time(rng: random.Random) -> dt.time:
    return dt.time(rng.choice((8, 9, 9, 10, 10, 11, 13, 14, 14, 15, 16)), rng.choice((0, 15, 30, 45)))
