"""One call, one order; an inner step only asserts."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic import locks
from clinic.transactions import use_case
from tests.factories import clinic

pytestmark = pytest.mark.django_db


def test_take_locks_in_the_global_order() -> None:
    site, patients = clinic.site(), [clinic.patient(), clinic.patient()]

    @use_case
    def story() -> None:
        locks.take(patient=[p.pk for p in patients], site=[site.pk])

    with CaptureQueriesContext(connection) as queries:
        story()
    sent = [query["sql"] for query in queries if "FOR NO KEY UPDATE" in query["sql"]]
    locking = "".join(sent).split("; ")
    assert ["clinic_site" in sql for sql in locking] == [True, False]
    assert all("ORDER BY" in sql and "FOR NO KEY UPDATE" in sql for sql in locking)
    assert len(sent) == 1  # one after another, but nobody waits for the network in between


def test_take_inside_asserts_what_is_held() -> None:
    site, patient = clinic.site(), clinic.patient()

    @use_case
    def inner() -> None:
        locks.take(patient=[patient.pk])

    @use_case
    def outer(*, takes_all: bool) -> None:
        locks.take(site=[site.pk], patient=[patient.pk] if takes_all else [])
        inner()

    outer(takes_all=True)
    with pytest.raises(locks.LockOrderError, match="must be locked by the outermost use case"):
        outer(takes_all=False)


def test_take_outside_a_use_case_is_a_mistake() -> None:
    with pytest.raises(locks.LockOrderError):
        locks.take(patient=[])


def test_what_was_looked_for_and_not_found_is_absent_until_it_is_made() -> None:
    key, other = uuid4(), uuid4()

    @use_case
    def story() -> list[bool]:
        seen = [locks.is_absent("session", key)]
        locks.looked_for("session", [key, other], found=[other])
        seen += [locks.is_absent("session", key), locks.is_absent("session", other)]
        locks.add_created("session", key)
        return [*seen, locks.is_absent("session", key)]

    assert story() == [False, True, False, False]
    assert not locks.is_absent("session", key)


def test_created_rows_are_held() -> None:
    patient = clinic.patient()

    @use_case
    def story() -> None:
        locks.take(site=[])
        locks.add_created("patient", patient.pk)
        locks.take(patient=[patient.pk])

    story()
