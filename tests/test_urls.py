"""Every address, walked from the URLconf: as each role, as nobody, against another site's objects, without a token.

A view without a declared permission fails, and so does an address with a key that nobody has given an example of.
The walks write nothing (that is one of the tests), so all of them share one set of rows.
"""

import pytest
from django.test import Client

from clinic.enums import Role
from tests import walk
from tests.database import Database
from tests.walk import ADDRESSES, GUARDED, Address, Grounds

PUBLIC = {
    "healthz",
    "readyz",
    "clinic:link",
    "clinic:preferences",
    "clinic:unsubscribe",
    "treatments:answers",
    "treatments:answers-check",
    "treatments:answers-save",
    "treatments:answers-step",
    "scheduling:my-visit",
    "scheduling:my-visit-calendar",
    "scheduling:my-visit-call",
    "scheduling:my-visit-cancel",
    "scheduling:my-visit-confirm",
    "scheduling:my-visit-move",
    "treatments:check-in",
    "treatments:check-in-done",
    "scheduling:offer",
    "scheduling:wall",
    "scheduling:wall-now",
    "scheduling:wall-seen",
    "scheduling:feed",
}
ANSWERS = (200, 204, 302, 405, 409)
"""409: the page says why this is not possible now, for example moving a visit that is over."""


@pytest.fixture(scope="module")
def grounds(own_database: Database, plain_templates: None) -> Grounds:
    return walk.grounds()


@pytest.fixture(scope="module")
def as_role(grounds: Grounds) -> dict[Role, Client]:
    return {role: walk.signed_in(user) for role, user in grounds.people.items()}


@pytest.fixture(scope="module")
def as_outsider(grounds: Grounds) -> dict[Role, Client]:
    return {role: walk.signed_in(user) for role, user in grounds.outsiders.items()}


@pytest.mark.parametrize("address", ADDRESSES, ids=str)
def test_address_declares_its_permission(address: Address) -> None:
    open_to_all = getattr(address.entry.callback, "login_required", True) is False
    assert address.permission is not None or (address.name in PUBLIC and open_to_all)


def test_every_role_has_an_address_of_its_own() -> None:
    """A permission table that lets everybody everywhere, or nobody anywhere, would make the walks empty."""
    for role in Role:
        assert any(role in address.roles() for address in GUARDED)
        assert any(role in address.roles(allowed=False) for address in GUARDED)


@pytest.mark.parametrize("address", GUARDED, ids=str)
def test_address_sends_a_stranger_to_the_sign_in(address: Address, grounds: Grounds) -> None:
    url, stranger = grounds.url(address), Client()
    for method in (stranger.get, stranger.head, stranger.post):
        response = method(url)
        assert response.status_code == 302
        assert response["Location"].startswith("/account/login/")


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("address", GUARDED, ids=str)
def test_address_as_role(address: Address, role: Role, grounds: Grounds, as_role: dict[Role, Client]) -> None:
    """Allowed: a page, and reading it writes nothing but audit and session. Not allowed: 403, however asked."""
    url, client, tables = grounds.url(address), as_role[role], walk.business_tables()
    before = walk.fingerprint(tables)
    response = client.get(url)
    if role in address.roles():
        assert response.status_code in ANSWERS, response.content[:500]
        assert role is not address.roles()[0] or client.head(url).status_code in ANSWERS
    else:
        assert [response.status_code, client.head(url).status_code, client.post(url).status_code] == [403] * 3
    assert walk.fingerprint(tables) == before


@pytest.mark.parametrize("address", [each for each in GUARDED if each.keys], ids=str)
def test_another_sites_object_looks_like_none(
    address: Address, grounds: Grounds, as_outsider: dict[Role, Client]
) -> None:
    """Whoever has the role but not the site. Patients and clinicians belong to the clinic: seen from every site."""
    url = grounds.url(address)
    client = as_outsider[address.roles()[-1]]
    read = client.get(url).status_code
    if grounds.is_clinic_wide(address):
        assert read in ANSWERS
        return
    written = client.post(url).status_code
    assert {read, written} <= {404, 405}
    assert 404 in {read, written}


@pytest.mark.parametrize("address", GUARDED, ids=str)
def test_writing_without_a_token_is_refused(address: Address, grounds: Grounds) -> None:
    role = address.roles()[0]
    client = walk.signed_in(grounds.people[role], enforce_csrf_checks=True)
    assert client.post(grounds.url(address)).status_code == 403


def test_an_address_without_an_example_says_so(grounds: Grounds) -> None:
    bare = Grounds(grounds.ward, {}, {}, grounds.people, grounds.outsiders)
    with pytest.raises(pytest.fail.Exception, match=r"give an example in tests/walk\.py"):
        bare.url(next(each for each in GUARDED if each.keys))
