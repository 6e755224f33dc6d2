"""What nobody should type into what is written: nonsense in each field of every form in turn, all others as they should be.

Nothing breaks, nothing is half written, and no date from another age is ever believed. What is chosen has a module of its own: they run side by side.
"""

import pytest
from django.test import Client

from clinic.enums import Role
from tests import walk
from tests.database import Database
from tests.forms import Form
from tests.nonsense import Watch, clients_of, forms_on, try_nonsense
from tests.walk import Grounds


@pytest.fixture(scope="module")
def grounds(own_database: Database, plain_templates: None) -> Grounds:
    return walk.grounds()


@pytest.fixture(scope="module")
def clients(grounds: Grounds) -> dict[Role, Client]:
    return clients_of(grounds)


@pytest.fixture(scope="module")
def forms(grounds: Grounds, clients: dict[Role, Client]) -> list[tuple[Role, Form]]:
    return forms_on(grounds, clients)


@pytest.mark.parametrize("kind", ["number", "text", "time"])
def test_nonsense_in_one_field(
    kind: str, forms: list[tuple[Role, Form]], clients: dict[Role, Client]
) -> None:
    watch = Watch()
    try_nonsense(kind, forms, clients, watch)
    assert watch.wrong == []
    assert watch.sent
