"""When the site is open: replaced and copied hours, extra hours, public holidays. Nothing is made scarcer in silence."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic import clock
from clinic.enums import Role
from clinic.exceptions import InvalidInput, NotFound
from clinic.models import Site, Task
from clinic.policies import regions
from scheduling.models import Appointment, Closure, ExtraHours, HolidayDecision, VisitType, WorkingHours
from scheduling.selectors import coverage
from scheduling.selectors import holidays as listed
from scheduling.services import availability, booking, closures, extra_hours, holidays, hours
from scheduling.services.hours import HoursData
from scheduling.services.plans import VisitRequest
from scheduling.services.scarcity import VisitsInTheWay
from tests.factories import clinic
from tests.factories.scheduling import BY, House, days_ahead
from tests.factories.scheduling import house as build
from treatments.models import Protocol

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return build(physicians=1)


@pytest.fixture
def manager(house: House) -> Client:
    browser = Client()
    browser.force_login(clinic.user(Role.MANAGER, at=house.site))
    return browser


def booked(house: House, day: dt.date, hour: int = 10) -> Appointment:
    request = VisitRequest(
        clinic.patient().pk, house.visit("consultation").pk, house.site.pk, house.at(day, hour)
    )
    return booking.book(request=request, by=BY)


def windows(house: House, day: dt.date) -> list[tuple[str, str | None]]:
    """The physician's windows on that weekday: from when to when they are valid, by their hours."""
    rows = WorkingHours.objects.filter(resource=house.one("physician"), weekday=day.weekday())
    return sorted(
        (f"{row.opens:%H}-{row.closes:%H} from {row.valid_from}", row.valid_until and str(row.valid_until))
        for row in rows
    )


def replaced(house: House, day: dt.date, opens: int, closes: int, **more: Any) -> list[Appointment]:
    until = more.pop("until", None)
    data = HoursData([day.weekday()], dt.time(opens), dt.time(closes), day, until)
    return hours.replace(
        by=BY, site_id=house.site.pk, data=data, resource_id=house.one("physician").pk, **more
    )


def test_replace_ends_the_old_hours_the_day_before(house: House) -> None:
    day = days_ahead(14, house.site)
    assert replaced(house, day, 9, 12) == []
    assert windows(house, day) == [
        ("08-18 from 2000-01-01", str(day - dt.timedelta(days=1))),
        (f"09-12 from {day}", None),
    ]


def test_replace_for_a_time_brings_the_old_hours_back_after_it(house: House) -> None:
    day = days_ahead(14, house.site)
    until = day + dt.timedelta(days=7)
    replaced(house, day, 9, 12, until=until)
    assert windows(house, day) == [
        ("08-18 from 2000-01-01", str(day - dt.timedelta(days=1))),
        (f"08-18 from {until + dt.timedelta(days=1)}", None),
        (f"09-12 from {day}", str(until)),
    ]


def test_replace_shows_the_visits_outside_the_new_hours_only(house: House) -> None:
    day = days_ahead(14, house.site)
    inside, outside = booked(house, day, 10), booked(house, day, 15)
    with pytest.raises(VisitsInTheWay) as refused:
        replaced(house, day, 9, 12)
    assert [visit.pk for visit in refused.value.visits] == [outside.pk]
    assert windows(house, day) == [("08-18 from 2000-01-01", None)]
    assert [visit.pk for visit in replaced(house, day, 9, 12, accept=True)] == [outside.pk]
    assert inside.pk not in {visit.pk for visit in replaced(house, day, 8, 12, accept=True)}


def test_copy_day_puts_all_its_windows_on_the_others(house: House) -> None:
    day = days_ahead(14, house.site)
    physician = house.one("physician")
    replaced(house, day, 8, 12)
    more = HoursData([day.weekday()], dt.time(14), dt.time(18), day)
    hours.add(by=BY, site_id=house.site.pk, data=more, resource_id=physician.pk)
    other = day + dt.timedelta(days=1)
    copy = {"by": BY, "site_id": house.site.pk, "resource_id": physician.pk, "valid_from": day}
    hours.copy_day(weekday=day.weekday(), to=[other.weekday()], **copy)
    assert [each[0][:5] for each in windows(house, other)] == ["08-12", "08-18", "14-18"]
    with pytest.raises(InvalidInput):
        hours.copy_day(weekday=day.weekday(), to=[day.weekday()], **copy)


def test_hours_page_copies_and_replaces(manager: Client, house: House) -> None:
    day = days_ahead(14, house.site)
    physician = house.one("physician")
    form = {
        "weekdays": [str(day.weekday())],
        "opens": "09:00",
        "closes": "12:00",
        "valid_from": str(day),
        "valid_until": "",
        "instead": "on",
    }
    booked(house, day, 15)
    url = reverse("scheduling:setup-clinician-hours", args=[physician.pk])
    asked = manager.post(url, form)
    assert (asked.status_code, 'name="instead" value="on"' in asked.content.decode()) == (409, True)
    assert manager.post(url, form | {"accept": "1"}).status_code == 302
    copy = reverse("scheduling:setup-clinician-hours-copy", args=[physician.pk])
    other = (day.weekday() + 1) % 7
    sent = {"weekday": day.weekday(), "to": [str(other)], "copy_from": str(day)}
    assert manager.post(copy, sent)["Location"] == url
    assert WorkingHours.objects.filter(resource=physician, weekday=other, opens=dt.time(9)).count() == 1


def starts(house: House, day: dt.date, first: int, last: int) -> int:
    return len(
        availability.free_starts(
            visit_type_id=house.visit("consultation").pk,
            site_id=house.site.pk,
            earliest=house.at(day, first),
            latest=house.at(day, last),
        )
    )


def evening(house: House, day: dt.date, *, lead: bool) -> ExtraHours:
    return extra_hours.add(
        by=BY,
        site_id=house.site.pk,
        start=house.at(day, 18),
        end=house.at(day, 20),
        resource_id=house.one("physician").pk if lead else None,
    )


def test_extra_hours_of_site_and_clinician_can_be_booked(house: House) -> None:
    day = days_ahead(9, house.site)
    assert starts(house, day, 18, 20) == 0
    evening(house, day, lead=False)
    evening(house, day, lead=True)
    assert starts(house, day, 18, 20) == 7


def test_extra_hours_taken_back_show_the_visits_that_stand_in_them_alone(house: House) -> None:
    day = days_ahead(9, house.site)
    evening(house, day, lead=False)
    row = evening(house, day, lead=True)
    booked(house, day, 17)
    late = booked(house, day, 19)
    with pytest.raises(VisitsInTheWay) as refused:
        extra_hours.end(by=BY, site_id=house.site.pk, extra_id=row.pk)
    assert [visit.pk for visit in refused.value.visits] == [late.pk]
    row.refresh_from_db()
    assert row.ended_at is None
    extra_hours.end(by=BY, site_id=house.site.pk, extra_id=row.pk, accept=True)
    assert starts(house, day, 18, 20) == 0
    with pytest.raises(NotFound):
        extra_hours.end(by=BY, site_id=house.site.pk, extra_id=row.pk)


@pytest.mark.parametrize("field", ["closes", "day", "resource", "twice"])
def test_extra_hours_that_make_no_sense_are_refused(house: House, field: str) -> None:
    day = days_ahead(-3 if field == "day" else 9, house.site)
    said = {"by": BY, "site_id": house.site.pk, "start": house.at(day, 18), "end": house.at(day, 20)}
    if field == "twice":
        extra_hours.add(**said)
    wrong = {
        "closes": {"end": house.at(day, 17)},
        "resource": {"resource_id": house.one("draw_chair").pk},
    }.get(field, {})
    with pytest.raises(InvalidInput) as refused:
        extra_hours.add(**(said | wrong))
    assert refused.value.field == {"twice": "day"}.get(field, field)


def test_uncovered_asks_as_much_for_ten_visits_as_for_one(
    house: House, django_assert_num_queries: Any
) -> None:
    day = days_ahead(9, house.site)
    for hour in range(8, 18):
        booked(house, day, hour)
    WorkingHours.objects.filter(resource=house.one("physician")).delete()
    with django_assert_num_queries(4):
        found = coverage.uncovered(house.site, house.one("physician").pk, start=house.at(day, 8))
    assert len(found) == 10


def a_holiday(house: House) -> listed.Holiday:
    ahead = listed.ahead(house.site, today=clock.today(house.site.zone))
    return next(each for each in ahead if each.day > days_ahead(20, house.site))


def test_holidays_ahead_are_those_of_the_country_and_region() -> None:
    days = {"first": dt.date(2027, 1, 1), "last": dt.date(2027, 12, 31)}
    berlin = dict(regions.public_holidays("DE", "BE", **days))
    assert berlin[dt.date(2027, 3, 8)] == "Women's Day"
    assert dt.date(2027, 3, 8) not in dict(regions.public_holidays("DE", "BY", **days))
    assert (regions.public_holidays("XX", "", **days), regions.has_data("XX")) == ([], False)


@pytest.mark.parametrize(("said", "code"), [("by", "BY"), ("Bayern", "BY"), ("", "")])
def test_region_is_read_as_code_or_name(said: str, code: str) -> None:
    assert regions.code_of("DE", said) == code
    with pytest.raises(regions.NoSuchRegion):
        regions.code_of("DE", "Atlantis")


def test_holiday_closed_is_a_closure_and_open_again_is_none(house: House) -> None:
    holiday = a_holiday(house)
    said = {"by": BY, "site_id": house.site.pk, "day": holiday.day}
    holidays.decide(is_closed=True, **said)
    holidays.decide(is_closed=True, **said)
    closure = Closure.objects.get()
    assert (closure.name, closure.holiday) == (holiday.name, holiday.day)
    assert starts(house, holiday.day, 8, 18) == 0
    holidays.decide(is_closed=False, **said)
    assert (Closure.objects.count(), HolidayDecision.objects.get().is_closed) == (0, False)
    assert starts(house, holiday.day, 8, 18) > 0


def test_holiday_closure_removed_by_hand_is_open_as_usual(house: House) -> None:
    holidays.decide(by=BY, site_id=house.site.pk, day=a_holiday(house).day, is_closed=True)
    closures.reopen(by=BY, site_id=house.site.pk, closure_id=Closure.objects.get().pk)
    assert HolidayDecision.objects.get().is_closed is False


def test_holiday_with_visits_is_shown_with_them(house: House) -> None:
    holiday = a_holiday(house)
    visit = booked(house, holiday.day)
    said = {"by": BY, "site_id": house.site.pk, "day": holiday.day, "is_closed": True}
    with pytest.raises(VisitsInTheWay):
        holidays.decide(**said)
    assert (HolidayDecision.objects.count(), Closure.objects.count()) == (0, 0)
    assert [each.pk for each in holidays.decide(**said, accept=True)] == [visit.pk]


def test_day_that_is_no_holiday_is_not_found(house: House) -> None:
    with pytest.raises(NotFound):
        holidays.decide(by=BY, site_id=house.site.pk, day=dt.date(2027, 2, 2), is_closed=True)


def test_year_is_closed_all_or_none_and_leaves_what_was_said(house: House) -> None:
    year = clock.today(house.site.zone).year + 1
    days = [each.day for each in listed.ahead(house.site, today=clock.today(house.site.zone))]
    days = [day for day in days if day.year == year]
    holidays.decide(by=BY, site_id=house.site.pk, day=days[0], is_closed=False)
    VisitType.objects.update(horizon_days=800)
    first, second = booked(house, days[1]), booked(house, days[3])
    with pytest.raises(VisitsInTheWay) as refused:
        holidays.close_all_of(by=BY, site_id=house.site.pk, year=year)
    assert [visit.pk for visit in refused.value.visits] == [first.pk, second.pk]
    assert Closure.objects.count() == 0
    count, visits = holidays.close_all_of(by=BY, site_id=house.site.pk, year=year, accept=True)
    assert (count, len(visits), Closure.objects.count()) == (len(days) - 1, 2, len(days) - 1)
    assert Task.objects.filter(kind="visit.rebook").count() == 2


def test_holidays_page_confirms_and_says_when_there_is_no_data(manager: Client, house: House) -> None:
    holiday = a_holiday(house)
    url = reverse("scheduling:setup-holiday", args=[holiday.day])
    booked(house, holiday.day)
    assert manager.post(url, {"say": "closed"}).status_code == 409
    assert manager.post(url, {"say": "closed", "accept": "1"}).status_code == 302
    assert "closed" in manager.get(reverse("scheduling:setup-holidays")).content.decode()
    Site.objects.update(country="AC", region="")
    page = manager.get(reverse("scheduling:setup-holidays")).content.decode()
    assert "There is no list of public holidays for the country AC" in page


def test_new_site_starts_with_visit_types_and_a_protocol(manager: Client, house: House) -> None:
    form = {
        "name": "Ahornplatz",
        "sender_name": "Ahornplatz Practice",
        "address": "Ahornplatz 1",
        "phone": "+49 30 5550200",
        "emergency_phone": "112",
        "time_zone": "Europe/Berlin",
        "country": "DE",
        "region": "Bayern",
        "quiet_from": "20:00",
        "quiet_until": "08:00",
    }
    url = reverse("clinic:site-new")
    wrong = manager.post(url, form | {"region": "Atlantis"})
    assert (wrong.status_code, "Known are: BB, BE" in wrong.content.decode()) == (422, True)
    assert manager.post(url, form).status_code == 302
    site = Site.objects.get(name="Ahornplatz")
    assert (site.region, site.visit_types.count(), Protocol.objects.filter(site=site).count()) == ("BY", 3, 1)
    assert "Ahornplatz" in manager.get(reverse("scheduling:setup")).content.decode()
    again = manager.post(url, form)
    assert (again.status_code, Site.objects.filter(name="Ahornplatz").count()) == (422, 1)
