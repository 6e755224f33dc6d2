"""The ledgers refuse change and deletion, by whoever; erasure alone takes the words about a person out of them."""

from uuid import uuid4

import psycopg
import pytest
from django.apps import apps
from django.db import connection

from clinic import clock
from clinic.enums import CallOutcome
from clinic.models import Call, Patient
from clinic.services import erasure
from scheduling.models import VisitChange
from scheduling.services import booking, endings
from scheduling.services.plans import VisitRequest
from tests.database import Database
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import BY


@pytest.fixture(scope="module")
def told(own_database: Database) -> Call:
    """A cancelled visit with a note, and a call about it."""
    house = factory.house()
    patient = clinic.patient()
    start = house.at(factory.days_ahead(10, house.site), 9)
    request = VisitRequest(
        patient.pk,
        house.visit("prp_session").pk,
        house.site.pk,
        start,
        purpose=uuid4(),
        note="Her daughter drives",
    )
    visit = booking.book(request=request, by=BY)
    endings.cancel(appointment_id=visit.pk, reason="patient_unwell", by=BY)
    return Call.objects.create(
        site=house.site,
        patient=patient,
        about=f"appointment:{visit.pk}",
        outcome=CallOutcome.OTHER,
        spoke_with="Her daughter",
        note="Will ring again",
        at=clock.now(),
    )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE scheduling_visitchange SET kind = 'moved'",
        "DELETE FROM scheduling_visitchange",
        "UPDATE clinic_call SET outcome = 'reached'",
        "DELETE FROM clinic_call",
    ],
)
def test_ledger_refuses_even_its_owner(statement: str, told: Call, own_database: Database) -> None:
    with (
        psycopg.connect(own_database.owner_url) as owner,
        pytest.raises(psycopg.errors.RaiseException, match=r"Cannot .* rows from"),
    ):
        owner.execute(statement)


def test_redaction_refuses_whoever_was_not_erased(own_database: Database) -> None:
    patient = clinic.patient()

    for function in ("clinic_redact_calls", "scheduling_redact_history"):
        with (
            pytest.raises(Exception, match=r"Only the (calls|history) of an erased patient"),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"SELECT {function}(%s)", [patient.pk])


def test_erasure_takes_the_words_and_leaves_the_facts(told: Call) -> None:
    erasure.erase(by=BY, patient_id=Patient.objects.get(pk=told.patient_id).pk)

    told.refresh_from_db()
    events = apps.get_model("scheduling", "AppointmentEvent").objects.filter(patient_id=told.patient_id)
    assert (told.note, told.spoke_with, told.outcome) == ("", "", CallOutcome.OTHER)
    assert [event.note for event in events] == [""] * events.count()
    assert events.count() > 1
    assert VisitChange.objects.filter(appointment__patient=told.patient_id).count() == 1
