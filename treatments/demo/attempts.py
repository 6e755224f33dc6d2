"""Visits of a session that did not come to be: called off, missed, or not done on the day."""

import datetime as dt

from scheduling.enums import AppointmentStatus
from treatments.demo.planner import Placed
from treatments.demo.series import SESSION
from treatments.demo.world import DAY, World
from treatments.models import Session, SessionBooking

_ENDINGS = (
    (AppointmentStatus.CANCELLED, "patient_cannot_come", -30.0),
    (AppointmentStatus.CANCELLED, "patient_unwell", -20.0),
    (AppointmentStatus.CANCELLED, "clinician_away", -70.0),
    (AppointmentStatus.NO_SHOW, None, 0.7),
    (AppointmentStatus.NOT_DONE, "not_fit", 0.3),
)
"""How it ended, the coded reason, and when: hours from the planned start."""
_OFTEN = (35, 25, 10, 20, 10)


def called_off(
    world: World, session: Session, placed: Placed, *, booked_at: dt.datetime, untold: bool
) -> None:
    """The patient called the coming visit off; nobody has booked the session again yet."""
    ended_at = max(world.at_the_desk(world.now - dt.timedelta(hours=world.rng.uniform(2, 20))), booked_at)
    _end(
        world,
        session,
        placed,
        booked_at,
        AppointmentStatus.CANCELLED,
        ended_at,
        reason="patient_cannot_come",
        untold=untold,
    )


def missed(world: World, session: Session, placed: Placed, *, booked_at: dt.datetime) -> None:
    """Nobody came today."""
    ended_at = min(world.now, placed.start + dt.timedelta(minutes=40))
    _end(world, session, placed, booked_at, AppointmentStatus.NO_SHOW, ended_at)


def in_vain(world: World, session: Session, placed: Placed, *, booked_at: dt.datetime) -> dt.datetime | None:
    """An attempt some days before the visit that took place. Returns when it ended, and the session was booked again."""
    wished = world.day_of(placed.start) - dt.timedelta(days=world.rng.randrange(4, 8))
    at = world.time_of(placed.start)
    tried = world.planner.near(SESSION, session.course.patient_id, wished, at=at, reach=2, keep=False)
    if tried is None or tried.start < booked_at + DAY:
        return None
    status, reason, hours = world.rng.choices(_ENDINGS, _OFTEN)[0]
    ended_at = tried.start + dt.timedelta(hours=hours)
    if status == AppointmentStatus.CANCELLED:
        ended_at = max(booked_at + dt.timedelta(hours=1), world.at_the_desk(ended_at))
    _end(world, session, tried, booked_at, status, ended_at, reason=reason)
    return ended_at + dt.timedelta(minutes=25)


def _end(
    world: World,
    session: Session,
    placed: Placed,
    booked_at: dt.datetime,
    status: AppointmentStatus,
    ended_at: dt.datetime,
    *,
    reason: str | None = None,
    untold: bool = False,
) -> None:
    visit = world.visits.add_ended(
        placed,
        session.course.patient,
        booked_at=booked_at,
        status=status,
        ended_at=ended_at,
        purpose=session.pk,
        provisional=untold,
        reason=reason,
    )
    world.rows.add(SessionBooking(session=session, appointment=visit.row, is_open=False))
