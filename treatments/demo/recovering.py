"""How the days after the sessions of the demo went: what patients said, links for those who may still say more, red flags."""

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from uuid import UUID

from clinic import clock
from clinic.enums import Role, TaskState
from clinic.models import Link, Site, Task
from clinic.services import links
from treatments.demo.names import FLAGGED, NOTED
from treatments.models import CheckIn, Session
from treatments.policies.check_ins import day_of
from treatments.services import red_flags
from treatments.services.asking import reached_by_mail
from treatments.services.recovery_week import DOOR

_SINCE = dt.timedelta(days=500)
_FOLLOWED = 42
_OPENED_AGO = dt.timedelta(minutes=35)


def write(
    *, rng: random.Random, site: Site, days: Sequence[int], nurses: Sequence[UUID], now: dt.datetime
) -> int:
    """Most answer most days; pain falls with the days; a few report a sign, of whom one waits for a call right now."""
    found = Session.objects.filter(site=site, injected_at__gte=now - _SINCE).select_related("course__patient")
    sessions = list(found.order_by("injected_at", "pk"))
    rows: list[CheckIn] = []
    tasks: list[Task] = []
    for session in sessions:
        if rng.random() < 0.85:
            rows += _week(rng, session, days, rng.choice(nurses), now)
    rows.sort(key=lambda row: (row.answered_at, row.pk))
    for row in rng.sample(rows, len(rows) // 60):
        _flag(rng, row, tasks)
    _one_waits(rows, tasks, now)
    Link.objects.bulk_create(_links(sessions, site, now))
    CheckIn.objects.bulk_create(rows)
    Task.objects.bulk_create(tasks)
    return len(rows)


def _week(
    rng: random.Random, session: Session, days: Sequence[int], nurse: UUID, now: dt.datetime
) -> Iterator[CheckIn]:
    injected_at = session.injected_at or now
    zone, first = session.site.zone, injected_at.astimezone(session.site.zone).date()
    by_mail = reached_by_mail(session.course.patient)
    high = rng.randint(4, 7)
    for day in days:
        at = clock.local(
            first + dt.timedelta(days=day), dt.time(rng.randint(9, 18), rng.randint(0, 59)), zone
        )
        if day == 0 or at >= now or rng.random() < 0.2:
            continue
        pain = max(0, high - round(day * rng.uniform(0.3, 0.9)))
        yield CheckIn(
            site_id=session.site_id,
            session=session,
            client_key=UUID(int=rng.getrandbits(128), version=4),
            day=day_of(injected_at, at, zone=zone),
            pain=pain,
            trend="worse" if pain > high - 1 else rng.choice(("better", "better", "same")),
            able="yes" if pain < 3 else "partly" if pain < 6 else "no",
            medicine=rng.choice(("nothing", "paracetamol")) if pain < 6 else "paracetamol",
            note=rng.choice(NOTED) if rng.random() < 0.12 else "",
            source="link" if by_mail else "phone",
            recorded_by_id=None if by_mail else nurse,
            answered_at=at,
            received_at=at,
        )


def _flag(rng: random.Random, row: CheckIn, tasks: list[Task]) -> None:
    """One that was looked at in time and came to nothing grave."""
    code, note, outcome = rng.choice(FLAGGED)
    row.red_flags, row.note, row.trend, row.pain = [code], note, "worse", 7
    due_at = row.answered_at + dt.timedelta(hours=2)
    called = row.answered_at + dt.timedelta(minutes=rng.randint(8, 80))
    tasks.append(_task(row, due_at, state=TaskState.DONE, outcome=outcome, ended_at=called))


def _one_waits(rows: Sequence[CheckIn], tasks: list[Task], now: dt.datetime) -> None:
    """The latest answer came just now, with a fever, and nobody has called yet."""
    late = next((row for row in reversed(rows) if row.day in (1, 3) and not row.red_flags), None)
    if late is None or now - late.answered_at > dt.timedelta(days=4):
        return
    at = now - _OPENED_AGO
    late.day = day_of(late.session.injected_at or at, at, zone=late.session.site.zone)
    late.answered_at = late.received_at = at
    late.red_flags, late.pain, late.trend = ["fever"], 7, "worse"
    late.note = "38.6 since last night, and it hurts more than yesterday."
    tasks.append(_task(late, at + dt.timedelta(hours=2)))


def _task(row: CheckIn, due_at: dt.datetime, **more: object) -> Task:
    return Task(
        site_id=row.site_id,
        patient_id=row.session.course.patient_id,
        kind=red_flags.SAME_DAY,
        about=red_flags.about(row.session_id),
        title="Call today: a warning sign was reported",
        role=Role.NURSE,
        due_at=due_at,
        created_at=row.received_at,
        **more,
    )


def _links(sessions: Sequence[Session], site: Site, now: dt.datetime) -> Iterator[Link]:
    """For those within their six weeks."""
    for session in sessions:
        injected_at = session.injected_at or now
        last = injected_at.astimezone(site.zone).date() + dt.timedelta(days=_FOLLOWED + 1)
        until = clock.local(last, dt.time(0), site.zone)
        if until > now:
            link = links.build(
                DOOR, red_flags.about(session.pk), site.pk, session.course.patient_id, None, until
            )
            link.created_at = injected_at
            yield link
