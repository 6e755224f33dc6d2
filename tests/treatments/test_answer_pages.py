"""What a patient sees behind the link, what the clinic's tablet shows and hides, and the pages of staff around it."""

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from clinic import clock
from clinic.enums import Role
from clinic.models import Link
from clinic.services import links
from tests import walk
from tests.factories import clinic
from tests.factories import treatments as factory
from tests.factories.scheduling import BY
from tests.factories.treatments import Ward
from treatments.models import AnswerSheet, Course, InstrumentDefinition, Response
from treatments.services import asking, instruments, outcomes

pytestmark = pytest.mark.django_db

SCREENS = 1 + 3 + 4 + 1
"""Of a baseline: pain, three of PEG, RMDQ in lists of six, SANE."""


@pytest.fixture(autouse=True)
def _no_rates_left_over() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def ward() -> Ward:
    return factory.ward()


@pytest.fixture
def course(ward: Ward) -> Course:
    return asked(ward)


def asked(ward: Ward, **patient: str) -> Course:
    order, _visits = factory.booked(ward, first=5, placed=factory.order(ward, clinic.patient(**patient)))
    asking.ask_due(by=BY)
    return order.course


def proved(course: Course) -> tuple[Client, str]:
    """A browser that has given the birth date, and the secret of its link."""
    link = Link.objects.get(purpose="answers", patient=course.patient_id)
    client, token = Client(), links.token_of(link)
    born = course.patient.birth_date
    client.post(
        reverse("clinic:link", args=[token]), {"day": born.day, "month": born.month, "year": born.year}
    )
    return client, token


def step(token: str, number: int) -> str:
    return reverse("treatments:answers-step", args=[token, number])


def test_patient_answers_screen_by_screen(course: Course) -> None:
    client, token = proved(course)
    begin = client.get(reverse("treatments:answers", args=[token])).content.decode()
    assert f"{SCREENS} short screens" in begin
    sent = [
        {"nrs.value": "6"},
        *({f"peg.{item}": "5"} for item in ("pain", "enjoyment", "activity")),
        {"rmdq.1": "1", "rmdq.6": "1"},
        {},
        {"rmdq.13": "1"},
        {},
        {"sane.value": "40"},
    ]
    for number, data in enumerate(sent, 1):
        page = client.get(step(token, number)).content.decode()
        assert f"{number} of {SCREENS}" in page
        response = client.post(step(token, number), data)
        assert response.status_code == 302
    assert response["Location"] == reverse("treatments:answers", args=[token])
    scores = dict(Response.objects.values_list("instrument", "score"))
    assert scores == {"nrs": 6, "peg": 5, "rmdq": 3, "sane": 40}
    assert set(Response.objects.values_list("source", flat=True)) == {"link"}
    assert "Thank you" in client.get(response["Location"]).content.decode()
    assert AnswerSheet.objects.get().status == "answered"


def test_tap_is_kept_at_once_and_shown_after_a_reload(course: Course) -> None:
    client, token = proved(course)
    url = reverse("treatments:answers-save", args=[token, 1])
    assert "Kept" in client.post(url, {"nrs.value": "7"}).content.decode()
    page = client.get(step(token, 1)).content.decode()
    assert re.search(r'value="7" checked', page)
    assert "Go on" in client.get(reverse("treatments:answers", args=[token])).content.decode()
    assert Response.objects.get().score == 7


@pytest.mark.parametrize("text", ["11", "-1", "x", "½", "99999999999999", "7\x00"])
def test_answer_that_cannot_be_is_asked_again(text: str, course: Course) -> None:
    client, token = proved(course)
    response = client.post(step(token, 1), {"nrs.value": text})
    assert response.status_code == 422
    assert "choose an answer from 0 to 10" in response.content.decode()
    assert (
        "Kept"
        not in client.post(
            reverse("treatments:answers-save", args=[token, 1]), {"nrs.value": text}
        ).content.decode()
    )
    assert AnswerSheet.objects.get().answers == {}


def test_what_was_left_out_is_named_and_may_be_sent_as_it_is(course: Course) -> None:
    client, token = proved(course)
    for number in range(1, SCREENS):
        client.post(step(token, number), {"nrs.value": "3", "peg.pain": "3"})
    response = client.post(step(token, SCREENS), {"sane.value": "50"})
    check = reverse("treatments:answers-check", args=[token])
    assert response["Location"] == check
    page = client.get(check).content.decode()
    assert "enjoyment of life" in page
    assert "general activity" in page
    assert page.count(step(token, 3)) == 1
    client.post(check)
    assert sorted(Response.objects.values_list("instrument", flat=True)) == ["nrs", "rmdq", "sane"]
    assert AnswerSheet.objects.get().status == "answered"


def test_reading_the_pages_changes_nothing(course: Course) -> None:
    client, token = proved(course)
    tables = walk.business_tables()
    before = walk.fingerprint(tables)
    for url in (
        reverse("treatments:answers", args=[token]),
        *(step(token, number) for number in range(1, SCREENS + 2)),
        reverse("treatments:answers-check", args=[token]),
    ):
        assert client.get(url).status_code in (200, 302)
        assert client.head(url).status_code in (200, 302)
    assert walk.fingerprint(tables) == before


def test_pages_ask_for_the_birth_date_first(course: Course) -> None:
    token = links.token_of(Link.objects.get(purpose="answers"))
    door = reverse("clinic:link", args=[token])
    for url in (reverse("treatments:answers", args=[token]), step(token, 1)):
        assert Client().get(url)["Location"] == door
        assert Client().post(step(token, 1), {"nrs.value": "1"})["Location"] == door
    tap = Client().post(
        reverse("treatments:answers-save", args=[token, 1]),
        {"nrs.value": "1"},
        headers={"HX-Request": "true"},
    )
    assert (tap.status_code, tap["HX-Redirect"]) == (204, door)
    assert AnswerSheet.objects.get().answers == {}


def test_pages_are_spanish_for_whom_they_are(ward: Ward) -> None:
    client, token = proved(asked(ward, language="es"))
    pages = [client.get(step(token, number)).content.decode() for number in (1, 5, 9)]
    assert "¿Cómo de fuerte ha sido, de media, su dolor de espalda?" in pages[0]
    assert "Me quedo en casa casi todo el tiempo por mi espalda." in pages[1]
    assert all("Siguiente" in page for page in pages)


def test_answers_wait_for_no_forged_token(course: Course) -> None:
    client, _token = proved(course)
    assert client.get(step("f" * 64, 1)).status_code == 404


@pytest.mark.parametrize("number", [1, 30])
def test_screen_takes_the_same_queries_whatever_is_loaded(
    number: int, ward: Ward, django_assert_num_queries: Callable[..., Any]
) -> None:
    course = asked(ward)
    for version in range(number - 1):
        instruments.load(
            by=BY,
            site_id=course.site_id,
            document=factory.toy_instrument(code=f"toy_{version}"),
            licence="Contract 7",
            licence_until=clock.today(course.site.zone) + dt.timedelta(days=9),
        )
    client, token = proved(course)
    client.get(step(token, 1))
    with django_assert_num_queries(5):  # the link, the sheets, the definitions; twice the tests' own clock
        client.get(step(token, 1))


def test_tablet_in_a_patients_hands_shows_their_page_and_nothing_else(ward: Ward, course: Course) -> None:
    nurse = clinic.user(Role.NURSE, at=ward.house.site, password="a long enough password")
    client = walk.signed_in(nurse)
    overview = reverse("treatments:outcomes", args=[course.pk])
    response = client.post(reverse("treatments:outcomes-tablet", args=[course.pk]))
    door = response["Location"]
    assert client.get(door, follow=True).redirect_chain[-1][0].endswith("/")
    page = client.get(client.get(door)["Location"]).content.decode()
    assert "For staff" in page
    assert 'href="/patients/' not in page
    back = reverse("clinic:tablet-return")
    for url in ("/", overview, "/nowhere/", reverse("mfa_index"), reverse("clinic:task-list")):
        assert client.get(url)["Location"] == back
        assert client.post(url)["Location"] == back
    token = door.strip("/").split("/")[-1]
    client.post(step(token, 1), {"nrs.value": "5"})
    assert Response.objects.get().source == "tablet"
    assert client.post(back, {"password": "not this one"}).status_code == 422
    assert client.get("/")["Location"] == back
    assert client.post(back, {"password": "a long enough password"})["Location"] == overview
    assert client.get(overview).status_code == 200


def test_handed_over_link_opens_no_other_patients_page(ward: Ward, course: Course) -> None:
    other = asked(ward)
    client = walk.signed_in(clinic.user(Role.NURSE, at=ward.house.site))
    client.post(reverse("treatments:outcomes-tablet", args=[course.pk]))
    token = links.token_of(Link.objects.get(purpose="answers", patient=other.patient_id))
    assert client.get(step(token, 1))["Location"] == reverse("clinic:link", args=[token])


def test_overview_names_what_is_open_and_what_was_found(ward: Ward, course: Course) -> None:
    client = walk.signed_in(clinic.user(Role.NURSE, at=ward.house.site))
    outcomes.record_response(
        by=ward.nurse, course_id=course.pk, instrument="nrs", time_point="baseline", answers={"value": 10}
    )
    client.post(
        reverse("treatments:observation-new", args=[course.pk]),
        {"what": "extensor_hold", "value": "45", "observed_on": clock.today(course.site.zone).isoformat()},
    )
    page = client.get(reverse("treatments:outcomes", args=[course.pk])).content.decode()
    assert "1 of 4 answered" in page
    assert "Trunk extensors: hold, seconds" in page
    assert "45 s" in page
    assert "Not patient-reported" in page


@pytest.mark.parametrize(
    ("what", "value", "problem"),
    [
        ("extensor_hold", "601", "Between 0 and 600"),
        ("multifidus_fat", "5", "Between 0 and 4"),
        ("multifidus_fat", "1.5", "A whole number"),
        ("oddity", "1", "Select a valid choice"),
    ],
)
def test_finding_that_cannot_be_is_refused(
    what: str, value: str, problem: str, ward: Ward, course: Course
) -> None:
    client = walk.signed_in(clinic.user(Role.NURSE, at=ward.house.site))
    response = client.post(
        reverse("treatments:observation-new", args=[course.pk]),
        {"what": what, "value": value, "observed_on": clock.today(course.site.zone).isoformat()},
    )
    assert response.status_code == 422
    assert problem in response.content.decode()
    assert not course.observations.exists()


def test_manager_loads_an_instrument_and_staff_type_it_in(ward: Ward, course: Course) -> None:
    manager = walk.signed_in(clinic.user(Role.MANAGER, at=ward.house.site))
    until = clock.today(course.site.zone) + dt.timedelta(days=90)
    data = {
        "document": json.dumps(factory.toy_instrument()),
        "licence": "Contract 7",
        "licence_until": until.isoformat(),
    }
    for version in (1, 2):
        assert manager.post(reverse("treatments:instrument-new"), data).status_code == 302
        assert InstrumentDefinition.objects.count() == version
    nurse = walk.signed_in(clinic.user(Role.NURSE, at=ward.house.site))
    response = nurse.post(
        reverse("treatments:response-new", args=[course.pk]),
        {
            "time_point": "baseline",
            "answered_on": clock.today(course.site.zone).isoformat(),
            "toy-walking": "5",
            "toy-sitting": "0",
        },
    )
    assert response.status_code == 302
    row = Response.objects.get()
    assert (row.instrument, row.instrument_version, row.score, row.source) == ("toy", 2, 50, "paper")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"document": "{"}, "This is not JSON"),
        ({"document": ""}, "Choose a file"),
        ({"document": json.dumps({"code": "x"})}, "missing required field"),
        ({"document": json.dumps(factory.toy_instrument(code="nrs"))}, "comes with the software"),
        ({"licence_until": "2020-01-01"}, "ended already"),
        ({"licence": ""}, "required"),
    ],
)
def test_instrument_that_cannot_be_used_is_refused(changes: dict[str, str], field: str, ward: Ward) -> None:
    manager = walk.signed_in(clinic.user(Role.MANAGER, at=ward.house.site))
    data = {
        "document": json.dumps(factory.toy_instrument()),
        "licence": "Contract 7",
        "licence_until": (clock.now() + dt.timedelta(days=9)).date().isoformat(),
    }
    response = manager.post(reverse("treatments:instrument-new"), data | changes)
    assert response.status_code == 422
    assert field in response.content.decode()
    assert not InstrumentDefinition.objects.exists()


def test_command_loads_an_instrument(ward: Ward, tmp_path: Path) -> None:
    file = tmp_path / "toy.json"
    file.write_text(json.dumps(factory.toy_instrument()))
    told = ["load_instrument", str(file), "--licence=Contract 7", "--until=2199-01-01", "--site"]
    call_command(*told, ward.house.site.name, stdout=StringIO())
    assert InstrumentDefinition.objects.get().code == "toy"
    with pytest.raises(CommandError, match="no site"):
        call_command(*told, "Nowhere")
