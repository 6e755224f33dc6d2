"""A clinic opens in an empty database with one command."""

import io
import sys

import pytest
from django.core.management import CommandError, call_command

from clinic.models import Site, User
from scheduling.models import VisitType
from treatments.models import ProtocolVersion

pytestmark = pytest.mark.django_db

OPTIONS = {
    "name": "Lindenhof",
    "sender": "Lindenhof Practice",
    "address": "Lindenstraße 4, Berlin",
    "phone": "+49 30 5550100",
    "time_zone": "Europe/Berlin",
    "country": "DE",
    "manager": "Helen Brandt",
    "email": "helen@clinic.example",
}


def run(monkeypatch: pytest.MonkeyPatch, password: str, **changed: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{password}\n"))
    call_command("open_clinic", password_stdin=True, stdout=io.StringIO(), **(OPTIONS | changed))


def test_open_clinic_makes_site_manager_visit_types_and_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, "alder court in the rain")
    manager = User.objects.get()
    assert (manager.role, manager.check_password("alder court in the rain")) == ("manager", True)
    assert list(manager.sites.all()) == [Site.objects.get()]
    assert list(VisitType.objects.values_list("code", flat=True)) == ["consultation", "prp_session", "review"]
    assert ProtocolVersion.objects.count() == 1


@pytest.mark.parametrize(
    ("password", "changed", "words"),
    [
        ("short", {}, "too short"),
        ("alder court in the rain", {"time_zone": "Berlin"}, "Not a time zone"),
        ("alder court in the rain", {"email": "helen"}, "e-mail"),
    ],
)
def test_open_clinic_with_bad_input_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, password: str, changed: dict[str, str], words: str
) -> None:
    with pytest.raises(CommandError, match=words):
        run(monkeypatch, password, **changed)
    assert (Site.objects.count(), User.objects.count()) == (0, 0)
