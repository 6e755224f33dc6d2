"""Kinds, buffers, order, qualifications, reasons: what the manager keeps, and what it must not break."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from clinic.enums import Role
from clinic.exceptions import InvalidInput, NotAllowed
from clinic.models import Task
from scheduling.models import ChangeReason, Qualification, Resource, ResourceKind
from scheduling.services import availability, booking, coded_reasons, kinds, qualifications, resources
from scheduling.services.coded_reasons import ReasonData
from scheduling.services.plans import VisitRequest
from scheduling.services.resources import ResourceData
from scheduling.services.scarcity import VisitsInTheWay
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import BY, House, days_ahead
from tests.factories.scheduling import house as build

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return build()


@pytest.fixture
def manager(house: House) -> Client:
    browser = Client()
    browser.force_login(clinic.user(Role.MANAGER, at=house.site))
    return browser


def leads_at(house: House, hour: int = 10) -> list[str]:
    """Who can lead a consultation at that hour, ten days ahead."""
    start = house.at(days_ahead(10, house.site), hour)
    found = []
    for physician in house.resources["physician"]:
        slots = availability.free_starts(
            visit_type_id=house.visit("consultation").pk,
            site_id=house.site.pk,
            earliest=start,
            latest=start.replace(minute=1),
            lead_id=physician.pk,
        )
        found += [physician.name] if slots else []
    return found


def booked(house: House, lead: Resource) -> Any:
    start = house.at(days_ahead(10, house.site), 10)
    kind = house.visit("consultation").pk
    return booking.book(request=VisitRequest(clinic.patient().pk, kind, house.site.pk, start, lead.pk), by=BY)


def test_own_kind_is_added_and_renamed_but_never_another_thing(house: House) -> None:
    add = {"by": BY, "site_id": house.site.pk}
    made = kinds.save(name="Laser table", category="equipment", **add)
    assert (made.code, made.category) == ("laser_table", "equipment")
    kinds.save(name="Laser couch", category="room", code=made.code, **add)
    made.refresh_from_db()
    assert (made.name, made.category) == ("Laser couch", "equipment")
    for wrong, field in (({"name": "NURSE", "category": "room"}, "name"), ({"name": "X"}, "category")):
        with pytest.raises(InvalidInput) as refused:
            kinds.save(**add, **wrong)
        assert refused.value.field == field


def test_buffers_keep_the_minutes_around_the_next_bookings_free(house: House) -> None:
    room = house.one("consulting_room")
    Resource.objects.filter(kind=room.kind_id).exclude(pk=room.pk).update(is_active=False)
    data = ResourceData("consulting_room", room.name, setup_minutes=15, turnover_minutes=15)
    resources.save(by=BY, site_id=house.site.pk, data=data, resource_id=room.pk)
    first, second = house.resources["physician"]
    booked(house, first)
    start = house.at(days_ahead(10, house.site), 9)
    slots = availability.free_starts(
        visit_type_id=house.visit("consultation").pk,
        site_id=house.site.pk,
        earliest=start,
        latest=house.at(days_ahead(10, house.site), 12),
        lead_id=second.pk,
    )
    assert [f"{slot.start.astimezone(house.site.zone):%H:%M}" for slot in slots] == [
        "09:00", "11:00", "11:15", "11:30", "11:45",
    ]  # fmt: skip


def test_resource_moves_one_place_among_its_kind(house: House) -> None:
    def order() -> list[str]:
        rows = Resource.objects.filter(kind="draw_chair").order_by("position")
        return [row.name[-1] for row in rows]

    chairs = house.resources["draw_chair"]
    step = {"by": BY, "site_id": house.site.pk}
    resources.move(resource_id=chairs[2].pk, up=True, **step)
    assert order() == ["1", "3", "2", "4"]
    resources.move(resource_id=chairs[3].pk, up=False, **step)
    assert order() == ["1", "3", "2", "4"]


def test_nobody_ticked_means_everybody(house: House) -> None:
    assert leads_at(house) == ["Physician 1", "Physician 2"]


def test_first_tick_shuts_the_others_of_the_kind_out_and_nobody_else(house: House) -> None:
    first = house.one("physician")
    qualifications.save(by=BY, site_id=house.site.pk, pairs={(first.pk, house.visit("consultation").pk)})
    assert leads_at(house) == ["Physician 1"]
    qualifications.save(by=BY, site_id=house.site.pk, pairs=set())
    assert leads_at(house) == ["Physician 1", "Physician 2"]


def test_qualification_that_shuts_out_a_booked_clinician_shows_the_visit_first(house: House) -> None:
    first, second = house.resources["physician"]
    visit = booked(house, second)
    pairs = {(first.pk, house.visit("consultation").pk)}
    with pytest.raises(VisitsInTheWay) as refused:
        qualifications.save(by=BY, site_id=house.site.pk, pairs=pairs)
    assert ([each.pk for each in refused.value.visits], Qualification.objects.count()) == ([visit.pk], 0)
    left = qualifications.save(by=BY, site_id=house.site.pk, pairs=pairs, accept=True)
    assert ([each.pk for each in left], Qualification.objects.count()) == ([visit.pk], 1)
    assert Task.objects.filter(about=f"appointment:{visit.pk}").count() == 1
    assert qualifications.save(by=BY, site_id=house.site.pk, pairs=pairs) == []


def test_qualification_of_a_clinician_who_left_still_counts(house: House) -> None:
    first, _second = house.resources["physician"]
    pair = (first.pk, house.visit("consultation").pk)
    qualifications.save(by=BY, site_id=house.site.pk, pairs={pair})
    resources.retire(by=BY, site_id=house.site.pk, resource_id=first.pk)
    qualifications.save(by=BY, site_id=house.site.pk, pairs=set())
    assert list(Qualification.objects.values_list("resource_id", "visit_type_id")) == [pair]


def test_qualifications_of_another_site_are_left_alone(house: House) -> None:
    other = build(site=clinic.site(name="Elsewhere"))
    Qualification.objects.create(resource=house.one("physician"), visit_type=other.visit("review"))
    qualifications.save(by=BY, site_id=house.site.pk, pairs=set())
    assert Qualification.objects.count() == 1


def test_matrix_is_saved_and_asks_back(manager: Client, house: House) -> None:
    url = reverse("scheduling:setup-qualifications")
    first, second = house.resources["physician"]
    booked(house, second)
    tick = f"{first.pk}:{house.visit('consultation').pk}"
    asked = manager.post(url, {"named": [tick]})
    assert (asked.status_code, f'name="named" value="{tick}"' in asked.content.decode()) == (409, True)
    assert manager.post(url, {"named": [tick], "accept": "1"}).status_code == 302
    assert Qualification.objects.count() == 1
    assert manager.post(url, {"named": ["nonsense"]}).status_code == 422


def test_reason_is_added_and_offered(house: House) -> None:
    data = ReasonData("Roads are icy", True, ["cancel", "late"])
    made = coded_reasons.save(by=BY, site_id=house.site.pk, data=data)
    assert (made.code, made.used_for, made.is_active) == ("roads_are_icy", ["cancel", "late"], True)
    again = ReasonData("ROADS are icy", True, ["cancel"])
    with pytest.raises(InvalidInput) as refused:
        coded_reasons.save(by=BY, site_id=house.site.pk, data=again)
    assert refused.value.field == "words"


def test_reason_that_the_house_gives_itself_stays_in_use(house: House) -> None:
    for data in (
        ReasonData("Ended", False, ["cancel"], is_active=False),
        ReasonData("Ended", False, ["move"]),
    ):
        with pytest.raises(InvalidInput):
            coded_reasons.save(by=BY, site_id=house.site.pk, data=data, code="course_ended")
    coded_reasons.save(
        by=BY, site_id=house.site.pk, data=ReasonData("Ended", False, ["cancel"]), code="course_ended"
    )
    assert ChangeReason.objects.get(pk="course_ended").words == "Ended"


def test_last_reason_for_a_change_stays_in_use(house: House) -> None:
    ChangeReason.objects.exclude(pk="held_up").filter(used_for__contains=["late"]).update(
        used_for=["no_show"]
    )
    with pytest.raises(InvalidInput) as refused:
        coded_reasons.save(
            by=BY, site_id=house.site.pk, data=ReasonData("Held up", True, ["no_show"]), code="held_up"
        )
    assert (refused.value.field, "Late" in refused.value.message) == ("used_for", True)


def test_reason_moves_one_place(house: House) -> None:
    first, second = ChangeReason.objects.order_by("position")[:2]
    coded_reasons.move(by=BY, site_id=house.site.pk, code=second.pk, up=True)
    assert list(ChangeReason.objects.order_by("position").values_list("pk", flat=True)[:2]) == [
        second.pk,
        first.pk,
    ]


def test_lists_are_the_managers(house: House) -> None:
    desk = {"by": clinic.staff(Role.FRONT_DESK, at=house.site), "site_id": house.site.pk}
    calls: list[Callable[[], object]] = [
        lambda: kinds.save(name="X", category="room", **desk),
        lambda: qualifications.save(pairs=set(), **desk),
        lambda: coded_reasons.save(data=ReasonData("X", True, ["late"]), **desk),
        lambda: coded_reasons.move(code="forgot", up=True, **desk),
        lambda: resources.move(resource_id=house.one("nurse").pk, up=True, **desk),
    ]
    for call in calls:
        with pytest.raises(NotAllowed):
            call()
    assert not ResourceKind.objects.filter(name="X").exists()


@pytest.mark.parametrize(
    ("page", "queries"),
    [
        ("setup", 7),
        ("setup-qualifications", 10),
        ("setup-reasons", 6),
        ("setup-hours", 9),
        ("setup-visit-types", 11),
        ("setup-holidays", 7),
        ("setup-extra-hours", 8),
    ],
)
@pytest.mark.parametrize("count", [1, 30])
def test_page_asks_as_much_for_thirty_as_for_one(
    manager: Client, house: House, page: str, queries: int, count: int, django_assert_num_queries: Any
) -> None:
    url = reverse(f"scheduling:{page}")
    manager.get(url)
    keys: list[UUID] = []
    for number in range(count):
        doctor = factory.resource("physician", f"Dr. {number}")
        factory.hours(house.site, doctor)
        factory.resource("draw_chair", f"Chair {number}", site=house.site)
        keys.append(doctor.pk)
    Qualification.objects.bulk_create(
        Qualification(resource_id=key, visit_type=house.visit("review")) for key in keys
    )
    with django_assert_num_queries(queries):
        manager.get(url)
