"""Each fact that opens or closes a start counts for it, and booking writes what availability has counted."""

import datetime as dt

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from clinic import clock
from scheduling.exceptions import SlotTaken
from scheduling.models import (
    Allocation,
    Appointment,
    Closure,
    ExtraHours,
    Qualification,
    Requirement,
    Resource,
    TimeOff,
    VisitType,
    WorkingHours,
)
from scheduling.services import availability, booking
from scheduling.services.plans import VisitRequest
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import House

pytestmark = pytest.mark.django_db
DAY = dt.date(2031, 6, 11)  # a Wednesday
SUNDAY = dt.date(2031, 6, 15)


@pytest.fixture
def house() -> House:
    built = factory.house(physicians=2, nurses=1, rooms=2, chairs=1, centrifuges=1, bays=1)
    VisitType.objects.update(horizon_days=10_000)
    WorkingHours.objects.filter(weekday__gte=5).delete()
    return built


def starts(
    house: House, day: dt.date = DAY, *, lead: Resource | None = None, code: str = "consultation"
) -> list[str]:
    """Local times of the starts offered that day."""
    begin, end = clock.day_bounds(day, house.site.zone)
    found = availability.free_starts(
        visit_type_id=house.visit(code).pk,
        site_id=house.site.pk,
        earliest=begin,
        latest=end,
        lead_id=lead.pk if lead else None,
    )
    return [f"{slot.start.astimezone(house.site.zone):%H:%M}" for slot in found]


def book(house: House, hour: int, minute: int = 0, *, lead: Resource | None = None) -> Appointment:
    request = VisitRequest(
        patient_id=clinic.patient().pk,
        visit_type_id=house.visit("consultation").pk,
        site_id=house.site.pk,
        start=house.at(DAY, hour, minute),
        lead_id=lead.pk if lead else None,
    )
    return booking.book(request=request, by=factory.BY)


def span(house: House, day: dt.date, low: int, high: int) -> DateTimeTZRange:
    return DateTimeTZRange(house.at(day, low), house.at(day, high))


def blocked(visit: Appointment, resource: Resource) -> tuple[int, int]:
    """Minutes kept free before and after what the visit shows on this resource."""
    row = Allocation.objects.get(appointment=visit, resource=resource)
    return (
        (row.period.lower - row.blocks.lower).seconds // 60,
        (row.blocks.upper - row.period.upper).seconds // 60,
    )


def test_qualified_clinicians_alone_serve_a_type_that_names_any(house: House) -> None:
    first, second = house.resources["physician"]
    Qualification.objects.create(resource=second, visit_type=house.visit("consultation"))
    assert starts(house, lead=first) == []
    assert len(starts(house, lead=second)) == 39
    assert len(starts(house, code="review", lead=first)) == 39


def test_qualification_of_one_kind_leaves_the_other_kinds_open(house: House) -> None:
    Qualification.objects.create(resource=house.one("physician"), visit_type=house.visit("prp_session"))
    assert len(starts(house, code="prp_session")) == 36


def test_qualification_of_one_who_left_opens_the_type_to_nobody_else(house: House) -> None:
    first = house.one("physician")
    Qualification.objects.create(resource=first, visit_type=house.visit("consultation"))
    first.is_active = False
    first.save()
    assert starts(house) == []


def test_also_kinds_will_do_when_the_kind_itself_is_taken(house: House) -> None:
    Requirement.objects.filter(visit_type=house.visit("consultation"), kind="consulting_room").update(
        also_kinds=["procedure_room"]
    )
    visits = [book(house, 9) for _ in range(2)]
    TimeOff.objects.create(resource=house.resources["consulting_room"][0], period=span(house, DAY, 10, 11))
    TimeOff.objects.create(resource=house.resources["consulting_room"][1], period=span(house, DAY, 10, 11))
    visits.append(book(house, 10))
    rooms = [
        Allocation.objects.exclude(resource__kind="physician").get(appointment=visit).resource.kind_id
        for visit in visits
    ]
    assert rooms == ["consulting_room", "consulting_room", "procedure_room"]


def test_setup_and_turnover_of_a_resource_are_counted_and_written(house: House) -> None:
    first, second = house.resources["physician"]
    first.setup_minutes, first.turnover_minutes = 10, 20
    first.save()
    visit = book(house, 10, lead=first)
    assert blocked(visit, first) == (10, 20)
    # 10:00–10:30 blocks 9:50–10:50; a visit of its own needs 10 minutes before and 20 after.
    taken = sorted(set(starts(house, lead=second)) - set(starts(house, lead=first)))
    assert taken == ["09:15", "09:30", "09:45", "10:00", "10:15", "10:30", "10:45"]
    with pytest.raises(SlotTaken):
        book(house, 9, 15, lead=first)
    book(house, 11, lead=first)


def test_turnover_is_the_longer_of_the_resource_and_the_requirement(house: House) -> None:
    room = house.resources["procedure_room"][0]
    requirement = Requirement.objects.get(kind="procedure_room", visit_type=house.visit("prp_session"))
    for own, counted in ((5, 10), (25, 25)):
        room.turnover_minutes = own
        member = availability.TeamMember.of(room, requirement)
        assert (member.before, member.after) == (0, counted)


def test_extra_hours_of_the_site_open_it_for_whoever_works_then(house: House) -> None:
    first, second = house.resources["physician"]
    ExtraHours.objects.create(site=house.site, period=span(house, SUNDAY, 9, 12))
    assert starts(house, SUNDAY) == []
    ExtraHours.objects.create(site=house.site, resource=second, period=span(house, SUNDAY, 10, 11))
    assert starts(house, SUNDAY) == ["10:00", "10:15", "10:30"]
    assert starts(house, SUNDAY, lead=first) == []


def test_extra_hours_of_a_clinician_do_not_open_a_closed_site(house: House) -> None:
    ExtraHours.objects.create(
        site=house.site, resource=house.one("physician"), period=span(house, SUNDAY, 9, 12)
    )
    assert starts(house, SUNDAY) == []


def test_extra_hours_lengthen_the_day_of_a_clinician(house: House) -> None:
    first = house.one("physician")
    WorkingHours.objects.filter(resource=first).update(closes=dt.time(12))
    assert starts(house, lead=first)[-1] == "11:30"
    extra = ExtraHours.objects.create(site=house.site, resource=first, period=span(house, DAY, 12, 14))
    assert starts(house, lead=first)[-1] == "13:30"
    extra.ended_at = clock.now()
    extra.save()
    assert starts(house, lead=first)[-1] == "11:30"


def test_extra_hours_yield_to_a_closure_and_to_time_off(house: House) -> None:
    first = house.one("physician")
    for resource in (None, *house.resources["physician"]):
        ExtraHours.objects.create(site=house.site, resource=resource, period=span(house, SUNDAY, 9, 12))
    TimeOff.objects.create(resource=first, period=span(house, SUNDAY, 9, 10))
    assert starts(house, SUNDAY, lead=first)[0] == "10:00"
    Closure.objects.create(site=house.site, name="Works", period=span(house, SUNDAY, 9, 11))
    assert starts(house, SUNDAY, lead=first)[0] == "11:00"


def test_hours_count_while_they_are_valid(house: House) -> None:
    first = house.one("physician")
    hours = WorkingHours.objects.filter(resource=first)
    hours.update(valid_until=DAY)
    assert len(starts(house, lead=first)) == 39
    assert starts(house, DAY + dt.timedelta(days=1), lead=first) == []
    hours.update(valid_from=DAY + dt.timedelta(days=1), valid_until=None)
    assert starts(house, lead=first) == []
    assert len(starts(house, DAY + dt.timedelta(days=1), lead=first)) == 39
