"""One call, one order; an inner step only asserts."""

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
    locking = [query["sql"] for query in queries if "FOR NO KEY UPDATE" in query["sql"]]
    assert ["clinic_site" in sql for sql in locking] == [True, False]
    assert all("ORDER BY" in sql for sql in locking)


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


def test_created_rows_are_held() -> None:
    patient = clinic.patient()

    @use_case
    def story() -> None:
        locks.take(site=[])
        locks.add_created("patient", patient.pk)
        locks.take(patient=[patient.pk])

    story()
