"""Call numbers of the day and where people are called to: what the wall screen shows in place of names."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Prefetch

from clinic.models import Site
from scheduling.enums import AppointmentStatus, ResourceCategory
from scheduling.models import Allocation, Appointment, VisitStage
from scheduling.selectors import visits


def smallest_unused(*, site: Site, day: dt.date) -> int:
    """The smallest number from 1 on that no visit of that day has. The caller keeps others from asking meanwhile."""
    given = Appointment.objects.filter(site=site, call_day=day, call_number__isnull=False)
    taken = set(given.values_list("call_number", flat=True))
    return next(number for number in range(1, len(taken) + 2) if number not in taken)


def held_from(visit: Appointment, stage: VisitStage) -> list[Allocation]:
    """What the visit begins to hold with this stage, places before people, from the prefetch of `with_parts`."""
    begun = [
        row for row in visits.held_by(visit) if stage.planned_start <= row.period.lower < stage.planned_end
    ]
    return sorted(begun, key=lambda row: row.resource.kind.category == ResourceCategory.CLINICIAN)


def place_of(visit: Appointment, stage: VisitStage) -> str:
    """Where the patient is during a stage: its room; without one, what they sit on since longest, so that a blood
    draw chair comes before the centrifuge that starts later. Empty when the stage holds neither."""
    held = [
        row
        for row in visits.held_by(visit)
        if row.period.lower < stage.planned_end
        and stage.planned_start < row.period.upper
        and row.resource.kind.category != ResourceCategory.CLINICIAN
    ]
    rooms = [row for row in held if row.resource.kind.category == ResourceCategory.ROOM]
    first = min(rooms or held, key=lambda row: (row.period.lower, row.pk), default=None)
    return first.resource.name if first is not None else ""


@dataclass(frozen=True, slots=True)
class Call:
    """A number and the place it is called to, since when. No name, no initials, no kind of visit."""

    number: int
    place: str
    since: dt.datetime


@dataclass(frozen=True, slots=True)
class Wall:
    """What a wall screen shows: who is called where, the latest first, and the numbers that wait."""

    called: Sequence[Call]
    waiting: Sequence[int]


def wall(*, site: Site, day: dt.date) -> Wall:
    """Three queries, whatever the day holds."""
    rows = Appointment.objects.filter(
        site=site,
        call_day=day,
        call_number__isnull=False,
        status__in=(AppointmentStatus.ARRIVED, AppointmentStatus.IN_PROGRESS),
    )
    held = Allocation.objects.filter(active=True).select_related("resource__kind")
    found = rows.order_by("call_number").prefetch_related(
        Prefetch("allocations", queryset=held, to_attr="held"),
        Prefetch("stages", queryset=VisitStage.objects.order_by("position"), to_attr="steps"),
    )
    called: list[Call] = []
    waiting: list[int] = []
    for visit in found:
        number = visit.call_number or 0
        running = [step for step in visits.steps_of(visit) if step.started_at and not step.ended_at]
        if running and (since := running[-1].started_at):
            called.append(Call(number, place_of(visit, running[-1]), since))
        elif visit.status == AppointmentStatus.ARRIVED:
            waiting.append(number)
    called.sort(key=lambda call: call.since, reverse=True)
    return Wall(called, waiting)
