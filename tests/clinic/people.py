"""People and places for the tests of what every app shares: all invented."""

import datetime as dt
from typing import Any

from clinic.actors import Actor, System
from clinic.enums import Role
from clinic.models import Patient, Site, User
from clinic.services import patients
from clinic.services.patients import PatientData

SEED = System("tests")


def site(name: str = "Lakeside", **more: Any) -> Site:
    values = {
        "sender_name": "Lakeside Clinic",
        "address": "1 Shore Road",
        "phone": "+1 415 555 0100",
        "time_zone": "America/New_York",
        "country": "US",
    }
    return Site.objects.create(name=name, **{**values, **more})


def member(role: Role, *sites: Site, name: str = "", email: str = "") -> User:
    user = User.objects.create_user(
        email or f"{role.value}-{User.objects.count()}@clinic.example",
        "correct horse battery",
        full_name=name or role.label,
        role=role,
    )
    user.sites.set(sites)
    return user


def data(**more: Any) -> PatientData:
    values: dict[str, Any] = {
        "given_name": "Anna",
        "family_name": "Müller",
        "birth_date": dt.date(1950, 3, 7),
        "language": "en",
    }
    return PatientData(**{**values, **more})


def patient(by: Actor = SEED, **more: Any) -> Patient:
    return patients.register(by=by, data=data(**more))
