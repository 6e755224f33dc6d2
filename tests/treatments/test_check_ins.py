"""Check-ins as they come: kept once, refused where nothing is asked, a red flag a task with its clock."""

import datetime as dt
from typing import Any
from uuid import UUID, uuid4

import pytest

from clinic import clock
from clinic.actors import Contact, Patient
from clinic.enums import Role, TaskState
from clinic.exceptions import DomainError, IllegalMove, InvalidInput, NotAllowed, NotFound
from clinic.models import Message, Task
from clinic.services import contacts, deaths, tasks
from clinic.services.contacts import ContactData
from scheduling.services import closures
from tests.factories import clinic
from tests.factories import treatments as factory
from tests.factories.scheduling import BY
from tests.factories.treatments import Ward
from treatments.data import CheckInData
from treatments.models import CheckIn, Course, Session
from treatments.services import check_ins, recovery_week, red_flags

pytestmark = pytest.mark.django_db

LINK = uuid4()
DAY_0 = dt.date(2027, 3, 1)
"""A Monday; the clocks change within the six weeks after it."""


@pytest.fixture
def ward() -> Ward:
    return factory.ward()


@pytest.fixture
def session(ward: Ward) -> Session:
    return treated(ward)


def moment(ward: Ward, number: int, hour: int = 9, minute: int = 0) -> dt.datetime:
    """So many days after the injection, at this time of the site."""
    return ward.house.at(DAY_0 + dt.timedelta(days=number), hour, minute)


def at(ward: Ward, number: int, hour: int = 9, minute: int = 0) -> None:
    """Let it be that moment."""
    clock.set_offset(dt.timedelta(0))
    clock.set_offset(moment(ward, number, hour, minute) - clock.now())


def treated(ward: Ward, *, hour: int = 10, **patient: Any) -> Session:
    """A session injected on day 0."""
    at(ward, 0, hour)
    course = factory.order(ward, clinic.patient(**patient)).course
    return factory.inject(ward, course, at=moment(ward, 0, hour))


def kept(session: Session, *flags: str, by: Any = None, key: UUID | None = None, **more: Any) -> CheckIn:
    return check_ins.record(
        by=by or Patient(session.course.patient_id, LINK),
        session_id=session.pk,
        client_key=key or uuid4(),
        data=more.pop("data", CheckInData(pain=4, red_flags=flags)),
        source=more.pop("source", "link"),
        **more,
    )


def the_task(kind: str) -> Task:
    return Task.objects.get(kind=kind)


@pytest.fixture(autouse=True)
def _own_time() -> Any:
    yield
    clock.set_offset(dt.timedelta(0))


def test_check_in_is_kept_with_its_day_and_author(ward: Ward, session: Session) -> None:
    at(ward, 3, 18)
    row = kept(session, data=CheckInData(3, "better", "partly", "paracetamol", (), "  Slept\n well "))
    assert (row.day, row.pain, row.trend, row.able, row.medicine, row.note) == (
        3, 3, "better", "partly", "paracetamol", "Slept well",
    )  # fmt: skip
    assert (row.source, row.recorded_by, row.contact, row.emergency) == ("link", None, None, False)
    assert Task.objects.count() == 0


def test_same_key_is_the_same_check_in(ward: Ward, session: Session) -> None:
    key = uuid4()
    first = kept(session, "fever", key=key)
    again = kept(session, key=key, data=CheckInData(pain=9))
    assert (again.pk, again.pain, CheckIn.objects.count(), Task.objects.count()) == (first.pk, 4, 1, 1)


def test_what_waited_for_the_network_counts_from_when_it_was_said(ward: Ward, session: Session) -> None:
    at(ward, 2, 9)
    row = kept(session, waited=dt.timedelta(hours=20))
    assert row.day == 1
    assert row.received_at - row.answered_at == dt.timedelta(hours=20)
    assert kept(session, waited=dt.timedelta(days=9)).day == 2
    assert kept(session, waited=dt.timedelta(days=-1)).day == 2


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (CheckInData(), "pain"),
        (CheckInData(note="   \n "), "pain"),
        (CheckInData(pain=11), "pain"),
        (CheckInData(pain=-1), "pain"),
        (CheckInData(pain=1, trend="odd"), "trend"),
        (CheckInData(pain=1, able="odd"), "able"),
        (CheckInData(pain=1, medicine="odd"), "medicine"),
        (CheckInData(red_flags=("odd",)), "red_flags"),
        (CheckInData(note="x" * 301), "note"),
        (CheckInData(note="a\x00b"), "note"),
    ],
)
def test_answer_that_there_is_not_is_refused(data: CheckInData, field: str, session: Session) -> None:
    with pytest.raises(InvalidInput) as refused:
        kept(session, data=data)
    assert (refused.value.field, CheckIn.objects.count()) == (field, 0)


def test_nothing_is_asked_before_the_session_or_after_six_weeks(ward: Ward) -> None:
    session = treated(ward)
    at(ward, 42, 9)
    assert kept(session).day == 42
    at(ward, 43, 9)
    with pytest.raises(IllegalMove):
        kept(session)
    planned = factory.session(factory.order(ward).course)
    with pytest.raises(IllegalMove):
        kept(planned)


def test_only_the_patient_those_beside_them_and_clinical_staff_may(ward: Ward, session: Session) -> None:
    patient = session.course.patient
    daughter = contacts.add(
        by=ward.desk, patient_id=patient.pk, data=ContactData(name="Grete", relationship="Daughter")
    )
    assert kept(session, by=Contact(daughter.pk, LINK)).contact_id == daughter.pk
    assert kept(session, by=ward.nurse, source="phone").recorded_by_id == ward.nurse.user_id
    contacts.end(by=ward.desk, contact_id=daughter.pk)
    for stranger in (Contact(daughter.pk, LINK), Patient(clinic.patient().pk, LINK), BY):
        with pytest.raises(NotFound):
            kept(session, by=stranger)
    with pytest.raises(NotAllowed):
        kept(session, by=ward.desk)


@pytest.mark.parametrize(
    ("hour", "flags", "kind", "by"),
    [
        (10, ("fever",), red_flags.SAME_DAY, (1, 12, 0)),
        (10, ("leg_weakness",), red_flags.EMERGENCY, (1, 10, 15)),
        (10, ("fever", "saddle_numbness"), red_flags.EMERGENCY, (1, 10, 15)),
    ],
)
def test_red_flag_opens_a_task_with_its_clock(
    hour: int, flags: tuple[str, ...], kind: str, by: tuple[int, int, int], ward: Ward, session: Session
) -> None:
    at(ward, 1, hour)
    kept(session, *flags)
    task = the_task(kind)
    assert abs(task.due_at - moment(ward, *by)) < dt.timedelta(minutes=1)
    assert (task.role, task.patient_id, task.owner_id) == (Role.NURSE, session.course.patient_id, None)


def test_while_nobody_is_there_the_clock_begins_when_the_house_opens(ward: Ward, session: Session) -> None:
    closures.close(
        by=BY, site_id=session.site_id, start=moment(ward, 1, 0), end=moment(ward, 2, 0), name="Holiday"
    )
    at(ward, 1, 11)
    kept(session, "fever")
    task = the_task(red_flags.SAME_DAY)
    opens = recovery_week.duty_reads.house_only(session.site, now=clock.now()).starts(clock.now())
    assert opens > moment(ward, 2, 0)
    assert task.due_at == opens + dt.timedelta(minutes=120)


def test_further_flags_join_the_open_task_and_after_it_is_closed_open_a_new_one(
    ward: Ward, session: Session
) -> None:
    kept(session, "fever")
    kept(session, "headache")
    task = the_task(red_flags.SAME_DAY)
    tasks.finish(by=ward.nurse, task_id=task.pk, outcome="Reached, seen at three.")
    kept(session, "fever")
    assert Task.objects.filter(kind=red_flags.SAME_DAY, state=TaskState.OPEN).count() == 1


def test_who_heard_it_on_the_phone_has_the_task(ward: Ward, session: Session) -> None:
    kept(session, "fever", by=ward.nurse, source="phone")
    assert the_task(red_flags.SAME_DAY).owner_id == ward.nurse.user_id


def test_red_flag_goes_up_when_its_clock_runs_out_and_stays_with_the_manager(
    ward: Ward, session: Session
) -> None:
    clinic.staff(Role.MANAGER, at=session.site)
    at(ward, 1, 10)
    kept(session, "leg_weakness")
    roles = [the_task(red_flags.EMERGENCY).role]
    assert red_flags.escalate_due(by=BY) == 0
    for minute in (16, 32, 48, 59):
        at(ward, 1, 10, minute)
        red_flags.escalate_due(by=BY)
        assert red_flags.escalate_due(by=BY) == 0
        roles.append(the_task(red_flags.EMERGENCY).role)
    assert roles == [Role.NURSE, Role.PHYSICIAN, Role.MANAGER, Role.MANAGER, Role.MANAGER]
    assert the_task(red_flags.EMERGENCY).state == TaskState.OPEN


def test_whoever_took_it_and_did_nothing_loses_it_to_the_next_role(ward: Ward, session: Session) -> None:
    at(ward, 1, 10)
    kept(session, "fever")
    tasks.claim(by=ward.nurse, task_id=the_task(red_flags.SAME_DAY).pk)
    at(ward, 1, 12, 5)
    assert red_flags.escalate_due(by=BY) == 1
    task = the_task(red_flags.SAME_DAY)
    assert (task.role, task.owner_id) == (Role.PHYSICIAN, None)


def test_red_flag_is_neither_dropped_nor_closed_without_words_nor_by_the_desk(
    ward: Ward, session: Session
) -> None:
    kept(session, "fever")
    key = the_task(red_flags.SAME_DAY).pk
    for refused in (
        lambda: tasks.drop(by=ward.nurse, task_id=key),
        lambda: tasks.finish(by=ward.nurse, task_id=key, outcome="  "),
        lambda: tasks.finish(by=ward.desk, task_id=key, outcome="Called."),
    ):
        with pytest.raises(DomainError):
            refused()
    assert tasks.finish(by=ward.nurse, task_id=key, outcome="Called; no fever now.").state == TaskState.DONE


def test_patient_without_mail_is_called_on_each_day_once(ward: Ward) -> None:
    session = treated(ward, email="")
    assert recovery_week.follow_due(by=BY) == 0
    for number, opened in ((1, 1), (2, 0), (3, 1), (7, 1), (8, 0)):
        at(ward, number, 8, 30)
        assert recovery_week.follow_due(by=BY) == 0
        at(ward, number, 9, 30)
        assert [recovery_week.follow_due(by=BY) for _ in range(2)] == [opened, 0]
    assert Task.objects.filter(kind=check_ins.CALL, role=Role.NURSE).count() == 3
    kept(session, by=ward.nurse, source="phone")
    assert Task.objects.filter(kind=check_ins.CALL, state=TaskState.OPEN).count() == 0


def test_silence_after_the_last_mail_is_one_gentle_task(ward: Ward) -> None:
    session, answers = treated(ward), treated(ward)
    at(ward, 7, 18)
    kept(answers)
    assert recovery_week.follow_due(by=BY) == 0
    for number in (8, 9, 10):
        at(ward, number, 10)
        recovery_week.follow_due(by=BY)
    assert [task.patient_id for task in Task.objects.filter(kind=check_ins.SILENT)] == [
        session.course.patient_id
    ]
    tasks.finish(by=ward.nurse, task_id=the_task(check_ins.SILENT).pk, outcome="All well.")
    at(ward, 11, 10)
    assert recovery_week.follow_due(by=BY) == 0


def test_nothing_is_asked_of_the_dead_and_a_discontinued_course_is_still_followed(ward: Ward) -> None:
    sessions = [treated(ward, email="") for _ in range(2)]
    at(ward, 1, 10)
    assert recovery_week.follow_due(by=BY) == 2
    patient = sessions[0].course.patient
    patient.refresh_from_db()
    deaths.mark_deceased(
        by=ward.desk,
        patient_id=patient.pk,
        version=patient.version,
        on=clock.today(ward.house.site.zone),
        site_id=ward.house.site.pk,
    )
    Course.objects.filter(pk=sessions[1].course_id).update(status="discontinued", ended_at=clock.now())
    assert recovery_week.follow_due(by=BY) == 0
    left = Task.objects.filter(kind=check_ins.CALL, state=TaskState.OPEN)
    assert [task.patient_id for task in left] == [sessions[1].course.patient_id]
    at(ward, 3, 10)
    assert recovery_week.follow_due(by=BY) == 1


def test_any_days_of_the_protocol_are_mailed_and_asked(ward: Ward) -> None:
    factory.rewrite_protocol(ward, recovery_days=[2, 5, 14])
    session = treated(ward)
    mails = Message.objects.filter(patient=session.course.patient_id, kind__startswith="treatments.recovery")
    assert [(mail.about.split(":")[-1], mail.kind[-1]) for mail in mails.order_by("next_at")] == [
        ("2", "1"), ("5", "3"), ("14", "7"),
    ]  # fmt: skip


@pytest.mark.parametrize("count", [1, 5])
def test_watching_the_weeks_reads_in_two_queries(
    count: int, ward: Ward, django_assert_num_queries: Any
) -> None:
    for _ in range(count):
        kept(treated(ward))
    at(ward, 8, 10)
    now = clock.now()
    with django_assert_num_queries(2):
        assert len(list(recovery_week.reads.wanted(now=now))) == count
