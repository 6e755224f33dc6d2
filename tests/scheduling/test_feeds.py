"""A clinician's calendar by a secret address: what it says, to whom, and what it never says."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import vobject
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from icalendar import Calendar

from clinic import clock, logs, tokens
from clinic.enums import Role
from clinic.exceptions import NotAllowed, NotFound
from clinic.models import AuditEvent
from scheduling.models import Feed, Resource, TimeOff
from scheduling.selectors import feeds as reads
from scheduling.services import endings, feeds, holds, moves
from scheduling.services.plans import VisitRequest
from scheduling.views import feeds as views
from scheduling.views.vtimezone import vtimezone
from tests import walk
from tests.factories import clinic, waiting
from tests.factories import scheduling as factory
from tests.factories.scheduling import BY, House

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return factory.house(physicians=2, rooms=1)


@pytest.fixture
def doctor(house: House) -> Resource:
    physician = house.one("physician")
    physician.user = clinic.user(Role.PHYSICIAN, at=house.site)
    physician.save(update_fields=["user"])
    return physician


@pytest.fixture
def url(doctor: Resource) -> str:
    assert doctor.user is not None
    feed = feeds.renew(by=doctor.user.actor(), resource_id=doctor.pk)
    return reverse("scheduling:feed", args=[feeds.token_of(feed.pk)])


def tomorrow(house: House, hour: int, minute: int = 0) -> dt.datetime:
    return house.at(factory.days_ahead(1, house.site), hour, minute)


def read(url: str, **headers: str) -> HttpResponse:
    return Client().get(url, headers=headers)


def events(url: str) -> list[Any]:
    return list(Calendar.from_ical(read(url).content).walk("VEVENT"))


def facts(event: Any) -> tuple[str, int, str, str]:
    return str(event["summary"]), int(event["sequence"]), str(event["status"]), str(event["transp"])


def test_a_visit_names_its_room_and_nobody(house: House, url: str) -> None:
    patient = clinic.patient(given_name="Ludmila", family_name="Geheim")
    visit = waiting.visit(house, tomorrow(house, 10), patient, kind="consultation")
    (event,) = events(url)
    assert facts(event) == ("Visit, Consulting room 1", 0, "CONFIRMED", "OPAQUE")
    assert event["dtstart"].dt == tomorrow(house, 10)
    assert event["dtstart"].params["TZID"] == "Europe/Berlin"
    text = read(url).content.decode()
    for secret in ("Ludmila", "Geheim", patient.record_number, visit.visit_type.name, "PRP"):
        assert secret not in text
    assert str(event["url"]).endswith(reverse("scheduling:appointment-detail", args=[visit.pk]))


def test_a_move_raises_the_sequence_and_keeps_the_uid(house: House, url: str) -> None:
    visit = waiting.visit(house, tomorrow(house, 10))
    (before,) = events(url)
    moves.move(appointment_id=visit.pk, start=tomorrow(house, 14), by=BY)
    (after,) = events(url)
    assert after["uid"] == before["uid"]
    assert int(after["sequence"]) == int(before["sequence"]) + 1
    assert after["dtstart"].dt == tomorrow(house, 14)


def test_a_cancelled_visit_stays_for_a_while_as_cancelled(
    house: House, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = waiting.visit(house, house.at(factory.days_ahead(40, house.site), 10))
    endings.cancel(appointment_id=visit.pk, reason="patient_cannot_come", by=BY)
    (event,) = events(url)
    assert facts(event)[1:] == (1, "CANCELLED", "TRANSPARENT")
    assert event["dtstart"].dt == visit.period.lower
    later = clock.now() + reads.CANCELLED_FOR + dt.timedelta(minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert events(url) == []


def test_a_visit_that_went_to_a_colleague_is_cancelled_here_at_its_last_time(house: House, url: str) -> None:
    visit = waiting.visit(house, tomorrow(house, 10))
    moves.move(appointment_id=visit.pk, start=tomorrow(house, 11), by=BY)
    colleague = house.resources["physician"][1]
    moves.move(appointment_id=visit.pk, start=tomorrow(house, 15), by=BY, lead_id=colleague.pk)
    (event,) = events(url)
    assert (facts(event)[2], event["dtstart"].dt) == ("CANCELLED", tomorrow(house, 11))
    other = feeds.renew(by=clinic.staff(Role.MANAGER, at=house.site), resource_id=colleague.pk)
    (theirs,) = events(reverse("scheduling:feed", args=[feeds.token_of(other.pk)]))
    assert (theirs["uid"], str(theirs["status"])) == (event["uid"], "CONFIRMED")


def test_time_off_takes_the_time_and_a_hold_does_not(house: House, doctor: Resource, url: str) -> None:
    period = DateTimeTZRange(tomorrow(house, 8), tomorrow(house, 12))
    TimeOff.objects.create(resource=doctor, period=period, reason="Surgery, private")
    request = VisitRequest(
        clinic.patient().pk,
        house.visit("consultation").pk,
        house.site.pk,
        house.at(factory.days_ahead(2, house.site), 9),
        doctor.pk,
    )
    holds.pencil(request=request, until=clock.now() + dt.timedelta(hours=1), by=BY)
    away, hold = events(url)
    assert facts(away) == ("Away", 0, "CONFIRMED", "OPAQUE")
    assert facts(hold) == ("Kept free", 0, "TENTATIVE", "TRANSPARENT")
    assert b"Surgery" not in read(url).content


def test_two_parsers_read_names_full_of_signs(house: House, doctor: Resource, url: str) -> None:
    nasty = 'Dr "Ä", 👩‍⚕️; \\n\r\nATTENDEE:mailto:x@mail.example'
    Resource.objects.filter(pk=doctor.pk).update(name=nasty)
    Resource.objects.filter(kind_id="consulting_room").update(name='Room "2", left; 🚪')
    waiting.visit(house, tomorrow(house, 10))
    text = read(url).content.decode()
    assert "\r\nATTENDEE" not in text
    first = Calendar.from_ical(text)
    second = vobject.readOne(text)
    (event,) = first.walk("VEVENT")
    assert str(event["summary"]) == second.vevent.summary.value == 'Visit, Room "2", left; 🚪'
    assert second.vevent.dtstart.value == event["dtstart"].dt
    assert [str(zone["tzid"]) for zone in first.walk("VTIMEZONE")] == ["Europe/Berlin"]
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))


def test_wall_time_is_kept_over_the_change_of_the_clocks(house: House, doctor: Resource, url: str) -> None:
    starts = [house.at(factory.days_ahead(days, house.site), 9) for days in range(1, 364, 45)]
    for start in starts:
        TimeOff.objects.create(resource=doctor, period=DateTimeTZRange(start, start + dt.timedelta(hours=1)))
        waiting.visit(house, start + dt.timedelta(hours=2))
    walls = [event["dtstart"].dt for event in events(url) if str(event["summary"]) != "Away"]
    assert {wall.strftime("%H:%M") for wall in walls} == {"11:00"}
    assert len({wall.utcoffset() for wall in walls}) == 2
    parsed = [
        each.dtstart.value
        for each in vobject.readOne(read(url).content.decode()).vevent_list
        if each.summary.value != "Away"
    ]
    assert [instant.astimezone(dt.UTC) for instant in sorted(parsed)] == [
        start + dt.timedelta(hours=2) for start in starts
    ]


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Tokyo"])
def test_a_time_zone_changes_at_the_instants_at_which_its_clocks_do(name: str) -> None:
    """Each observance begins, by the offset before it, at the instant before which another offset held."""
    zone = ZoneInfo(name)
    parts = vtimezone(zone, 2026, 2028).subcomponents
    assert len(parts) == (1 if name == "Asia/Tokyo" else 7)
    for part in parts[1:]:
        change = part["dtstart"].dt.replace(tzinfo=dt.UTC) - part["tzoffsetfrom"].td
        before = (change - dt.timedelta(seconds=1)).astimezone(zone).utcoffset()
        after = change.astimezone(zone).utcoffset()
        assert (before, after) == (part["tzoffsetfrom"].td, part["tzoffsetto"].td)
        assert before != after


def test_the_window_is_thirty_days_back_and_a_year_ahead(house: House, doctor: Resource, url: str) -> None:
    for days in (-40, -20, 300, 380):
        start = house.at(factory.days_ahead(days, house.site), 9)
        TimeOff.objects.create(resource=doctor, period=DateTimeTZRange(start, start + dt.timedelta(hours=1)))
    shown = [(event["dtstart"].dt.date() - clock.now().date()).days for event in events(url)]
    assert shown == [-20, 300]


def test_unchanged_is_answered_with_304_and_a_change_with_the_whole(house: House, url: str) -> None:
    visit = waiting.visit(house, tomorrow(house, 10))
    first = read(url)
    assert (first.status_code, first["Cache-Control"]) == (200, "private, no-cache")
    again = read(url, if_none_match=first["ETag"])
    assert (again.status_code, again.content, again["Cache-Control"]) == (304, b"", "private, no-cache")
    assert read(url, if_modified_since=first["Last-Modified"]).status_code == 304
    endings.cancel(appointment_id=visit.pk, reason="patient_cannot_come", by=BY)
    assert read(url, if_none_match=first["ETag"]).status_code == 200


def test_reading_sets_no_cookie_and_writes_nothing(house: House, url: str) -> None:
    waiting.visit(house, tomorrow(house, 10))
    tables = [*walk.business_tables(), "clinic_auditevent", "django_session"]
    before = walk.fingerprint(tables)
    response = read(url)
    assert (response.status_code, dict(response.cookies)) == (200, {})
    assert walk.fingerprint(tables) == before


def test_unknown_renewed_and_revoked_addresses_look_the_same(
    house: House, doctor: Resource, url: str
) -> None:
    assert doctor.user is not None
    by = doctor.user.actor()
    unknown = read(reverse("scheduling:feed", args=["0" * 64]))
    feeds.renew(by=by, resource_id=doctor.pk)
    renewed = read(url)
    live = Feed.objects.get(revoked_at=None)
    newest = reverse("scheduling:feed", args=[feeds.token_of(live.pk)])
    assert read(newest).status_code == 200
    assert feeds.revoke(by=by, resource_id=doctor.pk) == 1
    revoked = read(newest)
    answers = {(each.status_code, each.content, each["Content-Type"]) for each in (unknown, renewed, revoked)}
    assert answers == {(404, b"There is no such calendar.\n", "text/plain")}
    assert feeds.revoke(by=by, resource_id=doctor.pk) == 0


def test_a_closed_account_ends_its_address(doctor: Resource, url: str) -> None:
    assert doctor.user is not None
    doctor.user.is_active = False
    doctor.user.save(update_fields=["is_active"])
    assert read(url).status_code == 404


def test_only_the_hash_of_the_secret_is_stored(url: str) -> None:
    token = url.rpartition("/")[2].removesuffix(".ics")
    feed = Feed.objects.get()
    assert feed.token_hash == tokens.digest(token) != token
    assert AuditEvent.objects.filter(action="scheduling.feed.made", subject_key=str(feed.pk)).count() == 1


def test_asking_without_end_is_slowed_down(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now().replace(second=1)
    monkeypatch.setattr(clock, "now", lambda: now)
    codes = [Client().get(url).status_code for _ in range(views.A_MINUTE + 1)]
    assert codes == [200] * views.A_MINUTE + [429]
    monkeypatch.setattr(clock, "now", lambda: now + dt.timedelta(minutes=1))
    assert Client().get(url).status_code == 200


def test_a_calendar_is_ones_own_or_the_managers_business(house: House, doctor: Resource) -> None:
    with pytest.raises(NotAllowed):
        feeds.renew(by=clinic.staff(Role.FRONT_DESK, at=house.site), resource_id=doctor.pk)
    with pytest.raises(NotFound):
        feeds.renew(by=clinic.staff(Role.MANAGER, at=house.site), resource_id=house.one("procedure_room").pk)
    assert feeds.renew(by=clinic.staff(Role.MANAGER, at=house.site), resource_id=doctor.pk).revoked_at is None


def test_the_address_is_shown_once(house: House, doctor: Resource) -> None:
    assert doctor.user is not None
    browser = walk.signed_in(doctor.user)
    page = browser.post(reverse("scheduling:feed-renew", args=[doctor.pk]), follow=True).content.decode()
    token = feeds.token_of(Feed.objects.get().pk)
    assert token in page
    assert token not in browser.get(reverse("scheduling:feeds")).content.decode()


@pytest.mark.parametrize("kind", ["feed", "page"])
def test_a_feed_costs_the_same_for_one_visit_and_for_thirty(
    house: House, doctor: Resource, url: str, kind: str
) -> None:
    assert doctor.user is not None
    browser = Client() if kind == "feed" else walk.signed_in(doctor.user)
    address = url if kind == "feed" else reverse("scheduling:feeds")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(address).status_code == 200
        return sum("clinic_clockoffset" not in query["sql"] for query in captured.captured_queries)

    waiting.visit(house, tomorrow(house, 8))
    few = queries()
    for number in range(29):
        waiting.visit(house, house.at(factory.days_ahead(2 + number // 9, house.site), 8 + number % 9))
    most = {"feed": 8, "page": 6}[kind]
    assert (few, queries()) == (most, most)


def test_the_secret_of_an_address_stays_out_of_the_logs(url: str) -> None:
    """Whether the address is the request of a line or stands in an error's text."""
    for key in ("request", "exception"):
        line = logs.redact(None, "info", {key: f"GET {url}"})
        assert line == {key: "GET /schedule/feeds/[removed].ics"}
