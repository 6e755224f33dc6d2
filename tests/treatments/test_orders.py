"""A physician orders a course: what it opens, what is refused."""

import pytest

from clinic import clock
from clinic.enums import Role
from clinic.exceptions import Conflict, InvalidInput, NotFound
from scheduling.models import Resource
from tests.factories import clinic
from tests.factories import treatments as factory
from tests.factories.treatments import FACET, Ward
from treatments.data import TargetData
from treatments.services import orders

pytestmark = pytest.mark.django_db


@pytest.fixture
def ward() -> Ward:
    return factory.ward()


def test_order_opens_approved_course_with_planned_sessions(ward: Ward) -> None:
    order = factory.order(ward)
    assert order.course.status == "approved"
    assert list(order.course.sessions.values_list("number", "status")) == [
        (n, "planned") for n in (1, 2, 3, 4)
    ]
    assert order.course.targets.count() == 2


def test_order_without_attestation_waits_in_screening(ward: Ward) -> None:
    order = factory.order(ward, screening_complete=False)
    assert order.course.status == "screening"
    orders.finish_screening(by=ward.physician, course_id=order.course_id, fit=True)
    order.course.refresh_from_db()
    assert order.course.status == "approved"


def test_declined_screening_withdraws_order_and_drops_sessions(ward: Ward) -> None:
    order = factory.order(ward, screening_complete=False)
    orders.finish_screening(
        by=ward.physician, course_id=order.course_id, fit=False, reason="Platelets too low"
    )
    order.refresh_from_db()
    assert (order.status, order.course.status) == ("withdrawn", "declined")
    assert set(order.course.sessions.values_list("status", flat=True)) == {"dropped"}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"diagnosis_code": "M54.5"}, "no longer valid"),
        ({"diagnosis_code": "back"}, "looks like"),
        ({"sessions": 6}, "1 to 5"),
        ({"sessions": 0}, "1 to 5"),
        ({"targets": []}, "at least one"),
        ({"targets": [FACET, FACET]}, "twice"),
        ({"targets": [TargetData("si_joint", "L4-L5", "left")]}, "do not fit"),
        ({"targets": [TargetData("facet", "L4-L5", "midline")]}, "paired"),
    ],
)
def test_order_with_impossible_values_is_refused(ward: Ward, fields: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        factory.order(ward, **fields)


def test_second_open_course_under_one_protocol_is_refused(ward: Ward) -> None:
    patient = clinic.patient()
    factory.order(ward, patient)
    with pytest.raises(Conflict, match="already has an open course"):
        factory.order(ward, patient)


@pytest.mark.parametrize("field", ["deceased_on", "erased_at"])
def test_order_for_a_patient_who_is_gone_is_refused(ward: Ward, field: str) -> None:
    patient = clinic.patient(**{field: clock.now().date() if field == "deceased_on" else clock.now()})
    with pytest.raises(Conflict, match="Nothing can be ordered"):
        factory.order(ward, patient)


def test_order_at_another_site_is_not_found(ward: Ward) -> None:
    stranger = clinic.staff(Role.PHYSICIAN, at=clinic.site(name="Elsewhere"))
    with pytest.raises(NotFound):
        factory.order(ward, by=stranger)


def test_order_needs_a_clinician(ward: Ward) -> None:
    room: Resource = ward.house.one("procedure_room")
    with pytest.raises(InvalidInput, match="physician"):
        factory.order(ward, physician_id=room.pk)
