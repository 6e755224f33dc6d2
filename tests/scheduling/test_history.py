"""The history of facts says who changed them, whichever way they came."""

from uuid import uuid4

import pytest
from django.apps import apps

from clinic.actors import System
from clinic.models import Patient
from scheduling.services import booking, endings
from scheduling.services.plans import VisitRequest
from tests.factories import clinic
from tests.factories import scheduling as factory

pytestmark = pytest.mark.django_db


def test_history_of_a_visit_names_each_actor() -> None:
    house = factory.house()
    desk, job = clinic.staff(at=house.site), System("reconcile")
    start = house.at(factory.days_ahead(10, house.site), 9)
    request = VisitRequest(
        clinic.patient().pk, house.visit("prp_session").pk, house.site.pk, start, purpose=uuid4()
    )
    visit = booking.book(request=request, by=desk)
    endings.cancel(appointment_id=visit.pk, reason="booked_by_mistake", by=job)
    events = (
        apps.get_model("scheduling", "AppointmentEvent")
        .objects.filter(pgh_obj_id=visit.pk)
        .order_by("pgh_id")
    )
    assert [(event.status, event.pgh_context.metadata) for event in events] == [
        ("booked", {"actor_kind": "staff", "actor": desk.key}),
        ("cancelled", {"actor_kind": "system", "actor": "reconcile"}),
    ]


def test_history_survives_a_write_past_the_services() -> None:
    patient = clinic.patient(family_name="Before")
    Patient.objects.filter(pk=patient.pk).update(family_name="After")
    events = apps.get_model("clinic", "PatientEvent").objects.filter(pgh_obj_id=patient.pk).order_by("pgh_id")
    assert [event.family_name for event in events] == ["Before", "After"]
