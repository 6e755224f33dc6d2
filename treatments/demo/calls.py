"""The telephone: calls of the last weeks, one line each, and those that ask to be called back today."""

import datetime as dt
import random
from collections.abc import Sequence

from clinic.enums import CallDirection, CallOutcome, Role, TaskState
from clinic.models import Call, Patient, Site, Task, User
from clinic.selectors.tasks import CALL_BACK
from scheduling.enums import AppointmentStatus
from scheduling.models import Appointment

_LATELY = (
    # direction, what came of it, spoke with, note
    (CallDirection.IN, CallOutcome.REACHED, "", "Asked for the way and the parking."),
    (CallDirection.OUT, CallOutcome.REACHED, "", "Knows what to bring."),
    (CallDirection.OUT, CallOutcome.VOICEMAIL, "", ""),
    (CallDirection.OUT, CallOutcome.NO_ANSWER, "", ""),
    (CallDirection.OUT, CallOutcome.OTHER, "his wife", "She tells him."),
    (CallDirection.IN, CallOutcome.REACHED, "", "New phone number noted."),
)
_PAST = 40
_DAYS = 30
_TRIED = 3


def write(
    *, rng: random.Random, site: Site, patients: Sequence[Patient], desk: Sequence[User], now: dt.datetime
) -> int:
    """Write the lines; how many. The tasks to call back are there already."""
    rows = [
        _line(site, patient, by=rng.choice(desk), at=_working(rng, site, now), line=rng.choice(_LATELY))
        for patient in rng.sample(list(patients), _PAST)
    ]
    promised = Task.objects.filter(
        site=site, kind=CALL_BACK, state=TaskState.OPEN, role=Role.FRONT_DESK
    ).select_related("patient")
    rows += [
        Call(
            site=site,
            patient=task.patient,
            direction=CallDirection.IN,
            outcome=CallOutcome.CALL_BACK,
            note=task.title.partition(": ")[2].capitalize(),
            call_back_at=task.due_at,
            by=rng.choice(desk),
            at=task.created_at,
        )
        for task in promised
    ]
    rows += [
        Call(
            site=site,
            patient_id=visit.patient_id,
            about=f"appointment:{visit.pk}",
            outcome=outcome,
            by=rng.choice(desk),
            at=now - dt.timedelta(minutes=rng.randrange(20, 90)),
        )
        for visit, outcome in zip(
            _unconfirmed(site, now), (CallOutcome.VOICEMAIL, CallOutcome.NO_ANSWER) * 2, strict=False
        )
    ]
    Call.objects.bulk_create(rows)
    return len(rows)


def _line(
    site: Site,
    patient: Patient,
    *,
    by: User,
    at: dt.datetime,
    line: tuple[CallDirection, CallOutcome, str, str],
) -> Call:
    direction, outcome, spoke_with, note = line
    return Call(
        site=site,
        patient=patient,
        direction=direction,
        outcome=outcome,
        spoke_with=spoke_with,
        note=note,
        by=by,
        at=at,
    )


def _working(rng: random.Random, site: Site, now: dt.datetime) -> dt.datetime:
    """A minute of a working day in the last weeks."""
    day = now.astimezone(site.zone) - dt.timedelta(days=rng.randrange(1, _DAYS))
    day -= dt.timedelta(days=max(0, day.weekday() - 4))
    return day.replace(hour=rng.randrange(9, 17), minute=rng.randrange(60))


def _unconfirmed(site: Site, now: dt.datetime) -> list[Appointment]:
    """The next visits that nobody has confirmed: somebody has tried."""
    rows = Appointment.objects.filter(
        site=site, status=AppointmentStatus.BOOKED, period__startswith__gt=now + dt.timedelta(hours=12)
    )
    return list(rows.order_by("period", "pk")[:_TRIED])
