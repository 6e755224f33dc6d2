"""The grid: what its columns draw, that it costs the same for 1 visit and for 30, its poll, and a visit moved on it."""

import datetime as dt
import html
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from clinic import clock
from clinic.enums import Role
from clinic.models import Message, Patient
from scheduling.enums import ChangeKind, HoldReason, Told
from scheduling.models import (
    Allocation,
    Appointment,
    Closure,
    ExtraHours,
    Hold,
    Resource,
    TimeOff,
    VisitChange,
    WorkingHours,
)
from scheduling.selectors import grid as facts
from scheduling.selectors import month as loads
from scheduling.services import booking, endings, moves, progress
from scheduling.services.plans import VisitRequest
from scheduling.views.grid_rows import Ruler
from tests.factories import clinic
from tests.factories.scheduling import BY, House, days_ahead
from tests.factories.scheduling import house as build
from tests.scheduling.test_views_day import queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return build(physicians=3, rooms=4)


@pytest.fixture
def desk(house: House) -> Client:
    browser = Client()
    browser.force_login(clinic.user(Role.FRONT_DESK, at=house.site))
    return browser


def day_of(house: House) -> dt.date:
    return days_ahead(2, house.site)


def book(
    house: House,
    hour: int,
    minute: int = 0,
    *,
    lead: Resource | None = None,
    kind: str = "consultation",
    **patient: Any,
) -> Appointment:
    request = VisitRequest(
        clinic.patient(**patient).pk,
        house.visit(kind).pk,
        house.site.pk,
        house.at(day_of(house), hour, minute),
        lead.pk if lead else None,
    )
    return booking.book(request=request, by=BY)


def shown(desk: Client, house: House, query: str = "") -> str:
    return desk.get(reverse("scheduling:day", args=[day_of(house)]) + query).content.decode()


def blocks(page: str) -> list[tuple[str, str]]:
    """Classes and text of each block, in the order of the page."""
    found = re.findall(r'<a class="(gb [^"]*)"[^>]*>(.*?)</a>', page, re.DOTALL)
    return [(classes, " ".join(re.sub(r"<[^>]*>", " ", text).split())) for classes, text in found]


def lead_of(visit: Appointment) -> Resource:
    return visit.allocations.get(is_lead=True, active=True).resource


# What is drawn


def test_a_block_stands_at_its_time_and_says_state_and_name(desk: Client, house: House) -> None:
    book(house, 9, given_name="Ada", family_name="Berg")
    minutes = house.visit("consultation").minutes
    assert blocks(shown(desk, house)) == [
        (
            f"gb shape-dashed gb-lead{' gb-tall' if minutes >= 30 else ''} r12 s{minutes // 5}",
            f"09:00 –09:{minutes} Ada Berg Consultation Booked",
        )
    ]


def test_a_staged_visit_has_a_block_in_the_column_of_each_resource_and_one_card(
    desk: Client, house: House
) -> None:
    visit = book(house, 9, kind="review")
    page = shown(desk, house, "?columns=all")
    held = visit.allocations.filter(active=True).count()
    assert (len(blocks(page)), page.count('class="g-card"')) == (held, 1)


def test_blocks_of_a_column_are_in_the_order_of_time(desk: Client, house: House) -> None:
    lead = house.one("physician")
    for hour in (14, 9, 11):
        book(house, hour, lead=lead)
    assert [text[:5] for _classes, text in blocks(shown(desk, house))] == ["09:00", "11:00", "14:00"]


@pytest.mark.parametrize(
    ("query", "expected"), [("", (5, 0)), ("?columns=places", (0, 18)), ("?columns=all", (5, 18))]
)
def test_columns_are_clinicians_or_places(
    desk: Client, house: House, query: str, expected: tuple[int, int]
) -> None:
    page = shown(desk, house, query)
    groups = re.findall(r'data-group="(\w+)"', page)
    people = groups.count("clinician")
    assert (people, len(groups) - people) == expected


def test_only_the_clinicians_asked_for_are_columns_and_unknown_ones_ask_for_all(
    desk: Client, house: House
) -> None:
    one = house.one("physician")
    counts = [
        len(re.findall('data-group="clinician"', shown(desk, house, f"?columns=clinicians&who={key}")))
        for key in (one.pk, house.site.pk, "nonsense")
    ]
    assert counts == [1, 5, 5]


def test_the_cookie_brings_back_the_columns_of_last_time(desk: Client, house: House) -> None:
    desk.cookies["grid"] = "columns=places"
    assert 'data-group="clinician"' not in shown(desk, house)


def test_a_no_show_stands_beside_whoever_has_its_time_now(
    desk: Client, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = house.one("physician")
    missed = book(house, 9, lead=lead, family_name="Missing")
    begun = house.at(day_of(house), 9, 1)
    with monkeypatch.context() as later:
        later.setattr(clock, "now", lambda: begun)
        endings.no_show(appointment_id=missed.pk, by=BY)
    drawn = [classes for classes, text in blocks(shown(desk, house)) if "Missing" in text]
    assert [re.sub(r" [rs]\d+", "", each) for each in drawn] == ["gb shape-hatched gb-lead gb-gone gb-tall"]
    book(house, 9, lead=lead, family_name="Quick")
    drawn = [classes for classes, text in blocks(shown(desk, house)) if "Missing" in text]
    assert [re.sub(r" [rs]\d+", "", each) for each in drawn] == [
        "gb shape-hatched gb-lead gb-gone gb-aside gb-tall"
    ]


def test_a_moved_and_cancelled_visit_is_drawn_once_where_it_stood_last_and_only_when_asked_for(
    desk: Client, house: House
) -> None:
    visit = book(house, 9, family_name="Gone")
    moves.move(appointment_id=visit.pk, start=house.at(day_of(house), 11), by=BY)
    endings.cancel(appointment_id=visit.pk, reason="patient_unwell", by=BY)
    drawn = [
        [text[:5] for _classes, text in blocks(shown(desk, house, query)) if "Gone" in text]
        for query in ("", "?cancelled=1")
    ]
    assert drawn == [[], ["11:00"]]


def test_a_squeezed_in_visit_stands_in_the_column_of_its_clinician(desk: Client, house: House) -> None:
    visit = book(house, 9, family_name="Squeezed")
    lead = lead_of(visit)
    Allocation.objects.filter(appointment=visit, is_lead=True).update(active=False)
    Appointment.objects.filter(pk=visit.pk).update(squeezed_on=lead)
    drawn = [classes for classes, text in blocks(shown(desk, house)) if "Squeezed" in text]
    assert [" gb-squeezed" in each for each in drawn] == [True]


def test_a_hold_says_for_whom_and_until_when_and_goes_when_it_has_expired(
    desk: Client, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, end = house.at(day_of(house), 9), house.at(day_of(house), 10)
    hold = Hold.objects.create(
        site=house.site,
        reason=HoldReason.PENCIL,
        patient=clinic.patient(given_name="Ada", family_name="Berg"),
        visit_type=house.visit("consultation"),
        period=(start, end),
        expires_at=house.at(day_of(house), 8),
        created_at=clock.now(),
    )
    Allocation.objects.create(
        site=house.site, resource=house.one("physician"), hold=hold, period=(start, end), blocks=(start, end)
    )
    url, expired = reverse("scheduling:day", args=[day_of(house)]), house.at(day_of(house), 8)
    before = [text for _classes, text in blocks(desk.get(url).content.decode())]
    monkeypatch.setattr(clock, "now", lambda: expired)
    after = [text for _classes, text in blocks(desk.get(url).content.decode())]
    assert (before, after) == (["09:00 Ada Berg Pencilled in until 08:00"], [])


def test_closures_are_named_and_a_colleagues_reason_is_not(desk: Client, house: House) -> None:
    start, end = house.at(day_of(house), 12), house.at(day_of(house), 14)
    Closure.objects.create(site=house.site, period=(start, end), name="Fire drill")
    TimeOff.objects.create(resource=house.one("physician"), period=(start, end), reason="Surgery")
    TimeOff.objects.create(resource=house.one("centrifuge"), period=(start, end), reason="Bearing")
    page = shown(desk, house, "?columns=all")
    assert [word in page for word in ("Closed: Fire drill", "Away", "Surgery", "Out of use: Bearing")] == [
        True,
        True,
        False,
        True,
    ]


def test_time_at_another_site_is_taken_and_nameless(desk: Client, house: House) -> None:
    other = build(site=clinic.site(name="Elsewhere"))
    visit = book(other, 9, family_name="Foreign")
    Allocation.objects.filter(appointment=visit, is_lead=True).update(resource=house.one("physician"))
    page = shown(desk, house)
    assert ["Foreign" in page, page.count("At another site"), len(blocks(page))] == [False, 1, 0]


def test_turnover_is_a_tail_and_no_free_time(desk: Client, house: House) -> None:
    Resource.objects.filter(pk=house.one("physician").pk).update(turnover_minutes=10)
    book(house, 9, lead=house.one("physician"))
    page = shown(desk, house, f"?who={house.one('physician').pk}")
    minutes = house.visit("consultation").minutes
    assert re.findall(r'class="(g-(?:tail|gap) r\d+)', page) == [
        "g-gap r0",
        f"g-tail r{12 + minutes // 5}",
        f"g-gap r{12 + minutes // 5 + 2}",
    ]


def test_free_time_leads_to_booking_there(desk: Client, house: House) -> None:
    lead, day = house.one("physician"), day_of(house)
    page = shown(desk, house, f"?who={lead.pk}")
    start = house.at(day, 8).astimezone(house.site.zone).isoformat(timespec="minutes")
    (url,) = re.findall(r'class="g-gap [^"]*" href="([^"]*)"', page)
    assert parse_qs(urlsplit(html.unescape(url)).query) == {
        "earliest": [str(day)],
        "start": [start],
        "lead": [str(lead.pk)],
    }
    asked = urlsplit(html.unescape(url)).query
    chooser = desk.get(reverse("scheduling:book") + "?" + asked).content.decode()
    kept = html.unescape(re.findall(r'hx-post="(/schedule/book/find/[^"]*)"', chooser)[0])
    assert parse_qs(urlsplit(kept).query)["start"] == [start]
    booking_page = desk.get(reverse("scheduling:book", args=[clinic.patient().pk]) + "?" + asked)
    assert f'"start": "{start}"' in booking_page.content.decode()


def test_a_phone_gets_the_list_and_may_ask_for_the_grid(desk: Client, house: House) -> None:
    url = reverse("scheduling:day", args=[day_of(house)])
    phone = {"User-Agent": "Mozilla/5.0 (Linux; Android 15) Chrome/140 Mobile Safari/537.36"}
    pages = [desk.get(url + query, headers=phone).content.decode() for query in ("", "?view=grid")]
    assert ['id="grid-body"' in page for page in pages] == [False, True]


def test_what_people_typed_is_shown_escaped(desk: Client, house: House) -> None:
    visit = book(house, 9, given_name="<b>Ada", family_name="& Co")
    Appointment.objects.filter(pk=visit.pk).update(note="<i>late</i>")
    page = shown(desk, house)
    assert [page.count("<b>Ada"), page.count("&lt;b&gt;Ada &amp; Co"), "<i>late" in page] == [0, 2, False]


# The week and the month


def test_a_week_has_seven_columns_of_one_resource(desk: Client, house: House) -> None:
    book(house, 9, lead=house.one("physician"), family_name="Mine")
    book(house, 9, lead=house.resources["physician"][1], family_name="Other")
    page = desk.get(
        reverse("scheduling:week", args=[house.one("physician").pk, day_of(house)])
    ).content.decode()
    days = re.findall(r'data-day="([\d-]*)" data-name', page)
    monday = day_of(house) - dt.timedelta(days=day_of(house).weekday())
    assert days == [str(monday + dt.timedelta(days=number)) for number in range(7)]
    assert ["Mine" in page, "Other" in page] == [True, False]


def test_a_week_of_another_sites_room_is_404(desk: Client, house: House) -> None:
    other = build(site=clinic.site(name="Elsewhere"))
    url = reverse("scheduling:week", args=[other.one("procedure_room").pk, day_of(house)])
    assert desk.get(url).status_code == 404


def test_the_month_counts_visits_and_the_share_of_open_time_that_is_taken(house: House) -> None:
    day = day_of(house)
    for hour in (9, 11):
        book(house, hour, lead=house.one("physician"))
    gone = book(house, 15)
    endings.cancel(appointment_id=gone.pk, reason="patient_unwell", by=BY)
    (load,) = loads.load(site=house.site, days=[day])
    taken = 2 * house.visit("consultation").minutes
    assert (load.visits, load.unconfirmed, load.taken_minutes, load.open_minutes) == (2, 2, taken, 5 * 600)


def test_a_closed_day_of_the_month_says_why(desk: Client, house: House) -> None:
    start, end = clock.day_bounds(day_of(house), house.site.zone)
    Closure.objects.create(site=house.site, period=(start, end), name="Founders' day")
    page = desk.get(reverse("scheduling:month", args=[day_of(house)])).content.decode()
    assert [
        page.count("Founders&#x27; day"),
        loads.load(site=house.site, days=[day_of(house)])[0].percent,
    ] == [1, None]


@pytest.mark.parametrize(("page", "most"), [("week", 17), ("month", 11)])
def test_week_and_month_cost_the_same_for_one_visit_and_for_thirty(
    desk: Client, house: House, page: str, most: int
) -> None:
    lead = house.one("physician")
    keys = [lead.pk, day_of(house)] if page == "week" else [day_of(house)]
    url = reverse(f"scheduling:{page}", args=keys)
    book(house, 8, lead=lead)
    one = queries(desk, url)
    for number in range(29):
        book(house, 9 + number // 4, 30 * (number // 2 % 2))
    assert (queries(desk, url), one) == (most, most)


# What others change


def test_the_stamp_changes_with_every_change_and_the_poll_is_cheap_without(
    desk: Client, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = day_of(house)
    url = reverse("scheduling:day", args=[day])
    window = facts.span([day], house.site)

    def stamp() -> str:
        return facts.stamp(site=house.site, window=window, now=clock.now())

    stamps = [stamp()]
    visit = book(house, 9)
    stamps.append(stamp())
    moves.move(appointment_id=visit.pk, start=house.at(day, 10), by=BY)
    stamps.append(stamp())
    endings.confirm(appointment_id=visit.pk, by=BY)
    stamps.append(stamp())
    progress.arrive(appointment_id=visit.pk, by=BY)
    stamps.append(stamp())
    progress.advance(appointment_id=visit.pk, by=BY)
    stamps.append(stamp())
    start, end = house.at(day, 12), house.at(day, 14)
    away = TimeOff.objects.create(resource=house.one("physician"), period=(start, end))
    stamps.append(stamp())
    TimeOff.objects.filter(pk=away.pk).update(ended_at=clock.now())
    Closure.objects.create(site=house.site, period=(start, end), name="Drill")
    stamps.append(stamp())
    assert len(set(stamps)) == len(stamps)
    answer = desk.get(url, {"stamp": stamps[-1]})
    assert (answer.status_code, answer.content, desk.get(url, {"stamp": "0"}).status_code) == (204, b"", 200)


def test_the_stamp_notices_what_is_edited_and_who_is_renamed(house: House) -> None:
    day = day_of(house)
    window = facts.span([day], house.site)
    start, end = house.at(day, 12), house.at(day, 14)
    lead, visit = house.one("physician"), book(house, 9)
    away = TimeOff.objects.create(resource=lead, period=(start, end))
    closure = Closure.objects.create(site=house.site, period=(start, end), name="Drill")
    extra = ExtraHours.objects.create(resource=lead, site=house.site, period=(start, end))
    hours = WorkingHours.objects.filter(site=house.site)[:1].get()
    later = (start, end + dt.timedelta(minutes=15))
    edits = [
        lambda: TimeOff.objects.filter(pk=away.pk).update(period=later),
        lambda: TimeOff.objects.filter(pk=away.pk).update(reason="Course"),
        lambda: Closure.objects.filter(pk=closure.pk).update(period=later),
        lambda: Closure.objects.filter(pk=closure.pk).update(name="Fire drill"),
        lambda: WorkingHours.objects.filter(pk=hours.pk).update(weekday=(hours.weekday + 1) % 7),
        lambda: ExtraHours.objects.filter(pk=extra.pk).update(period=later),
        lambda: ExtraHours.objects.filter(pk=extra.pk).update(ended_at=clock.now()),
        lambda: Resource.objects.filter(pk=lead.pk).update(name="Dr. Renamed"),
        lambda: Resource.objects.filter(pk=house.one("centrifuge").pk).update(name="Spin"),
        lambda: Patient.objects.filter(pk=visit.patient_id).update(family_name="Newname", version=9),
    ]
    stamps = [facts.stamp(site=house.site, window=window, now=start)]
    for edit in edits:
        edit()
        stamps.append(facts.stamp(site=house.site, window=window, now=start))
    assert len(set(stamps)) == len(edits) + 1


def test_a_hold_that_expires_changes_the_stamp(house: House) -> None:
    day = day_of(house)
    start, end = house.at(day, 9), house.at(day, 10)
    hold = Hold.objects.create(
        site=house.site,
        reason=HoldReason.OFFER,
        visit_type=house.visit("consultation"),
        period=(start, end),
        expires_at=start,
        created_at=clock.now(),
    )
    Allocation.objects.create(
        site=house.site, resource=house.one("physician"), hold=hold, period=(start, end), blocks=(start, end)
    )
    window = facts.span([day], house.site)
    stamps = {facts.stamp(site=house.site, window=window, now=now) for now in (clock.now(), start)}
    assert len(stamps) == 2


def test_the_poll_leaves_the_session_alone(desk: Client, house: House) -> None:
    response = desk.get(reverse("scheduling:day", args=[day_of(house)]), {"stamp": "0"})
    assert (response.cookies.get("sessionid"), "<html" in response.content.decode()) == (None, False)


# Moving


def drop(desk: Client, visit: Appointment, hour: int, minute: int = 0, **more: Any) -> Any:
    visit.refresh_from_db()
    local = visit.period.lower.astimezone(visit.site.zone)
    data = {"start": f"{local:%Y-%m-%d}T{hour:02d}:{minute:02d}", "version": visit.version, **more}
    return desk.post(reverse("scheduling:grid-move", args=[visit.pk]), data, headers={"HX-Request": "true"})


def when(visit: Appointment) -> str:
    return f"{Appointment.objects.get(pk=visit.pk).period.lower.astimezone(visit.site.zone):%H:%M}"


def test_a_drop_moves_the_visit_with_its_whole_team(desk: Client, house: House) -> None:
    visit = book(house, 9, lead=house.resources["physician"][1])
    team = set(visit.allocations.values_list("resource_id", flat=True))
    response = drop(desk, visit, 9, 15)
    now = set(visit.allocations.filter(active=True).values_list("resource_id", flat=True))
    assert (response.status_code, response["HX-Trigger"], when(visit), now) == (
        200,
        "gridMoved",
        "09:15",
        team,
    )


def test_a_drop_on_a_colleague_means_that_colleague(desk: Client, house: House) -> None:
    first, second = house.resources["physician"][:2]
    visit = book(house, 9, lead=first)
    response = drop(desk, visit, 9, instead_of=first.pk, resource=second.pk)
    assert (response.status_code, lead_of(visit), when(visit)) == (200, second, "09:00")


def test_a_drop_of_a_room_on_another_room_means_that_room(desk: Client, house: House) -> None:
    visit = book(house, 9)
    room = visit.allocations.get(resource__kind_id="consulting_room").resource
    other = next(each for each in house.resources["consulting_room"] if each != room)
    response = drop(desk, visit, 9, instead_of=room.pk, resource=other.pk)
    now = visit.allocations.get(active=True, resource__kind_id="consulting_room").resource
    assert (response.status_code, now) == (200, other)


def test_a_room_chosen_by_hand_that_is_taken_is_refused_rather_than_another_given(
    desk: Client, house: House
) -> None:
    visit, neighbour = book(house, 9), book(house, 9)
    rooms = [
        each.allocations.get(active=True, resource__kind_id="consulting_room").resource
        for each in (visit, neighbour)
    ]
    response = drop(desk, visit, 9, instead_of=rooms[0].pk, resource=rooms[1].pk)
    assert (response.status_code, rooms[1].name in response.content.decode(), when(visit)) == (
        409,
        True,
        "09:00",
    )


def test_something_that_cannot_serve_is_refused(desk: Client, house: House) -> None:
    visit = book(house, 9, lead=house.one("physician"))
    response = drop(desk, visit, 9, instead_of=house.one("physician").pk, resource=house.one("nurse").pk)
    assert (response.status_code, lead_of(visit)) == (409, house.one("physician"))


def test_a_clash_says_who_is_taken_and_offers_the_nearest_free_starts(desk: Client, house: House) -> None:
    lead = house.one("physician")
    visit = book(house, 9, lead=lead)
    book(house, 11, lead=lead)
    response = drop(desk, visit, 11)
    page = response.content.decode()
    assert (response.status_code, lead.name in page, page.count('name="start"') >= 3, when(visit)) == (
        409,
        True,
        True,
        "09:00",
    )


def test_a_stale_drop_changes_nothing(desk: Client, house: House) -> None:
    visit = book(house, 9)
    response = drop(desk, visit, 10, version=99)
    assert (response.status_code, when(visit)) == (409, "09:00")


@pytest.mark.parametrize("start", ["", "soon", "2026-02-30T10:00", "9999-01-01T00:00", "\x00"])
def test_nonsense_as_a_start_is_refused(desk: Client, house: House, start: str) -> None:
    visit = book(house, 9)
    assert (drop(desk, visit, 10, start=start).status_code, when(visit)) == (422, "09:00")


def test_who_is_told_is_the_desks_default_or_as_chosen(desk: Client, house: House) -> None:
    visit = book(house, 9, email="ada@mail.example", reminders_consent=True)
    drop(desk, visit, 10)
    first = Appointment.objects.get(pk=visit.pk).told
    drop(desk, visit, 11, told="nobody")
    assert (first, Appointment.objects.get(pk=visit.pk).told) == (Told.MAIL, Told.NOBODY)


def test_no_mail_goes_out_once_the_desk_rings_and_reminders_stay(desk: Client, house: House) -> None:
    visit = book(house, 9, email="ada@mail.example", reminders_consent=True)
    drop(desk, visit, 10)
    desk.post(reverse("scheduling:grid-told", args=[visit.pk]))
    waiting = Message.objects.filter(patient=visit.patient, state="pending").values_list("kind", flat=True)
    assert (sorted(waiting), Appointment.objects.get(pk=visit.pk).told) == (
        ["appointment.reminder_1d"],
        Told.PHONE,
    )


def test_the_note_after_a_move_takes_it_back(desk: Client, house: House) -> None:
    visit = book(house, 9)
    page = drop(desk, visit, 10).content.decode()
    change = VisitChange.objects.get(appointment=visit, kind=ChangeKind.MOVED)
    undo = reverse("scheduling:change-undo", args=[change.pk])
    assert undo in page
    desk.post(undo)
    assert when(visit) == "09:00"


# The ruler


@pytest.mark.parametrize(
    ("start", "minutes", "expected"),
    [
        ("08:00", 15, ("r0 s3", 3)),
        ("07:30", 60, ("r0 s6", 6)),
        ("17:45", 60, ("r117 s3", 3)),
        ("18:00", 30, None),
        ("09:02", 1, ("r12 s1", 1)),
    ],
)
def test_a_time_becomes_rows_cut_to_the_hours_shown(
    house: House, start: str, minutes: int, expected: tuple[str, int] | None
) -> None:
    day = day_of(house)
    begin = clock.local(day, dt.time.fromisoformat(start), house.site.zone)
    ruler = Ruler(8, 18, house.site.zone)
    assert ruler.classes(begin, begin + dt.timedelta(minutes=minutes), day) == expected
