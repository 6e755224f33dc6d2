"""Rows of the clinic app for tests: invented people, one call each."""

import datetime as dt
import itertools
from typing import Any

from clinic import clock
from clinic.actors import Staff
from clinic.enums import Role
from clinic.models import Patient, Site, User

_count = itertools.count(1)


def site(**fields: Any) -> Site:
    """A site in Berlin, where both DST changes can be met."""
    values = {
        "name": "Lindenhof",
        "sender_name": "Lindenhof Practice",
        "address": "Lindenstraße 4, 10969 Berlin",
        "phone": "+49 30 5550100",
        "time_zone": "Europe/Berlin",
        "country": "DE",
    }
    return Site.objects.create(**(values | fields))


def user(role: Role = Role.FRONT_DESK, *, at: Site | None = None, **fields: Any) -> User:
    number = next(_count)
    password = fields.pop("password", None)
    account = User.objects.create_user(
        email=fields.pop("email", f"{role}{number}@clinic.example"),
        password=password,
        full_name=fields.pop("full_name", f"Robin Example {number}"),
        role=role,
        **fields,
    )
    if at is not None:
        account.sites.add(at)
    return account


def staff(role: Role = Role.FRONT_DESK, *, at: Site) -> Staff:
    """An actor with an account of that role at the site."""
    return user(role, at=at).actor()


def patient(**fields: Any) -> Patient:
    number = next(_count)
    values: dict[str, Any] = {
        "record_number": f"T-{number:06d}",
        "given_name": "Ada",
        "family_name": f"Beispiel{number}",
        "birth_date": dt.date(1961, 3, 7),
        "email": f"ada{number}@mail.example",
        "reminders_consent": True,
        "created_at": clock.now(),
    }
    return Patient.objects.create(**(values | fields))
