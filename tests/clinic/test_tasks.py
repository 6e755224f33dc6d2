"""Tasks: opened once per fact, finished with an outcome, handed over, reopened."""

import datetime as dt
from typing import Any

import pytest

from clinic import clock
from clinic.enums import Role, TaskState
from clinic.exceptions import IllegalMove, InvalidInput, NotFound
from clinic.models import Site, Task
from clinic.selectors.tasks import open_tasks, tasks_for
from clinic.services import tasks
from tests.clinic.people import SEED, member, site

pytestmark = pytest.mark.django_db


def _task(home: Site, **more: Any) -> Task:
    values: dict[str, Any] = {
        "kind": "call",
        "title": "Call back",
        "role": Role.FRONT_DESK,
        "due_at": clock.now(),
    }
    return tasks.open_task(**{"by": SEED, "site_id": home.pk, **values, **more})


def test_one_open_task_per_fact() -> None:
    home = site()
    one = _task(home, about="message:1")
    assert _task(home, about="message:1").pk == one.pk
    tasks.finish(by=SEED, task_id=one.pk, outcome="Reached her.")
    assert _task(home, about="message:1").pk != one.pk
    assert _task(home).pk != _task(home).pk


def test_finish_needs_an_outcome_and_happens_once() -> None:
    one = _task(site())
    with pytest.raises(InvalidInput):
        tasks.finish(by=SEED, task_id=one.pk, outcome=" ")
    tasks.finish(by=SEED, task_id=one.pk, outcome="Reached her.")
    with pytest.raises(IllegalMove):
        tasks.finish(by=SEED, task_id=one.pk, outcome="Again.")
    one.refresh_from_db()
    assert (one.state, one.outcome) == (TaskState.DONE, "Reached her.")


def test_reopen_unless_its_twin_is_open() -> None:
    home = site()
    one = _task(home, about="message:1")
    tasks.drop(by=SEED, task_id=one.pk)
    twin = _task(home, about="message:1")
    with pytest.raises(IllegalMove):
        tasks.reopen(by=SEED, task_id=one.pk)
    tasks.drop(by=SEED, task_id=twin.pk)
    assert tasks.reopen(by=SEED, task_id=one.pk).state == TaskState.OPEN


def test_handed_to_a_person_it_leaves_the_role() -> None:
    home = site()
    nurse, desk = member(Role.NURSE, home), member(Role.FRONT_DESK, home)
    one = _task(home)
    assert list(tasks_for(desk.actor(), site_id=home.pk)) == [one]
    tasks.reassign(by=desk.actor(), task_id=one.pk, role=Role.FRONT_DESK, owner_id=nurse.pk)
    assert list(tasks_for(desk.actor(), site_id=home.pk)) == []
    assert list(tasks_for(nurse.actor(), site_id=home.pk)) == [one]


def test_not_handed_to_a_stranger_and_not_touched_from_another_site() -> None:
    home, other = site(), site("Hillside")
    stranger = member(Role.NURSE, other)
    one = _task(home)
    with pytest.raises(InvalidInput):
        tasks.reassign(by=SEED, task_id=one.pk, role=Role.NURSE, owner_id=stranger.pk)
    with pytest.raises(NotFound):
        tasks.finish(by=stranger.actor(), task_id=one.pk, outcome="Done.")
    with pytest.raises(NotFound):
        _task(home, by=stranger.actor())


def test_most_urgent_first() -> None:
    home, now = site(), clock.now()
    later, sooner = _task(home, due_at=now + dt.timedelta(days=1)), _task(home, due_at=now)
    assert list(open_tasks(site_id=home.pk)) == [sooner, later]
