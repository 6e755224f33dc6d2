"""One durable transaction: retried when it lost a race, mapped when a constraint spoke, silent about data."""

import pytest
from django.db import IntegrityError, OperationalError, connection

from clinic import transactions
from clinic.exceptions import DomainError, TryAgain
from clinic.models import ClockOffset, Site
from clinic.transactions import use_case
from tests.factories import clinic

pytestmark = pytest.mark.django_db


class _Cause(Exception):
    def __init__(self, sqlstate: str) -> None:
        self.sqlstate = sqlstate


def _failing(sqlstate: str, times: int) -> tuple[list[int], object]:
    calls: list[int] = []

    @use_case
    def service() -> str:
        calls.append(1)
        if len(calls) <= times:
            raise OperationalError("secret detail") from _Cause(sqlstate)
        return "done"

    return calls, service


@pytest.mark.parametrize("sqlstate", ["40P01", "40001"])
def test_use_case_retries_a_lost_race(sqlstate: str) -> None:
    calls, service = _failing(sqlstate, times=2)
    assert service() == "done"  # type: ignore[operator]
    assert len(calls) == 3


def test_use_case_gives_up_kindly() -> None:
    calls, service = _failing("40P01", times=99)
    with pytest.raises(TryAgain) as error:
        service()  # type: ignore[operator]
    assert len(calls) == transactions.ATTEMPTS
    assert "secret" not in str(error.value)


def test_use_case_does_not_retry_other_errors() -> None:
    calls, service = _failing("57014", times=1)
    with pytest.raises(OperationalError):
        service()  # type: ignore[operator]
    assert len(calls) == 1


def test_use_case_explains_a_constraint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        transactions._words_for_constraint, "one_clock", lambda: DomainError("There is one clock.")
    )

    @use_case
    def service() -> None:
        ClockOffset.objects.create(id=2)

    with pytest.raises(DomainError, match=r"^There is one clock\.$"):
        service()


def test_use_case_leaves_an_unknown_constraint_as_it_is() -> None:
    @use_case
    def service() -> None:
        ClockOffset.objects.create(id=3)

    with pytest.raises(IntegrityError):
        service()


def test_use_case_writes_nothing_when_it_fails() -> None:
    @use_case
    def service() -> None:
        clinic.site(name="Half written")
        raise DomainError("No.")

    with pytest.raises(DomainError):
        service()
    assert Site.objects.filter(name="Half written").count() == 0


def test_use_case_bounds_lock_waits() -> None:
    @use_case
    def service() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            return str(cursor.fetchone()[0])

    assert service() == "3s"
