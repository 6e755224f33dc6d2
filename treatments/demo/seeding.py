"""Loads the demo clinic: one transaction, all or nothing, into an empty database only."""

import datetime as dt
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.conf import settings

from clinic import audit, clock
from clinic.actors import Actor
from clinic.exceptions import Conflict
from clinic.models import Patient, User
from clinic.transactions import use_case
from scheduling.enums import AppointmentStatus
from scheduling.models import Allocation, Appointment, VisitStage
from scheduling.selectors.calendar import instant
from treatments.demo import mails, people, place, stories, todo
from treatments.demo.courses import Courses
from treatments.demo.place import Place
from treatments.demo.planner import Planner
from treatments.demo.rows import Rows
from treatments.demo.visits import Visits
from treatments.enums import SessionStatus
from treatments.models import (
    AdverseEvent,
    Course,
    Injection,
    Order,
    Preparation,
    Response,
    Review,
    Session,
    SessionBooking,
    Target,
)

SEED = 20
Say = Callable[[str, float], None]
_SESSION_MINUTES = 75


@dataclass
class _Steps:
    """Says what was done and how many seconds it took."""

    say: Say
    since: float

    def done(self, what: str) -> None:
        now = time.monotonic()
        self.say(what, now - self.since)
        self.since = now


@use_case
def load(*, by: Actor, say: Say, seed: int = SEED) -> None:
    """Write the whole demo. Raises Conflict in production and where anybody is known to the database already."""
    if settings.PRODUCTION:
        raise Conflict("The demo clinic has sign-ins with a known password: it is not loaded in production.")
    if Patient.objects.exists() or User.objects.exists():
        raise Conflict(
            "This database already holds people. The demo clinic is loaded into an empty database only."
        )
    rng = random.Random(seed)  # noqa: S311 - invented data, the same each time
    steps = _Steps(say, time.monotonic())
    now = clock.now().replace(second=0, microsecond=0)
    with audit.because(by=by, reason="demo"):
        where = place.build(now=now, by=by)
        planner = Planner(where.site)
        steps.done("the site, its staff, rooms and hours")
        patients, told = _patients(rng, where, planner, now)
        steps.done(f"{len(patients)} patients")
        courses = _calendar(rng, where, planner, patients, told, now)
        steps.done(f"two years and {len(courses.visits.made)} visits planned")
        _write(courses)
        steps.done(f"{len(courses.made)} courses and their calendar written")
        _write_records(courses)
        steps.done("records, answers and decisions written")
        count = _write_mails(courses)
        steps.done(f"{count} mails")
        count = todo.write(rng=rng, site=where.site, patients=patients, now=now)
        steps.done(f"{count} tasks")
        audit.record("treatments.demo.loaded", by=by, about=[where.site], detail={"seed": seed})


def _patients(
    rng: random.Random, where: Place, planner: Planner, now: dt.datetime
) -> tuple[Sequence[Patient], Sequence[stories.Story]]:
    today = now.astimezone(where.site.zone).date()
    told = stories.plan(
        rng,
        today=today,
        times_today=_times(planner, now, today),
        is_open=lambda day: bool(planner.open_on(day)),
    )
    days = stories.assign(rng, told, today=today)
    joined = [
        min(clock.local(day, dt.time(rng.randrange(8, 17), rng.randrange(60)), where.site.zone), now)
        for day in days
    ]
    return people.build(rng, joined_on=joined), told


def _times(planner: Planner, now: dt.datetime, today: dt.date) -> list[dt.time]:
    """When sessions start today: every half hour, and every quarter around now, so that every stage is busy."""
    found = []
    for low, high in planner.open_on(today):
        for start in range(low, high - _SESSION_MINUTES, 15):
            moment = instant(start).astimezone(planner.site.zone)
            near = abs((moment - now).total_seconds()) < 80 * 60
            if near or moment.minute in (0, 30):
                found.append(moment.time())
    return found


def _calendar(
    rng: random.Random,
    where: Place,
    planner: Planner,
    patients: Sequence[Patient],
    told: Sequence[stories.Story],
    now: dt.datetime,
) -> Courses:
    rows = Rows()
    nurses = [nurse.user for nurse in where.nurses if nurse.user is not None]
    visits = Visits(rng, now, where.site, nurses, rows)
    courses = Courses(rng, now, where, planner, visits, rows)
    for story in told:
        courses.make(story, patients[story.patient])
    busy = {story.patient for story in told}
    _consultations(courses, [patient for index, patient in enumerate(patients) if index not in busy])
    return courses


def _consultations(courses: Courses, patients: Sequence[Patient]) -> None:
    """People without a course: most have come or will come for a first talk, a few have called it off."""
    rng, today = courses.rng, courses.today
    for number, patient in enumerate(sorted(patients, key=lambda one: one.created_at, reverse=True)):
        joined = patient.created_at.astimezone(courses.place.site.zone).date()
        at = dt.time(rng.choice((8, 9, 10, 11, 14, 15, 16)), rng.choice((0, 30)))
        ahead = 0 if number < 5 else rng.randrange(1, 19)
        upcoming = number < 34
        day = (
            today + dt.timedelta(days=ahead) if upcoming else joined + dt.timedelta(days=rng.randrange(4, 15))
        )
        if not upcoming and day >= today:
            continue
        limits = {"earliest": today} if upcoming else {"latest": today - dt.timedelta(days=1)}
        off = rng.random() < 0.12
        placed = courses.planner.near(
            "consultation",
            patient.pk,
            day,
            at=at,
            reach=0 if ahead == 0 and upcoming else 4,
            keep=not off,
            **limits,
        )
        if placed is None:
            continue
        booked = min(
            max(patient.created_at, placed.start - dt.timedelta(days=9)),
            courses.now,
            placed.start - dt.timedelta(hours=1),
        )
        if not off:
            courses.visits.add(placed, patient, booked_at=booked)
        elif placed.start < courses.now and rng.random() < 0.5:
            ended = placed.start + dt.timedelta(minutes=20)
            courses.visits.add_ended(
                placed,
                patient,
                booked_at=booked,
                status=AppointmentStatus.NO_SHOW,
                ended_at=min(ended, courses.now),
            )
        else:
            ended = min(courses.now, placed.start - dt.timedelta(hours=rng.uniform(4, 60)))
            courses.visits.add_ended(
                placed,
                patient,
                booked_at=min(booked, ended),
                status=AppointmentStatus.CANCELLED,
                ended_at=ended,
                reason="patient_cannot_come",
            )


def _write(courses: Courses) -> None:
    courses.rows.write(Appointment, Allocation, VisitStage, Course, Target, Order, Session, SessionBooking)


def _write_records(courses: Courses) -> None:
    """The records, then their signatures: what hangs on a signed session cannot be written any more."""
    courses.rows.write(Preparation, Injection, Review, Response, AdverseEvent)
    for session in courses.to_sign:
        session.status, session.signed_by = SessionStatus.SIGNED, session.course.physician.user
        session.signed_at = _signature(courses, session)
    Session.objects.bulk_update(courses.to_sign, ["status", "signed_by", "signed_at"], batch_size=500)


def _signature(courses: Courses, session: Session) -> dt.datetime:
    done = session.injected_at or courses.now
    return min(courses.now, done + dt.timedelta(minutes=courses.rng.randrange(12, 300)))


def _write_mails(courses: Courses) -> int:
    site = courses.place.site
    injected = (
        Session.objects.filter(injected_at__isnull=False).select_related("course__patient").order_by("pk")
    )
    found = [
        *mails.of_visits(courses.visits.made, site=site),
        *mails.of_recovery(list(injected), site=site, days=courses.place.protocol.recovery_days),
    ]
    return mails.write(found, rng=courses.rng, site=site, now=courses.now)
