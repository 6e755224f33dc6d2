"""A session's readiness end to end: answers, rulings, medicines, consent, the board's guard, the lists that follow."""

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic import clock
from clinic.enums import Role
from clinic.exceptions import Conflict, IllegalMove, InvalidInput, NotAllowed, NotFound, StaleVersion
from clinic.models import Contact, Task, User
from clinic.permissions import can
from clinic.services import erasure
from scheduling import duties, rules
from scheduling.duties import Light
from scheduling.exceptions import StageRefused
from scheduling.models import Appointment
from scheduling.rules import StartRequest
from scheduling.services import moves, progress
from tests.factories import clinic
from tests.factories import treatments as factory
from tests.factories.scheduling import BY
from tests.factories.treatments import Ward
from treatments.clinical_rules import Moment
from treatments.data import AnswerData, DecisionData, MedicineData, SignatureData
from treatments.enums import Decision, SessionStatus
from treatments.models import Consent, ConsentPage, ConsentText, Course, Medicine, ScreeningAnswer, Session
from treatments.policies import readiness as policy
from treatments.policies.gate import Fired
from treatments.selectors import reviews as gates
from treatments.selectors import screening as reads
from treatments.services import consents, medicines, planning, screening, sessions

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7\n1 0 obj << >> endobj\n%%EOF\n"
DRAWN = SignatureData("drawn", strokes=[[[10, 10], [600, 200]]])


@pytest.fixture
def ward() -> Ward:
    return factory.ward(screened=True)


@pytest.fixture
def today(ward: Ward) -> Appointment:
    """A first session whose patient has arrived and is checked in."""
    _order, visits = factory.booked(ward, first=1)
    clock.set_offset(ward.at(1, 9) - clock.now())
    progress.arrive(appointment_id=visits[0].pk, by=ward.desk)
    progress.advance(appointment_id=visits[0].pk, by=ward.nurse)
    return visits[0]


def session_of(visit: Appointment) -> Session:
    return Session.objects.get(pk=visit.purpose)


def answer_all(ward: Ward, session: Session, **but: str) -> None:
    """Everything as it should be, except for what is named: a number, or yes."""
    for moment in Moment:
        one = reads.session_checked(session.pk)
        assert one is not None
        said = []
        for line in one.readiness.of(moment.value):
            value = but.get(line.code, "13" if line.code == "haemoglobin_low" else "200")
            value = but.get(line.code, {"temperature": "36.6", "inr": "1.1"}.get(line.code, value))
            said.append(
                AnswerData(line.code, "number", Decimal(value))
                if line.unit
                else AnswerData(line.code, but.get(line.code, "no"))
            )
        screening.answer(by=ward.nurse, session_id=session.pk, moment=moment, answers=said)


def sign(ward: Ward, course_id: Any, signature: SignatureData = DRAWN) -> Consent:
    text = ConsentText.objects.filter(site=ward.house.site, language="en").order_by("-number")[0]
    return consents.give(by=ward.nurse, course_id=course_id, text_id=text.pk, signature=signature)


def make_ready(ward: Ward, session: Session, **but: str) -> None:
    medicines.confirm_list(by=ward.nurse, course_id=session.course_id)
    sign(ward, session.course_id)
    answer_all(ward, session, **but)


def readiness(session: Session) -> policy.Readiness:
    one = reads.session_checked(session.pk)
    assert one is not None
    return one.readiness


def draw(ward: Ward, visit: Appointment) -> None:
    progress.advance(appointment_id=visit.pk, by=ward.nurse)


def test_patient_who_is_ready_is_cleared_and_drawn(ward: Ward, today: Appointment) -> None:
    make_ready(ward, session_of(today))
    sessions.clear(by=ward.nurse, session_id=session_of(today).pk)
    draw(ward, today)
    assert session_of(today).status == SessionStatus.CLEARED
    assert today.stages.get(code="draw").started_at is not None


def test_patient_of_whom_nothing_is_known_is_neither_cleared_nor_drawn(
    ward: Ward, today: Appointment
) -> None:
    with pytest.raises(Conflict):
        sessions.clear(by=ward.nurse, session_id=session_of(today).pk)
    with pytest.raises(StageRefused) as refused:
        draw(ward, today)
    assert refused.value.url == f"/treatments/sessions/{today.purpose}/ready/"
    assert "No consent is on record" in refused.value.message
    assert today.stages.get(code="draw").started_at is None


def test_desk_is_told_who_can_help_and_nothing_clinical(ward: Ward, today: Appointment) -> None:
    with pytest.raises(StageRefused) as refused:
        progress.start_stage(appointment_id=today.pk, stage="draw", by=ward.desk)
    assert refused.value.url == ""
    assert (
        refused.value.message
        == "The screening is not finished. The nurse or the physician sees what is missing."
    )


@pytest.mark.parametrize("way", ["start", "end", "advance"])
def test_no_way_into_the_draw_passes_a_block(way: str, ward: Ward, today: Appointment) -> None:
    session = session_of(today)
    make_ready(ward, session, site_not_marked="yes")
    acts = {
        "start": lambda: progress.start_stage(appointment_id=today.pk, stage="draw", by=ward.physician),
        "end": lambda: progress.end_stage(appointment_id=today.pk, stage="draw", by=ward.physician),
        "advance": lambda: progress.advance(appointment_id=today.pk, by=ward.physician),
    }
    with pytest.raises(StageRefused):
        acts[way]()


def test_a_physician_overrides_a_block_with_a_reason_and_nobody_else_does(
    ward: Ward, today: Appointment
) -> None:
    session = session_of(today)
    make_ready(ward, session, new_deficit="yes")
    line = readiness(session).line("new_deficit")
    assert line is not None
    said = {"session_id": session.pk, "code": line.code, "basis": line.basis}
    with pytest.raises(NotAllowed):
        screening.rule(by=ward.nurse, reason="Old", **said)
    with pytest.raises(InvalidInput):
        screening.rule(by=ward.physician, reason="  ", **said)
    with pytest.raises(StaleVersion):
        screening.rule(by=ward.physician, reason="Old", **said | {"basis": "answer:other"})
    screening.rule(by=ward.physician, reason="Known since spring", **said)
    draw(ward, today)
    with pytest.raises(IllegalMove):
        screening.rule(by=ward.physician, reason="Again", **said)


def test_a_review_needs_a_word_before_clearance_and_not_before_the_draw(
    ward: Ward, today: Appointment
) -> None:
    session = session_of(today)
    make_ready(ward, session, cancer="yes")
    with pytest.raises(Conflict):
        sessions.clear(by=ward.physician, session_id=session.pk)
    draw(ward, today)
    line = readiness(session).line("cancer")
    assert line is not None
    screening.rule(
        by=ward.physician, session_id=session.pk, code=line.code, basis=line.basis, reason="Skin, removed"
    )
    sessions.clear(by=ward.physician, session_id=session.pk)


def test_nobody_overrides_a_missing_consent(ward: Ward, today: Appointment) -> None:
    line = readiness(session_of(today)).line("consent")
    assert line is not None
    with pytest.raises(IllegalMove):
        screening.rule(
            by=ward.physician, session_id=today.purpose, code="consent", basis=line.basis, reason="Said yes"
        )


def test_a_correction_is_a_new_row_and_takes_the_clearance_back(ward: Ward, today: Appointment) -> None:
    session = session_of(today)
    make_ready(ward, session)
    sessions.clear(by=ward.nurse, session_id=session.pk)
    before = ScreeningAnswer.objects.count()
    fever = [AnswerData("temperature", "number", Decimal("38.4"))]
    for count in (1, 0):
        made = screening.answer(by=ward.nurse, session_id=session.pk, moment=Moment.DAY, answers=fever)
        assert made == count
    assert ScreeningAnswer.objects.count() == before + 1
    assert session_of(today).status == SessionStatus.PLANNED


def test_two_at_one_list_are_told_of_each_other(ward: Ward, today: Appointment) -> None:
    session = session_of(today)
    seen = screening.answers_so_far(session)
    said = [AnswerData("not_eaten", "yes")]
    screening.answer(by=ward.nurse, session_id=session.pk, moment=Moment.DAY, answers=said, seen=seen)
    with pytest.raises(StaleVersion) as stale:
        screening.answer(by=ward.physician, session_id=session.pk, moment=Moment.DAY, answers=said, seen=seen)
    assert stale.value.current_version == seen + 1


@pytest.mark.parametrize(
    "said",
    [
        AnswerData("not_in_the_protocol", "yes"),
        AnswerData("temperature", "yes"),
        AnswerData("temperature", "number"),
        AnswerData("temperature", "number", Decimal(-1)),
        AnswerData("not_eaten", "number", Decimal(3)),
        AnswerData("not_eaten", "perhaps"),
        AnswerData("inr", "number", Decimal(1), dt.date(2200, 1, 1)),
    ],
)
def test_an_answer_that_cannot_be_is_refused(said: AnswerData, ward: Ward, today: Appointment) -> None:
    medicines.add(by=ward.nurse, course_id=session_of(today).course_id, data=WARFARIN)
    with pytest.raises(InvalidInput):
        screening.answer(by=ward.nurse, session_id=today.purpose, moment=Moment.DAY, answers=[said])
    assert not ScreeningAnswer.objects.exists()


def test_booking_answers_serve_later_sessions_too_and_those_of_the_day_do_not(ward: Ward) -> None:
    order, _visits = factory.booked(ward, first=1)
    first, third = factory.session(order.course), factory.session(order.course, 3)
    make_ready(ward, first)
    assert readiness(first).result == policy.Result.READY
    later = readiness(third)
    assert {line.part for line in later.standing} == {policy.Part.DAY, policy.Part.BOOKING}
    assert {line.code for line in later.early} == {"platelets_critical", "haemoglobin_low"}  # too old by then


WARFARIN = MedicineData("Warfarin", "anticoagulant", prescriber="Dr Berg")
DECIDED = DecisionData("stop", "Five days, then INR", "Dr Berg", dt.date(2026, 1, 2))


def asks() -> list[Task]:
    return list(Task.objects.filter(kind=medicines.ASK, state="open"))


def test_an_anticoagulant_makes_a_task_and_blocks_until_its_prescriber_has_decided(
    ward: Ward, today: Appointment
) -> None:
    session = session_of(today)
    row = medicines.add(by=ward.nurse, course_id=session.course_id, data=WARFARIN)
    make_ready(ward, session)
    (task,) = asks()
    assert (task.role, task.title) == (Role.NURSE, "Obtain the prescriber's decision about a medicine")
    assert [line.title for line in readiness(session).stops] == ["Warfarin"]
    medicines.record_decision(by=ward.nurse, course_id=session.course_id, medicine_id=row.pk, data=DECIDED)
    assert asks() == []
    assert readiness(session).stops == []
    draw(ward, today)


def test_a_task_follows_the_visit_and_goes_with_the_medicine(ward: Ward) -> None:
    order, visits = factory.booked(ward, first=40)
    row = medicines.add(by=ward.nurse, course_id=order.course_id, data=WARFARIN)
    lead = dt.timedelta(days=order.course.protocol_version.preparation_lead_days)
    assert [task.due_at for task in asks()] == [visits[0].period.lower - lead]
    moves.move(appointment_id=visits[0].pk, start=ward.at(41, 11), by=ward.desk, version=None)
    assert [task.due_at for task in asks()] == [ward.at(41, 11) - lead]
    medicines.end(by=ward.nurse, course_id=order.course_id, medicine_id=row.pk)
    assert asks() == []


def test_moving_the_visit_reckons_the_hold_anew(ward: Ward) -> None:
    order, visits = factory.booked(ward, first=40)
    medicines.add(by=ward.nurse, course_id=order.course_id, data=MedicineData("Naproxen", "nsaid"))
    session = factory.session(order.course)

    def last_day() -> str:
        return next(line.words for line in readiness(session).lines if line.title == "Naproxen")

    before = last_day()
    moves.move(appointment_id=visits[0].pk, start=ward.at(41, 11), by=ward.desk, version=None)
    assert last_day() != before
    assert f"{ward.day(41) - dt.timedelta(7):%-d %b %Y}".replace("Sep ", "Sept ") in last_day().replace(
        "Sep ", "Sept "
    )


def test_the_table_knows_a_medicine_better_than_the_hand_that_types(ward: Ward) -> None:
    course = factory.order(ward).course
    row = medicines.add(by=ward.nurse, course_id=course.pk, data=MedicineData(" apixaban ", "other"))
    assert (row.name, row.group) == ("apixaban", "anticoagulant")
    with pytest.raises(Conflict):
        medicines.add(by=ward.nurse, course_id=course.pk, data=MedicineData("Apixaban", "other"))
    with pytest.raises(StaleVersion):
        medicines.change(
            by=ward.nurse, course_id=course.pk, medicine_id=row.pk, data=WARFARIN, version=row.version + 1
        )


def test_stale_medicine_keeps_what_was_typed(ward: Ward, client: Client) -> None:
    course = factory.order(ward).course
    row = medicines.add(by=ward.nurse, course_id=course.pk, data=WARFARIN)
    client.force_login(User.objects.get(pk=ward.nurse.user_id))
    page = reverse("treatments:medicine-edit", args=[course.pk, row.pk])
    said = {"name": "Warfarin", "group": "anticoagulant", "plan": "table", "dose": "5 mg", "version": ""}

    answer = client.post(page, said)

    assert answer.status_code == 409
    assert 'value="5 mg"' in answer.content.decode()
    assert f'value="{row.version}"' in answer.content.decode()


def ask(ward: Ward, course: Course, start: dt.datetime) -> list[str]:
    request = StartRequest(
        ward.house.site.pk,
        course.protocol_version.session_visit_id,
        [start],
        course.patient_id,
        purpose=factory.session(course).pk,
    )
    found = rules.ask([request])
    assert not any(name in refusal.words for refusal in found for name in ("Piroxicam", "Warfarin"))
    return [refusal.code for refusal in found]


def test_a_start_too_near_for_a_hold_or_a_clearance_warns_the_desk_without_names(ward: Ward) -> None:
    course = factory.order(ward).course
    assert ask(ward, course, ward.at(3)) == []
    medicines.add(by=ward.nurse, course_id=course.pk, data=MedicineData("Piroxicam", "nsaid"))
    near, far = clock.now() + dt.timedelta(days=9), clock.now() + dt.timedelta(days=10)
    assert (ask(ward, course, near), ask(ward, course, far)) == (["preparation"], [])
    medicines.add(by=ward.nurse, course_id=course.pk, data=WARFARIN)
    assert (ask(ward, course, near), ask(ward, course, far)) == (["preparation", "clearance"], [])


def test_withdrawal_ends_the_consent_and_the_clearance_and_is_not_taken_back(
    ward: Ward, today: Appointment
) -> None:
    session = session_of(today)
    make_ready(ward, session)
    sessions.clear(by=ward.nurse, session_id=session.pk)
    row = Consent.objects.get()
    consents.withdraw(by=ward.nurse, consent_id=row.pk, reason="Wants to think about it")
    assert session_of(today).status == SessionStatus.PLANNED
    with pytest.raises(StageRefused):
        draw(ward, today)
    with pytest.raises(IllegalMove):
        consents.withdraw(by=ward.nurse, consent_id=row.pk, reason="Again")
    sign(ward, session.course_id)
    draw(ward, today)


def test_a_contact_signs_only_with_the_right_to(ward: Ward) -> None:
    course = factory.order(ward).course
    people = [
        Contact.objects.create(patient=course.patient, name=name, relationship="Daughter", may_sign=may)
        for name, may in (("Eva Beispiel", True), ("Ida Beispiel", False))
    ]
    row = sign(ward, course.pk, SignatureData("typed", contact_id=people[0].pk, witness="Sister Ruth"))
    assert (row.signer, row.signer_role, row.contact_id) == ("Eva Beispiel", "Daughter", people[0].pk)
    with pytest.raises(Conflict):
        sign(ward, course.pk, SignatureData("typed", contact_id=people[1].pk, witness="Sister Ruth"))


@pytest.mark.parametrize(
    ("signature", "field"),
    [
        (SignatureData("drawn"), "strokes"),
        (SignatureData("drawn", strokes=[[[1, 1], [3, 3]]]), "strokes"),
        (SignatureData("typed"), "witness"),
        (SignatureData("paper"), "page"),
        (SignatureData("paper", page=b"<html>"), "page"),
    ],
)
def test_what_is_no_signature_leaves_no_consent(signature: SignatureData, field: str, ward: Ward) -> None:
    course = factory.order(ward).course
    with pytest.raises(InvalidInput) as refused:
        sign(ward, course.pk, signature)
    assert refused.value.field == field
    assert not Consent.objects.exists()
    assert not ConsentPage.objects.exists()


def test_a_new_text_is_read_from_then_on_and_old_consents_stand(ward: Ward) -> None:
    course, site = factory.order(ward).course, ward.house.site
    old = sign(ward, course.pk)
    said: dict[str, Any] = {"site_id": site.pk, "language": "en", "title": "Consent", "body": "Shorter."}
    new = consents.write_text(by=ward.physician, based_on=1, **said)
    assert (new.number, old.text.number) == (2, 1)
    with pytest.raises(Conflict):
        consents.write_text(by=ward.physician, based_on=1, **said)
    with pytest.raises(Conflict):
        consents.give(by=ward.nurse, course_id=course.pk, text_id=old.text_id, signature=DRAWN)
    with pytest.raises(NotAllowed):
        consents.write_text(by=ward.nurse, **said)
    assert [can(clinic.staff(role, at=site), consents.EDIT) for role in Role] == [False, False, True, True]


@pytest.mark.parametrize("foreign", ["answer", "medicine", "consent"])
def test_what_belongs_to_another_site_is_not_there(foreign: str, ward: Ward) -> None:
    order, _visits = factory.booked(ward, first=3)
    stranger = clinic.staff(Role.PHYSICIAN, at=clinic.site(name="Elsewhere"))
    key = factory.session(order.course).pk
    acts = {
        "answer": lambda: screening.answer(by=stranger, session_id=key, moment=Moment.DAY, answers=[]),
        "medicine": lambda: medicines.add(by=stranger, course_id=order.course_id, data=WARFARIN),
        "consent": lambda: consents.withdraw(
            by=stranger, consent_id=sign(ward, order.course_id).pk, reason="No"
        ),
    }
    with pytest.raises(NotFound):
        acts[foreign]()
    assert not Medicine.objects.exists()


def test_the_light_asks_early_what_can_be_settled_early(ward: Ward) -> None:
    order, visits = factory.booked(ward, first=1)
    session, first = factory.session(order.course), visits[0]
    assert duties.lights([first]) == {first.pk: Light.OPEN}
    medicines.confirm_list(by=ward.nurse, course_id=order.course_id)
    answer_all(ward, session)
    assert duties.lights([first]) == {first.pk: Light.READY}  # the consent can be signed on arrival
    clock.set_offset(ward.at(1, 9) - clock.now())
    progress.arrive(appointment_id=first.pk, by=ward.desk)
    assert duties.lights([Appointment.objects.get(pk=first.pk)]) == {first.pk: Light.OPEN}
    sign(ward, order.course_id)
    assert duties.lights([Appointment.objects.get(pk=first.pk)]) == {first.pk: Light.READY}


@pytest.mark.parametrize("count", [1, 30])
def test_list_of_who_is_not_ready_asks_the_same_number_of_questions(count: int, ward: Ward) -> None:
    slots = [(day, hour) for day in range(1, 6) for hour in (9, 11, 13) for _team in range(2)]
    for day, hour in slots[:count]:
        order = factory.order(ward, sessions=1)
        starts = {1: ward.at(day, hour)}
        planning.book_course(by=ward.desk, order_id=order.pk, starts=starts, request_key=uuid4())
        Medicine.objects.create(
            patient=order.patient,
            name="Warfarin",
            group="anticoagulant",
            recorded_by_id=ward.nurse.user_id,
            recorded_at=clock.now(),
        )
    with CaptureQueriesContext(connection) as queries:
        rows = reads.not_ready(site=ward.house.site, days=14)
    assert len(rows) == count
    assert len([each for each in queries.captured_queries if "clockoffset" not in each["sql"]]) == 9


def test_gate_reads_what_blocks_the_next_session_until_a_physician_overrides(
    ward: Ward, today: Appointment
) -> None:
    session = session_of(today)
    make_ready(ward, session, infection="yes")

    blocked = gates.gates([session.course])[0]
    line = readiness(session).line("infection")
    assert line is not None
    screening.rule(
        by=ward.physician, session_id=session.pk, code=line.code, basis=line.basis, reason="Healed"
    )
    free = gates.gates([session.course])[0]

    assert (blocked.suggestion.decision, blocked.suggestion.fired) == (Decision.STOP, Fired.CONTRAINDICATION)
    assert blocked.evidence.contraindications == (line.words,)
    assert free.evidence.contraindications == ()
    assert free.suggestion.fired == Fired.NOT_ASKED


def test_erasure_takes_the_hand_from_a_consent_and_keeps_that_it_was_given(ward: Ward) -> None:
    course = factory.order(ward).course
    drawn = sign(ward, course.pk)
    scanned = sign(ward, course.pk, SignatureData("paper", page=PDF, witness="Sister Ruth"))
    consents.withdraw(by=ward.nurse, consent_id=scanned.pk, reason="Otto said no")
    taken = medicines.add(
        by=ward.nurse,
        course_id=course.pk,
        data=MedicineData("Ibuprofen", "nsaid", prescriber="Dr. Beispiel", note="Otto brings it"),
    )

    erasure.erase(by=BY, patient_id=course.patient_id)

    for row, strokes in ((drawn, []), (scanned, None)):
        before = (row.text_id, row.method, row.given_at)
        row.refresh_from_db()
        assert (row.text_id, row.method, row.given_at) == before
        assert (row.signer, row.strokes) == ("—", strokes)
    assert (scanned.witness, bytes(ConsentPage.objects.get().content)) == ("—", b"")
    assert scanned.withdrawal.reason == "—"
    taken.refresh_from_db()
    assert (taken.name, taken.prescriber, taken.note) == ("Ibuprofen", "", "")
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT prescriber, note FROM treatments_medicineevent")
        assert cursor.fetchall() == [("", "")]


def test_consents_of_whoever_was_not_erased_are_kept(ward: Ward) -> None:
    course = factory.order(ward).course
    sign(ward, course.pk)
    with pytest.raises(DatabaseError, match="Only the record of an erased"), connection.cursor() as cursor:
        cursor.execute("SELECT treatments_redact_clinical(%s)", [course.patient_id])
