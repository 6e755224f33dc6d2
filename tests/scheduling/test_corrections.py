"""A visit booked for the wrong person, and a patient who says that they will be late."""

import datetime as dt
from collections.abc import Sequence
from uuid import uuid4

import pytest

from clinic import clock
from clinic.actors import Staff
from clinic.exceptions import DomainError, IllegalMove, InvalidInput, StaleVersion
from clinic.models import AuditEvent, Message, Patient
from clinic.services import drafts
from scheduling import rules
from scheduling.enums import AppointmentStatus, RefusalLevel, Told
from scheduling.exceptions import BookingRefused, SlotTaken
from scheduling.messages import recheck
from scheduling.models import Appointment
from scheduling.rules import Refusal, StartRequest
from scheduling.services import booking, corrections, endings, moves
from scheduling.services.plans import VisitRequest
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import House

pytestmark = pytest.mark.django_db

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def house() -> House:
    return factory.house()


@pytest.fixture
def desk(house: House) -> Staff:
    return clinic.staff(at=house.site)


@pytest.fixture
def right() -> Patient:
    return clinic.patient(given_name="Ruth", language="es")


def book(house: House, hour: int = 9, **fields: object) -> Appointment:
    values: dict[str, object] = {
        "patient_id": clinic.patient().pk,
        "visit_type_id": house.visit("consultation").pk,
        "site_id": house.site.pk,
        "start": house.at(factory.days_ahead(10, house.site), hour),
    }
    return booking.book(request=VisitRequest(**(values | fields)), by=factory.BY)  # type: ignore[arg-type]


def mails(patient: Patient) -> list[tuple[str, str]]:
    rows = Message.objects.filter(
        patient=patient, kind__in=["appointment.confirmation", "appointment.cancelled"]
    )
    return sorted(rows.values_list("kind", "state"))


def went_out(visit: Appointment) -> None:
    """As the dispatcher leaves the confirmation: sent, with what it said."""
    rows = Message.objects.filter(patient=visit.patient, kind="appointment.confirmation")
    drafted = drafts.make(list(rows.select_related("patient", "contact", "site")))
    rows.update(state="sent", started_at=clock.now(), snapshot=next(iter(drafted.values())).snapshot())


def test_the_right_patient_is_confirmed_and_the_wrong_one_hears_nothing(
    house: House, desk: Staff, right: Patient
) -> None:
    visit = book(house)
    wrong = visit.patient
    held = set(visit.allocations.values_list("pk", "active"))
    changed = corrections.change_patient(appointment_id=visit.pk, patient_id=right.pk, by=desk, version=1)
    assert (changed.patient, changed.told_rev, set(visit.allocations.values_list("pk", "active"))) == (
        right,
        2,
        held,
    )
    assert [mails(wrong), mails(right)] == [
        [("appointment.confirmation", "cancelled")],
        [("appointment.confirmation", "pending")],
    ]
    assert list(visit.changes.values_list("kind", flat=True)) == ["patient"]
    about = AuditEvent.objects.filter(
        action__in=["scheduling.appointment.patient_changed", "scheduling.appointment.not_theirs"]
    )
    assert set(about.values_list("patient_id", flat=True)) == {right.pk, wrong.pk}


def test_who_had_a_mail_is_told_in_their_own_words_that_it_is_off(
    house: House, desk: Staff, right: Patient
) -> None:
    visit = book(house)
    wrong = visit.patient
    went_out(visit)
    corrections.change_patient(appointment_id=visit.pk, patient_id=right.pk, by=desk)
    moves.move(appointment_id=visit.pk, start=visit.period.lower + dt.timedelta(days=1), by=desk)
    assert mails(wrong) == [("appointment.cancelled", "pending"), ("appointment.confirmation", "sent")]
    off = Message.objects.select_related("patient", "contact", "site").get(kind="appointment.cancelled")
    values = drafts.make([off])[off.pk].values
    assert (recheck([off]), values["first_name"], values["time"]) == ({}, "Ada", "09:00")


def test_changed_back_at_once_nobody_hears_of_it(house: House, desk: Staff, right: Patient) -> None:
    visit = book(house)
    wrong = visit.patient
    went_out(visit)
    for patient in (right, wrong):
        corrections.change_patient(appointment_id=visit.pk, patient_id=patient.pk, by=desk)
    assert [mails(wrong), mails(right)] == [
        [("appointment.cancelled", "cancelled"), ("appointment.confirmation", "sent")],
        [("appointment.confirmation", "cancelled")],
    ]


def test_refused_for_a_session_for_the_same_and_after_it_began(
    house: House, desk: Staff, right: Patient
) -> None:
    session = book(house, visit_type_id=house.visit("prp_session").pk, purpose=uuid4())
    with pytest.raises(DomainError, match="belongs to a treatment course"):
        corrections.change_patient(appointment_id=session.pk, patient_id=right.pk, by=desk)
    visit = book(house, 12)
    with pytest.raises(InvalidInput, match="already"):
        corrections.change_patient(appointment_id=visit.pk, patient_id=visit.patient_id, by=desk)
    endings.cancel(appointment_id=visit.pk, reason="patient_unwell", by=desk)
    with pytest.raises(IllegalMove):
        corrections.change_patient(appointment_id=visit.pk, patient_id=right.pk, by=desk)


def test_refused_when_the_right_patient_has_another_visit_then(
    house: House, desk: Staff, right: Patient
) -> None:
    visit = book(house)
    book(house, patient_id=right.pk)
    with pytest.raises(SlotTaken, match="another visit"):
        corrections.change_patient(appointment_id=visit.pk, patient_id=right.pk, by=desk)


def test_the_rules_are_asked_for_the_right_patient(
    house: House, desk: Staff, right: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rule(requests: Sequence[StartRequest]) -> list[Refusal]:
        return [
            Refusal(request.starts[0], RefusalLevel.BLOCK, "never", "Never for Ruth.")
            for request in requests
            if request.patient_id == right.pk
        ]

    monkeypatch.setitem(rules._rules, "never", rule)
    with pytest.raises(BookingRefused, match="Never for Ruth"):
        corrections.change_patient(appointment_id=book(house).pk, patient_id=right.pk, by=desk)


def test_one_form_changes_once_and_a_stale_one_not_at_all(house: House, desk: Staff, right: Patient) -> None:
    visit, key = book(house), uuid4()
    for _time in range(2):
        corrections.change_patient(
            appointment_id=visit.pk, patient_id=right.pk, by=desk, version=1, key=key, told=Told.PHONE
        )
    assert visit.changes.count() == 1
    with pytest.raises(StaleVersion):
        corrections.change_patient(
            appointment_id=visit.pk, patient_id=clinic.patient().pk, by=desk, version=1, key=uuid4()
        )


def test_late_is_kept_with_its_reason_and_moves_nothing(house: House, desk: Staff) -> None:
    visit = book(house)
    held = set(visit.allocations.values_list("pk", "active"))
    late = corrections.late(
        appointment_id=visit.pk, expected=visit.period.lower + 20 * MINUTE, reason="travel", by=desk
    )
    change = visit.changes.get()
    assert (late.expected_at, change.kind, change.reason_id) == (
        visit.period.lower + 20 * MINUTE,
        "late",
        "travel",
    )
    assert set(visit.allocations.values_list("pk", "active")) == held
    assert corrections.late(appointment_id=visit.pk, expected=None, by=desk).expected_at is None


@pytest.mark.parametrize("minutes", [0, -5, 30, 600])
def test_late_is_within_the_visit(house: House, desk: Staff, minutes: int) -> None:
    visit = book(house)
    with pytest.raises(InvalidInput, match="move the visit"):
        corrections.late(appointment_id=visit.pk, expected=visit.period.lower + minutes * MINUTE, by=desk)


def test_a_visit_that_has_begun_is_not_late_any_more(house: House, desk: Staff) -> None:
    visit = book(house)
    Appointment.objects.filter(pk=visit.pk).update(status=AppointmentStatus.ARRIVED)
    with pytest.raises(IllegalMove):
        corrections.late(appointment_id=visit.pk, expected=visit.period.lower + 10 * MINUTE, by=desk)
