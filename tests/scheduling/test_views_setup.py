"""The set-up pages: what a manager saves, what is asked back, and that it is nobody else's."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic.enums import Role
from scheduling.models import Closure, Resource, TimeOff, WorkingHours
from scheduling.services import booking
from scheduling.services.plans import VisitRequest
from tests.factories import clinic
from tests.factories.scheduling import BY, House, days_ahead
from tests.factories.scheduling import house as build

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return build(physicians=1)


def as_role(role: Role, house: House) -> Client:
    browser = Client()
    browser.force_login(clinic.user(role, at=house.site))
    return browser


@pytest.fixture
def manager(house: House) -> Client:
    return as_role(Role.MANAGER, house)


@pytest.fixture
def visit(house: House) -> Any:
    start = house.at(days_ahead(10, house.site), 10)
    kind = house.visit("consultation").pk
    return booking.book(
        request=VisitRequest(clinic.patient(family_name="Inway").pk, kind, house.site.pk, start), by=BY
    )


def day_of(house: House, days: int = 10) -> str:
    return days_ahead(days, house.site).isoformat()


PAGES = [
    "setup",
    "setup-resource-new",
    "setup-hours",
    "setup-closures",
    "setup-time-off",
    "setup-visit-types",
]


@pytest.mark.parametrize("page", PAGES)
def test_set_up_pages_open_for_the_manager_only(house: House, manager: Client, page: str) -> None:
    url = reverse(f"scheduling:{page}")
    statuses = [
        as_role(role, house).get(url).status_code for role in (Role.FRONT_DESK, Role.NURSE, Role.PHYSICIAN)
    ]
    assert (manager.get(url).status_code, statuses) == (200, [403, 403, 403])


def test_resource_is_added_and_renamed(manager: Client, house: House) -> None:
    manager.post(reverse("scheduling:setup-resource-new"), {"kind": "consulting_room", "name": "Garden room"})
    room = Resource.objects.get(name="Garden room")
    manager.post(reverse("scheduling:setup-resource", args=[room.pk]), {"name": "Blue room"})
    room.refresh_from_db()
    assert (room.name, room.site_id) == ("Blue room", house.site.pk)


def test_resource_in_use_is_retired_only_when_accepted(manager: Client, house: House, visit: Any) -> None:
    lead = house.one("physician")
    url = reverse("scheduling:setup-resource-retire", args=[lead.pk])
    first = manager.post(url)
    assert (first.status_code, "Inway" in first.content.decode()) == (409, True)
    assert Resource.objects.get(pk=lead.pk).is_active
    manager.post(url, {"accept": "1"})
    assert not Resource.objects.get(pk=lead.pk).is_active
    manager.post(reverse("scheduling:setup-resource-restore", args=[lead.pk]))
    assert Resource.objects.get(pk=lead.pk).is_active


def test_resource_of_another_site_is_not_found(manager: Client) -> None:
    other = build(site=clinic.site(name="Elsewhere"))
    assert (
        manager.get(reverse("scheduling:setup-resource", args=[other.one("draw_chair").pk])).status_code
        == 404
    )


def test_hours_of_a_clinician_are_added_for_several_days(manager: Client, house: House) -> None:
    doctor = Resource.objects.create(kind_id="physician", name="Dr. New", is_clinician=True)
    url = reverse("scheduling:setup-clinician-hours", args=[doctor.pk])
    form = {
        "weekdays": ["0", "2"],
        "opens": "08:00",
        "closes": "12:00",
        "valid_from": "2026-01-01",
        "valid_until": "",
    }
    assert manager.post(url, form)["Location"] == url
    again = manager.post(url, form)
    assert (again.status_code, "there are hours from 08:00" in again.content.decode()) == (422, True)
    assert WorkingHours.objects.filter(resource=doctor).count() == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"opens": "12:00", "closes": "08:00"},
        {"weekdays": ["9"]},
        {"opens": "noon"},
        {"valid_until": "2020-01-01"},
    ],
)
def test_hours_that_make_no_sense_are_refused(manager: Client, house: House, wrong: dict[str, Any]) -> None:
    doctor = Resource.objects.create(kind_id="physician", name="Dr. New", is_clinician=True)
    form = {
        "weekdays": ["0"],
        "opens": "08:00",
        "closes": "12:00",
        "valid_from": "2026-01-01",
        "valid_until": "",
    }
    response = manager.post(reverse("scheduling:setup-clinician-hours", args=[doctor.pk]), form | wrong)
    assert (response.status_code, WorkingHours.objects.filter(resource=doctor).count()) == (422, 0)


def test_hours_with_visits_end_only_when_accepted(manager: Client, house: House, visit: Any) -> None:
    weekday = days_ahead(10, house.site).weekday()
    window = WorkingHours.objects.get(resource=house.one("physician"), weekday=weekday)
    url = reverse("scheduling:setup-hours-end", args=[window.pk])
    assert manager.post(url, {"last_day": ""}).status_code == 409
    assert manager.post(url, {"last_day": "", "accept": "1"}).status_code == 302
    assert not WorkingHours.objects.filter(pk=window.pk).exists()


def test_closure_over_visits_is_shown_with_them_and_then_saved(
    manager: Client, house: House, visit: Any
) -> None:
    url = reverse("scheduling:setup-closures")
    form = {"name": "Works", "first": day_of(house), "last": day_of(house), "opens": "", "closes": ""}
    first = manager.post(url, form)
    page = first.content.decode()
    assert (first.status_code, "Inway" in page, 'value="Works"' in page) == (409, True, True)
    manager.post(url, form | {"accept": "1"})
    closure = Closure.objects.get()
    assert closure.period.upper - closure.period.lower >= dt.timedelta(hours=23)
    manager.post(reverse("scheduling:setup-closure-remove", args=[closure.pk]))
    assert Closure.objects.count() == 0


def test_time_off_for_a_part_of_a_day_beside_the_visit_is_saved(
    manager: Client, house: House, visit: Any
) -> None:
    form = {
        "resource": house.one("physician").pk,
        "first": day_of(house),
        "last": day_of(house),
        "opens": "14:00",
        "closes": "16:00",
        "reason": "Congress",
    }
    manager.post(reverse("scheduling:setup-time-off"), form)
    off = TimeOff.objects.get()
    assert off.period.lower == house.at(days_ahead(10, house.site), 14)
    manager.post(reverse("scheduling:setup-time-off-end", args=[off.pk]))
    off.refresh_from_db()
    assert off.ended_at is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {"first": "2027-05-05", "last": "2027-05-01"},
        {"first": "1800-01-01", "last": "1800-01-02"},
        {"opens": "09:00"},
        {"last": "2090-01-01"},
        {"resource": "x"},
    ],
)
def test_time_off_that_makes_no_sense_is_refused(
    manager: Client, house: House, wrong: dict[str, str]
) -> None:
    form = {
        "resource": house.one("physician").pk,
        "first": day_of(house),
        "last": day_of(house),
        "opens": "",
        "closes": "",
    }
    assert manager.post(reverse("scheduling:setup-time-off"), form | wrong).status_code == 422
    assert TimeOff.objects.count() == 0


def test_visit_type_of_another_site_is_not_found(manager: Client) -> None:
    other = build(site=clinic.site(name="Elsewhere"))
    url = reverse("scheduling:setup-visit-type", args=[other.visit("consultation").pk])
    assert manager.get(url).status_code == 404
