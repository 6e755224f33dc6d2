"""Recording a step of a session says that the patient has come: the visit cannot be cancelled as one still to be."""

import datetime as dt
from decimal import Decimal

import pytest

from clinic import clock, integrity
from clinic.exceptions import IllegalMove
from clinic.models import AuditEvent, Message
from scheduling.models import Appointment
from scheduling.services import endings, progress
from tests.factories import treatments as factory
from tests.factories.treatments import Ward
from treatments.data import Findings
from treatments.models import Session
from treatments.services import blood, injecting, sessions

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


@pytest.fixture
def ward() -> Ward:
    return factory.ward()


@pytest.fixture
def visit(ward: Ward) -> Appointment:
    """The first session's visit, ten days ahead at 9 o'clock."""
    return factory.booked(ward)[1][0]


@pytest.fixture
def session(visit: Appointment) -> Session:
    return Session.objects.get(pk=visit.purpose)


def on_its_day(visit: Appointment, *, hours: float = 1) -> dt.datetime:
    """Let it be so long after the visit's start."""
    instant = visit.period.lower + dt.timedelta(hours=hours)
    clock.set_offset(instant - clock.now())
    return clock.now()


def inject(ward: Ward, session: Session, **fields: object) -> None:
    injecting.record_injections(
        by=ward.physician,
        session_id=session.pk,
        injections=[factory.injection()],
        **fields,  # type: ignore[arg-type]
    )


def events(visit: Appointment) -> list[object]:
    rows = AuditEvent.objects.filter(action="scheduling.appointment.arrived", subject_key=str(visit.pk))
    return list(rows.values_list("detail", flat=True))


def test_an_injection_marks_the_visit_arrived_and_says_by_what(
    ward: Ward, visit: Appointment, session: Session
) -> None:
    now = on_its_day(visit)
    inject(ward, session, injected_at=now - dt.timedelta(minutes=20))
    visit.refresh_from_db()
    assert (visit.status, visit.arrived_at, visit.call_number) == (
        "arrived",
        now - dt.timedelta(minutes=20),
        1,
    )
    assert events(visit) == [{"from": "record"}]
    assert not Message.objects.filter(about=f"appointment:{visit.pk}", state="pending").exists()
    assert list(integrity.find()) == []


def test_a_visit_with_an_injection_is_not_cancelled(ward: Ward, visit: Appointment, session: Session) -> None:
    on_its_day(visit)
    inject(ward, session)
    with pytest.raises(IllegalMove):
        endings.cancel(appointment_id=visit.pk, reason="booked_by_mistake", by=ward.desk)
    with pytest.raises(IllegalMove):
        endings.no_show(appointment_id=visit.pk, by=ward.desk)


@pytest.mark.parametrize("step", ["clear", "preparation", "findings", "stop"])
def test_every_step_of_the_record_marks_it(
    ward: Ward, visit: Appointment, session: Session, step: str
) -> None:
    on_its_day(visit)
    match step:
        case "clear":
            sessions.clear(by=ward.nurse, session_id=session.pk)
        case "preparation":
            data = factory.preparation(product_ml=Decimal(5))
            blood.record_preparation(by=ward.nurse, session_id=session.pk, data=data)
        case "findings":
            sessions.record_findings(by=ward.nurse, session_id=session.pk, findings=Findings(pain_before=5))
        case _:
            sessions.stop(by=ward.physician, session_id=session.pk, reason="Fainted")
    visit.refresh_from_db()
    assert (visit.status, events(visit)) == ("arrived", [{"from": "record"}])


def test_nothing_arrives_before_its_day(ward: Ward, visit: Appointment, session: Session) -> None:
    on_its_day(visit, hours=-10)
    inject(ward, session)
    visit.refresh_from_db()
    assert (visit.status, visit.arrived_at, events(visit)) == ("booked", None, [])


def test_what_is_recorded_a_day_late_arrived_at_its_planned_time(
    ward: Ward, visit: Appointment, session: Session
) -> None:
    on_its_day(visit, hours=24)
    sessions.record_findings(by=ward.nurse, session_id=session.pk, findings=Findings(pain_before=5))
    visit.refresh_from_db()
    assert (visit.status, visit.arrived_at, visit.call_number) == ("arrived", visit.period.lower, None)


def test_who_has_arrived_keeps_their_arrival_and_number(
    ward: Ward, visit: Appointment, session: Session
) -> None:
    on_its_day(visit)
    here = progress.arrive(appointment_id=visit.pk, by=ward.nurse)
    inject(ward, session)
    visit.refresh_from_db()
    assert (visit.arrived_at, visit.call_number, visit.version) == (here.arrived_at, 1, here.version)
    assert events(visit) == [{}]


def test_a_provisional_repeat_that_was_done_has_arrived(ward: Ward, visit: Appointment) -> None:
    """The review was passed over: the record says what happened, and the database keeps its promises."""
    repeat = Appointment.objects.filter(status="provisional").order_by("period")[0]
    factory.inject(ward, Session.objects.get(pk=visit.purpose).course, at=clock.now())
    on_its_day(repeat)
    inject(ward, Session.objects.get(pk=repeat.purpose))
    repeat.refresh_from_db()
    assert (repeat.status, list(integrity.find())) == ("arrived", [])
