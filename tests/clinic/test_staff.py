"""Staff accounts and the site's settings."""

from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.core import mail
from django.test import Client
from django.urls import reverse

from clinic.enums import Role
from clinic.exceptions import IllegalMove, InvalidInput, NotAllowed, NotFound
from clinic.models import Site, User
from clinic.services import sites, staff
from clinic.services.staff import StaffData
from tests.clinic.people import member, site

pytestmark = pytest.mark.django_db


def _data(*at: Site, **more: Any) -> StaffData:
    values: dict[str, Any] = {"full_name": "Noor Haddad", "email": "noor@clinic.example", "role": Role.NURSE}
    return StaffData(**{**values, "site_ids": [one.pk for one in at], **more})


def test_manager_makes_an_account_that_waits_for_a_password() -> None:
    home = site()
    manager = member(Role.MANAGER, home).actor()
    user = staff.create(by=manager, data=_data(home, email="Noor@Clinic.example"))
    assert (user.email, user.has_usable_password(), list(user.sites.all())) == (
        "noor@clinic.example",
        False,
        [home],
    )
    with pytest.raises(InvalidInput) as caught:
        staff.create(by=manager, data=_data(home))
    assert caught.value.field == "email"


def test_only_managers_and_only_at_their_sites() -> None:
    home, other = site(), site("Hillside")
    with pytest.raises(NotAllowed):
        staff.create(by=member(Role.PHYSICIAN, home).actor(), data=_data(home))
    manager = member(Role.MANAGER, home).actor()
    with pytest.raises(InvalidInput):
        staff.create(by=manager, data=_data(other))
    stranger = member(Role.NURSE, other)
    with pytest.raises(NotFound):
        staff.update(by=manager, user_id=stranger.pk, data=_data(home))


def test_the_last_manager_stays() -> None:
    home = site()
    manager = member(Role.MANAGER, home)
    for change in ({"is_active": False, "role": Role.MANAGER}, {"role": Role.NURSE}):
        with pytest.raises(IllegalMove):
            staff.update(by=manager.actor(), user_id=manager.pk, data=_data(home, **change))


def test_closing_an_account_signs_it_out_everywhere() -> None:
    home = site()
    manager, nurse = member(Role.MANAGER, home), member(Role.NURSE, home)
    client = Client()
    client.post(reverse("account_login"), {"login": nurse.email, "password": "correct horse battery"})
    assert client.get(reverse("clinic:task-list")).status_code == 200
    assert UserSession.objects.filter(user=nurse).count() == 1
    staff.update(by=manager.actor(), user_id=nurse.pk, data=_data(home, is_active=False))
    assert UserSession.objects.filter(user=nurse).count() == 0
    assert client.get(reverse("clinic:task-list")).status_code == 302


def test_other_sites_of_a_colleague_are_kept() -> None:
    home, other = site(), site("Hillside")
    manager, nurse = member(Role.MANAGER, home), member(Role.NURSE, home, other)
    staff.update(by=manager.actor(), user_id=nurse.pk, data=_data(home))
    assert set(nurse.sites.all()) == {home, other}


def test_new_colleague_gets_a_link_by_mail() -> None:
    home = site()
    client = Client()
    client.force_login(member(Role.MANAGER, home))
    answer = client.post(
        reverse("clinic:staff-new"),
        {
            "full_name": "Noor Haddad",
            "email": "noor@clinic.example",
            "role": "nurse",
            "sites": [home.pk],
            "is_active": "on",
        },
    )
    assert answer.status_code == 302
    assert User.objects.filter(email="noor@clinic.example").count() == 1
    assert [message.to for message in mail.outbox] == [["noor@clinic.example"]]
    assert "/account/password/reset/key/" in mail.outbox[0].body


def test_site_settings() -> None:
    home = site()
    manager = member(Role.MANAGER, home).actor()
    sites.update(by=manager, site_id=home.pk, values={"phone": "+1 415 555 0199", "is_active": False})
    home.refresh_from_db()
    assert (home.phone, home.is_active) == ("+1 415 555 0199", True)
    sites.update(by=manager, site_id=home.pk, values={"time_zone": "Europe/Lisbon"})
    home.refresh_from_db()
    assert home.time_zone == site("Elsewhere").time_zone
    for bad in ({"sender_name": "Clinic\r\nBcc: x"}, {"name": ""}):
        with pytest.raises(InvalidInput):
            sites.update(by=manager, site_id=home.pk, values=bad)
    with pytest.raises(NotFound):
        sites.update(by=manager, site_id=site("Hillside").pk, values={"phone": "1"})
