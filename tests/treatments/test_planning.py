"""The desk books a whole course: first booked, repeats provisional, all or nothing."""

import datetime as dt
from uuid import uuid4

import pytest

from clinic import clock
from clinic.enums import Role
from clinic.exceptions import Conflict, InvalidInput, NotAllowed, NotFound
from clinic.models import AuditEvent, Message, Task
from clinic.services import erasure as patients
from scheduling.enums import AppointmentStatus
from scheduling.exceptions import BookingRefused
from scheduling.models import Appointment
from scheduling.rules import Override
from scheduling.services import booking, endings, moves, undoing
from scheduling.services.plans import VisitRequest
from tests.factories import clinic
from tests.factories import treatments as factory
from tests.factories.treatments import Ward
from treatments.enums import OrderStatus
from treatments.models import Course, SessionBooking
from treatments.services import planning, sessions
from treatments.services.planning import SessionTaken

pytestmark = pytest.mark.django_db


@pytest.fixture
def ward() -> Ward:
    return factory.ward()


def test_book_course_books_first_and_keeps_repeats_provisional(ward: Ward) -> None:
    order, appointments = factory.booked(ward)
    assert [row.status for row in appointments] == ["booked", "provisional", "provisional", "provisional"]
    assert order.status == OrderStatus.BOOKED
    served = SessionBooking.objects.filter(is_open=True).order_by("session__number")
    assert [(row.session.number, row.appointment_id) for row in served] == [
        (number, row.pk) for number, row in enumerate(appointments, start=1)
    ]


def test_book_course_tells_patient_of_first_session_only(ward: Ward) -> None:
    _order, appointments = factory.booked(ward)
    told = set(Message.objects.values_list("about", flat=True))
    assert told == {f"appointment:{appointments[0].pk}"}


def test_book_course_twice_with_one_key_books_once(ward: Ward) -> None:
    order = factory.order(ward)
    starts = {number: ward.at(10 + 28 * (number - 1)) for number in range(1, 5)}
    key = uuid4()
    first = planning.book_course(by=ward.desk, order_id=order.pk, starts=starts, request_key=key)
    second = planning.book_course(by=ward.desk, order_id=order.pk, starts=starts, request_key=key)
    assert [row.pk for row in second] == [row.pk for row in first]
    assert Appointment.objects.count() == 4


def test_book_course_is_all_or_nothing(ward: Ward) -> None:
    order = factory.order(ward)
    other = VisitRequest(
        patient_id=order.patient_id,
        visit_type_id=ward.house.visit("consultation").pk,
        site_id=order.site_id,
        start=ward.at(66),
    )
    booking.book(request=other, by=ward.desk)
    starts = {number: ward.at(10 + 28 * (number - 1)) for number in range(1, 5)}
    with pytest.raises(SessionTaken, match="Session 3") as caught:
        planning.book_course(by=ward.desk, order_id=order.pk, starts=starts, request_key=uuid4())
    assert caught.value.number == 3
    assert Appointment.objects.count() == 1


def test_book_course_refuses_sessions_too_close(ward: Ward) -> None:
    order = factory.order(ward)
    starts = {number: ward.at(10 + 5 * (number - 1)) for number in range(1, 5)}
    with pytest.raises(BookingRefused, match="refuses fewer than 7 days"):
        planning.book_course(by=ward.desk, order_id=order.pk, starts=starts, request_key=uuid4())


def test_physician_overrides_interval_with_reason(ward: Ward) -> None:
    order = factory.order(ward, sessions=2)
    starts = {1: ward.at(10), 2: ward.at(15)}
    override = Override("Patient moves abroad", frozenset({"interval_blocked"}))
    with pytest.raises(BookingRefused):
        planning.book_course(
            by=ward.desk, order_id=order.pk, starts=starts, request_key=uuid4(), override=override
        )
    rows = planning.book_course(
        by=ward.physician, order_id=order.pk, starts=starts, request_key=uuid4(), override=override
    )
    assert len(rows) == 2


def test_physician_cannot_override_where_the_protocol_forbids_it(ward: Ward) -> None:
    factory.rewrite_protocol(ward, interval_overridable=False)
    order = factory.order(ward, sessions=2)
    starts = {1: ward.at(10), 2: ward.at(15)}
    override = Override("Patient moves abroad", frozenset({"interval_blocked"}))
    with pytest.raises(BookingRefused, match="refuses fewer than 7 days"):
        planning.book_course(
            by=ward.physician, order_id=order.pk, starts=starts, request_key=uuid4(), override=override
        )


def test_desk_may_go_beyond_the_longest_interval_with_a_reason(ward: Ward) -> None:
    order = factory.order(ward, sessions=2)
    starts = {1: ward.at(10), 2: ward.at(70)}
    with pytest.raises(BookingRefused, match="60 days after session 1: the protocol advises at most 56 days"):
        planning.book_course(by=ward.desk, order_id=order.pk, starts=starts, request_key=uuid4())
    override = Override("She is abroad in spring", frozenset({"interval_exceeded"}))
    rows = planning.book_course(
        by=ward.desk, order_id=order.pk, starts=starts, request_key=uuid4(), override=override
    )
    assert [row.override_reason for row in rows] == ["She is abroad in spring"] * 2


@pytest.mark.parametrize(("injected", "refused"), [(True, True), (False, False)])
def test_stopped_session_counts_for_the_interval_only_when_it_was_injected(
    ward: Ward, injected: bool, refused: bool
) -> None:
    order = factory.order(ward, sessions=2)
    first = factory.session(order.course)
    if injected:
        first = factory.inject(ward, order.course)
        Course.objects.filter(pk=order.course_id).update(status="active")
    sessions.stop(by=ward.physician, session_id=first.pk, version=first.version, reason="Vasovagal reaction")
    request = VisitRequest(
        patient_id=order.patient_id,
        visit_type_id=ward.house.visit("prp_session").pk,
        site_id=order.site_id,
        start=ward.at(5),
        purpose=factory.session(order.course, 2).pk,
    )
    if refused:
        with pytest.raises(BookingRefused, match="5 days after session 1"):
            booking.book(request=request, by=ward.desk)
    else:
        assert booking.book(request=request, by=ward.desk).status == "booked"


def test_book_course_needs_a_start_for_each_session(ward: Ward) -> None:
    order = factory.order(ward)
    with pytest.raises(InvalidInput, match="session 2, 3, 4"):
        planning.book_course(by=ward.desk, order_id=order.pk, starts={1: ward.at(10)}, request_key=uuid4())


def test_book_course_waits_for_screening(ward: Ward) -> None:
    order = factory.order(ward, screening_complete=False)
    starts = {number: ward.at(10 + 28 * (number - 1)) for number in range(1, 5)}
    with pytest.raises(BookingRefused, match="screening"):
        planning.book_course(by=ward.desk, order_id=order.pk, starts=starts, request_key=uuid4())


def test_book_course_of_another_site_is_not_found(ward: Ward) -> None:
    order = factory.order(ward)
    stranger = clinic.staff(at=clinic.site(name="Elsewhere"))
    with pytest.raises(NotFound):
        planning.book_course(by=stranger, order_id=order.pk, starts={}, request_key=uuid4())


def test_booked_course_has_nothing_left_to_book(ward: Ward) -> None:
    order, _ = factory.booked(ward)
    with pytest.raises(Conflict):
        planning.book_course(by=ward.desk, order_id=order.pk, starts={}, request_key=uuid4())


def test_cancelled_first_session_reopens_order_and_asks_desk(ward: Ward) -> None:
    order, appointments = factory.booked(ward)
    endings.cancel(appointment_id=appointments[0].pk, reason="patient_unwell", by=ward.desk)
    order.refresh_from_db()
    assert order.status == OrderStatus.OPEN
    assert [task.title for task in Task.objects.all()] == ["Rebook session 1"]
    rows = planning.book_course(by=ward.desk, order_id=order.pk, starts={1: ward.at(11)}, request_key=uuid4())
    assert [row.status for row in rows] == [AppointmentStatus.BOOKED]
    order.refresh_from_db()
    assert order.status == OrderStatus.BOOKED
    assert Task.objects.get().state == "done"


def test_cancelled_repeat_asks_desk_to_rebook(ward: Ward) -> None:
    order, appointments = factory.booked(ward)
    endings.cancel(appointment_id=appointments[2].pk, reason="clinician_away", by=ward.desk)
    order.refresh_from_db()
    assert order.status == OrderStatus.BOOKED
    assert Task.objects.get().title == "Rebook session 3"
    rows = planning.book_course(by=ward.desk, order_id=order.pk, starts={3: ward.at(67)}, request_key=uuid4())
    assert [row.status for row in rows] == [AppointmentStatus.PROVISIONAL]


def test_undone_no_show_serves_its_session_again(ward: Ward) -> None:
    order, appointments = factory.booked(ward, first=1)
    clock.set_offset(dt.timedelta(days=2))
    endings.no_show(appointment_id=appointments[0].pk, by=ward.desk)
    order.refresh_from_db()
    assert order.status == OrderStatus.OPEN
    clock.set_offset(dt.timedelta(hours=30))
    undoing.undo(change_id=appointments[0].changes.get(kind="no_show").pk, by=ward.desk)
    order.refresh_from_db()
    assert order.status == OrderStatus.BOOKED
    assert SessionBooking.objects.get(appointment=appointments[0]).is_open
    clock.set_offset(dt.timedelta(0))


def test_undone_cancellation_serves_its_session_again(ward: Ward) -> None:
    order, appointments = factory.booked(ward)
    endings.cancel(appointment_id=appointments[2].pk, reason="clinician_away", by=ward.desk)
    undoing.undo(change_id=appointments[2].changes.get().pk, by=ward.desk)
    order.refresh_from_db()
    appointments[2].refresh_from_db()
    assert SessionBooking.objects.get(appointment=appointments[2]).is_open
    assert (order.status, appointments[2].status, Task.objects.get().state) == (
        OrderStatus.BOOKED,
        AppointmentStatus.PROVISIONAL,
        "done",
    )


def test_a_cancellation_is_not_undone_when_its_session_was_booked_again(ward: Ward) -> None:
    order, appointments = factory.booked(ward)
    endings.cancel(appointment_id=appointments[2].pk, reason="clinician_away", by=ward.desk)
    planning.book_course(by=ward.desk, order_id=order.pk, starts={3: ward.at(67)}, request_key=uuid4())
    with pytest.raises(BookingRefused, match="Session 3 is already booked"):
        undoing.undo(change_id=appointments[2].changes.get().pk, by=ward.desk)


def test_erased_patient_leaves_no_note_for_the_desk(ward: Ward) -> None:
    order = factory.order(ward, note_for_desk="Call the daughter, Clara")
    patients.erase(by=clinic.staff(Role.MANAGER, at=ward.house.site), patient_id=order.patient_id)
    order.refresh_from_db()
    assert order.note_for_desk == ""


def test_moved_session_keeps_its_booking(ward: Ward) -> None:
    _order, appointments = factory.booked(ward)
    moves.move(appointment_id=appointments[1].pk, start=ward.at(40, 11), by=ward.desk)
    served = SessionBooking.objects.get(appointment=appointments[1])
    assert served.is_open
    assert not Task.objects.exists()


def test_session_cannot_move_past_its_neighbour(ward: Ward) -> None:
    _order, appointments = factory.booked(ward)
    with pytest.raises(BookingRefused, match="must come before session 3"):
        moves.move(appointment_id=appointments[1].pk, start=ward.at(70), by=ward.desk)


def test_session_is_not_booked_twice(ward: Ward) -> None:
    order, appointments = factory.booked(ward)
    again = VisitRequest(
        patient_id=order.patient_id,
        visit_type_id=appointments[0].visit_type_id,
        site_id=order.site_id,
        start=ward.at(12),
        purpose=factory.session(order.course).pk,
    )
    with pytest.raises(BookingRefused, match="already booked"):
        booking.book(request=again, by=ward.desk)


def test_session_of_another_patient_is_refused(ward: Ward) -> None:
    order = factory.order(ward)
    request = VisitRequest(
        patient_id=clinic.patient().pk,
        visit_type_id=ward.house.visit("prp_session").pk,
        site_id=order.site_id,
        start=ward.at(10),
        purpose=factory.session(order.course).pk,
    )
    with pytest.raises(BookingRefused, match="another patient"):
        booking.book(request=request, by=ward.desk)


def test_nobody_without_the_permission_places_an_order(ward: Ward) -> None:
    with pytest.raises(NotAllowed):
        factory.order(ward, by=ward.desk)
    assert not AuditEvent.objects.filter(action="treatments.order.placed").exists()
