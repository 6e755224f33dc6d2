"""The day list, the board and the panes: what they show, and that they cost the same for 1 visit and for 30."""

import datetime as dt
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic import clock
from clinic.enums import Role
from scheduling.enums import AppointmentStatus
from scheduling.models import Appointment
from scheduling.services import booking, endings, progress
from scheduling.services.plans import VisitRequest
from tests.factories import clinic
from tests.factories.scheduling import BY, House, days_ahead
from tests.factories.scheduling import house as build

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return build(physicians=4, rooms=4)


@pytest.fixture
def desk(house: House) -> Client:
    browser = Client()
    browser.force_login(clinic.user(Role.FRONT_DESK, at=house.site))
    return browser


@pytest.fixture
def at_ten(house: House, monkeypatch: pytest.MonkeyPatch) -> dt.datetime:
    """It is ten o'clock at the site, three days from now."""
    ten = house.at(days_ahead(3, house.site), 10)
    monkeypatch.setattr(clock, "now", lambda: ten)
    return ten


def book(house: House, start: dt.datetime, *, kind: str = "consultation", **patient: Any) -> Appointment:
    request = VisitRequest(clinic.patient(**patient).pk, house.visit(kind).pk, house.site.pk, start)
    return booking.book(request=request, by=BY)


def queries(browser: Client, url: str) -> int:
    """Queries of one page. The tests' movable clock is itself a row, which production never reads."""
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(url).status_code == 200
    return sum("clinic_clockoffset" not in query["sql"] for query in captured.captured_queries)


LIST = {"view": "list"}


@pytest.mark.parametrize(("page", "most"), [("day?list", 10), ("day", 16), ("board", 8), ("home-pane", 10)])
def test_a_day_costs_the_same_for_one_visit_and_for_thirty(
    desk: Client, house: House, at_ten: dt.datetime, page: str, most: int
) -> None:
    name, _, listed = page.partition("?")
    url = reverse(f"scheduling:{name}") + ("?view=list" if listed else "")
    book(house, at_ten + dt.timedelta(hours=1))
    one = queries(desk, url)
    for number in range(29):
        book(house, at_ten + dt.timedelta(hours=2 + number // 8, minutes=30 * (number // 4 % 2)))
    assert (queries(desk, url), one <= most) == (one, True)


def test_day_lists_visits_in_time_order(desk: Client, house: House) -> None:
    day = days_ahead(2, house.site)
    book(house, house.at(day, 11), family_name="Late")
    book(house, house.at(day, 9), family_name="Early")
    page = desk.get(reverse("scheduling:day", args=[day]), LIST).content.decode()
    assert 0 < page.index("Early") < page.index("Late")


def test_day_hides_cancelled_visits_until_asked(desk: Client, house: House) -> None:
    day = days_ahead(2, house.site)
    visit = book(house, house.at(day, 9), family_name="Gone")
    endings.cancel(appointment_id=visit.pk, reason="patient_unwell", by=BY)
    url = reverse("scheduling:day", args=[day])
    assert [
        "Gone" in desk.get(url, LIST).content.decode(),
        "Gone" in desk.get(url, LIST | {"cancelled": "1"}).content.decode(),
    ] == [
        False,
        True,
    ]


def test_day_of_one_clinician(desk: Client, house: House) -> None:
    day = days_ahead(2, house.site)
    visit = book(house, house.at(day, 9), family_name="Mine")
    lead = visit.allocations.get(is_lead=True).resource
    other = next(each for each in house.resources["physician"] if each != lead)
    url = reverse("scheduling:day", args=[day])
    assert [
        "Mine" in desk.get(url, LIST | {"lead": key}).content.decode() for key in (lead.pk, other.pk)
    ] == [
        True,
        False,
    ]


def test_day_jumps_to_the_day_of_the_field(desk: Client, house: House) -> None:
    response = desk.get(reverse("scheduling:day"), {"day": "2026-12-24", "lead": ""})
    assert response["Location"] == reverse("scheduling:day", args=["2026-12-24"]) + "?lead="


@pytest.mark.parametrize("wrong", ["2026-02-30", "0000-01-01", "9999-12-31"])
def test_day_that_does_not_exist_is_404(desk: Client, house: House, wrong: str) -> None:
    assert desk.get(f"/schedule/{wrong}/").status_code == 404


@pytest.mark.parametrize("wrong", [{"lead": "x"}, {"day": "soon"}, {"lead": "\x00"}])
def test_day_survives_a_bad_filter(desk: Client, house: House, wrong: dict[str, str]) -> None:
    assert desk.get(reverse("scheduling:day"), wrong).status_code == 200


def test_day_marks_people_of_nearly_the_same_name(desk: Client, house: House) -> None:
    day = days_ahead(2, house.site)
    book(house, house.at(day, 9), given_name="Anna", family_name="Weber")
    book(house, house.at(day, 10), given_name="Anton", family_name="Weber")
    book(house, house.at(day, 11), given_name="Zoe", family_name="Weber")
    assert (
        desk.get(reverse("scheduling:day", args=[day]), LIST).content.decode().count("Same name, same day")
        == 2
    )


def test_another_sites_visits_are_not_shown(desk: Client, house: House) -> None:
    other = build(site=clinic.site(name="Elsewhere"))
    day = days_ahead(2, house.site)
    book(other, other.at(day, 9), family_name="Foreign")
    pages = [desk.get(reverse("scheduling:day", args=[day]), query).content.decode() for query in (LIST, {})]
    assert ["Foreign" in page for page in pages] == [False, False]


def columns(page: str) -> dict[str, int]:
    """Column heads of the board and how many people stand in each."""
    found = {}
    for part in page.split('<h2 id="column-')[1:]:
        head = part.split(">", 1)[1]
        found[head.split(" <", 1)[0].strip()] = int(head.split('nav-count">', 1)[1].split("<", 1)[0])
    return found


def test_board_follows_a_session_from_expected_to_done(
    desk: Client, house: House, at_ten: dt.datetime
) -> None:
    kind = house.visit("prp_session").pk
    request = VisitRequest(
        clinic.patient().pk, kind, house.site.pk, at_ten + dt.timedelta(minutes=15), purpose=uuid4()
    )
    visit = booking.book(request=request, by=BY)

    def where() -> str:
        page = desk.get(reverse("scheduling:board"), headers={"HX-Request": "true"}).content.decode()
        return next(name for name, count in columns(page).items() if count)

    seen = [where()]
    desk.post(reverse("scheduling:appointment-arrive", args=[visit.pk]))
    seen.append(where())
    for _tap in range(6):
        desk.post(reverse("scheduling:appointment-advance", args=[visit.pk]))
        seen.append(where())
    assert seen == [
        "Expected",
        "Waiting",
        "Check-in",
        "Blood draw",
        "Separation",
        "Injection",
        "Recovery",
        "Done",
    ]
    desk.post(reverse("scheduling:appointment-undo", args=[visit.pk]))
    assert where() == "Recovery"


def test_board_marks_who_is_late_and_who_waits_long(
    desk: Client, house: House, at_ten: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    book(house, at_ten + dt.timedelta(minutes=15), family_name="Absent")
    waiting = book(house, at_ten + dt.timedelta(minutes=15), family_name="Patient")
    progress.arrive(appointment_id=waiting.pk, by=BY)
    monkeypatch.setattr(clock, "now", lambda: at_ten + dt.timedelta(minutes=35))
    page = desk.get(reverse("scheduling:board")).content.decode()
    assert ["20 min late" in page, page.count("board-card attention")] == [True, 2]


def test_board_asked_by_the_poll_answers_the_fragment_and_leaves_the_session_alone(
    desk: Client, house: House
) -> None:
    response = desk.get(reverse("scheduling:board"), headers={"HX-Request": "true"})
    assert response.content.decode().lstrip().startswith('<div id="board">')
    assert desk.cookies.get("sessionid") is None or "sessionid" not in response.cookies


def test_patient_pane_shows_what_comes_first(desk: Client, house: House) -> None:
    visit = book(house, house.at(days_ahead(5, house.site), 9))
    page = desk.get(reverse("scheduling:patient-pane", args=[visit.patient_id])).content.decode()
    assert [
        reverse(f"scheduling:appointment-{what}", args=[visit.pk]) in page for what in ("move", "cancel")
    ] == [True, True]


def test_patient_pane_hides_visits_of_other_sites(desk: Client, house: House) -> None:
    other = build(site=clinic.site(name="Elsewhere"))
    visit = book(other, other.at(days_ahead(5, other.site), 9))
    assert (
        "No visits yet"
        in desk.get(reverse("scheduling:patient-pane", args=[visit.patient_id])).content.decode()
    )


def test_home_pane_asks_for_confirmation_of_the_next_day(desk: Client, house: House) -> None:
    day = days_ahead(1, house.site)
    book(house, house.at(day, 9), family_name="Open")
    sure = book(house, house.at(day, 10), family_name="Sure")
    endings.confirm(appointment_id=sure.pk, by=BY)
    page = desk.get(reverse("scheduling:home-pane")).content.decode()
    assert ["Open" in page, "Sure" in page] == [True, False]
    assert Appointment.objects.get(pk=sure.pk).status == AppointmentStatus.CONFIRMED
