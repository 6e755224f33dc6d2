"""What nobody should type: forms with nothing, with random bytes, with ten megabytes, with keys and days that cannot be.

The forms are read from the pages themselves, as a browser would find them, in every state the grounds know. Each
answer is undone, so that every form meets the same rows. `test_nonsense` goes through them field by field.
"""

import datetime as dt
import random
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from clinic import clock
from clinic.enums import Role
from clinic.models import Patient, Task
from scheduling.models import Appointment
from tests import walk
from tests.database import Database
from tests.factories import clinic, scheduling
from tests.forms import Form
from tests.nonsense import (
    FILLED,
    Watch,
    clients_of,
    filled,
    forms_on,
    name_of,
    undone,
)
from tests.walk import GUARDED, Grounds
from treatments.models import Order

HUGE = "A" * 10_000_000
NAMES = ("محمد", "דוד", "👩‍⚕️ Zoë", "O’Neil-Łęcki", "Nguyễn Thị", "李", "Ada & <Bo>")


@pytest.fixture(scope="module")
def grounds(own_database: Database, plain_templates: None) -> Grounds:
    return walk.grounds()


@pytest.fixture(scope="module")
def clients(grounds: Grounds) -> dict[Role, Client]:
    return clients_of(grounds)


@pytest.fixture(scope="module")
def forms(grounds: Grounds, clients: dict[Role, Client]) -> list[tuple[Role, Form]]:
    return forms_on(grounds, clients)


def test_forms_were_found(forms: list[tuple[Role, Form]]) -> None:
    """A walk over no forms would prove nothing; and every address that takes a form is reached from some page."""
    reached = {name_of(form) for _role, form in forms}
    posting = {address.name for address in GUARDED if "POST" in walk.methods(address)}
    assert posting - reached == set()
    assert reached - posting == set()


def test_forms_as_they_are_offered(forms: list[tuple[Role, Form]], clients: dict[Role, Client]) -> None:
    watch = Watch()
    for role, form in forms:
        watch.send(clients[role], form, filled(form), f"the form as {role}")
        watch.send(clients[role], form, {}, f"nothing as {role}")
    assert watch.wrong == []
    assert watch.accepted > 40


def test_random_bytes_from_every_role(
    grounds: Grounds, forms: list[tuple[Role, Form]], clients: dict[Role, Client]
) -> None:
    """Every address that takes a form, with all the names that it knows, from every role that may."""
    watch, dice = Watch(), random.Random(20261122)
    for address in GUARDED:
        names = {name for _role, form in forms if name_of(form) == address.name for name in form.fields}
        for role in address.roles() if "POST" in walk.methods(address) else ():
            data = {name: [_bytes(dice)] for name in sorted(names)}
            watch.send(clients[role], Form(grounds.url(address)), data, f"random bytes as {role}")
    assert watch.wrong == []


def _bytes(dice: random.Random) -> str:
    return dice.randbytes(dice.randint(0, 60)).decode("utf-8", errors="surrogateescape")


def test_a_name_of_ten_megabytes(grounds: Grounds, clients: dict[Role, Client]) -> None:
    """Refused before any of it is read, wherever it is sent to: 400 where the form is read, 403 where the token is."""
    guarded = {role: walk.signed_in(user, enforce_csrf_checks=True) for role, user in grounds.people.items()}
    tables = walk.business_tables()
    before = walk.fingerprint(tables)
    body, kind = f"given_name={HUGE}", "application/x-www-form-urlencoded"
    for address in GUARDED:
        if "POST" in walk.methods(address):
            sender = guarded[address.roles()[0]]
            assert sender.post(grounds.url(address), body, content_type=kind).status_code in (400, 403), (
                address
            )
    new = reverse("clinic:patient-new")
    assert clients[Role.FRONT_DESK].post(new, body, content_type=kind).status_code == 400
    assert clients[Role.FRONT_DESK].post(new, _person(given_name=HUGE)).status_code == 400
    assert walk.fingerprint(tables) == before
    assert len(HUGE) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE


@pytest.mark.parametrize("name", NAMES)
def test_names_of_the_world(name: str, clients: dict[Role, Client]) -> None:
    with undone():
        client = clients[Role.FRONT_DESK]
        response = client.post(reverse("clinic:patient-new"), _person(given_name=name))
        assert response.status_code == 302
        page = client.get(response["Location"]).content.decode()
        assert escape(name) in page
        assert Patient.objects.filter(given_name=name).exists()


@pytest.mark.parametrize(
    "name", ["Ann\r\nBcc: x@mail.example", "Ann\nLee", "Ann\x00", "Ann\x1b[31m", " ", "\u202e\u202c"]
)
def test_no_name_at_all(name: str, clients: dict[Role, Client]) -> None:
    before = Patient.objects.count()
    response = clients[Role.FRONT_DESK].post(reverse("clinic:patient-new"), _person(given_name=name))
    assert response.status_code == 422
    assert Patient.objects.count() == before


def _person(**fields: str) -> dict[str, str]:
    return {
        "given_name": "Erika",
        "family_name": "Musterfrau",
        "birth_date": "1951-05-04",
        "sex": "unknown",
        "preferred_channel": "email",
        "language": "en",
        "version": "0",
        **fields,
    }


def _visit(grounds: Grounds, start: dt.datetime, **fields: str) -> dict[str, str]:
    return {
        "visit_type": str(grounds.ward.house.visit("consultation").pk),
        "earliest": clock.today(grounds.site.zone).isoformat(),
        "part": "any",
        "start": start.isoformat(),
        "told": "nobody",
        "request_key": str(uuid4()),
        **fields,
    }


@pytest.mark.parametrize(("days", "hour"), [(-3, 10), (3, 3), (3, 22), (200, 10), (5000, 10)])
def test_a_start_that_cannot_be(days: int, hour: int, grounds: Grounds, clients: dict[Role, Client]) -> None:
    """Past, before and after hours, on a closed day, too far ahead."""
    url = reverse("scheduling:book", args=[grounds.examples["patient_id"]])
    before = Appointment.objects.count()
    response = clients[Role.FRONT_DESK].post(url, _visit(grounds, grounds.ward.at(days, hour)))
    assert response.status_code in (409, 422)
    assert Appointment.objects.count() == before


def test_somebody_elses_keys_in_the_body(grounds: Grounds, clients: dict[Role, Client]) -> None:
    """A visit type and a clinician's task owner of another site; a household with nobody."""
    with undone():
        foreign = scheduling.house(site=clinic.site(name="Elsewhere"))
        stranger = clinic.user(Role.NURSE, at=foreign.site)
        desk, before = clients[Role.FRONT_DESK], (Appointment.objects.count(), Task.objects.count())
        visit_type = str(foreign.visit("consultation").pk)
        asked = _visit(grounds, grounds.ward.at(4, 10), visit_type=visit_type)
        url = reverse("scheduling:book", args=[grounds.examples["patient_id"]])
        assert desk.post(url, asked).status_code == 422
        task = {"title": "Call", "role": "nurse", "owner": str(stranger.pk), "time": "17:00"}
        task["day"] = clock.today(grounds.site.zone).isoformat()
        assert desk.post(reverse("clinic:task-new"), task).status_code == 422
        assert (Appointment.objects.count(), Task.objects.count()) == before


def test_nothing_is_booked_or_ordered_for_an_erased_patient(
    grounds: Grounds, clients: dict[Role, Client]
) -> None:
    with undone():
        gone = clinic.patient(erased_at=clock.now())
        before = (Appointment.objects.count(), Order.objects.count())
        desk, physician = clients[Role.FRONT_DESK], clients[Role.PHYSICIAN]
        asked = _visit(grounds, grounds.ward.at(4, 10))
        assert desk.post(reverse("scheduling:book", args=[gone.pk]), asked).status_code == 404
        order = {
            "protocol": str(grounds.ward.protocol.pk),
            "physician": str(grounds.ward.house.one("physician").pk),
            "sessions": "4",
            "urgency": "3",
            "screening_complete": "on",
            "target-TOTAL_FORMS": "1",
            "target-INITIAL_FORMS": "0",
            **{name: value for name, value in FILLED.items() if name.startswith(("diagnosis", "target"))},
        }
        assert physician.post(reverse("treatments:order-new", args=[gone.pk]), order).status_code == 404
        assert (Appointment.objects.count(), Order.objects.count()) == before
