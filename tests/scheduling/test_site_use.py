"""A site's clock and its end: visits in the way are shown, and nothing changes over the heads of patients."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse

from clinic import clock
from clinic.actors import Staff
from clinic.enums import Role
from clinic.exceptions import DomainError, InvalidInput, NotAllowed
from clinic.models import AuditEvent, Site, Task
from scheduling.exceptions import SlotTaken
from scheduling.models import Appointment
from scheduling.selectors.disruption import REBOOK
from scheduling.services import availability, holds, site_use
from scheduling.services.plans import VisitRequest
from scheduling.services.scarcity import VisitsInTheWay
from tests.factories import clinic, waiting
from tests.factories import scheduling as factory
from tests.factories.scheduling import House

pytestmark = pytest.mark.django_db

LISBON, PARIS = "Europe/Lisbon", "Europe/Paris"


@pytest.fixture
def house() -> House:
    """In Berlin, whose clock is that of Paris and an hour before that of Lisbon."""
    return factory.house(physicians=1, rooms=1)


@pytest.fixture
def manager(house: House) -> Staff:
    account = clinic.user(Role.MANAGER, at=house.site)
    account.sites.add(clinic.site(name="Waldweg"))
    return account.actor()


def nine(house: House) -> dt.datetime:
    return house.at(factory.days_ahead(5, house.site), 9)


def zone_of(house: House) -> str:
    return Site.objects.get(pk=house.site.pk).time_zone


def starts(house: House) -> list[dt.datetime]:
    return availability.openings(
        visit_type_id=house.visit("consultation").pk,
        site_id=house.site.pk,
        earliest=nine(house) - dt.timedelta(hours=9),
        latest=nine(house) + dt.timedelta(hours=14),
    ).starts


def test_rezone_moves_the_hours_and_keeps_what_is_told_at_the_same_clock_time(
    house: House, manager: Staff
) -> None:
    waiting.visit(house, nine(house))
    assert site_use.rezone(by=manager, site_id=house.site.pk, time_zone=PARIS) == []
    assert zone_of(house) == PARIS


def test_rezone_names_the_visits_that_were_told_by_the_other_clock(house: House, manager: Staff) -> None:
    visit = waiting.visit(house, nine(house))
    with pytest.raises(VisitsInTheWay) as refused:
        site_use.rezone(by=manager, site_id=house.site.pk, time_zone=LISBON)
    assert ([each.pk for each in refused.value.visits], zone_of(house)) == ([visit.pk], "Europe/Berlin")
    site_use.rezone(by=manager, site_id=house.site.pk, time_zone=LISBON, accept=True)
    assert (zone_of(house), Appointment.objects.get().period) == (LISBON, visit.period)
    assert list(Task.objects.values_list("kind", "about")) == [(REBOOK, f"appointment:{visit.pk}")]
    assert AuditEvent.objects.get(action="clinic.site.rezoned").detail == {
        "before": "Europe/Berlin",
        "after": LISBON,
    }


def test_rezone_offers_the_same_wall_times_by_the_new_clock(house: House, manager: Staff) -> None:
    before = [start.astimezone(house.site.zone).time() for start in starts(house)]
    site_use.rezone(by=manager, site_id=house.site.pk, time_zone=LISBON)
    assert [start.astimezone(ZoneInfo(LISBON)).time() for start in starts(house)] == before


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "\x00"])
def test_rezone_to_no_zone_is_refused(house: House, manager: Staff, name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        site_use.rezone(by=manager, site_id=house.site.pk, time_zone=name)
    assert (refused.value.field, zone_of(house)) == ("time_zone", "Europe/Berlin")


def test_close_is_refused_while_a_visit_is_to_come(house: House, manager: Staff) -> None:
    waiting.visit(house, nine(house))
    with pytest.raises(VisitsInTheWay):
        site_use.close(by=manager, site_id=house.site.pk)
    assert Site.objects.get(pk=house.site.pk).is_active


def test_close_is_refused_while_a_time_is_held(house: House, manager: Staff) -> None:
    request = VisitRequest(clinic.patient().pk, house.visit("consultation").pk, house.site.pk, nine(house))
    holds.pencil(request=request, until=clock.now() + dt.timedelta(hours=1), by=manager)
    with pytest.raises(DomainError, match="pencilled in or offered"):
        site_use.close(by=manager, site_id=house.site.pk)


def test_close_is_refused_for_the_only_site_of_the_person(house: House) -> None:
    with pytest.raises(DomainError, match="no other site"):
        site_use.close(by=clinic.staff(Role.MANAGER, at=house.site), site_id=house.site.pk)


def test_closed_site_offers_and_books_nothing_until_it_is_opened_again(house: House, manager: Staff) -> None:
    offered = starts(house)
    site_use.close(by=manager, site_id=house.site.pk)
    assert (bool(offered), starts(house)) == (True, [])
    with pytest.raises(SlotTaken):
        waiting.visit(house, nine(house))
    site_use.reopen(by=manager, site_id=house.site.pk)
    assert starts(house) == offered


def test_desk_may_neither_rezone_nor_close(house: House) -> None:
    desk = clinic.staff(at=house.site)
    with pytest.raises(NotAllowed):
        site_use.rezone(by=desk, site_id=house.site.pk, time_zone=PARIS)
    with pytest.raises(NotAllowed):
        site_use.close(by=desk, site_id=house.site.pk)


def test_page_shows_the_visits_then_changes_the_clock_and_closes(house: House) -> None:
    account, other = clinic.user(Role.MANAGER, at=house.site), clinic.site(name="Waldweg")
    account.sites.add(other)
    browser, url = Client(), reverse("scheduling:setup-site")
    browser.force_login(account)
    visit = waiting.visit(house, nine(house), clinic.patient(family_name="Inway"))
    first = browser.post(url, {"time_zone": LISBON})
    assert (first.status_code, "Inway" in first.content.decode()) == (409, True)
    assert browser.post(url, {"time_zone": LISBON, "accept": "1"})["Location"] == reverse(
        "scheduling:to-move"
    )
    assert zone_of(house) == LISBON
    wrong = browser.post(url, {"time_zone": "Mars/Olympus"})
    assert (wrong.status_code, "id_time_zone_error" in wrong.content.decode()) == (422, True)
    stands = browser.post(reverse("scheduling:setup-site-close"))
    assert (stands.status_code, "anyway" in stands.content.decode()) == (409, False)
    Appointment.objects.filter(pk=visit.pk).update(status="no_show")
    browser.post(reverse("scheduling:setup-site-close"))
    assert not Site.objects.get(pk=house.site.pk).is_active
    assert "Lindenhof" in browser.get(url).content.decode()
    browser.post(reverse("scheduling:setup-site-reopen", args=[house.site.pk]))
    assert Site.objects.get(pk=house.site.pk).is_active
