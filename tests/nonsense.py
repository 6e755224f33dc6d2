"""Sending forms as nobody should: read from the pages themselves, as a browser would find them, and undone again."""

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import Resolver404, resolve

from clinic.enums import Role
from tests import walk
from tests.forms import Field, Form, forms_of
from tests.walk import GUARDED, Grounds

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
_ROW = re.compile(r"-\d+(?=-)")
NOT_OURS = ("csrfmiddlewaretoken", "q")


def clients_of(grounds: Grounds) -> dict[Role, Client]:
    """A browser of each role, which shows the page of an error instead of raising it."""
    return {
        role: walk.signed_in(user, raise_request_exception=False) for role, user in grounds.people.items()
    }


def forms_on(grounds: Grounds, clients: dict[Role, Client]) -> list[tuple[Role, Form]]:
    """One form of each kind that the pages offer, with the first role that is offered it."""
    found: dict[tuple[object, ...], tuple[Role, Form]] = {}
    for address in GUARDED:
        for role in address.roles() if "GET" in walk.methods(address) else ():
            # Physicians and managers together see what every state of a page offers.
            many = role in (Role.PHYSICIAN, Role.MANAGER)
            for url in grounds.urls(address) if many else [grounds.url(address)]:
                response = clients[role].get(url)
                for form in forms_of(response.content.decode(), url) if is_page(response) else ():
                    if (name := name_of(form)) is not None:
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


def is_page(response: HttpResponse) -> bool:
    return response.status_code == 200 and response["Content-Type"].startswith("text/html")


def name_of(form: Form) -> str | None:
    """The address that a form of ours posts to; None for those of the accounts."""
    try:
        name = resolve(urlsplit(form.action).path).view_name
    except Resolver404:
        return f"nowhere: {form.action}"
    return None if name.startswith(walk.FOREIGN_APPS) else name


def kind_of(field: Field) -> str:
    if field.kind in ("select", "radio", "checkbox"):
        return "choice"
    return field.kind if field.kind in NONSENSE else "text"


def filled(form: Form) -> dict[str, list[str]]:
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


def sent(client: Client, form: Form, data: dict[str, list[str]]) -> HttpResponse:
    body = urlencode(data, doseq=True, errors="surrogateescape")
    return client.post(form.action, body, content_type="application/x-www-form-urlencoded")


def try_nonsense(
    kind: str, forms: list[tuple[Role, Form]], clients: dict[Role, Client], watch: "Watch"
) -> None:
    """Each field of this kind in turn, all others as they should be. Fields of a further row are like the first's."""
    seen = set()
    for role, form in forms:
        for name, field in form.fields.items():
            once = (name_of(form), _ROW.sub("", name))
            if kind_of(field) != kind or once in seen or name in NOT_OURS:
                continue
            seen.add(once)
            for value in NONSENSE[kind]:
                data = filled(form) | {name: [value]}
                what = f"{name}={value[:30]!r} as {role}"
                watch.send(clients[role], form, data, what, may_write=kind != "date")


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
            response = sent(client, form, data)
            self.sent += 1
            self.accepted += response.status_code == 302
            if response.status_code >= 500:
                self.wrong.append(f"{response.status_code} for {what} to {form.action}")
                return
            took = response.status_code == 302 or response.has_header(
                "Content-Disposition"
            )  # a file, and who took it
            if (not took or not may_write) and self._has_written():
                self.wrong.append(f"{response.status_code} yet written: {what} to {form.action}")

    def _has_written(self) -> bool:
        """The rows are summed up only where the server counts a change in this transaction, which it does for those
        taken back too: most answers changed nothing at all, and reading every table each time took minutes."""
        return walk.rows_touched(self.tables) > 0 and walk.fingerprint(self.tables) != self.before
