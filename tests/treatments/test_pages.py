"""Pages of the treatments: who sees which, what they show, and that lists ask the same number of questions at any length."""

import datetime as dt
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic import clock
from clinic.enums import Role
from clinic.models import User
from scheduling.models import Appointment
from scheduling.services import booking
from scheduling.services.plans import VisitRequest
from tests.factories import clinic
from tests.factories import treatments as factory
from tests.factories.scheduling import BY
from tests.factories.treatments import Ward
from treatments.data import EventData
from treatments.enums import Instrument
from treatments.models import Course, Order, Session
from treatments.services import events, outcomes, reviews, signing

pytestmark = pytest.mark.django_db


@pytest.fixture
def ward() -> Ward:
    return factory.ward()


def signed_in(user_id: UUID) -> Client:
    client = Client()
    client.force_login(
        User.objects.get(pk=user_id), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    return client


@pytest.fixture
def physician(ward: Ward) -> Client:
    return signed_in(ward.physician.user_id)


@pytest.fixture
def desk(ward: Ward) -> Client:
    return signed_in(ward.desk.user_id)


@pytest.fixture
def treated(ward: Ward) -> Course:
    """One session done, answers at two time points, an event, the gate open."""
    order, _visits = factory.booked(ward, first=1, apart=20)
    factory.inject(ward, order.course, at=clock.now() - dt.timedelta(days=12))
    for point, pain, back in (("baseline", 8, 15), ("before_2", 4, 9)):
        for instrument, answers in ((Instrument.NRS, {"value": pain}), (Instrument.RMDQ, {"total": back})):
            outcomes.record_response(
                by=ward.nurse,
                course_id=order.course_id,
                instrument=instrument,
                time_point=point,
                answers=answers,
            )
    events.record(
        by=ward.nurse,
        course_id=order.course_id,
        data=EventData("vasovagal", 1, clock.today(ward.house.site.zone)),
    )
    clock.set_offset(dt.timedelta(days=10))
    reviews.open_due(by=BY)
    clock.set_offset(dt.timedelta(0))
    return Course.objects.get(pk=order.course_id)


def addresses(course: Course) -> dict[str, str]:
    session = factory.session(course, 2)
    keys = {
        "order-list": [],
        "order-new": [course.patient_id],
        "order-book": [course.order.pk],
        "course-detail": [course.pk],
        "session-detail": [session.pk],
        "review-list": [],
        "review-decide": [course.pk],
        "response-new": [course.pk],
        "event-new": [course.pk],
        "patient-pane": [course.patient_id],
        "home-pane": [],
    }
    return {name: reverse(f"treatments:{name}", args=args) for name, args in keys.items()}


SEES = {
    Role.FRONT_DESK: {"order-list", "order-book", "patient-pane", "home-pane"},
    Role.NURSE: {
        "order-list", "order-book", "course-detail", "session-detail", "response-new", "event-new", "patient-pane",
        "home-pane",
    },
    Role.PHYSICIAN: set(),
    Role.MANAGER: {"order-list", "order-book", "patient-pane", "home-pane"},
}  # fmt: skip


@pytest.mark.parametrize("role", list(Role))
def test_each_role_sees_its_pages(ward: Ward, treated: Course, role: Role) -> None:
    client = signed_in(clinic.staff(role, at=ward.house.site).user_id)
    answers = {name: client.get(url).status_code for name, url in addresses(treated).items()}
    allowed = SEES[role] or set(answers)
    assert answers == {name: 200 if name in allowed else 403 for name in answers}


def test_another_site_sees_nothing(treated: Course) -> None:
    client = signed_in(clinic.staff(Role.PHYSICIAN, at=clinic.site(name="Elsewhere")).user_id)
    urls = addresses(treated)
    names = ("order-book", "course-detail", "session-detail", "review-decide", "response-new", "event-new")
    assert {client.get(urls[name]).status_code for name in names} == {404}


def test_desk_reads_nothing_clinical(ward: Ward, treated: Course, desk: Client) -> None:
    factory.order(ward)
    urls = addresses(treated)
    for name in ("order-list", "order-book", "patient-pane", "home-pane"):
        text = desk.get(urls[name]).content.decode()
        assert not [word for word in ("Spondylosis", "M47", "Facet", "Vasovagal") if word in text]


def test_course_page_tells_the_whole_course(treated: Course, physician: Client) -> None:
    text = physician.get(reverse("treatments:course-detail", args=[treated.pk])).content.decode()
    wanted = (
        "Spondylosis, lumbar region", "Facet joint", "4.0 mL", "1200 × 10³/µL", "5.0×", "4.8 × 10⁹", "Vasovagal reaction",
        "<svg", "Decide about session 2.", "Review due", "Where it went", "4.0 mL into 2 targets, dose 4.8 × 10⁹",
    )  # fmt: skip
    assert [words for words in wanted if words not in text] == []


def test_order_form_places_an_order(ward: Ward, physician: Client) -> None:
    patient = clinic.patient()
    url = reverse("treatments:order-new", args=[patient.pk])
    data = {
        "protocol": ward.protocol.pk,
        "physician": ward.house.one("physician").pk,
        "diagnosis_code": "m47.816",
        "diagnosis": "Spondylosis",
        "sessions": 4,
        "urgency": 2,
        "screening_complete": "on",
        "target-TOTAL_FORMS": 5,
        "target-INITIAL_FORMS": 0,
        "target-0-structure": "facet",
        "target-0-level": "L4-L5",
        "target-0-side": "left",
    }
    refused = physician.post(url, data | {"diagnosis_code": "M54.5"})
    assert refused.status_code == 422
    assert "no longer valid" in refused.content.decode()
    answer = physician.post(url, data)
    order = Order.objects.get(patient=patient)
    assert answer.headers["Location"] == reverse("treatments:course-detail", args=[order.course_id])
    assert order.course.diagnosis_code == "M47.816"


def test_plan_page_books_what_it_proposes(ward: Ward, desk: Client) -> None:
    order = factory.order(ward)
    url = reverse("treatments:order-book", args=[order.pk])
    plan = desk.get(url).context["plan"]
    data = {f"s{step.session.number}": step.chosen.start.isoformat() for step in plan.steps}
    data |= {"earliest": ward.day(1).isoformat(), "request_key": str(uuid4()), "told": "mail", "lead": ""}
    assert desk.post(url, data).status_code == 302
    assert desk.post(url, data).status_code == 302
    statuses = list(Appointment.objects.order_by("period").values_list("status", flat=True))
    assert statuses == ["booked", "provisional", "provisional", "provisional"]


def test_plan_page_proposes_anew_after_a_changed_session(ward: Ward, desk: Client) -> None:
    order = factory.order(ward)
    url = reverse("treatments:order-book", args=[order.pk])
    asked = {
        "earliest": ward.day(1).isoformat(),
        "s1": ward.at(2, 8).isoformat(),
        "s2": ward.at(50, 8).isoformat(),
        "pin1": f"{ward.at(2, 8).isoformat()}|",
        "to1": f"{ward.at(3, 11).isoformat()}|",
    }
    answer = desk.get(url, asked, headers={"HX-Request": "true", "HX-Target": "plan"})
    starts = answer.context["plan"].starts
    assert "<html" not in answer.content.decode()
    assert starts[:2] == [ward.at(3, 11), ward.at(31, 11)]


def test_plan_page_says_which_session_clashes(ward: Ward, desk: Client) -> None:
    order = factory.order(ward, sessions=2)
    data = {
        "earliest": ward.day(1).isoformat(),
        "s1": ward.at(3, 9).isoformat(),
        "s2": ward.at(31, 3).isoformat(),
    }
    answer = desk.post(reverse("treatments:order-book", args=[order.pk]), data)
    assert answer.status_code == 422
    assert "Session 2:" in answer.content.decode()
    assert not Appointment.objects.exists()


def test_plan_page_lets_only_the_physician_override(ward: Ward, desk: Client, physician: Client) -> None:
    order = factory.order(ward, sessions=2)
    url = reverse("treatments:order-book", args=[order.pk])
    data = {
        "earliest": ward.day(1).isoformat(),
        "s1": ward.at(3, 9).isoformat(),
        "s2": ward.at(8, 9).isoformat(),
    }
    assert "override-reason" not in desk.post(url, data).content.decode()
    asked = physician.post(url, data)
    assert "override-reason" in asked.content.decode()
    data |= {"override_code": "interval_blocked", "override_reason": "Moves abroad"}
    assert physician.post(url, data).status_code == 302


def test_plan_page_keeps_the_pin_and_the_rest_moves(ward: Ward, desk: Client) -> None:
    order = factory.order(ward)
    url = reverse("treatments:order-book", args=[order.pk])
    physician = ward.house.one("physician").pk
    asked = {
        "earliest": ward.day(3).isoformat(),
        "part": "morning",
        "pin2": f"{ward.at(40, 11).isoformat()}|{physician}",
        "out3": "1",
    }
    answer = desk.get(url, asked, headers={"HX-Request": "true", "HX-Target": "plan"})
    rows = answer.context["rows"]
    assert [(row.is_kept, row.is_left_out) for row in rows] == [
        (False, False),
        (True, False),
        (False, True),
        (False, False),
    ]
    assert rows[1].start == ward.at(40, 11)
    assert "pin2=" in answer.headers["HX-Replace-Url"]
    assert "out3=1" in answer.headers["HX-Replace-Url"]
    data = asked | {f"s{row.number}": row.value for row in rows if row.start}
    assert desk.post(url, data).status_code == 302
    assert Appointment.objects.count() == 3
    assert [row.to_book for row in desk.get(reverse("treatments:order-list")).context["rows"]] == [1]


def test_plan_page_is_made_anew_around_what_was_taken(ward: Ward, desk: Client) -> None:
    """Somebody was faster with session 2: it is named, the others stay where they were, nothing is saved."""
    order = factory.order(ward)
    url = reverse("treatments:order-book", args=[order.pk])
    rows = desk.get(url, {"earliest": ward.day(3).isoformat()}).context["rows"]
    for physician in ward.house.resources["physician"]:
        request = VisitRequest(
            patient_id=clinic.patient().pk,
            visit_type_id=ward.house.visit("consultation").pk,
            site_id=ward.house.site.pk,
            start=rows[1].start + dt.timedelta(minutes=30),
            lead_id=physician.pk,
        )
        booking.book(request=request, by=ward.desk)
    data = {"earliest": ward.day(3).isoformat()} | {f"s{row.number}": row.value for row in rows}
    answer = desk.post(url, data)
    again = answer.context["rows"]
    assert answer.status_code == 422
    assert "Session 2: Physician 1" in answer.content.decode()
    assert [row.start == before.start for row, before in zip(again, rows, strict=True)] == [
        True,
        False,
        True,
        True,
    ]
    assert not any(row.is_kept for row in again)
    assert Appointment.objects.filter(purpose__isnull=False).count() == 0
    data = {"earliest": ward.day(3).isoformat()} | {f"s{row.number}": row.value for row in again}
    assert desk.post(url, data).status_code == 302


def test_plan_page_keeps_days_free_and_gives_them_back(ward: Ward, desk: Client) -> None:
    order = factory.order(ward, sessions=2)
    book, away = (reverse(f"treatments:order-{name}", args=[order.pk]) for name in ("book", "away"))
    physician = ward.house.one("physician").pk
    state = {"earliest": ward.day(3).isoformat(), "pin1": f"{ward.at(3, 9).isoformat()}|{physician}"}
    days = {"away_first": ward.day(30).isoformat(), "away_last": ward.day(32).isoformat()}
    answer = desk.post(away, state | days, follow=True)
    assert answer.redirect_chain[0][0].startswith(book)
    rows = answer.context["rows"]
    assert rows[0].is_kept
    assert rows[1].start.date() not in {ward.day(day) for day in (30, 31, 32)}
    span = answer.context["away"][0]
    assert (span.first_day, span.last_day) == (ward.day(30), ward.day(32))
    answer = desk.post(away, state | {"end": str(span.pk)}, follow=True)
    assert answer.context["rows"][1].start == ward.at(31, 9)
    backwards = {"away_first": ward.day(9).isoformat(), "away_last": ward.day(8).isoformat()}
    refused = desk.post(away, state | backwards)
    assert refused.status_code == 422
    assert "comes before the first" in refused.content.decode()
    assert refused.context["rows"][0].is_kept


@pytest.mark.parametrize(
    "typed", [{"away_first": 30}, {"away_last": 32}, {"away_first": 30, "away_last": 28}]
)
def test_plan_page_books_nothing_while_days_away_are_typed_and_not_kept(
    ward: Ward, desk: Client, typed: dict[str, int]
) -> None:
    """Days that were named on the phone are never passed over: kept or cleared first, and nothing else is lost."""
    order = factory.order(ward, sessions=2)
    url = reverse("treatments:order-book", args=[order.pk])
    page = desk.get(url, {"earliest": ward.day(3).isoformat()})
    data = {"earliest": ward.day(3).isoformat(), "request_key": page.context["request_key"]}
    data |= {f"s{row.number}": row.value for row in page.context["rows"]}
    days = {name: ward.day(day).isoformat() for name, day in typed.items()}
    refused = desk.post(url, data | days)
    shown = refused.content.decode()
    assert (refused.status_code, Appointment.objects.count()) == (422, 0)
    assert [f'value="{day}"' in shown for day in days.values()] == [True] * len(days)
    assert {row.number: row.value for row in refused.context["rows"]} == {1: data["s1"], 2: data["s2"]}
    assert desk.post(url, data | dict.fromkeys(typed, " ")).status_code == 302
    assert Appointment.objects.count() == 2


def test_plan_page_says_that_days_typed_are_not_kept_yet(ward: Ward, desk: Client) -> None:
    order = factory.order(ward, sessions=2)
    typed = {"earliest": ward.day(3).isoformat(), "away_first": ward.day(30).isoformat()}
    answer = desk.post(reverse("treatments:order-book", args=[order.pk]), typed)
    assert "These days are not kept yet" in answer.content.decode()


def test_plan_page_books_once_however_often_it_is_sent(ward: Ward, desk: Client) -> None:
    order = factory.order(ward)
    url = reverse("treatments:order-book", args=[order.pk])
    page = desk.get(url, {"earliest": ward.day(3).isoformat()})
    data = {"earliest": ward.day(3).isoformat(), "request_key": page.context["request_key"]}
    data |= {f"s{row.number}": row.value for row in page.context["rows"]}
    assert [desk.post(url, data).status_code for _ in range(2)] == [302, 302]
    assert Appointment.objects.count() == 4


def test_signed_page_is_read_and_amended(ward: Ward, physician: Client) -> None:
    course = factory.order(ward).course
    session = factory.inject(ward, course)
    session.refresh_from_db()
    physician.post(reverse("treatments:session-sign", args=[session.pk]), {"version": session.version})
    url = reverse("treatments:session-detail", args=[session.pk])
    assert physician.get(url).context["writes"] is False
    amend = reverse("treatments:session-amend", args=[session.pk])
    refused = physician.post(amend, {"text": "Right, not left", "reason": " "})
    assert refused.status_code == 422
    assert "Right, not left" in refused.content.decode()
    assert "Right, not left" not in physician.get(url).content.decode()
    physician.post(amend, {"text": "Right, not left", "reason": "Slip of the key"})
    assert "Right, not left" in physician.get(url).content.decode()


def test_decision_page_decides(treated: Course, physician: Client) -> None:
    url = reverse("treatments:review-decide", args=[treated.pk])
    answer = physician.post(url, {"version": treated.version, "decision": "stop"})
    assert answer.status_code == 422
    answer = physician.post(url, {"version": treated.version, "decision": "continue"})
    assert answer.status_code == 302
    treated.refresh_from_db()
    assert treated.status == "active"


def test_answers_page_scores_what_was_asked(treated: Course, physician: Client) -> None:
    url = reverse("treatments:response-new", args=[treated.pk])
    data = {"time_point": "week_1", "answered_on": clock.today(treated.site.zone).isoformat()}
    assert physician.post(url, data).status_code == 422
    assert physician.post(url, data | {"peg_pain": 3}).status_code == 422
    assert physician.post(url, data | {"nrs": 2, "pgic": 1}).status_code == 302
    assert treated.responses.filter(time_point="week_1").count() == 2


def test_course_is_held_resumed_and_ended(treated: Course, physician: Client) -> None:
    reviews.decide(
        by=User.objects.get(role="physician").actor(),
        course_id=treated.pk,
        before_session=2,
        decision="continue",
    )
    for name, status in (("hold", "on_hold"), ("resume", "active")):
        physician.post(reverse(f"treatments:course-{name}", args=[treated.pk]), {"reason": "On a journey"})
        treated.refresh_from_db()
        assert treated.status == status
    physician.post(reverse("treatments:course-end", args=[treated.pk]), {"reason": "Moved away"})
    treated.refresh_from_db()
    assert treated.status == "discontinued"


def queries(client: Client, url: str) -> int:
    """Questions asked of the database, but for the tests' own clock."""
    with CaptureQueriesContext(connection) as seen:
        assert client.get(url).status_code == 200
    return sum("clinic_clockoffset" not in each["sql"] for each in seen)


def many_due(ward: Ward, count: int) -> None:
    """Courses that wait for a decision, with an unsigned record and an open order each; written without services."""
    for _ in range(count):
        course = Course.objects.create(
            site=ward.house.site,
            patient=clinic.patient(),
            protocol_version=ward.protocol,
            physician=ward.house.one("physician"),
            status="review_due",
            planned_sessions=2,
            created_at=clock.now(),
        )
        Order.objects.create(
            site=course.site,
            patient=course.patient,
            course=course,
            sessions=2,
            ordered_by_id=ward.physician.user_id,
            created_at=clock.now(),
        )
        Session.objects.create(
            site=course.site, course=course, number=1, status="injected", injected_at=clock.now()
        )
        Session.objects.create(site=course.site, course=course, number=2)


@pytest.mark.parametrize("name", ["order-list", "review-list", "home-pane"])
def test_lists_ask_the_same_number_of_questions(ward: Ward, physician: Client, name: str) -> None:
    url = reverse(f"treatments:{name}")
    many_due(ward, 1)
    queries(physician, url)
    few = queries(physician, url)
    many_due(ward, 29)
    assert queries(physician, url) == few


def test_course_page_asks_the_same_number_of_questions(ward: Ward, physician: Client) -> None:
    order, _visits = factory.booked(ward)
    url = reverse("treatments:course-detail", args=[order.course_id])
    queries(physician, url)
    few = queries(physician, url)
    for number in (1, 2, 3):
        factory.inject(ward, order.course, number)
        session = factory.session(order.course, number)
        signing.sign(by=ward.physician, session_id=session.pk, version=session.version)
        signing.amend(by=ward.physician, session_id=session.pk, text="x", reason="y")
    assert queries(physician, url) <= few


def test_desk_books_only_what_is_left(ward: Ward, desk: Client) -> None:
    order, _visits = factory.booked(ward)
    text = desk.get(reverse("treatments:order-book", args=[order.pk])).content.decode()
    assert "Every session is booked" in text
    text = desk.get(reverse("treatments:order-booked", args=[order.pk])).content.decode()
    assert "4 visits" in text
