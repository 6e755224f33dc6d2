"""A check-in sent twice, and a red flag handed on by two at once. Each twin shows the race with its guard out."""

import datetime as dt
import time
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db.models import QuerySet

from clinic import clock, locks
from clinic.actors import Patient, System
from clinic.enums import Role
from clinic.models import Task
from clinic.services import tasks
from tests.concurrency.together import together
from tests.database import Database
from tests.factories import treatments as factory
from tests.factories.treatments import Ward
from treatments.data import CheckInData
from treatments.models import CheckIn, Session
from treatments.services import check_ins, red_flags

JOB = System(job="tests")


@pytest.fixture(scope="module")
def ward(own_database: Database) -> Ward:
    return factory.ward()


@pytest.fixture
def session(ward: Ward) -> Session:
    return factory.inject(ward, factory.order(ward).course)


def send(session: Session, key: UUID) -> UUID:
    row = check_ins.record(
        by=Patient(session.course.patient_id, uuid4()),
        session_id=session.pk,
        client_key=key,
        data=CheckInData(pain=6, red_flags=("fever",)),
        source="link",
    )
    return row.pk


def counts(session: Session) -> tuple[int, int]:
    return (
        CheckIn.objects.filter(session=session).count(),
        Task.objects.filter(kind=red_flags.SAME_DAY, about=red_flags.about(session.pk)).count(),
    )


def test_check_in_sent_many_times_at_once_is_one_and_everybody_gets_it(session: Session) -> None:
    key = uuid4()
    done = together([partial(send, session, key)] * 6)
    assert [outcome.error for outcome in done] == [None] * 6
    assert len({outcome.value for outcome in done}) == 1
    assert counts(session) == (1, 1)


def test_twin_without_the_lock_is_refused_by_the_database_and_kept_once(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = check_ins.rules.check

    def slowly(*args: Any) -> CheckInData:
        time.sleep(0.3)
        return check(*args)

    monkeypatch.setattr(locks, "take", lambda *_then, **_keys: None)
    monkeypatch.setattr(check_ins.rules, "check", slowly)
    key = uuid4()
    done = together([partial(send, session, key)] * 3)
    assert sum(outcome.error is not None for outcome in done) == 2
    assert counts(session) == (1, 1)


def overdue(session: Session) -> Task:
    send(session, uuid4())
    task = Task.objects.get(kind=red_flags.SAME_DAY, about=red_flags.about(session.pk))
    Task.objects.filter(pk=task.pk).update(role=Role.NURSE, due_at=clock.now() - dt.timedelta(minutes=1))
    return task


def test_red_flag_goes_up_one_step_however_many_hand_it_on(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(red_flags.duty, "on_duty", _next)
    task = overdue(session)
    together([partial(red_flags.escalate_due, by=JOB)] * 4)
    task.refresh_from_db()
    assert task.role == Role.PHYSICIAN


def test_twin_without_the_row_lock_hands_it_on_more_than_once(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[UUID] = []
    reassign = tasks.reassign

    def slowly(**keys: Any) -> Task:
        handed.append(keys["task_id"])
        time.sleep(0.3)
        return reassign(**keys)

    monkeypatch.setattr(red_flags.duty, "on_duty", _next)
    monkeypatch.setattr(red_flags.tasks, "reassign", slowly)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_keys: self)
    task = overdue(session)
    together([partial(red_flags.escalate_due, by=JOB)] * 4)
    assert handed.count(task.pk) > 1


def _next(_duty: object, *, at: dt.datetime, above: str | None = None) -> Role:
    return Role.PHYSICIAN if above == Role.NURSE else Role.MANAGER if above else Role.NURSE
