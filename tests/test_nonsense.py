"""What nobody should type: nonsense in each field of every form in turn, all others as they should be.

Nothing breaks, nothing is half written, and no date from another age is ever believed.
"""

import re

import pytest
from django.test import Client

from clinic.enums import Role
from tests import walk
from tests.database import Database
from tests.forms import Form
from tests.nonsense import NONSENSE, NOT_OURS, Watch, clients_of, filled, forms_on, kind_of, name_of
from tests.walk import Grounds

_ROW = re.compile(r"-\d+(?=-)")


@pytest.fixture(scope="module")
def grounds(own_database: Database) -> Grounds:
    return walk.grounds()


@pytest.fixture(scope="module")
def clients(grounds: Grounds) -> dict[Role, Client]:
    return clients_of(grounds)


@pytest.fixture(scope="module")
def forms(grounds: Grounds, clients: dict[Role, Client]) -> list[tuple[Role, Form]]:
    return forms_on(grounds, clients)


@pytest.mark.parametrize("kind", sorted(NONSENSE))
def test_nonsense_in_one_field(
    kind: str, forms: list[tuple[Role, Form]], clients: dict[Role, Client]
) -> None:
    """Each field in turn, all others as they should be. No date from another age is ever believed."""
    watch, seen = Watch(), set()
    for role, form in forms:
        for name, field in form.fields.items():
            once = (name_of(form), _ROW.sub("", name))
            if kind_of(field) != kind or once in seen or name in NOT_OURS:
                continue
            seen.add(once)
            for value in NONSENSE[kind]:
                data = filled(form) | {name: [value]}
                watch.send(
                    clients[role], form, data, f"{name}={value[:30]!r} as {role}", may_write=kind != "date"
                )
    assert watch.wrong == []
    assert watch.sent
