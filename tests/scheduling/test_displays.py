"""The wall screen: numbers and places, nobody's name; opened by its address alone, until that is revoked."""

import datetime as dt
import re
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from clinic import clock, tokens
from clinic.enums import Role
from clinic.exceptions import InvalidInput, NotAllowed, NotFound
from clinic.models import AuditEvent
from scheduling.models import Appointment, Display
from scheduling.selectors import calls
from scheduling.selectors import displays as reads
from scheduling.services import booking, displays, progress
from scheduling.services.plans import VisitRequest
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import BY, House

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> House:
    """It is ten o'clock at the site, three days from now."""
    built = factory.house(physicians=4, rooms=4)
    ten = built.at(factory.days_ahead(3, built.site), 10)
    monkeypatch.setattr(clock, "now", lambda: ten)
    return built


@pytest.fixture
def display(house: House) -> Display:
    manager = clinic.staff(Role.MANAGER, at=house.site)
    return displays.make(site_id=house.site.pk, name="Waiting room", by=manager)


def arrived(house: House, kind: str = "consultation", *, taps: int = 0) -> Appointment:
    start = clock.now() + dt.timedelta(minutes=15)
    request = VisitRequest(
        clinic.patient(given_name="Ottilie", family_name="Quandt").pk,
        house.visit(kind).pk,
        house.site.pk,
        start,
        purpose=uuid4() if kind == "prp_session" else None,
    )
    visit = booking.book(request=request, by=BY)
    progress.arrive(appointment_id=visit.pk, by=BY)
    for _tap in range(taps):
        progress.advance(appointment_id=visit.pk, by=BY)
    return visit


def page(display: Display, name: str = "wall") -> str:
    response = Client().get(reverse(f"scheduling:{name}", args=[reads.token_of(display)]))
    assert response.status_code == 200
    return response.content.decode()


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html[html.index("<main") :]).split())


def test_wall_shows_number_and_place_and_who_waits(house: House, display: Display) -> None:
    arrived(house, taps=1)
    arrived(house)
    said = words(page(display, "wall-now"))
    assert "1 → Consulting room 1" in said
    assert said.endswith("Waiting 2")


@pytest.mark.parametrize("name", ["wall", "wall-now"])
def test_wall_names_nobody(house: House, display: Display, name: str) -> None:
    """No name, no initials, no kind of visit, no clinician, no key of a record."""
    visit = arrived(house, "prp_session", taps=4)
    html = page(display, name)
    lead = visit.allocations.get(is_lead=True).resource.name
    for secret in ("Ottilie", "Quandt", "O. Q.", "OQ", "PRP", lead, str(visit.pk), str(visit.patient_id)):
        assert secret not in html
    assert "Procedure room" in html


@pytest.mark.parametrize(
    ("taps", "place"),
    [(1, ""), (2, "Draw chair 1"), (3, "Draw chair 1"), (4, "Procedure room 1"), (5, "Recovery bay 1")],
)
def test_place_of_a_patient_is_never_the_centrifuge(
    house: House, display: Display, taps: int, place: str
) -> None:
    arrived(house, "prp_session", taps=taps)
    shown = calls.wall(site=house.site, day=clock.today(house.site.zone))
    assert [call.place for call in shown.called] == [place]


def test_latest_call_stands_first_and_who_is_done_is_gone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = arrived(house, taps=1)
    later = clock.now() + dt.timedelta(minutes=5)
    monkeypatch.setattr(clock, "now", lambda: later)
    arrived(house, taps=1)
    day = clock.today(house.site.zone)
    assert [call.number for call in calls.wall(site=house.site, day=day).called] == [2, 1]
    progress.advance(appointment_id=first.pk, by=BY)
    assert [call.number for call in calls.wall(site=house.site, day=day).called] == [2]


def test_wall_costs_the_same_for_one_and_for_many(
    house: House, display: Display, django_assert_num_queries: factory.Any
) -> None:
    arrived(house, taps=1)
    with django_assert_num_queries(4):
        page(display, "wall-now")
    for _ in range(3):
        arrived(house, taps=1)
    with django_assert_num_queries(4):
        page(display, "wall-now")


def test_wall_has_no_session_and_sets_no_cookie(house: House, display: Display) -> None:
    for name in ("wall", "wall-now"):
        response = Client().get(reverse(f"scheduling:{name}", args=[reads.token_of(display)]))
        assert (dict(response.cookies), response["Cache-Control"], response["Referrer-Policy"]) == (
            {},
            "no-store",
            "no-referrer",
        )


def test_wall_of_another_site_shows_nothing_of_ours(house: House) -> None:
    other = clinic.site(name="Elsewhere")
    theirs = displays.make(site_id=other.pk, name="Hall", by=clinic.staff(Role.MANAGER, at=other))
    arrived(house, taps=1)
    assert "wall-call " not in page(theirs)
    assert "Consulting room" not in page(theirs)


@pytest.mark.parametrize("name", ["wall", "wall-now", "wall-seen"])
def test_unknown_and_revoked_addresses_open_nothing(house: House, display: Display, name: str) -> None:
    manager = clinic.staff(Role.MANAGER, at=house.site)
    displays.revoke(site_id=house.site.pk, display_id=display.pk, by=manager)
    for token in (reads.token_of(display), "a" * 64, "short", str(display.pk), display.token_hash):
        browser = Client()
        url = reverse(f"scheduling:{name}", args=[token])
        response = browser.post(url) if name == "wall-seen" else browser.get(url)
        assert (response.status_code, dict(response.cookies)) == (404, {})


def test_only_the_hash_is_kept(house: House, display: Display) -> None:
    token = reads.token_of(display)
    assert display.token_hash == tokens.digest(token)
    assert token not in str(Display.objects.filter(pk=display.pk).values())


def test_seen_is_written_once_a_minute(
    house: House, display: Display, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, begin = reverse("scheduling:wall-seen", args=[reads.token_of(display)]), clock.now()
    browser = Client(enforce_csrf_checks=True)
    written = []
    for seconds in (0, 5, 59, 60, 61):
        monkeypatch.setattr(clock, "now", lambda s=seconds: begin + dt.timedelta(seconds=s))
        assert browser.post(url).status_code == 204
        display.refresh_from_db()
        assert display.last_read_at is not None
        written.append((display.last_read_at - begin).total_seconds())
    assert written == [0, 0, 0, 60, 60]
    assert browser.get(url).status_code == 405


def test_make_is_the_managers_and_once_per_name(house: House, display: Display) -> None:
    manager = clinic.staff(Role.MANAGER, at=house.site)
    with pytest.raises(InvalidInput):
        displays.make(site_id=house.site.pk, name="waiting ROOM", by=manager)
    with pytest.raises(NotAllowed):
        displays.make(site_id=house.site.pk, name="Hall", by=clinic.staff(Role.NURSE, at=house.site))
    displays.revoke(site_id=house.site.pk, display_id=display.pk, by=manager)
    displays.revoke(site_id=house.site.pk, display_id=display.pk, by=manager)
    again = displays.make(site_id=house.site.pk, name="Waiting room", by=manager)
    assert reads.token_of(again) != reads.token_of(display)
    events = AuditEvent.objects.filter(action__startswith="scheduling.display").order_by("pk")
    assert list(events.values_list("action", flat=True)) == [
        "scheduling.display.made",
        "scheduling.display.revoked",
        "scheduling.display.made",
    ]


def test_manager_of_another_site_cannot_revoke(house: House, display: Display) -> None:
    other = clinic.site(name="Elsewhere")
    stranger = clinic.staff(Role.MANAGER, at=other)
    for site in (house.site, other):
        with pytest.raises(NotFound):
            displays.revoke(site_id=site.pk, display_id=display.pk, by=stranger)


def test_manager_adds_a_screen_and_reads_its_address(house: House) -> None:
    browser = Client()
    browser.force_login(clinic.user(Role.MANAGER, at=house.site))
    url = reverse("scheduling:setup-displays")
    assert browser.post(url, {"name": "Waiting room"}).status_code == 302
    made = Display.objects.get()
    assert reverse("scheduling:wall", args=[reads.token_of(made)]) in browser.get(url).content.decode()
    assert browser.post(url, {"name": "Waiting room"}).status_code == 422
