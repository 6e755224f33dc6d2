"""People without a course: most have come or will come for a first talk, a few have called it off."""

import datetime as dt
from collections.abc import Sequence

from clinic.models import Patient
from scheduling.enums import AppointmentStatus
from treatments.demo.planner import Placed
from treatments.demo.world import DAY, World

_TODAY = 5
_UPCOMING = 34
_CALLED_OFF = 0.12


def consult(world: World, patients: Sequence[Patient]) -> None:
    """The newest ones come today and in the next weeks, the others came soon after they were registered."""
    rng = world.rng
    for index, patient in enumerate(sorted(patients, key=lambda one: one.created_at, reverse=True)):
        coming = index < _UPCOMING
        ahead = 0 if index < _TODAY else rng.randrange(1, 19)
        day = (
            world.today + ahead * DAY
            if coming
            else world.day_of(patient.created_at) + rng.randrange(4, 15) * DAY
        )
        if not coming and day >= world.today:
            continue
        off = rng.random() < _CALLED_OFF
        placed = world.planner.near(
            "consultation",
            patient.pk,
            day,
            at=dt.time(rng.choice((8, 9, 10, 11, 14, 15, 16)), rng.choice((0, 30))),
            reach=4 if ahead or not coming else 0,
            keep=not off,
            earliest=world.today if coming else None,
            latest=None if coming else world.yesterday,
        )
        if placed is not None:
            _book(world, patient, placed, off=off)


def _book(world: World, patient: Patient, placed: Placed, *, off: bool) -> None:
    asked = max(patient.created_at, placed.start - 9 * DAY)
    lately = world.now - dt.timedelta(hours=world.rng.uniform(1, 90))
    asked = min(asked, max(lately, patient.created_at), placed.start - dt.timedelta(hours=1))
    booked_at = world.at_the_desk(asked)
    if not off:
        world.visits.add(placed, patient, booked_at=booked_at)
        return
    if placed.end < world.now and world.rng.random() < 0.5:
        status, reason, ended_at = AppointmentStatus.NO_SHOW, None, placed.end
    else:
        status, reason = AppointmentStatus.CANCELLED, "patient_cannot_come"
        lately = world.now - dt.timedelta(minutes=world.rng.randrange(20, 900))
        ended_at = world.at_the_desk(min(lately, placed.start - dt.timedelta(hours=world.rng.uniform(4, 60))))
    world.visits.add_ended(
        placed,
        patient,
        booked_at=min(booked_at, ended_at - dt.timedelta(minutes=15)),
        status=status,
        ended_at=ended_at,
        reason=reason,
    )
