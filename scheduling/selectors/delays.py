"""What the clock makes of today's plan: when each visit will likely go on, and of whom it is true that we make them late."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from clinic.models import Contact, Message, PatientPhone
from scheduling import forecasts, policies
from scheduling.enums import AppointmentStatus
from scheduling.models import Allocation, Appointment, VisitStage
from scheduling.selectors import visits

KIND = "appointment.running_late"
"""The kind of the mails. Their `about_rev` is the whole minute since the epoch at which the patient is to come."""

NOT_COUNTED_FROM = dt.timedelta(minutes=15)
"""Somebody who is not here by then holds nothing for the forecast: the rooms are used by those who are."""

_EXPECTED = (AppointmentStatus.BOOKED, AppointmentStatus.CONFIRMED)
_HERE = (AppointmentStatus.ARRIVED, AppointmentStatus.IN_PROGRESS)
_RUNNING = (AppointmentStatus.PROVISIONAL, *_EXPECTED, *_HERE, AppointmentStatus.COMPLETED)


def about(appointment_id: UUID) -> str:
    """The key under which the mails about a visit's delay are filed: beside those about the visit itself."""
    return f"delay:{appointment_id}"


def minute_of(instant: dt.datetime) -> int:
    return int(instant.timestamp()) // 60


def instant_of(minute: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(minute * 60, tz=dt.UTC)


@dataclass(frozen=True, slots=True)
class Outlook:
    """One visit as it will likely go on. `likely`: when stages that have not begun will begin, by code.

    `told` is the start that the patient was last told because we run late; `new_start` the one to tell them now.
    """

    likely: Mapping[str, dt.datetime] = field(default_factory=dict)
    told: dt.datetime | None = None
    new_start: dt.datetime | None = None

    def late(self, stage: VisitStage) -> int:
        """Minutes by which a stage that has not begun will likely begin later than planned."""
        begins = self.likely.get(stage.code)
        return int((begins - stage.planned_start).total_seconds()) // 60 if begins else 0


def outlooks(found: Iterable[Appointment], *, now: dt.datetime) -> dict[UUID, Outlook]:
    """The outlook of each visit of a day, from its prefetched stages and allocations. One query, for what was told."""
    rows = [row for row in found if row.status in _RUNNING and visits.steps_of(row)]
    told = told_starts(rows)
    likely = forecasts.likely(
        {row.pk: _as_visit(row, now=now, told=told.get(row.pk)) for row in rows}, now=minute_of(now)
    )
    result: dict[UUID, Outlook] = {}
    for row in rows:
        steps = visits.steps_of(row)
        begins = {
            step.code: instant_of(found.start)
            for step, found in zip(steps, likely[row.pk], strict=True)
            if step.started_at is None
        }
        known = told.get(row.pk)
        new = None
        if row.status in _EXPECTED and steps[0].code in begins:
            new = policies.start_to_tell(
                planned=row.period.lower, likely=begins[steps[0].code], told=known, now=now
            )
        result[row.pk] = Outlook(begins, known, new)
    return result


@dataclass(frozen=True, slots=True)
class News:
    """A patient to tell: the start they know, the one to tell them now, and whether a mail can reach them."""

    visit: Appointment
    known: dt.datetime
    start: dt.datetime
    by_mail: bool
    phone: str = ""


def news(found: Iterable[Appointment], outlooks: Mapping[UUID, Outlook]) -> list[News]:
    """Whom to tell now, in the order in which they come. Two queries where there is anybody, else none."""
    late = [row for row in found if row.pk in outlooks and outlooks[row.pk].new_start is not None]
    if not late:
        return []
    people = {row.patient_id for row in late}
    mailed = Contact.objects.filter(patient__in=people, gets_mails=True, ended_at=None).exclude(email="")
    reached = set(mailed.values_list("patient_id", flat=True))
    phones: dict[UUID, str] = {}
    for phone in PatientPhone.objects.filter(patient__in=people).order_by("position", "pk"):
        phones.setdefault(phone.patient_id, str(phone.e164))
    return [
        News(
            row,
            outlook.told or row.period.lower,
            outlook.new_start,
            by_mail=bool(row.patient.email) or row.patient_id in reached,
            phone=phones.get(row.patient_id, ""),
        )
        for row in late
        if (outlook := outlooks[row.pk]).new_start is not None
    ]


def told_starts(found: Sequence[Appointment]) -> dict[UUID, dt.datetime]:
    """The start that each patient was last told because we run late, by visit. One query.

    A telling starts from the start known before it, which is when its mail expired: after a move, or for another
    patient, the chain does not hold any more and counts for nothing.
    """
    keys = {about(row.pk): row for row in found}
    rows = Message.objects.filter(kind=KIND, about__in=keys).order_by("about_rev")
    told: dict[UUID, dt.datetime] = {}
    for said, minute, expires, patient_id in rows.values_list(
        "about", "about_rev", "expires_at", "patient_id"
    ):
        row = keys[said]
        if patient_id == row.patient_id and expires == told.get(row.pk, row.period.lower):
            told[row.pk] = instant_of(minute)
    return told


def _as_visit(row: Appointment, *, now: dt.datetime, told: dt.datetime | None) -> forecasts.Visit:
    steps = [
        forecasts.Step(
            minute_of(step.planned_start),
            minute_of(step.planned_end),
            minute_of(step.started_at) if step.started_at else None,
            minute_of(step.ended_at) if step.ended_at else None,
        )
        for step in visits.steps_of(row)
    ]
    due = max(filter(None, (row.period.lower, row.expected_at, told)))
    counted = row.status not in _EXPECTED or now < due + NOT_COUNTED_FROM
    uses = [_as_use(held) for held in visits.held_by(row)] if counted else []
    return forecasts.Visit(steps, uses, is_here=row.status in _HERE)


def _as_use(held: Allocation) -> forecasts.Use:
    start, end = minute_of(held.period.lower), minute_of(held.period.upper)
    before, after = start - minute_of(held.blocks.lower), minute_of(held.blocks.upper) - end
    return forecasts.Use(held.resource_id, start, end, before, after)
