"""Tasks: some that wait for somebody, some that were done."""

import datetime as dt
import random
from collections.abc import Sequence

from clinic.enums import MessageState, Role, TaskState
from clinic.models import Message, Patient, Site, Task
from clinic.selectors.tasks import CALL_BACK
from treatments.enums import SessionStatus
from treatments.models import Session, SessionBooking
from treatments.services.follow import REBOOK

_OPEN = (
    (CALL_BACK, "Call back: would like another time", Role.FRONT_DESK, 2),
    (CALL_BACK, "Call back: asks whether a companion may stay", Role.FRONT_DESK, 5),
    ("documents", "Ask for the imaging report", Role.FRONT_DESK, 26),
    (CALL_BACK, "Call: soreness still strong on day 3", Role.NURSE, 1),
    ("check", "Check the list of medicines before the visit", Role.NURSE, 22),
    ("decide", "Look at the new blood count", Role.PHYSICIAN, 4),
    ("letter", "Letter to the family doctor", Role.PHYSICIAN, 50),
    ("check", "Second centrifuge: yearly service is due", Role.MANAGER, 90),
)
_DONE = (
    (CALL_BACK, "Call back about a bill", Role.FRONT_DESK, "Reached; settled."),
    (CALL_BACK, "Call: soreness on day 2", Role.NURSE, "Better today. Knows when to call again."),
    ("documents", "Ask for the imaging report", Role.FRONT_DESK, "Arrived and filed."),
)


def write(*, rng: random.Random, site: Site, patients: Sequence[Patient], now: dt.datetime) -> int:
    """Write open tasks of every role, rebooking for sessions without a visit, and some history."""
    rows = [_rebook(site, session, now) for session in _without_visit(site)]
    rows += [
        _failed_mail(site, message, now)
        for message in Message.objects.filter(site=site, state=MessageState.FAILED)
    ]
    asked = rng.sample(list(patients), len(_OPEN) + 24)
    for patient, (kind, title, role, hours) in zip(asked, _OPEN, strict=False):
        about_patient = role != Role.MANAGER
        rows.append(
            Task(
                site=site,
                patient=patient if about_patient else None,
                kind=kind,
                about=f"call:{patient.pk}" if kind == CALL_BACK else "",
                title=title,
                role=role,
                due_at=_on_the_hour(now + dt.timedelta(hours=hours), site),
                created_at=now - dt.timedelta(hours=rng.uniform(1, 20)),
            )
        )
    for patient in asked[len(_OPEN) :]:
        kind, title, role, outcome = rng.choice(_DONE)
        created = now - dt.timedelta(days=rng.uniform(1, 200))
        rows.append(
            Task(
                site=site,
                patient=patient,
                kind=kind,
                title=title,
                role=role,
                due_at=created + dt.timedelta(hours=24),
                created_at=created,
                state=TaskState.DONE,
                outcome=outcome,
                ended_at=min(now, created + dt.timedelta(hours=rng.uniform(1, 30))),
            )
        )
    Task.objects.bulk_create(rows)
    return len(rows)


def _on_the_hour(moment: dt.datetime, site: Site) -> dt.datetime:
    """An hour at which somebody is at work: on that day, or on the Monday after it."""
    local = moment.astimezone(site.zone)
    local += dt.timedelta(days=(7 - local.weekday()) * (local.weekday() in (5, 6)))
    return local.replace(hour=min(max(local.hour, 9), 17), minute=0)


def _without_visit(site: Site) -> Sequence[Session]:
    """Sessions that lost their visit and wait to be booked again."""
    waiting = Session.objects.filter(site=site, status__in=[SessionStatus.PLANNED, SessionStatus.CLEARED])
    freed = SessionBooking.objects.filter(is_open=False).values("session")
    return list(waiting.filter(pk__in=freed).exclude(bookings__is_open=True).select_related("course"))


def _rebook(site: Site, session: Session, now: dt.datetime) -> Task:
    return Task(
        site=site,
        patient_id=session.course.patient_id,
        kind=REBOOK,
        about=f"session:{session.pk}",
        title=f"Rebook session {session.number}",
        role=Role.FRONT_DESK,
        due_at=_on_the_hour(now + dt.timedelta(hours=20), site),
        created_at=now - dt.timedelta(hours=2),
    )


def _failed_mail(site: Site, message: Message, now: dt.datetime) -> Task:
    return Task(
        site=site,
        patient_id=message.patient_id,
        kind="failed_mail",
        about=f"message:{message.pk}",
        title="A mail was refused: ask for the right address",
        role=Role.FRONT_DESK,
        due_at=_on_the_hour(now + dt.timedelta(hours=3), site),
        created_at=message.ended_at or now,
    )
