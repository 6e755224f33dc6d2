"""Asking: at the right day, at most once a day, chased once, withdrawn when there is nothing to ask any more."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic import clock, messaging
from clinic.actors import Patient as Acting
from clinic.enums import Channel, MessageState, TaskState
from clinic.exceptions import Conflict, IllegalMove, InvalidInput, NotAllowed, NotFound
from clinic.models import Contact as ContactRow
from clinic.models import Link, Message, Patient, Task
from clinic.services import drafts
from scheduling.services import endings
from tests.factories import clinic
from tests.factories import treatments as factory
from tests.factories.scheduling import BY
from tests.factories.treatments import Ward
from treatments.enums import Source
from treatments.instruments import BUILTIN
from treatments.models import AnswerSheet, Course, Protocol, ProtocolRules, ProtocolVersion, Response
from treatments.policies import time_points
from treatments.selectors import courses as evidence
from treatments.selectors import time_points as reads
from treatments.services import answering, asking, instruments, outcomes, protocols, reviews, sheets

pytestmark = pytest.mark.django_db

_ONE = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    yield
    clock.set_offset(dt.timedelta(0))


@pytest.fixture
def ward() -> Ward:
    return factory.ward()


def booked(ward: Ward, *, first: int = 10, **patient: Any) -> Course:
    """A course whose first session is so many days ahead."""
    order, _visits = factory.booked(ward, first=first, placed=factory.order(ward, clinic.patient(**patient)))
    return order.course


def later(days: float) -> None:
    clock.set_offset(dt.timedelta(days=days))


def mails(course: Course) -> list[tuple[str, str]]:
    """Kind and state of the mails that ask, in order."""
    rows = Message.objects.filter(patient=course.patient_id, kind__in=sheets.MAILS).order_by("created_at")
    return [(row.kind.removeprefix("treatments.questionnaire"), row.state) for row in rows]


def asked(course: Course) -> dict[str, str]:
    return dict(AnswerSheet.objects.filter(course=course).values_list("time_point", "status"))


def whole(codes: list[str]) -> dict[str, dict[str, int]]:
    """An answer to every question of these questionnaires: the lowest."""
    return {code: {item.code: min(item.values) for item in BUILTIN[code].items} for code in codes}


def answer(course: Course, codes: list[str]) -> None:
    answering.save(
        by=by_patient(course),
        patient_id=course.patient_id,
        site_id=course.site_id,
        values=whole(codes),
        source=Source.LINK,
    )


def by_patient(course: Course) -> Acting:
    return Acting(course.patient_id, course.pk)


def test_nothing_is_asked_before_its_day(ward: Ward) -> None:
    course = booked(ward, first=10)
    assert asking.ask_due(by=BY) == 0
    assert (asked(course), mails(course)) == ({}, [])


def test_baseline_is_asked_by_one_mail_with_one_link(ward: Ward) -> None:
    course = booked(ward, first=5)
    assert asking.ask_due(by=BY) == 1
    assert asked(course) == {"baseline": "open"}
    assert mails(course) == [("", "pending")]
    link = Link.objects.get(purpose="answers")
    sheet = AnswerSheet.objects.get()
    assert (link.patient_id, link.purpose) == (course.patient_id, asking.DOOR)
    assert link.expires_at.astimezone(course.site.zone).date() == sheet.until + _ONE
    message = Message.objects.get(kind=sheets.QUESTIONNAIRE)
    assert message.about == link.about == sheets.about_day(course.patient_id, reads.today_of(course))


def test_asking_twice_asks_once(ward: Ward) -> None:
    course = booked(ward, first=5)
    assert [asking.ask_due(by=BY), asking.ask_due(by=BY)] == [1, 0]
    assert mails(course) == [("", "pending")]


def _another_protocol(ward: Ward) -> ProtocolVersion:
    """A second protocol of the site, with the same rules."""
    kept = ward.protocol
    fields = {name: getattr(kept, name) for name in ("session_visit", "planned_sessions", "interval_days")}
    protocol = Protocol.objects.create(site=ward.house.site, name="Another one")
    version = ProtocolVersion.objects.create(protocol=protocol, number=1, **fields)
    ProtocolRules.objects.create(version=version, document=kept.rules.document)
    return protocols.sign(by=ward.physician, version_id=version.pk)


def test_two_courses_of_one_patient_share_the_mail(ward: Ward) -> None:
    course = booked(ward, first=5)
    other = _another_protocol(ward)
    order = factory.order(ward, course.patient, protocol_version_id=other.pk)
    factory.booked(ward, first=6, placed=order)
    assert asking.ask_due(by=BY) == 1
    assert AnswerSheet.objects.filter(course__patient=course.patient).count() == 2
    assert mails(course) == [("", "pending")]
    answer(course, ["nrs"])
    assert Response.objects.filter(instrument="nrs").count() == 2


def test_overdue_is_chased_once_and_then_missed(ward: Ward) -> None:
    course = booked(ward, first=5)
    asking.ask_due(by=BY)
    sheet = AnswerSheet.objects.get()
    today = reads.today_of(course)
    seen = []
    for day in range(1, (sheet.until - today).days + 3):
        later(day)
        asking.ask_due(by=BY)
        seen.append(([kind for kind, _state in mails(course)], asked(course)["baseline"]))
    nudge_after = (sheet.nudge_on - today).days
    assert [kinds for kinds, _state in seen] == [
        ["", "_nudge"] if number + 1 >= nudge_after else [""] for number in range(len(seen))
    ]
    assert [state for _kinds, state in seen] == ["open"] * (len(seen) - 2) + ["missed"] * 2
    assert {state for _kind, state in mails(course)} == {MessageState.CANCELLED}


def test_answered_withdraws_the_mail_that_asks(ward: Ward) -> None:
    course = booked(ward, first=5)
    asking.ask_due(by=BY)
    answer(course, ["nrs", "peg", "rmdq", "sane"])
    assert asked(course) == {"baseline": "open"}  # complete, and still to be sent off by the patient
    answering.finish(
        by=by_patient(course), patient_id=course.patient_id, site_id=course.site_id, source=Source.LINK
    )
    assert asked(course) == {"baseline": "answered"}
    assert mails(course) == [("", "cancelled")]
    assert Message.objects.get(kind=sheets.QUESTIONNAIRE).reason == "answered"


def test_typed_in_by_staff_answers_the_sheet(ward: Ward) -> None:
    course = booked(ward, first=5)
    asking.ask_due(by=BY)
    for code, answers in whole(["nrs", "peg", "rmdq", "sane"]).items():
        outcomes.record_response(
            by=ward.nurse, course_id=course.pk, instrument=code, time_point="baseline", answers=answers
        )
    assert asked(course) == {"baseline": "answered"}
    assert mails(course) == [("", "cancelled")]


def test_end_of_the_course_withdraws_what_was_asked(ward: Ward) -> None:
    course = booked(ward, first=5)
    asking.ask_due(by=BY)
    reviews.discontinue(by=ward.physician, course_id=course.pk, reason="Moved away")
    assert asked(course) == {"baseline": "withdrawn"}
    assert mails(course) == [("", "cancelled")]
    assert asking.ask_due(by=BY) == 0


def test_before_a_repeat_is_asked_just_before_the_review_lead(ward: Ward) -> None:
    course = booked(ward, first=1)
    later(2)
    factory.inject(ward, course)
    second = course.sessions.get(number=2).bookings.get(is_open=True).appointment.period.lower
    lead = ward.protocol.review_lead_days
    for day in range(3, 29):
        later(day)
        asking.ask_due(by=BY)
        if "before_2" in asked(course):
            break
    ahead = (second.astimezone(course.site.zone).date() - reads.today_of(course)).days
    assert ahead == lead + 2


def test_visit_called_off_withdraws_and_booked_anew_asks_again(ward: Ward) -> None:
    course = booked(ward, first=5)
    asking.ask_due(by=BY)
    visit = course.sessions.get(number=1).bookings.get(is_open=True).appointment
    endings.cancel(appointment_id=visit.pk, reason="booked_by_mistake", by=BY)
    asking.ask_due(by=BY)
    assert asked(course) == {"baseline": "withdrawn"}
    assert mails(course) == [("", "cancelled")]


@pytest.mark.parametrize(
    "fields",
    [{"email": ""}, {"reminders_consent": False}, {"preferred_channel": Channel.PHONE}],
)
def test_patient_whom_no_mail_reaches_becomes_a_task(fields: dict[str, Any], ward: Ward) -> None:
    course = booked(ward, first=5, **fields)
    assert asking.ask_due(by=BY) == 1
    assert (asked(course), mails(course)) == ({"baseline": "open"}, [])
    task = Task.objects.get(kind=sheets.BY_HAND)
    assert (task.role, task.patient_id, task.state) == ("nurse", course.patient_id, TaskState.OPEN)
    for code, answers in whole(["nrs", "peg", "rmdq", "sane"]).items():
        outcomes.record_response(
            by=ward.nurse, course_id=course.pk, instrument=code, time_point="baseline", answers=answers
        )
    task.refresh_from_db()
    assert task.state == TaskState.DROPPED


def test_contact_who_may_hear_details_gets_a_link_and_others_none(ward: Ward) -> None:
    course = booked(ward, first=5, email="")
    hears, does_not = (
        ContactRow.objects.create(
            patient=course.patient,
            name=name,
            email=f"{name}@mail.example",
            gets_mails=True,
            may_hear_details=may,
        )
        for name, may in (("grete", True), ("hans", False))
    )
    asking.ask_due(by=BY)
    assert list(Link.objects.filter(purpose="answers").values_list("contact", flat=True)) == [hears.pk]
    rows = list(
        Message.objects.filter(kind=sheets.QUESTIONNAIRE).select_related("patient", "site", "contact")
    )
    values = messaging.get(sheets.QUESTIONNAIRE).placeholders(rows)
    with_button = {row.contact_id: "button_url" in values[row.pk] for row in rows}
    assert with_button == {hears.pk: True, does_not.pk: False}


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("kind", sheets.MAILS)
def test_mail_says_nothing_it_should_not(kind: str, language: str, ward: Ward) -> None:
    course = booked(ward, first=5, language=language)
    asking.ask_due(by=BY)
    Message.objects.filter(kind=sheets.QUESTIONNAIRE).update(kind=kind)
    row = Message.objects.select_related("patient", "site", "contact").get(kind=kind)
    draft = drafts.make([row])[row.pk]
    mail = drafts.rendered(row, draft)
    text = f"{mail.subject} {mail.text}".lower()
    for word in (
        "prp",
        "spine",
        "back",
        "pain",
        "injection",
        "session",
        "dolor",
        "espalda",
        "inyección",
        "sesión",
    ):
        assert word not in text
    assert course.patient.family_name.lower() not in text
    assert course.patient.given_name.lower() not in mail.subject.lower()
    assert "/l/" in mail.html
    assert draft.snapshot()["placeholders"]["button_url"] == messaging.MASK


def test_mail_is_asked_again_just_before_it_is_sent(ward: Ward) -> None:
    booked(ward, first=5)
    asking.ask_due(by=BY)
    row = Message.objects.select_related("patient", "site", "contact").get(kind=sheets.QUESTIONNAIRE)
    assert drafts.refusals([row]) == {}
    AnswerSheet.objects.update(status="withdrawn")
    assert drafts.refusals([row]) == {row.pk: "nothing_to_ask"}


def test_dead_and_erased_patients_are_asked_nothing(ward: Ward) -> None:
    for fields in ({"deceased_on": dt.date(2026, 1, 1)}, {"erased_at": clock.now()}):
        course = booked(ward, first=5)
        Patient.objects.filter(pk=course.patient_id).update(**fields)
    assert asking.ask_due(by=BY) == 0


def test_expired_instrument_is_not_asked(ward: Ward) -> None:
    site = ward.house.site
    row = instruments.load(
        by=BY,
        site_id=site.pk,
        document=factory.toy_instrument(),
        licence="Contract 7",
        licence_until=clock.today(site.zone) + 3 * _ONE,
    )
    baseline, *others = ward.protocol.clinical.time_points
    changed = (msgspec.structs.replace(baseline, instruments=("nrs", "toy")), *others)
    factory.rewrite_protocol(ward, rules={"time_points": changed})
    first, second = booked(ward, first=5), booked(ward, first=9)
    asking.ask_due(by=BY)
    later(4)
    asking.ask_due(by=BY)
    kept = {sheet.course_id: sheet.instruments for sheet in AnswerSheet.objects.filter(time_point="baseline")}
    assert kept == {first.pk: ["nrs", "toy"], second.pk: ["nrs"]}
    assert row.is_active


def test_ask_now_sends_the_link_again_once_the_first_is_out(ward: Ward) -> None:
    course = booked(ward, first=5)
    asking.ask_now(by=ward.nurse, course_id=course.pk)
    assert mails(course) == [("", "pending")]
    with pytest.raises(Conflict, match="on its way"):
        asking.ask_now(by=ward.nurse, course_id=course.pk)
    Message.objects.filter(kind=sheets.QUESTIONNAIRE).update(state="sent")
    asking.ask_now(by=ward.nurse, course_id=course.pk)
    assert mails(course) == [("", "sent"), ("", "pending")]
    assert Link.objects.filter(purpose="answers").count() == 1


def test_ask_now_refuses_what_cannot_be(ward: Ward) -> None:
    far, without = booked(ward, first=40), booked(ward, first=5, email="")
    with pytest.raises(IllegalMove, match="nothing to ask"):
        asking.ask_now(by=ward.nurse, course_id=far.pk)
    with pytest.raises(Conflict, match="tablet"):
        asking.ask_now(by=ward.nurse, course_id=without.pk)
    with pytest.raises(NotAllowed):
        asking.ask_now(by=ward.desk, course_id=without.pk)


def test_tablet_asks_early_what_its_window_allows(ward: Ward) -> None:
    course = booked(ward, first=12)
    link = asking.for_tablet(by=ward.nurse, course_id=course.pk)
    assert asked(course) == {"baseline": "open"}
    assert link.expires_at - clock.now() < dt.timedelta(hours=4)
    assert mails(course) == []


def test_a_partly_answered_sheet_counts_what_it_can_when_its_window_ends(ward: Ward) -> None:
    course = booked(ward, first=5)
    asking.ask_due(by=BY)
    by, key = by_patient(course), {"patient_id": course.patient_id, "site_id": course.site_id}
    answering.save(by=by, **key, values={"peg": {"pain": 4}, "rmdq": {"1": 1, "2": 0}}, source=Source.LINK)
    assert not Response.objects.exists()
    later(30)
    asking.ask_due(by=BY)
    assert asked(course)["baseline"] == "missed"
    assert [(row.instrument, row.score) for row in Response.objects.all()] == [("rmdq", 1)]


def test_answers_that_there_are_not_are_refused_whole(ward: Ward) -> None:
    course = booked(ward, first=5)
    asking.ask_due(by=BY)
    by, key = by_patient(course), {"patient_id": course.patient_id, "site_id": course.site_id}
    for values in ({"nrs": {"value": 11}}, {"nrs": {"other": 1}}, {"oddity": {"value": 1}}):
        with pytest.raises(InvalidInput):
            answering.save(by=by, **key, values={"peg": {"pain": 3}, **values}, source=Source.LINK)
    assert AnswerSheet.objects.get().answers == {}


def test_somebody_else_cannot_answer(ward: Ward) -> None:
    course, other = booked(ward, first=5), booked(ward, first=6)
    asking.ask_due(by=BY)
    for by in (by_patient(other), ward.desk):
        with pytest.raises((NotFound, NotAllowed)):
            answering.save(
                by=by,
                patient_id=course.patient_id,
                site_id=course.site_id,
                values={"nrs": {"value": 1}},
                source=Source.LINK,
            )


def test_gate_reads_the_answers_of_its_own_time_point(ward: Ward) -> None:
    """Typed in out of order, the baseline stays the baseline; an earlier gate's answers are no evidence for this one."""
    course = booked(ward, first=1)
    later(2)
    factory.inject(ward, course)
    for point, pain in (("before_2", 5), ("baseline", 8)):
        outcomes.record_response(
            by=ward.nurse, course_id=course.pk, instrument="nrs", time_point=point, answers={"value": pain}
        )
    found = evidence.evidence([course])[course.pk]
    assert (found.nrs_before, found.nrs_now) == (8, 5)
    later(30)
    reviews.open_due(by=BY)
    reviews.decide(by=ward.physician, course_id=course.pk, before_session=2, decision="continue")
    factory.inject(ward, course, 2)
    found = evidence.evidence([course])[course.pk]
    assert (found.nrs_before, found.nrs_now) == (8, None)


def test_queries_of_the_daily_pass_do_not_grow(ward: Ward) -> None:
    counts = []
    for number in (1, 5):
        for day in range(number):
            booked(ward, first=60 + number + day)
        with CaptureQueriesContext(connection) as queries:
            asking.ask_due(by=BY)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_slots_of_a_course_come_from_its_sessions(ward: Ward) -> None:
    course = booked(ward, first=10)
    found = reads.of_courses([course.pk])[course.pk]
    assert [slot.code for slot in found.slots][:3] == ["baseline", "day_1", "before_2"]
    assert isinstance(found.slots[0], time_points.Slot)
