"""Stages and holdings of a whole day's visits as light rows: five of each for eighty visits are too many for rows of
the model, which took a third of the time of the board."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from scheduling.models import Allocation, Appointment, VisitStage


class Step(NamedTuple):
    """One stage of a visit, as lists and cards read it."""

    code: str
    name: str
    done_name: str
    planned_start: dt.datetime
    planned_end: dt.datetime
    started_at: dt.datetime | None
    ended_at: dt.datetime | None


class Span(NamedTuple):
    """`[lower, upper)`, read as the range of a model is."""

    lower: dt.datetime
    upper: dt.datetime


class Kind(NamedTuple):
    category: str


class Thing(NamedTuple):
    """A resource by its name and kind."""

    name: str
    kind: Kind


class Use(NamedTuple):
    """One resource held by a visit; reads as an Allocation does."""

    pk: int
    resource_id: UUID
    resource: Thing
    is_lead: bool
    period: Span
    blocks: Span


def give_steps(visits: Sequence[Appointment]) -> None:
    """Hand each visit its stages in order, as `steps`. One query."""
    steps: dict[UUID, list[Step]] = defaultdict(list)
    rows = VisitStage.objects.filter(appointment__in=[visit.pk for visit in visits]).order_by("position")
    for key, *step in rows.values_list("appointment_id", *Step._fields):
        steps[key].append(Step(*step))
    for visit in visits:
        visit.steps = steps[visit.pk]  # type: ignore[attr-defined]  # as `with_parts` does


def give_held(visits: Sequence[Appointment]) -> None:
    """Hand each visit what it holds now, in order of time, as `held`. One query.

    The ends of the ranges are read one by one: a range takes three times as long to read as its two ends.
    """
    held: dict[UUID, list[Use]] = defaultdict(list)
    rows = Allocation.objects.filter(appointment__in=[visit.pk for visit in visits], active=True)
    things: dict[UUID, Thing] = {}
    for key, pk, resource_id, name, category, is_lead, start, end, kept_from, kept_until in rows.order_by(
        "period", "pk"
    ).values_list(
        "appointment_id",
        "pk",
        "resource_id",
        "resource__name",
        "resource__kind__category",
        "is_lead",
        "period__startswith",
        "period__endswith",
        "blocks__startswith",
        "blocks__endswith",
    ):
        thing = things.get(resource_id)
        if thing is None:
            thing = things[resource_id] = Thing(name, Kind(category))
        held[key].append(Use(pk, resource_id, thing, is_lead, Span(start, end), Span(kept_from, kept_until)))
    for visit in visits:
        visit.held = held[visit.pk]  # type: ignore[attr-defined]  # as `with_parts` does
