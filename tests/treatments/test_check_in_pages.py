"""What a patient sees of the days after a session, and what staff do with a red flag."""

import datetime as dt
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from clinic import clock
from clinic.enums import Role, TaskState
from clinic.models import Link, Site, Task, User
from clinic.services import links
from tests.factories import clinic
from tests.factories import treatments as factory
from tests.factories.treatments import Ward
from treatments.data import CheckInData
from treatments.models import AdverseEvent, CheckIn, Session
from treatments.services import check_ins, red_flags

pytestmark = pytest.mark.django_db

OPEN = (dt.date(2027, 3, 2), 10)
CLOSED = (dt.date(2027, 3, 2), 22)


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()
    clock.set_offset(dt.timedelta(0))


@pytest.fixture
def ward() -> Ward:
    return factory.ward()


def be(ward: Ward, day: dt.date, hour: int) -> None:
    clock.set_offset(dt.timedelta(0))
    clock.set_offset(ward.house.at(day, hour) - clock.now())


def treated(ward: Ward, **patient: Any) -> Session:
    be(ward, dt.date(2027, 3, 1), 10)
    return factory.inject(ward, factory.order(ward, clinic.patient(**patient)).course)


def proved(session: Session) -> tuple[Client, str]:
    """A browser that has given the birth date, and the address of the page."""
    link = Link.objects.get(about=f"session:{session.pk}", contact=None)
    client, token, born = Client(), links.token_of(link), session.course.patient.birth_date
    client.post(
        reverse("clinic:link", args=[token]), {"day": born.day, "month": born.month, "year": born.year}
    )
    return client, reverse("treatments:check-in", args=[token])


def staff(ward: Ward, role: Role) -> Client:
    client = Client()
    client.force_login(clinic.user(role, at=ward.house.site))
    return client


@pytest.fixture
def page(ward: Ward) -> tuple[Client, str]:
    session = treated(ward)
    be(ward, *OPEN)
    return proved(session)


def test_page_asks_for_the_birth_date_first(ward: Ward) -> None:
    link = Link.objects.get(about=f"session:{treated(ward).pk}")
    response = Client().get(reverse("treatments:check-in", args=[links.token_of(link)]))
    assert (response.status_code, response["Location"]) == (
        302,
        reverse("clinic:link", args=[links.token_of(link)]),
    )


def test_page_says_what_holds_today_and_reading_writes_nothing(page: tuple[Client, str]) -> None:
    client, url = page
    for _ in range(3):
        text = client.get(url).content.decode()
    assert "Day 1 after your visit" in text
    assert "Soreness is expected now" in text
    assert 'href="tel:112"' in text
    assert CheckIn.objects.count() == 0


def test_plain_form_is_kept_and_thanked(page: tuple[Client, str]) -> None:
    client, url = page
    response = client.post(url, {"key": str(uuid4()), "pain": "3", "trend": "better", "note": "<b>ok</b>"})
    row = CheckIn.objects.get()
    assert (response.status_code, row.pain, row.trend, row.note, row.source) == (
        302, 3, "better", "<b>ok</b>", "link",
    )  # fmt: skip
    assert "Thank you" in client.get(response["Location"]).content.decode()


def test_script_is_answered_with_where_to_go_on_and_twice_is_once(page: tuple[Client, str]) -> None:
    client, url = page
    data = {"key": str(uuid4()), "red_flags": ["leg_weakness"], "waited": "90"}
    answers = [client.post(url, data, headers={"accept": "application/json"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert (CheckIn.objects.count(), Task.objects.filter(kind=red_flags.EMERGENCY).count()) == (1, 1)
    done = client.get(answers[0].json()["done"]).content.decode()
    assert "This needs help now" in done
    assert "Call 112" in done


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "choose at least one answer"),
        ({"pain": "11"}, "could not be read"),
        ({"pain": "x"}, "could not be read"),
        ({"pain": "1", "trend": "odd"}, "could not be read"),
        ({"red_flags": ["odd"]}, "could not be read"),
        ({"pain": "1", "note": "a\x00b"}, "could not be read"),
        ({"pain": "1", "key": "odd"}, "could not be read"),
        ({"pain": "1", "waited": "-5"}, "could not be read"),
    ],
)
def test_bad_answers_keep_the_page_with_a_word(
    data: dict[str, Any], words: str, page: tuple[Client, str]
) -> None:
    client, url = page
    for accept in ("text/html", "application/json"):
        response = client.post(url, {"key": str(uuid4())} | data, headers={"accept": accept})
        assert (response.status_code, words in response.content.decode()) == (422, True)
    assert CheckIn.objects.count() == 0


def test_off_hours_the_page_says_that_nobody_reads_and_whom_to_call(ward: Ward) -> None:
    session = treated(ward)
    Site.objects.update(on_call_phone="+49 30 5550199")
    be(ward, *CLOSED)
    client, url = proved(session)
    text = client.get(url).content.decode()
    assert "We are back Wed 3 Mar, 08:00" in text
    assert 'href="tel:+49305550199"' in text
    response = client.post(url, {"key": str(uuid4()), "red_flags": ["fever"]})
    done = client.get(response["Location"]).content.decode()
    assert "Please call +49 30 5550199 now. We also call you Wed 3 Mar, 10:00" in done


def test_in_open_hours_a_warning_sign_promises_a_call_by_a_time(page: tuple[Client, str]) -> None:
    client, url = page
    response = client.post(url, {"key": str(uuid4()), "red_flags": ["fever"]})
    assert "We call you by 12:00" in client.get(response["Location"]).content.decode()


def test_page_speaks_the_patients_language(ward: Ward) -> None:
    session = treated(ward, language="es")
    be(ward, *OPEN)
    client, url = proved(session)
    text = client.get(url).content.decode()
    assert "¿Cómo está hoy?" in text
    assert "Una pierna o un pie ha perdido fuerza" in text
    assert "How are you" not in text


def test_after_six_weeks_the_link_has_ended_and_a_strangers_link_opens_nothing(ward: Ward) -> None:
    session, other = treated(ward), treated(ward)
    client, url = proved(session)
    stranger, _url = proved(other)
    assert stranger.get(url).status_code == 302
    be(ward, dt.date(2027, 4, 13), 9)
    assert client.get(url).status_code == 410


def test_nurse_works_a_red_flag_to_its_end(ward: Ward) -> None:
    session = treated(ward)
    be(ward, *OPEN)
    client, url = proved(session)
    client.post(
        url, {"key": str(uuid4()), "pain": "8", "red_flags": ["fever"], "note": "Hot since last night"}
    )
    task = Task.objects.get(kind=red_flags.SAME_DAY)
    nurse = staff(ward, Role.NURSE)
    strip = nurse.get(reverse("clinic:task-urgent")).content.decode()
    assert task.title in strip
    assert "120 min left" in strip
    response = nurse.get(reverse("clinic:task-finish", args=[task.pk]))
    assert response["Location"] == reverse("treatments:recovery-task", args=[task.pk])
    text = nurse.get(response["Location"]).content.decode()
    assert "Fever or chills" in text
    assert "Hot since last night" in text
    assert nurse.post(response["Location"], {"outcome": ""}).status_code == 422
    assert nurse.post(response["Location"], {"outcome": "Reached, comes at three."}).status_code == 302
    task.refresh_from_db()
    assert (task.state, task.outcome) == (TaskState.DONE, "Reached, comes at three.")
    assert task.title not in nurse.get(reverse("clinic:task-urgent")).content.decode()


def test_manager_sees_that_it_waits_but_no_clinical_word_and_the_desk_cannot_close_it(ward: Ward) -> None:
    session = treated(ward)
    check_ins.record(
        by=ward.nurse,
        session_id=session.pk,
        client_key=uuid4(),
        data=CheckInData(red_flags=("fever",), note="Hot"),
        source="phone",
    )
    task = Task.objects.get()
    url = reverse("treatments:recovery-task", args=[task.pk])
    for role, closes in ((Role.MANAGER, True), (Role.FRONT_DESK, False)):
        text = staff(ward, role).get(url).content.decode()
        assert ("Fever" in text, "Hot" in text, 'name="outcome"' in text) == (False, False, closes)
    desk = staff(ward, Role.FRONT_DESK)
    assert desk.post(url, {"outcome": "Done."}).status_code == 403
    assert desk.post(reverse("clinic:task-drop", args=[task.pk])).status_code == 409
    assert Task.objects.get().state == TaskState.OPEN


def test_event_found_in_a_check_in_is_recorded_from_its_task(ward: Ward) -> None:
    session = treated(ward)
    row = check_ins.record(
        by=ward.nurse,
        session_id=session.pk,
        client_key=uuid4(),
        data=CheckInData(red_flags=("fever",)),
        source="phone",
    )
    nurse = staff(ward, Role.NURSE)
    task = nurse.get(reverse("treatments:recovery-task", args=[Task.objects.get().pk])).content.decode()
    url = reverse("treatments:event-new", args=[session.course_id]) + f"?check_in={row.pk}"
    assert url.replace("&", "&amp;") in task
    form = nurse.get(url).context["form"]
    data = {name: form.initial.get(name, "") for name in ("started_on", "session", "source")}
    nurse.post(url, data | {"code": "infection", "grade": "2", "outcome": "ongoing"})
    event = AdverseEvent.objects.get()
    assert (event.about, event.source, event.session_id) == (f"check_in:{row.pk}", "check_in", session.pk)


def test_staff_enter_a_check_in_and_land_on_the_task_of_its_red_flag(ward: Ward) -> None:
    session = treated(ward, email="")
    nurse = staff(ward, Role.NURSE)
    url = reverse("treatments:recovery-new", args=[session.pk])
    key = nurse.get(url).context["form"].initial["key"]
    data = {"key": str(key), "source": "phone", "pain": "2", "trend": "better"}
    assert nurse.post(url, data)["Location"] == reverse("treatments:session-detail", args=[session.pk])
    assert nurse.post(url, data | {"pain": "5"}).status_code == 302
    flagged = nurse.post(url, data | {"key": str(uuid4()), "red_flags": ["bladder_bowel"]})
    task = Task.objects.get(kind=red_flags.EMERGENCY)
    assert flagged["Location"] == reverse("treatments:recovery-task", args=[task.pk])
    assert task.owner_id == User.objects.get(pk=nurse.session["_auth_user_id"]).pk
    assert [row.pain for row in CheckIn.objects.order_by("received_at")] == [2, 2]
    assert nurse.post(url, data | {"key": str(uuid4()), "pain": "", "trend": ""}).status_code == 422


def test_physician_sees_the_week_beside_the_session_and_in_print(ward: Ward) -> None:
    session = treated(ward)
    for hour, (pain, flags) in enumerate([(6, ()), (7, ("fever",)), (None, ())], 12):
        be(ward, dt.date(2027, 3, 1), hour)
        check_ins.record(
            by=ward.nurse,
            session_id=session.pk,
            client_key=uuid4(),
            data=CheckInData(pain=pain, trend="same", red_flags=flags),
            source="phone",
        )
    physician = staff(ward, Role.PHYSICIAN)
    for name, key in (("course-detail", session.course_id), ("session-detail", session.pk)):
        text = physician.get(reverse(f"treatments:{name}", args=[key])).content.decode()
        assert text.count('class="week-dot"') == 2
        assert text.count('class="week-flag today"') == 1
        assert "⚑ Fever or chills" in text
