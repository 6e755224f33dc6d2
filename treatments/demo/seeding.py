"""Loads the demo clinic: one transaction, all or nothing, into an empty database only."""

import datetime as dt
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.conf import settings

from clinic import audit, clock
from clinic.actors import Actor
from clinic.enums import Role
from clinic.exceptions import Conflict
from clinic.models import Patient, User
from clinic.transactions import use_case
from scheduling.intervals import instant
from scheduling.models import Allocation, Appointment, VisitChange, VisitStage
from treatments.demo import (
    asked,
    calls,
    courses,
    freed,
    mails,
    newcomers,
    pencils,
    people,
    place,
    records,
    recovering,
    screening,
    stories,
    todo,
    waiting,
)
from treatments.demo.place import Place
from treatments.demo.planner import Planner
from treatments.demo.rows import Rows
from treatments.demo.visits import Visits
from treatments.demo.world import World
from treatments.models import (
    AdverseEvent,
    Anaesthetic,
    AnswerSheet,
    Course,
    Discharge,
    Draw,
    Injection,
    Order,
    Preparation,
    Readying,
    Recipient,
    Response,
    Review,
    SectionVersion,
    Session,
    SessionBooking,
    Spin,
    Target,
)
from treatments.services import summaries

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
        world = _calendar(rng, where, planner, patients, told, now)
        steps.done(f"two years and {len(world.visits.made)} visits planned")
        world.visits.number_arrivals()
        world.rows.write(
            Appointment, VisitChange, Allocation, VisitStage, Course, Target, Order, Session, SessionBooking
        )
        steps.done(f"{len(world.courses)} courses and their calendar written")
        world.rows.write(Recipient, Draw, Preparation, Spin, Readying, Anaesthetic, Injection, Discharge)
        world.rows.write(SectionVersion, Review, Response, AdverseEvent)
        records.sign(world)
        count = records.derive(world)
        steps.done(f"what follows from {count} records")
        summaries.bring([course.pk for course in world.courses])
        steps.done("records, answers and decisions written")
        sheets = asked.write(site=where.site, now=now)
        count = asked.observe(rng=random.Random(seed), site=where.site, now=now)  # noqa: S311 - invented data
        answered = recovering.write(
            rng=random.Random(seed + 2),  # noqa: S311 - invented data, of its own so that the rest stays as it was
            site=where.site,
            days=where.protocol.recovery_days,
            nurses=[nurse.pk for nurse in world.visits.nurses],
            now=now,
        )
        steps.done(f"{answered} answers of the days after")
        steps.done(f"{len(sheets)} times that patients were asked, {count} findings")
        count = _write_mails(world, sheets)
        steps.done(f"{count} mails")
        count = screening.write(
            rng=random.Random(seed + 1),  # noqa: S311 - invented data, of its own so that the rest stays as it was
            site=where.site,
            nurses=world.visits.nurses,
            by=by,
            now=now,
        )
        steps.done(f"{count} answers of the screening")
        count = todo.write(rng=rng, site=where.site, patients=patients, now=now)
        steps.done(f"{count} tasks")
        desk = where.of_role(Role.FRONT_DESK)
        count = calls.write(rng=rng, site=where.site, patients=patients, desk=desk, now=now)
        steps.done(f"{count} calls")
        count = waiting.write(rng=rng, site=where.site, patients=patients, now=now)
        steps.done(f"{count} patients on the waitlist")
        count = freed.write(site=where.site, now=now)
        steps.done(f"{count} times that were freed")
        pencils.write(site=where.site, patients=patients, now=now)
        audit.record("treatments.demo.loaded", by=by, about=[where.site], detail={"seed": seed})


def _patients(
    rng: random.Random, where: Place, planner: Planner, now: dt.datetime
) -> tuple[Sequence[Patient], Sequence[stories.Story]]:
    today = now.astimezone(where.site.zone).date()
    told = stories.plan(
        rng,
        today=today,
        times_today=times_today(planner, now),
        is_open=lambda day: bool(planner.open_on(day)),
    )
    days = stories.assign(rng, told, today=today)
    joined = [
        min(
            clock.local(
                day - dt.timedelta(days=max(0, day.weekday() - 4)),
                dt.time(rng.randrange(8, 17), rng.randrange(60)),
                where.site.zone,
            ),
            now,
        )
        for day in days
    ]
    return people.build(rng, joined_on=joined), told


def times_today(planner: Planner, now: dt.datetime) -> list[dt.time]:
    """When sessions start today: every half hour, and every quarter around now, so that every stage is busy."""
    found = []
    for low, high in planner.open_on(now.astimezone(planner.site.zone).date()):
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
) -> World:
    rows = Rows()
    nurses = [nurse.user for nurse in where.nurses if nurse.user is not None]
    world = World(rng, now, where, planner, Visits(rng, now, where.site, nurses, rows), rows)
    for story in told:
        courses.make(world, story, patients[story.patient])
    treated = {story.patient for story in told}
    newcomers.consult(world, [patient for index, patient in enumerate(patients) if index not in treated])
    return world


def _write_mails(world: World, sheets: Sequence[AnswerSheet]) -> int:
    site = world.place.site
    injected = (
        Session.objects.filter(injected_at__isnull=False).select_related("course__patient").order_by("pk")
    )
    found = [
        *mails.of_visits(world.visits.made, site=site),
        *mails.of_recovery(list(injected), site=site, days=world.place.protocol.recovery_days),
        *asked.mails(sheets, site=site, today=world.today),
    ]
    return mails.write(found, rng=world.rng, site=site, now=world.now)
