"""What a proposal is made of: what a person has decided, what stands already, and a step for each session."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from scheduling.models import Appointment, Resource
from scheduling.rules import Refusal
from treatments.models import Order, Session
from treatments.policies.course_plan import Band
from treatments.services.horizon import Choice


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the person at the desk has decided so far, by session number."""

    pinned: Mapping[int, Choice] = field(default_factory=dict)
    days: Mapping[int, dt.date] = field(default_factory=dict)
    """Another day for a session: the best start on it."""
    left_out: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class Moving:
    """A booked visit that may be moved, and where it stands. One that `stays` keeps its place while the limits allow."""

    visit: Appointment
    at: Choice
    stays: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One session of the plan: what is proposed for it, what else could be, and what to know about it."""

    session: Session
    chosen: Choice | None
    others: Sequence[Choice] = ()
    lead: Resource | None = None
    after: int | None = None
    """The number of the session before it that has a day."""
    gap: int | None = None
    """Days since that one."""
    refusals: Sequence[Refusal] = ()
    is_pinned: bool = False
    is_left_out: bool = False
    note: str = ""
    was: Choice | None = None
    """Where its visit stands now, when it is being moved."""

    @property
    def number(self) -> int:
        return self.session.number


@dataclass(frozen=True, slots=True)
class Past:
    """A session that is done or booked already: a fixed point of the plan."""

    number: int
    start: dt.datetime
    lead: Resource | None
    done: bool


@dataclass(frozen=True, slots=True)
class CoursePlan:
    """A proposal. `band` is what the protocol allows from one session to the next."""

    order: Order
    band: Band
    steps: Sequence[Step]
    past: Sequence[Past] = ()
    leads: Mapping[UUID, Resource] = field(default_factory=dict)
    keeps_band: bool = True
    """Whether every gap that could be chosen keeps the protocol's limits."""

    @property
    def starts(self) -> list[dt.datetime]:
        return [step.chosen.start for step in self.steps if step.chosen is not None]

    @property
    def to_book(self) -> list[Step]:
        return [step for step in self.steps if step.chosen is not None]

    @property
    def is_complete(self) -> bool:
        """Whether every session that was not left out has a start, and there is one at all."""
        kept = [step for step in self.steps if not step.is_left_out]
        return bool(kept) and all(step.chosen is not None for step in kept)
