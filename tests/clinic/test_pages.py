"""The clinic app's pages, as the browser asks for them."""

import datetime as dt
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from clinic import clock
from clinic.enums import Role
from clinic.ids import new_id
from clinic.models import AuditEvent, Patient, Site, Task
from clinic.services import contacts, patients, tasks
from clinic.services.contacts import ContactData
from tests.clinic.people import SEED, data, member, patient, site

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def home() -> Site:
    return site()


@pytest.fixture
def desk(home: Site) -> Client:
    return _signed_in(Role.FRONT_DESK, home)


def _signed_in(role: Role, home: Site) -> Client:
    client = Client()
    client.force_login(member(role, home))
    return client


def _form(**more: Any) -> dict[str, Any]:
    values = {
        "given_name": "Anna",
        "family_name": "Müller",
        "birth_date": "1950-03-07",
        "sex": "female",
        "mobile": "(415) 555-0123",
        "email": "anna@example.org",
        "preferred_channel": "email",
        "language": "en",
        "reminders_consent": "on",
        "version": "0",
    }
    return {**values, **more}


def test_register_leads_to_the_record(desk: Client) -> None:
    answer = desk.post(
        reverse("clinic:patient-new"), _form(erased_at="2020-01-01", record_number="P-1", household="x")
    )
    one = Patient.objects.get()
    assert answer["Location"] == reverse("clinic:patient-detail", args=[one.pk])
    assert (one.erased_at, one.household_id, one.version) == (None, None, 1)
    page = desk.get(answer["Location"])
    assert page.status_code == 200
    assert "Müller" in page.content.decode()
    assert AuditEvent.objects.filter(action="clinic.patient.viewed", patient_id=one.pk).count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("birth_date", "2999-01-01"),
        ("birth_date", "1850-01-01"),
        ("birth_date", "yesterday"),
        ("given_name", "Anna\x00"),
        ("given_name", "Anna\r\nBcc: all@example.org"),
        ("family_name", "x" * 200_000),
        ("family_name", " "),
        ("mobile", "12"),
        ("sex", "<script>"),
        ("language", "xx"),
        ("email", "not an address"),
        ("email", ""),
        ("version", "99999999999999999999"),
        ("notes", "x" * 2001),
    ],
)
def test_bad_value_is_answered_beside_its_field(desk: Client, field: str, value: str) -> None:
    answer = desk.post(reverse("clinic:patient-new"), _form(**{field: value}))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert Patient.objects.count() == 0


def test_ten_megabytes_are_refused(desk: Client) -> None:
    answer = desk.post(reverse("clinic:patient-new"), _form(family_name="x" * 10_000_000))
    assert answer.status_code == 400
    assert Patient.objects.count() == 0


def test_register_on_the_way_to_a_booking_leads_on_to_it(desk: Client) -> None:
    came_from = reverse("scheduling:book") + "?part=morning"
    new = reverse("clinic:patient-new") + "?" + urlencode({"next": came_from})
    assert came_from in desk.get(new).content.decode()
    answer = desk.post(new, _form())
    one = Patient.objects.get()
    assert answer.headers["Location"] == reverse("scheduling:book", args=[one.pk]) + "?part=morning"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "javascript:alert(1)"],
)
def test_register_never_leads_off_the_site(desk: Client, elsewhere: str) -> None:
    new = reverse("clinic:patient-new") + "?" + urlencode({"next": elsewhere})
    assert elsewhere not in desk.get(new).content.decode()
    answer = desk.post(new, _form())
    assert answer.headers["Location"] == reverse("clinic:patient-detail", args=[Patient.objects.get().pk])


def test_duplicate_is_shown_before_anything_is_saved(desk: Client) -> None:
    known = patient(mobile="+14155550123")
    answer = desk.post(reverse("clinic:patient-new"), _form(given_name="Ana", family_name="Mueller"))
    assert answer.status_code == 422
    assert [one.patient for one in answer.context["duplicates"]] == [known]
    assert reverse("clinic:patient-detail", args=[known.pk]) in answer.content.decode()
    assert Patient.objects.count() == 1


def test_duplicate_on_the_way_to_a_booking_can_be_booked(desk: Client) -> None:
    known = patient(mobile="+14155550123")
    came_from = reverse("scheduling:book") + "?part=morning"
    answer = desk.post(reverse("clinic:patient-new") + "?" + urlencode({"next": came_from}), _form())
    assert reverse("scheduling:book", args=[known.pk]) + "?part=morning" in answer.content.decode()


@pytest.mark.parametrize("decision", ["different", "household"])
def test_duplicate_answered(desk: Client, decision: str) -> None:
    known = patient(mobile="+14155550123")
    told = f"household:{known.pk}" if decision == "household" else decision
    desk.post(reverse("clinic:patient-new"), _form(given_name="Bert", seen=str(known.pk), decision=told))
    known.refresh_from_db()
    made = Patient.objects.exclude(pk=known.pk).get()
    assert (made.household_id is not None) == (decision == "household")
    assert made.household_id == known.household_id


def test_answer_does_not_cover_a_duplicate_that_was_not_shown(desk: Client) -> None:
    patient(mobile="+14155550123")
    answer = desk.post(reverse("clinic:patient-new"), _form(seen=str(new_id()), decision="different"))
    assert answer.status_code == 422
    assert Patient.objects.count() == 1


def test_edit_with_a_stale_form_shows_both_and_loses_nothing(desk: Client) -> None:
    one = patient()
    patients.update(by=SEED, patient_id=one.pk, version=1, data=data(given_name="Hanna"))
    url = reverse("clinic:patient-edit", args=[one.pk])
    answer = desk.post(url, _form(given_name="Joanna", version="1"))
    assert answer.status_code == 422
    assert ("Given name", "Hanna", "Joanna") in answer.context["theirs"]
    assert answer.context["form"]["version"].value() == "2"
    assert Patient.objects.get().given_name == "Hanna"
    assert desk.post(url, _form(given_name="Joanna", version="2")).status_code == 302
    assert Patient.objects.get().given_name == "Joanna"


def test_edit_does_not_ask_again_about_a_duplicate_it_did_not_make(desk: Client) -> None:
    one, _twin = patient(mobile="+14155550123"), patient(given_name="Ann")
    answer = desk.post(
        reverse("clinic:patient-edit", args=[one.pk]),
        _form(version="1", notes="Call after 5 pm.", email="anna@example.org"),
    )
    assert answer.status_code == 302


def test_search_by_post_only_and_as_fragment(desk: Client) -> None:
    one = patient()
    url = reverse("clinic:patient-search")
    assert desk.get(url).status_code == 405
    fragment = desk.post(url, {"q": "mul"}, headers=HTMX).content.decode()
    assert reverse("clinic:patient-detail", args=[one.pk]) in fragment
    assert "<html" not in fragment
    assert "<html" in desk.post(url, {"q": "mul"}).content.decode()
    assert desk.post(url, {"q": "m"}, headers=HTMX).content.decode().strip() == ""
    nobody = desk.post(url, {"q": "zzzz"}, headers={**HTMX, "HX-Target": "found"})
    assert reverse("clinic:patient-new") in nobody.content.decode()


def test_search_that_found_nobody_fills_the_new_form(desk: Client) -> None:
    page = desk.post(reverse("clinic:patient-new"), {"fill": "Anna Müller"})
    assert page.context["form"].initial == {"given_name": "Anna", "family_name": "Müller"}
    assert "autofocus" in page.context["form"].fields["birth_date"].widget.attrs
    page = desk.post(reverse("clinic:patient-new"), {"fill": "7 Mar 1950"})
    assert page.context["form"].initial == {"birth_date": dt.date(1950, 3, 7)}


def test_unknown_keys_are_not_found(desk: Client) -> None:
    for name in (
        "patient-detail",
        "patient-edit",
        "patient-deceased",
        "contact-new",
        "contact-edit",
        "task-finish",
    ):
        assert desk.get(reverse(f"clinic:{name}", args=[new_id()])).status_code == 404
    assert desk.get("/patients/not-a-key/").status_code == 404


def test_erased_record_shows_nobody_and_cannot_be_edited(desk: Client, home: Site) -> None:
    one = patient()
    manager = _signed_in(Role.MANAGER, home)
    url = reverse("clinic:patient-erase", args=[one.pk])
    assert desk.post(url, {"record_number": one.record_number}).status_code == 403
    assert manager.post(url, {"record_number": "P-0"}).status_code == 422
    assert manager.post(url, {"record_number": one.record_number}).status_code == 302
    page = desk.get(reverse("clinic:patient-detail", args=[one.pk])).content.decode()
    assert "Müller" not in page
    assert reverse("clinic:patient-edit", args=[one.pk]) not in page
    assert desk.get(reverse("clinic:patient-edit", args=[one.pk])).status_code == 409


def test_death_and_its_correction(desk: Client) -> None:
    one = patient()
    url = reverse("clinic:patient-deceased", args=[one.pk])
    assert desk.post(url, {"on": "1900-01-01", "version": "1"}).status_code == 422
    assert desk.post(url, {"on": "2026-01-01", "version": "1"}).status_code == 302
    page = desk.get(reverse("clinic:patient-detail", args=[one.pk]))
    assert (page.context["book_url"], page.context["order_url"]) == ("", "")
    desk.post(reverse("clinic:patient-not-deceased", args=[one.pk]))
    one.refresh_from_db()
    assert one.deceased_on is None


def test_names_are_escaped(desk: Client) -> None:
    one = patient(given_name='<script>alert("x")</script>', notes="<img src=x onerror=y>")
    contacts.add(by=SEED, patient_id=one.pk, data=ContactData(name="<b>Berta</b>"))
    pages = [
        desk.get(reverse("clinic:patient-detail", args=[one.pk])),
        desk.get(reverse("clinic:patient-edit", args=[one.pk])),
        desk.post(reverse("clinic:patient-search"), {"q": "muller"}, headers=HTMX),
    ]
    for page in pages:
        text = page.content.decode()
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "<b>Berta" not in text


@pytest.mark.parametrize("role", list(Role))
def test_home_of_each_role(home: Site, role: Role) -> None:
    page = _signed_in(role, home).get(reverse("clinic:home"))
    assert page.status_code == 200
    assert bool(page.context["set_up"]) == (role == Role.MANAGER)


def test_task_from_the_list_to_its_end(desk: Client, home: Site) -> None:
    now = clock.now().astimezone(home.zone)
    form = {"title": "Call back", "role": "front_desk", "day": f"{now:%Y-%m-%d}", "time": "23:59"}
    assert desk.post(reverse("clinic:task-new"), form).status_code == 302
    task = Task.objects.get()
    assert "Call back" in desk.get(reverse("clinic:task-list")).content.decode()
    assert desk.post(reverse("clinic:task-finish", args=[task.pk]), {"outcome": ""}).status_code == 422
    assert (
        desk.post(reverse("clinic:task-finish", args=[task.pk]), {"outcome": "Reached her."}).status_code
        == 302
    )
    assert "Reached her." in desk.get(reverse("clinic:task-list") + "?show=done").content.decode()
    assert desk.post(reverse("clinic:task-drop", args=[task.pk])).status_code == 409
    assert desk.post(reverse("clinic:task-reopen", args=[task.pk])).status_code == 302
    assert desk.post(reverse("clinic:task-new"), {**form, "day": "1999-01-01"}).status_code == 422


def test_task_is_taken_and_left_from_the_list(desk: Client, home: Site) -> None:
    task = tasks.open_task(
        by=SEED, site_id=home.pk, kind="call", title="Ring back", role=Role.FRONT_DESK, due_at=clock.now()
    )
    take, leave = (reverse(f"clinic:task-{name}", args=[task.pk]) for name in ("claim", "put-back"))
    rival = _signed_in(Role.FRONT_DESK, home)

    def owner_after(browser: Client, url: str) -> tuple[str, str]:
        page = browser.post(url, follow=True).content.decode()
        task.refresh_from_db()
        return str(task.owner_id), "told" if "has this one. Take another" in page else ""

    me = desk.session["_auth_user_id"]
    assert owner_after(desk, take) == (me, "")
    assert owner_after(rival, take) == (me, "told")
    assert owner_after(rival, leave) == (me, "")
    assert owner_after(desk, leave) == ("None", "")


def test_task_of_another_site_is_not_found(desk: Client) -> None:
    task = tasks.open_task(
        by=SEED, site_id=site("Hillside").pk, kind="call", title="x", role="nurse", due_at=clock.now()
    )
    for name in ("task-finish", "task-assign"):
        assert desk.get(reverse(f"clinic:{name}", args=[task.pk])).status_code == 404
    assert desk.post(reverse("clinic:task-drop", args=[task.pk])).status_code == 404


def test_work_at_another_of_ones_sites(home: Site) -> None:
    other, foreign = site("Hillside"), site("Elsewhere")
    client = Client()
    client.force_login(member(Role.FRONT_DESK, home, other))
    assert client.get(reverse("clinic:site-list")).context["current"] == other
    client.post(reverse("clinic:site-switch", args=[home.pk]))
    assert client.get(reverse("clinic:site-list")).context["current"] == home
    assert client.post(reverse("clinic:site-switch", args=[foreign.pk])).status_code == 404


@pytest.mark.parametrize("count", [1, 30])
def test_lists_ask_the_same_questions_however_many_rows(
    home: Site, count: int, django_assert_num_queries: DjangoAssertNumQueries, settings: Any
) -> None:
    settings.CLOCK_OFFSET_ALLOWED = (
        False  # as in production: with it, each reading of the clock asks the database
    )
    one = patient(email="anna@example.org")
    for number in range(count):
        tasks.open_task(
            by=SEED,
            site_id=home.pk,
            kind="call",
            title=f"Call {number}",
            role="manager",
            due_at=clock.now(),
            patient_id=one.pk,
        )
        contacts.add(by=SEED, patient_id=one.pk, data=ContactData(name=f"Contact {number}"))
        member(Role.NURSE, home)
    manager = _signed_in(Role.MANAGER, home)
    for url, statements in (
        (reverse("clinic:task-list"), 6),
        (reverse("clinic:staff-list"), 6),
        (reverse("clinic:home"), 5),
        (reverse("clinic:patient-detail", args=[one.pk]), 13),
    ):
        manager.get(url)
        with django_assert_num_queries(statements):
            assert manager.get(url).status_code == 200
