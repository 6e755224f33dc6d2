"""One line of the call list, one address of a calendar: two at once leave one owner, one living address.

Each twin takes the lock out and shows that both would have gone ahead.
"""

import time
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from clinic import locks, tokens
from clinic.actors import Actor, Staff
from clinic.enums import Role
from clinic.exceptions import IllegalMove
from clinic.models import AuditEvent, Task
from clinic.services import tasks
from scheduling.models import Feed
from scheduling.services import feeds
from tests.concurrency.together import Outcome, together
from tests.database import Database
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import BY, House

ROUNDS = 3


@pytest.fixture(scope="module")
def house(own_database: Database) -> House:
    return factory.house(physicians=1)


def two_claims(house: House) -> tuple[Task, list[Staff], list[Outcome[Any]]]:
    """Two clerks press "take" on the same line of the call list."""
    task = tasks.open_task(
        by=BY,
        site_id=house.site.pk,
        kind="by_hand",
        title="Ring back",
        role=Role.FRONT_DESK,
        due_at=house.at(factory.days_ahead(1, house.site), 9),
    )
    clerks = [clinic.staff(at=house.site) for _ in range(2)]
    outcomes = together([partial(tasks.claim, by=clerk, task_id=task.pk) for clerk in clerks])
    task.refresh_from_db()
    return task, clerks, outcomes


def claims_written(task: Task) -> int:
    return AuditEvent.objects.filter(action="clinic.task.claimed", subject_key=str(task.pk)).count()


def test_two_clerks_claiming_one_line_have_one_owner(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    look = tasks._locked

    def hesitate(by: Actor, task_id: UUID) -> Task:
        task = look(by, task_id)
        time.sleep(0.2)
        return task

    monkeypatch.setattr(tasks, "_locked", hesitate)
    for _ in range(ROUNDS):
        task, clerks, outcomes = two_claims(house)
        assert [type(outcome.error) for outcome in outcomes if outcome.error] == [IllegalMove]
        winner = next(clerk for clerk, outcome in zip(clerks, outcomes, strict=True) if outcome.error is None)
        assert (task.owner_id, claims_written(task)) == (winner.user_id, 1)


def test_two_clerks_claiming_one_line_without_the_lock_both_believe_to_have_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(by: Actor, task_id: UUID) -> Task:
        task = Task.objects.get(pk=task_id)
        time.sleep(0.2)
        return task

    monkeypatch.setattr(tasks, "_locked", look)
    task, _clerks, outcomes = two_claims(house)
    assert ([outcome.error for outcome in outcomes], claims_written(task)) == ([None, None], 2)


@pytest.fixture
def slow_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """The old address has been ended, the new one is not there yet."""
    digest = tokens.digest

    def hesitate(token: str) -> str:
        time.sleep(0.2)
        return digest(token)

    monkeypatch.setattr(tokens, "digest", hesitate)


def two_renewals(house: House) -> tuple[list[Outcome[Any]], int]:
    """The clinician on the phone and the manager at the desk renew one calendar's address."""
    clinician = house.one("physician")
    manager = clinic.staff(Role.MANAGER, at=house.site)
    outcomes = together([partial(feeds.renew, by=manager, resource_id=clinician.pk)] * 2)
    return outcomes, Feed.objects.filter(resource=clinician, revoked_at__isnull=True).count()


@pytest.mark.usefixtures("slow_address")
def test_two_renewals_at_once_leave_one_living_address(house: House) -> None:
    for _ in range(ROUNDS):
        outcomes, living = two_renewals(house)
        assert ([outcome.error for outcome in outcomes], living) == ([None, None], 1)


@pytest.mark.usefixtures("slow_address")
def test_two_renewals_at_once_without_the_lock_leave_two(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "take", lambda *_then, **_keys: None)
    assert two_renewals(house)[1] == 2
