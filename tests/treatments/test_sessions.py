"""The session's record: from the draw to the signature, and what it sets in motion."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from clinic import clock
from clinic.exceptions import Conflict, IllegalMove, InvalidInput, NotAllowed, NotFound, StaleVersion
from clinic.models import AuditEvent, Message
from tests.factories import clinic
from tests.factories import treatments as factory
from tests.factories.treatments import Ward
from treatments.data import Findings, RecipientData, TargetData
from treatments.models import Course, Draw, Injection, Preparation, Response, Session
from treatments.services import bedside, blood, injecting, outcomes, sessions, signing

pytestmark = pytest.mark.django_db


@pytest.fixture
def ward() -> Ward:
    return factory.ward()


@pytest.fixture
def course(ward: Ward) -> Course:
    return factory.order(ward).course


def recovery_mails() -> dict[str, dt.datetime]:
    rows = Message.objects.filter(kind__startswith="treatments.recovery")
    return {row.about.rpartition(":")[2]: row.planned_for for row in rows.order_by("planned_for")}


def test_first_injection_dates_session_starts_course_and_plans_week(ward: Ward, course: Course) -> None:
    done = clock.now() - dt.timedelta(minutes=10)
    session = factory.inject(ward, course, at=done)
    session.refresh_from_db()
    course.refresh_from_db()
    assert (session.status, session.injected_at, course.status) == ("injected", done, "active")
    mails = Message.objects.filter(kind__startswith="treatments.recovery")
    assert {mail.about.rpartition(":")[2] for mail in mails} >= {"1", "3", "7"}
    assert {
        mail.planned_for.astimezone(ward.house.site.zone).time()
        for mail in mails
        if not mail.about.endswith(":0")
    } == {dt.time(9)}


def test_second_save_plans_nothing_twice(ward: Ward, course: Course) -> None:
    factory.inject(ward, course)
    before = recovery_mails()
    factory.inject(ward, course)
    assert recovery_mails() == before
    assert Injection.objects.count() == 2


def test_corrected_day_plans_week_anew(ward: Ward, course: Course) -> None:
    factory.inject(ward, course)
    factory.inject(ward, course, at=clock.now() - dt.timedelta(days=2))
    states = list(
        Message.objects.filter(about__endswith=":day:7")
        .order_by("planned_for")
        .values_list("state", flat=True)
    )
    assert states == ["pending", "cancelled"]


def test_not_measured_stays_empty(ward: Ward, course: Course) -> None:
    row = factory.session(course)
    data = factory.preparation(product_platelets=None)
    preparation = blood.record_preparation(by=ward.nurse, session_id=row.pk, data=data)
    preparation.refresh_from_db()
    assert preparation.product_platelets is None
    assert preparation.product_leucocytes is None


def test_failed_preparation_is_kept_beside_the_next(ward: Ward, course: Course) -> None:
    row = factory.session(course)
    blood.record_draw(by=ward.nurse, session_id=row.pk, data=factory.draw())
    blood.record_preparation(by=ward.nurse, session_id=row.pk, data=factory.preparation(kit_lot="A"))
    blood.fail_preparation(by=ward.nurse, session_id=row.pk, reason="Clotted")
    blood.record_preparation(by=ward.nurse, session_id=row.pk, data=factory.preparation(kit_lot="B"))
    rows = Preparation.objects.order_by("attempt").values_list("attempt", "kit_lot", "failed", "failure")
    assert list(rows) == [(1, "A", True, "Clotted"), (2, "B", False, "")]


def test_failed_draw_is_kept_beside_the_next(ward: Ward, course: Course) -> None:
    row = factory.session(course)
    blood.record_draw(by=ward.nurse, session_id=row.pk, data=factory.draw(blood_ml=Decimal(12)))
    blood.fail_draw(by=ward.nurse, session_id=row.pk, reason="Vein collapsed")
    second = blood.record_draw(by=ward.nurse, session_id=row.pk, data=factory.draw())
    made = blood.record_preparation(by=ward.nurse, session_id=row.pk, data=factory.preparation())
    rows = Draw.objects.order_by("attempt").values_list("attempt", "blood_ml", "failed")
    assert list(rows) == [(1, Decimal(12), True), (2, Decimal(52), False)]
    assert made.draw_id == second.pk


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"product_ml": Decimal(60)}, "more product than blood"),
        ({"plasma_removed_ml": Decimal(58)}, "exceed"),
        ({"product_platelets": 0}, "0 is a count"),
        ({"product_leucocytes": Decimal(4), "product_neutrophils": Decimal(5)}, "part of the leucocytes"),
    ],
)
def test_impossible_preparation_is_refused(
    ward: Ward, course: Course, fields: dict[str, object], words: str
) -> None:
    row = factory.session(course)
    blood.record_draw(by=ward.nurse, session_id=row.pk, data=factory.draw())
    with pytest.raises(InvalidInput, match=words):
        blood.record_preparation(by=ward.nurse, session_id=row.pk, data=factory.preparation(**fields))


def test_draw_without_blood_is_refused(ward: Ward, course: Course) -> None:
    data = factory.draw(blood_ml=Decimal(0))
    with pytest.raises(InvalidInput, match="more than 0"):
        blood.record_draw(by=ward.nurse, session_id=factory.session(course).pk, data=data)


def test_more_injected_than_prepared_is_refused(ward: Ward, course: Course) -> None:
    row = factory.session(course)
    blood.record_preparation(
        by=ward.nurse, session_id=row.pk, data=factory.preparation(product_ml=Decimal(5))
    )
    with pytest.raises(InvalidInput, match="only 5"):
        injecting.record_injections(
            by=ward.physician, session_id=row.pk, injections=[factory.injection(ml="6")]
        )


def test_injection_without_the_anatomy_is_refused(ward: Ward, course: Course) -> None:
    wrong = factory.injection(TargetData("disc", "L4-L5", "left"))
    with pytest.raises(InvalidInput, match="midline"):
        injecting.record_injections(
            by=ward.physician, session_id=factory.session(course).pk, injections=[wrong]
        )


def test_injection_in_the_future_is_refused(ward: Ward, course: Course) -> None:
    with pytest.raises(InvalidInput, match="future"):
        factory.inject(ward, course, at=clock.now() + dt.timedelta(hours=1))


def test_stale_form_is_refused(ward: Ward, course: Course) -> None:
    row = factory.session(course)
    factory.inject(ward, course)
    with pytest.raises(StaleVersion) as caught:
        sessions.save(
            by=ward.nurse,
            session_id=row.pk,
            version=row.version,
            draw=None,
            preparation=None,
            injections=[],
            findings=Findings(),
        )
    assert caught.value.current_version > row.version


def test_stopped_after_first_injection_counts(ward: Ward, course: Course) -> None:
    session = factory.inject(ward, course)
    sessions.stop(by=ward.physician, session_id=session.pk, reason="Felt faint")
    session.refresh_from_db()
    assert session.status == "stopped"
    assert session.injected_at is not None
    assert recovery_mails()


def test_signed_record_is_kept_and_amended(ward: Ward, course: Course) -> None:
    session = factory.inject(ward, course)
    session.refresh_from_db()
    signing.sign(by=ward.physician, session_id=session.pk, version=session.version)
    with pytest.raises(Conflict, match="amendment"):
        factory.inject(ward, course)
    row = signing.amend(
        by=ward.physician, session_id=session.pk, text="Left, not right", reason="Slip of the key"
    )
    assert row.author_id == ward.physician.user_id
    assert AuditEvent.objects.filter(action="treatments.session.amended").count() == 1


def test_nothing_to_sign_before_the_injection(ward: Ward, course: Course) -> None:
    row = factory.session(course)
    with pytest.raises(IllegalMove):
        signing.sign(by=ward.physician, session_id=row.pk, version=row.version)


def test_nurse_records_and_does_not_sign(ward: Ward, course: Course) -> None:
    session = factory.inject(ward, course)
    with pytest.raises(NotAllowed):
        signing.sign(by=ward.nurse, session_id=session.pk, version=session.version)


def test_desk_records_nothing(ward: Ward, course: Course) -> None:
    with pytest.raises(NotAllowed):
        sessions.clear(by=ward.desk, session_id=factory.session(course).pk)


def test_session_of_another_site_is_not_found(ward: Ward, course: Course) -> None:
    stranger = clinic.staff("physician", at=clinic.site(name="Elsewhere"))  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        sessions.clear(by=stranger, session_id=factory.session(course).pk)


class TestDatabaseRefuses:
    """The tables themselves, without any service in between: what is refused, and what is let through."""

    def refused(self, constraint: str) -> "pytest.RaisesExc[IntegrityError]":
        return pytest.raises(IntegrityError, match=constraint)

    def test_two_sessions_with_one_number(self, course: Course) -> None:
        Session.objects.create(site_id=course.site_id, course=course, number=9)
        with self.refused("one_session_per_number"), transaction.atomic():
            Session.objects.create(site_id=course.site_id, course=course, number=9)

    def test_two_open_bookings_of_one_session(self, ward: Ward) -> None:
        order, visits = factory.booked(ward)
        first = factory.session(order.course).bookings.get()
        first.is_open = False
        first.save()
        later = factory.session(order.course, 2).bookings.get()
        with self.refused("one_open_booking_per_session"), transaction.atomic():
            later.session.bookings.model.objects.filter(appointment=visits[2]).update(session=later.session)
        first.is_open = True
        first.save()

    def test_one_visit_serves_one_session(self, ward: Ward) -> None:
        order, visits = factory.booked(ward)
        bookings = factory.session(order.course).bookings
        with self.refused("appointment_id"), transaction.atomic():
            bookings.create(appointment=visits[1], is_open=False)

    def test_signed_session_neither_changes_nor_goes(self, ward: Ward, course: Course) -> None:
        session = factory.inject(ward, course)
        Session.objects.filter(pk=session.pk).update(note="before")
        session.refresh_from_db()
        signing.sign(by=ward.physician, session_id=session.pk, version=session.version)
        rows = Session.objects.filter(pk=session.pk)
        for change in (
            lambda: rows.update(note="after"),
            lambda: Injection.objects.filter(session=session).update(volume_ml=1),
            lambda: Injection.objects.filter(session=session).delete(),
            lambda: Preparation.objects.filter(session=session).update(kit_lot="X"),
            lambda: Preparation.objects.create(session=session, attempt=2, product_ml=5),
        ):
            with pytest.raises(IntegrityError, match="signed record"), transaction.atomic():
                change()

    def test_count_of_zero(self, course: Course) -> None:
        row = factory.session(course)
        Preparation.objects.create(session=row, product_ml=5, product_platelets=None)
        with self.refused("not_measured_is_not_zero"), transaction.atomic():
            Preparation.objects.create(session=row, attempt=2, product_ml=5, product_platelets=0)

    def test_second_open_course_under_one_protocol(self, ward: Ward, course: Course) -> None:
        fields = {
            "site_id": course.site_id,
            "patient_id": course.patient_id,
            "protocol_version_id": course.protocol_version_id,
            "physician_id": course.physician_id,
            "planned_sessions": 1,
            "created_at": clock.now(),
        }
        Course.objects.create(**fields, status="completed", ended_at=clock.now())
        with self.refused("one_open_course_per_protocol"), transaction.atomic():
            Course.objects.create(**fields, status="draft")


def test_session_recorded_out_of_order_is_refused(ward: Ward) -> None:
    """A walk in random order found this: session 3 was recorded, then session 2 as if it came later."""
    placed = factory.order(ward)
    factory.inject(ward, placed.course, 3)

    with pytest.raises(InvalidInput, match=r"Session 3 was injected on .*: this one comes before it"):
        factory.inject(ward, placed.course, 2)

    assert factory.session(placed.course, 2).injected_at is None


def test_session_recorded_late_carries_its_true_time(ward: Ward) -> None:
    placed = factory.order(ward)
    factory.inject(ward, placed.course, 3)

    late = factory.inject(ward, placed.course, 2, at=clock.now() - dt.timedelta(days=28))

    assert late.injected_at is not None


def day_scores(course: Course) -> dict[str, int]:
    rows = Response.objects.filter(course=course, instrument="nrs")
    return {row.time_point: int(row.score) for row in rows.order_by("time_point")}


def test_pain_that_the_nurse_asks_for_is_the_nrs_of_that_day_and_is_corrected_with_it(
    ward: Ward, course: Course
) -> None:
    row = factory.session(course)
    for pain in (7, 4):
        bedside.record_recipient(by=ward.nurse, session_id=row.pk, data=RecipientData(), pain_before=pain)
        assert day_scores(course) == {"day_1": pain}
    bedside.record_recipient(by=ward.nurse, session_id=row.pk, data=RecipientData())
    assert Response.objects.get().source == "staff"


def test_pain_that_the_patient_answered_is_not_overwritten_by_the_nurses(ward: Ward, course: Course) -> None:
    outcomes.record_response(
        by=ward.nurse, course_id=course.pk, instrument="nrs", time_point="day_1", answers={"value": 6}
    )
    session = factory.session(course)
    bedside.record_recipient(by=ward.nurse, session_id=session.pk, data=RecipientData(), pain_before=3)
    assert day_scores(course) == {"day_1": 6}


def test_pain_of_the_day_is_no_answer_where_the_protocol_asks_none(ward: Ward) -> None:
    kept = [point for point in ward.protocol.clinical.time_points if point.code != "day"]
    factory.rewrite_protocol(ward, rules={"time_points": tuple(kept)})
    course = factory.order(ward).course
    session = factory.session(course)
    bedside.record_recipient(by=ward.nurse, session_id=session.pk, data=RecipientData(), pain_before=3)
    assert day_scores(course) == {}
