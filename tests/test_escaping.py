"""What people typed is shown as they typed it, and is never read as a page's own markup."""

import pgtrigger
import pytest
from django.apps import apps
from django.db import models
from django.db.models import Func, Value
from django.db.models.functions import Cast, Concat, Right
from django.test import Client
from django.urls import reverse

from clinic.enums import Role
from tests import walk
from tests.database import Database
from tests.nonsense import clients_of, is_page, undone
from tests.walk import GUARDED, Grounds


@pytest.fixture(scope="module")
def grounds(own_database: Database, plain_templates: None) -> Grounds:
    return walk.grounds()


@pytest.fixture(scope="module")
def clients(grounds: Grounds) -> dict[Role, Client]:
    """Each at the site of the walk, by choice: sites are offered by name, and the names are poisoned below."""
    clients = clients_of(grounds)
    for client in clients.values():
        client.post(reverse("clinic:site-switch", args=[grounds.site.pk]))
    return clients


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
        with pgtrigger.ignore():  # signed records and versions hold what people typed too
            for app in ("clinic", "scheduling", "treatments"):
                for model in apps.get_app_config(app).get_models():
                    _poison(model)
        seen: set[str] = set()
        for address in GUARDED:
            for role in address.roles():
                many = role is address.roles()[-1]
                for url in grounds.urls(address) if many else [grounds.url(address)]:
                    response = clients[role].get(url)
                    if not is_page(response):
                        continue  # a file to take away, which no browser reads as a page
                    page = response.content.decode()
                    assert "<img src=x" not in page, f"{url} as {role}"
                    seen |= {name for name in SHOWN if f"alert({name})" in page}
        assert SHOWN - seen == set()


def _key(length: int) -> Func | Value:
    """The end of a row's key: where a name may stand once only, each row's words differ."""
    return Right(Cast("pk", models.TextField()), length) if length else Value("")


def _poison(model: type[models.Model]) -> None:
    """Put a tag into every free text but that of ledgers, which the web role cannot change."""
    if getattr(model, "is_ledger", False) or (model.__name__.endswith("Event") and hasattr(model, "pgh_id")):
        return
    for field in _free_text(model):
        words = f'"><img src=x onerror=alert({model._meta.label}.{field.name})>'
        room = (field.max_length or 999) - len(words)
        if room < 0:
            continue
        model._default_manager.update(**{field.name: Concat(Value(words), _key(min(room, 6)))})
