"""Starts on special days and for special wishes, and the causes for which one is not offered."""

import datetime as dt
from itertools import pairwise
from uuid import UUID

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from clinic import clock
from clinic.exceptions import InvalidInput
from scheduling.enums import HoldReason
from scheduling.exceptions import SlotTaken
from scheduling.models import (
    Allocation,
    Appointment,
    Closure,
    ExtraHours,
    Hold,
    Requirement,
    Resource,
    TimeOff,
    VisitType,
    WorkingHours,
)
from scheduling.policies import BookingRules
from scheduling.services import availability, booking, reasons
from scheduling.services.availability import Wish
from scheduling.services.plans import VisitRequest
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import House

pytestmark = pytest.mark.django_db
DAY = dt.date(2031, 6, 11)  # a Wednesday
GAP = {
    "Europe/Berlin": dt.date(2031, 3, 30),
    "America/New_York": dt.date(2031, 3, 9),
    "Australia/Lord_Howe": dt.date(2031, 10, 5),
}
FOLD = {
    "Europe/Berlin": dt.date(2031, 10, 26),
    "America/New_York": dt.date(2031, 11, 2),
    "Australia/Lord_Howe": dt.date(2031, 4, 6),
}


@pytest.fixture
def house() -> House:
    built = factory.house(physicians=2, nurses=2, rooms=1, chairs=2, centrifuges=2, bays=1)
    VisitType.objects.update(horizon_days=10_000)
    return built


def in_zone(house: House, zone: str, *, always_open: bool = True) -> None:
    house.site.time_zone = zone
    house.site.save()
    if always_open:
        WorkingHours.objects.update(opens=dt.time(0), closes=dt.time(23, 59))


def found(
    house: House,
    day: dt.date = DAY,
    *,
    days: int = 1,
    code: str = "consultation",
    wish: Wish | None = None,
    lead: Resource | None = None,
) -> list[dt.datetime]:
    """Starts offered on these local days, in the site's zone."""
    zone = house.site.zone
    answer = availability.openings(
        visit_type_id=house.visit(code).pk,
        site_id=house.site.pk,
        earliest=clock.local(day, dt.time(0), zone),
        latest=clock.local(day + dt.timedelta(days=days), dt.time(0), zone),
        wish=wish,
        lead_id=lead.pk if lead else None,
    )
    return [start.astimezone(zone) for start in answer.starts]


def wall(starts: list[dt.datetime]) -> list[str]:
    return [f"{start:%H:%M}" for start in starts]


def request(house: House, start: dt.datetime, *, lead: Resource | None = None) -> VisitRequest:
    return VisitRequest(
        patient_id=clinic.patient().pk,
        visit_type_id=house.visit("consultation").pk,
        site_id=house.site.pk,
        start=start,
        lead_id=lead.pk if lead else None,
    )


def causes(
    house: House, start: dt.datetime, *, code: str = "consultation", **asked: UUID
) -> list[reasons.Cause]:
    return reasons.causes(visit_type_id=house.visit(code).pk, site_id=house.site.pk, start=start, **asked)


def span(house: House, low: tuple[int, int], high: tuple[int, int]) -> DateTimeTZRange:
    return DateTimeTZRange(house.at(DAY, *low), house.at(DAY, *high))


# The clock's changes (bug 11 of the list of others' bugs)


@pytest.mark.parametrize("zone", GAP)
def test_bug_11_spring_gap_offers_no_skipped_time_and_keeps_the_grid(house: House, zone: str) -> None:
    in_zone(house, zone)
    starts = found(house, GAP[zone])
    skipped = 60 if zone != "Australia/Lord_Howe" else 30
    shown = wall(starts)
    assert "02:00" not in shown
    assert [start.minute % 15 for start in starts] == [0] * len(starts)
    assert len(shown) == len(set(shown)) == (1440 - 30 - skipped) // 15
    assert {(b - a).total_seconds() for a, b in pairwise(s.astimezone(dt.UTC) for s in starts)} == {900.0}


@pytest.mark.parametrize("zone", FOLD)
def test_bug_11_autumn_fold_offers_the_repeated_time_twice_as_two_instants(house: House, zone: str) -> None:
    in_zone(house, zone)
    starts = found(house, FOLD[zone])
    shown = wall(starts)
    repeated = {time for time in shown if shown.count(time) == 2}
    assert len(repeated) == (2 if zone == "Australia/Lord_Howe" else 4)
    assert len({start.astimezone(dt.UTC) for start in starts}) == len(starts)


def test_bug_11_a_window_across_the_change_is_an_hour_shorter_or_longer(house: House) -> None:
    in_zone(house, "Europe/Berlin")
    WorkingHours.objects.update(opens=dt.time(1), closes=dt.time(5))
    lengths = [len(found(house, day)) for day in (GAP["Europe/Berlin"], DAY, FOLD["Europe/Berlin"])]
    assert lengths == [11, 15, 19]


def test_bug_11_wall_times_stay_across_the_change(house: House) -> None:
    in_zone(house, "Europe/Berlin", always_open=False)
    days = [found(house, GAP["Europe/Berlin"] + dt.timedelta(days=number)) for number in (-1, 0, 1)]
    assert [wall(starts)[0] for starts in days] == ["08:00"] * 3
    assert [starts[0].utcoffset() for starts in days] == [dt.timedelta(hours=n) for n in (1, 2, 2)]


def test_half_hour_zone_has_its_grid_on_the_wall_clock(house: House) -> None:
    in_zone(house, "Asia/Kolkata", always_open=False)
    VisitType.objects.update(grid_minutes=60)
    assert wall(found(house))[:2] == ["08:00", "09:00"]


def test_bug_10_a_day_may_have_more_than_30_starts(house: House) -> None:
    VisitType.objects.update(grid_minutes=5)
    assert len(found(house)) == 115


# Outside hours, leave, past, over-long (bug 7); leads (bug 12)


@pytest.mark.parametrize("case", ["before opening", "over closing", "leave", "closure", "past"])
def test_bug_7_a_start_that_is_not_offered_is_refused_with_words(house: House, case: str) -> None:
    start = {"before opening": house.at(DAY, 7, 45), "over closing": house.at(DAY, 17, 45)}.get(
        case, house.at(DAY, 10)
    )
    if case == "leave":
        for physician in house.resources["physician"]:
            TimeOff.objects.create(resource=physician, period=span(house, (10, 15), (11, 0)))
    if case == "closure":
        Closure.objects.create(site=house.site, name="Works", period=span(house, (9, 0), (12, 0)))
    if case == "past":
        start = clock.now().replace(second=0, microsecond=0) - dt.timedelta(hours=1)
    with pytest.raises((SlotTaken, InvalidInput)) as refused:
        booking.book(request=request(house, start), by=factory.BY)
    assert refused.value.message
    assert [bool(causes(house, start)), start in found(house)] == [True, False]
    assert not Appointment.objects.exists()


def test_bug_12_leads_are_elapsed_time_whatever_the_clock_does(house: House) -> None:
    policy = BookingRules(grid_minutes=15, notice_minutes=24 * 60, horizon_days=1)
    before_gap = house.at(GAP["Europe/Berlin"] - dt.timedelta(days=1), 12).astimezone(dt.UTC)
    assert policy.first(before_gap) - before_gap == dt.timedelta(hours=24)
    assert policy.last(before_gap).astimezone(house.site.zone).hour == 13


def test_notice_and_horizon_bound_what_is_offered_to_the_minute(house: House) -> None:
    VisitType.objects.update(notice_minutes=3 * 24 * 60, horizon_days=5, grid_minutes=1)
    WorkingHours.objects.update(opens=dt.time(0), closes=dt.time(23, 59))
    now = clock.now()
    answer = availability.openings(
        visit_type_id=house.visit("consultation").pk,
        site_id=house.site.pk,
        earliest=now,
        latest=now + dt.timedelta(days=30),
    )
    edge = dt.timedelta(minutes=31)  # the site is shut for the last minute of each day
    assert dt.timedelta(0) <= answer.starts[0] - (now + dt.timedelta(days=3)) < edge
    assert dt.timedelta(0) <= now + dt.timedelta(days=5) - answer.starts[-1] < edge


# Wishes


def test_wish_narrows_by_weekday_time_and_day(house: House) -> None:
    wish = Wish(
        weekdays=frozenset({2, 3}),
        from_time=dt.time(9, 5),
        until_time=dt.time(10),
        not_before=DAY + dt.timedelta(days=1),
        not_after=DAY + dt.timedelta(days=14),
        except_days=frozenset({DAY + dt.timedelta(days=7)}),
    )
    starts = found(house, days=30, wish=wish)
    assert [f"{start:%a %d %H:%M}" for start in starts] == [
        f"{day} {time}" for day in ("Thu 12", "Thu 19", "Wed 25") for time in ("09:15", "09:30", "09:45")
    ]


def test_wish_for_a_clinician_equals_what_openings_say_of_them(house: House) -> None:
    first, second = house.resources["physician"]
    booking.book(request=request(house, house.at(DAY, 10), lead=first), by=factory.BY)
    ask = {
        "visit_type_id": house.visit("consultation").pk,
        "site_id": house.site.pk,
        "earliest": house.at(DAY, 0),
        "latest": house.at(DAY, 23),
    }
    everybody = availability.openings(**ask)  # type: ignore[arg-type]
    for physician in (first, second):
        wished = availability.openings(**ask, wish=Wish(lead_id=physician.pk))  # type: ignore[arg-type]
        assert wished.starts == everybody.by_lead[physician.pk]
        assert list(wished.leads.values()) == [physician]


def test_free_starts_choose_teams_for_the_first_only(house: House) -> None:
    slots = availability.free_starts(
        visit_type_id=house.visit("prp_session").pk,
        site_id=house.site.pk,
        earliest=house.at(DAY, 0),
        latest=house.at(DAY, 23),
        limit=3,
    )
    assert wall([slot.start.astimezone(house.site.zone) for slot in slots]) == ["08:00", "08:15", "08:30"]


# Two needs of one kind


def test_two_needs_that_meet_want_two_resources(house: House) -> None:
    session = house.visit("prp_session")
    Requirement.objects.create(visit_type=session, kind_id="nurse", offset=15, minutes=10)
    TimeOff.objects.create(resource=house.one("nurse"), period=span(house, (10, 0), (12, 0)))
    offered = wall(found(house, code="prp_session"))
    assert [time for time in offered if "09:40" < time < "11:45"] == []
    words = [cause.words for cause in causes(house, house.at(DAY, 10), code="prp_session")]
    assert words[0].startswith("Nurse 2: would be needed twice at once.")


def test_two_needs_that_only_meet_by_what_is_kept_free_want_two_resources(house: House) -> None:
    session = house.visit("prp_session")
    Requirement.objects.create(visit_type=session, kind_id="nurse", offset=25, minutes=10)
    TimeOff.objects.create(resource=house.one("nurse"), period=span(house, (0, 0), (23, 0)))
    assert len(found(house, code="prp_session")) == 36
    Resource.objects.filter(kind="nurse").update(turnover_minutes=6)
    assert found(house, code="prp_session") == []


def test_a_count_of_two_needs_two_free_at_once(house: House) -> None:
    Requirement.objects.filter(visit_type=house.visit("prp_session"), kind="nurse").update(count=2)
    TimeOff.objects.create(resource=house.one("nurse"), period=span(house, (10, 0), (10, 30)))
    offered = wall(found(house, code="prp_session"))
    assert [time for time in offered if "09:15" <= time <= "10:30"] == ["09:15", "09:30", "10:30"]


# Holds


def test_an_expired_hold_does_not_count_and_a_live_one_does_unless_it_is_being_booked(house: House) -> None:
    room, now = house.one("consulting_room"), clock.now()
    hold = Hold.objects.create(
        site=house.site,
        reason=HoldReason.PENCIL,
        visit_type=house.visit("consultation"),
        period=span(house, (10, 0), (10, 30)),
        expires_at=now + dt.timedelta(minutes=5),
        created_at=now,
    )
    Allocation.objects.create(
        site=house.site, resource=room, hold=hold, period=hold.period, blocks=hold.period
    )
    asked = {
        "visit_type_id": house.visit("consultation").pk,
        "site_id": house.site.pk,
        "earliest": house.at(DAY, 10),
        "latest": house.at(DAY, 10, 1),
    }
    assert availability.free_starts(**asked) == []  # type: ignore[arg-type]
    assert len(availability.free_starts(**asked, hold_id=hold.pk)) == 1  # type: ignore[arg-type]
    Hold.objects.update(expires_at=now - dt.timedelta(seconds=1))
    assert len(availability.free_starts(**asked)) == 1  # type: ignore[arg-type]


# Why not


def test_causes_say_until_when_and_what_is_free(house: House) -> None:
    for centrifuge in house.resources["centrifuge"]:
        period = span(house, (10, 0), (10, 40))
        visit = Appointment.objects.create(
            site=house.site,
            patient=clinic.patient(),
            visit_type=house.visit("review"),
            period=period,
            created_at=clock.now(),
        )
        Allocation.objects.create(
            site=house.site, resource=centrifuge, appointment=visit, period=period, blocks=period
        )
    words = (
        "Centrifuge 1 and Centrifuge 2 are taken until 10:40. "
        "Free at that time: Nurse, Draw chair, Physician, Procedure room and Recovery bay."
    )
    cause, *others = causes(house, house.at(DAY, 10), code="prp_session")
    assert (cause.words, cause.free_from, others) == (
        words,
        house.at(DAY, 10, 40),
        [],
    )


def test_causes_name_the_other_clinician_who_is_free(house: House) -> None:
    first, second = house.resources["physician"]
    booking.book(request=request(house, house.at(DAY, 10), lead=first), by=factory.BY)
    Requirement.objects.filter(kind="consulting_room").delete()
    (cause,) = causes(house, house.at(DAY, 10, 15), lead_id=first.pk)
    assert cause.words == f"{first.name} is taken until 10:30. {second.name} is free."


def test_causes_tell_closed_from_until(house: House) -> None:
    (first, *_rest) = causes(house, house.at(DAY, 7))
    assert (first.code, first.free_from) == ("closed", house.at(DAY, 8))
    ExtraHours.objects.create(site=house.site, period=span(house, (6, 0), (8, 0)))
    assert [cause.code for cause in causes(house, house.at(DAY, 7))] == ["closed"]


def test_causes_of_the_type_itself(house: House) -> None:
    VisitType.objects.update(notice_minutes=60 * 24 * 2, horizon_days=3)
    tomorrow, next_week = (factory.days_ahead(n, house.site) for n in (1, 7))
    codes = [
        [cause.code for cause in causes(house, house.at(day, 10, minute))]
        for day, minute in ((tomorrow, 0), (next_week, 0), (factory.days_ahead(2, house.site), 7))
    ]
    assert codes[0] == ["notice"]
    assert codes[1] == ["horizon"]
    assert "grid" in codes[2]
    grid = next(c for c in causes(house, house.at(next_week, 10, 7)) if c.code == "grid")
    assert grid.free_from == house.at(next_week, 10, 15)


def test_causes_name_the_patients_other_visit(house: House) -> None:
    visit = booking.book(request=request(house, house.at(DAY, 10)), by=factory.BY)
    found_causes = causes(house, house.at(DAY, 10, 15), patient_id=visit.patient_id)
    assert (found_causes[0].code, found_causes[0].free_from) == ("patient", house.at(DAY, 10, 30))
    moving = causes(house, house.at(DAY, 10, 15), patient_id=visit.patient_id, appointment_id=visit.pk)
    assert moving == []


def test_bug_11_an_hourly_grid_and_a_wish_follow_the_wall_clock_through_half_an_hour(house: House) -> None:
    in_zone(house, "Australia/Lord_Howe")
    VisitType.objects.update(grid_minutes=60)
    wish = Wish(from_time=dt.time(4), until_time=dt.time(7))
    for day in (GAP["Australia/Lord_Howe"], FOLD["Australia/Lord_Howe"]):
        assert wall(found(house, day, wish=wish)) == ["04:00", "05:00", "06:00"]
