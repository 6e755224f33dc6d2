"""What the database refuses of check-ins, each way."""

import datetime as dt
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError

from clinic import clock
from clinic.services import erasure
from tests.factories import treatments as factory
from tests.factories.scheduling import BY
from treatments.models import CheckIn, Session

pytestmark = pytest.mark.django_db


@pytest.fixture
def session() -> Session:
    ward = factory.ward()
    return factory.session(factory.booked(ward)[0].course)


def kept(session: Session, **fields: Any) -> CheckIn:
    now = clock.now()
    values: dict[str, Any] = {
        "site": session.site,
        "session": session,
        "client_key": uuid4(),
        "day": 1,
        "source": "link",
        "answered_at": now,
        "received_at": now,
    }
    return CheckIn.objects.create(**(values | fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"pain": 11},
        {"trend": "odd"},
        {"able": "odd"},
        {"medicine": "odd"},
        {"source": "odd"},
        {"emergency": True},
        {"answered_at": dt.datetime(2199, 1, 1, tzinfo=dt.UTC)},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_check_in_outside_its_table_is_refused(fields: dict[str, Any], session: Session) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        kept(session, **fields)


def test_check_in_within_the_table_is_kept_with_unsaid_pain_as_null(session: Session) -> None:
    row = kept(session, red_flags=["fever", "leg_weakness"], emergency=True, pain=None)
    row.refresh_from_db()
    assert (row.pain, row.red_flags, row.emergency) == (None, ["fever", "leg_weakness"], True)


def test_one_key_is_kept_once_a_session(session: Session) -> None:
    key = kept(session).client_key
    with pytest.raises(IntegrityError, match="one_check_in_per_key"), transaction.atomic():
        kept(session, client_key=key)
    kept(factory.session(session.course, 2), client_key=key)


def test_check_in_is_neither_changed_nor_deleted(session: Session) -> None:
    kept(session, pain=4)
    for change in (lambda: CheckIn.objects.update(note=""), lambda: CheckIn.objects.all().delete()):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            change()


def test_erasure_blanks_the_words_and_leaves_the_facts(session: Session) -> None:
    row = kept(session, pain=4, note="My Otto drives")
    erasure.erase(by=BY, patient_id=session.course.patient_id)
    row.refresh_from_db()
    assert (row.pain, row.note) == (4, "")


def test_words_of_whoever_was_not_erased_are_kept(session: Session) -> None:
    with (
        pytest.raises(DatabaseError, match="Only the check-ins of an erased patient"),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT treatments_redact_check_ins(%s)", [session.course.patient_id])
