"""What nobody should type: every form of every page is sent with nonsense, and nothing breaks or is half written.

The forms are read from the pages themselves, as a browser would find them, in every state the grounds know. Each
answer is undone, so that every form meets the same rows.
"""

import datetime as dt
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, models, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import Resolver404, resolve, reverse
from django.utils.html import escape

from clinic import clock
from clinic.enums import Role
from clinic.models import Patient, Task
from scheduling.models import Appointment
from tests import walk
from tests.database import Database
from tests.factories import clinic, scheduling
from tests.forms import Field, Form, forms_of
from tests.walk import GUARDED, Grounds
from treatments.enums import SessionStatus
from treatments.models import Order, Session

HUGE = "A" * 10_000_000
DATES = ("0000-00-00", "0001-01-01", "1800-01-01", "9999-12-31", "2026-02-30", "tomorrow", "\x00")
NONSENSE = {
    "text": ("\x00", "A" * 5001, "Ann\r\nBcc: x@mail.example", "\x1b[31m"),
    "number": ("99999999999999999999", "-1", "NaN", "1e999", "½", "\x00"),
    "date": DATES,
    "time": ("25:61", "99", "\x00"),
    "choice": ("nonsense", str(uuid4()), "\x00"),
    "hidden": ("", "99999999999999999999", str(uuid4()), "x\x00" * 500),
}
FILLED = {
    "given_name": "Erika",
    "family_name": "Musterfrau",
    "birth_date": "1951-05-04",
    "full_name": "Robin Neu",
    "email": "neu@clinic.example",
    "name": "Neu",
    "title": "Call back",
    "outcome": "Reached her.",
    "diagnosis": "Low back pain",
    "diagnosis_code": "M54.50",
    "target-0-structure": "facet",
    "target-0-level": "L4-L5",
    "target-0-side": "left",
    "term": "Haematoma",
    "started_on": dt.date(2026, 1, 5).isoformat(),
    "nrs": "4",
    "reason": "Asked for it",
    "text": "The lot number was misread.",
    "blood_ml": "52",
    "product_ml": "7",
    "inj-0-volume_ml": "2",
}
NOT_OURS = ("csrfmiddlewaretoken", "q")
_ROW = re.compile(r"-\d+(?=-)")
NAMES = ("محمد", "דוד", "👩‍⚕️ Zoë", "O’Neil-Łęcki", "Nguyễn Thị", "李", "Ada & <Bo>")
BREAKING = '<img src=x onerror="alert(1)">'


@pytest.fixture(scope="module")
def grounds(own_database: Database) -> Grounds:
    return walk.grounds()


@pytest.fixture(scope="module")
def clients(grounds: Grounds) -> dict[Role, Client]:
    return {
        role: walk.signed_in(user, raise_request_exception=False) for role, user in grounds.people.items()
    }


@pytest.fixture(scope="module")
def forms(grounds: Grounds, clients: dict[Role, Client]) -> list[tuple[Role, Form]]:
    """One form of each kind that the pages offer, with the first role that is offered it."""
    found: dict[tuple[object, ...], tuple[Role, Form]] = {}
    for address in GUARDED:
        for role in address.roles() if "GET" in walk.methods(address) else ():
            # Physicians and managers together see what every state of a page offers.
            many = role in (Role.PHYSICIAN, Role.MANAGER)
            for url in grounds.urls(address) if many else [grounds.url(address)]:
                response = clients[role].get(url)
                for form in forms_of(response.content.decode(), url) if _is_page(response) else ():
                    if (name := _name_of(form)) is not None:
                        found.setdefault((name, *sorted(form.fields), *form.buttons), (role, form))
    return list(found.values())


@contextmanager
def undone() -> Iterator[None]:
    """Whatever happens inside is taken back; constraints that wait for the commit are asked before."""
    block = transaction.atomic()
    block._from_testcase = True  # durable blocks may open inside, as in Django's own TestCase
    with block:
        yield
        connection.check_constraints()
        transaction.set_rollback(True)


def _is_page(response: HttpResponse) -> bool:
    return response.status_code == 200 and response["Content-Type"].startswith("text/html")


def _name_of(form: Form) -> str | None:
    """The address that a form of ours posts to; None for those of the accounts."""
    try:
        name = resolve(urlsplit(form.action).path).view_name
    except Resolver404:
        return f"nowhere: {form.action}"
    return None if name.startswith(walk.FOREIGN_APPS) else name


def _kind(field: Field) -> str:
    if field.kind in ("select", "radio", "checkbox"):
        return "choice"
    return field.kind if field.kind in NONSENSE else "text"


def _filled(form: Form) -> dict[str, list[str]]:
    """The form as a person would send it: what it proposes, and something in the fields left empty."""
    data = form.data
    for name, field in form.fields.items():
        if name in FILLED and not any(data.get(name, [])):
            data[name] = [FILLED[name]]
        elif not data.get(name) and field.kind == "radio":
            data[name] = field.options[:1]
    if form.buttons:
        data.setdefault(form.buttons[0][0], [form.buttons[0][1]])
    return data


def _sent(client: Client, form: Form, data: dict[str, list[str]]) -> HttpResponse:
    body = urlencode(data, doseq=True, errors="surrogateescape")
    return client.post(form.action, body, content_type="application/x-www-form-urlencoded")


class Watch:
    """Sends forms, undoes each, and keeps what went wrong."""

    def __init__(self) -> None:
        self.tables = [name for name in walk.business_tables() if not name.endswith("event")]
        self.before = walk.fingerprint(self.tables)
        self.sent = self.accepted = 0
        self.wrong: list[str] = []

    def send(
        self, client: Client, form: Form, data: dict[str, list[str]], what: str, *, may_write: bool = True
    ) -> None:
        with undone():
            response = _sent(client, form, data)
            self.sent += 1
            self.accepted += response.status_code == 302
            if response.status_code >= 500:
                self.wrong.append(f"{response.status_code} for {what} to {form.action}")
                return
            if (response.status_code != 302 or not may_write) and walk.fingerprint(
                self.tables
            ) != self.before:
                self.wrong.append(f"{response.status_code} yet written: {what} to {form.action}")


def test_forms_were_found(forms: list[tuple[Role, Form]]) -> None:
    """A walk over no forms would prove nothing; and every address that takes a form is reached from some page."""
    reached = {_name_of(form) for _role, form in forms}
    posting = {address.name for address in GUARDED if "POST" in walk.methods(address)}
    assert posting - reached == set()
    assert reached - posting == set()


def test_forms_as_they_are_offered(forms: list[tuple[Role, Form]], clients: dict[Role, Client]) -> None:
    watch = Watch()
    for role, form in forms:
        watch.send(clients[role], form, _filled(form), f"the form as {role}")
        watch.send(clients[role], form, {}, f"nothing as {role}")
    assert watch.wrong == []
    assert watch.accepted > 40


@pytest.mark.parametrize("kind", sorted(NONSENSE))
def test_nonsense_in_one_field(
    kind: str, forms: list[tuple[Role, Form]], clients: dict[Role, Client]
) -> None:
    """Each field in turn, all others as they should be. No date from another age is ever believed."""
    watch, seen = Watch(), set()
    for role, form in forms:
        for name, field in form.fields.items():
            once = (_name_of(form), _ROW.sub("", name))
            if _kind(field) != kind or once in seen or name in NOT_OURS:
                continue
            seen.add(once)
            for value in NONSENSE[kind]:
                data = _filled(form) | {name: [value]}
                watch.send(
                    clients[role], form, data, f"{name}={value[:30]!r} as {role}", may_write=kind != "date"
                )
    assert watch.wrong == []
    assert watch.sent


def test_random_bytes_from_every_role(
    grounds: Grounds, forms: list[tuple[Role, Form]], clients: dict[Role, Client]
) -> None:
    """Every address that takes a form, with all the names that it knows, from every role that may."""
    watch, dice = Watch(), random.Random(20261122)
    for address in GUARDED:
        names = {name for _role, form in forms if _name_of(form) == address.name for name in form.fields}
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


def _free_text(model: type[models.Model]) -> list[models.Field]:
    """Fields that hold what a person typed: long enough for words, without a table of values."""
    return [
        field
        for field in model._meta.get_fields()
        if isinstance(field, models.CharField | models.TextField)
        and not isinstance(field, models.EmailField)
        and not field.choices
        and not field.primary_key
        and not field.unique
        and (field.max_length or 99) >= 60
        and field.name
        not in ("kind", "about", "reason_code", "code", "time_zone", "password", "word", "withdrawn")
    ]


SHOWN = {
    "clinic.Patient.given_name",
    "clinic.Patient.family_name",
    "clinic.Patient.notes",
    "clinic.Contact.name",
    "clinic.Contact.relationship",
    "clinic.Task.title",
    "clinic.User.full_name",
    "clinic.Site.name",
    "scheduling.Resource.name",
    "scheduling.Closure.name",
    "scheduling.TimeOff.reason",
    "scheduling.VisitType.name",
    "scheduling.Stage.name",
    "treatments.Order.note_for_desk",
    "treatments.AdverseEvent.term",
    "treatments.Session.note",
}
"""What the pages must have shown, or the walk below has looked at nothing."""


def test_what_people_typed_is_shown_escaped(grounds: Grounds, clients: dict[Role, Client]) -> None:
    with undone():
        for app in ("clinic", "scheduling", "treatments"):
            for model in apps.get_app_config(app).get_models():
                _poison(model)
        seen: set[str] = set()
        for address in GUARDED:
            for role in address.roles():
                many = role is address.roles()[-1]
                for url in grounds.urls(address) if many else [grounds.url(address)]:
                    response = clients[role].get(url)
                    if not _is_page(response):
                        continue  # a file to take away, which no browser reads as a page
                    page = response.content.decode()
                    assert "<img src=x" not in page, f"{url} as {role}"
                    seen |= {name for name in SHOWN if f"alert({name})" in page}
        assert SHOWN - seen == set()


def _poison(model: type[models.Model]) -> None:
    """Put a tag into every free text, as far as the record may be changed at all."""
    if getattr(model, "is_ledger", False) or (model.__name__.endswith("Event") and hasattr(model, "pgh_id")):
        return
    for field in _free_text(model):
        words = f'"><img src=x onerror=alert({model._meta.label}.{field.name})>'
        rows = model._default_manager.all()
        if model is Session:
            rows = rows.exclude(status=SessionStatus.SIGNED)
        if field.max_length and len(words) > field.max_length:
            continue
        rows.update(**{field.name: words})
