"""Finding patients while typing."""

import datetime as dt

import pytest
from pytest_django import DjangoAssertNumQueries

from clinic.enums import Role
from clinic.exceptions import NotAllowed
from clinic.models import AuditEvent
from clinic.selectors.search import find_patients
from clinic.services import lookups
from tests.clinic.people import SEED, member, patient, site

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> None:
    patient(mobile="+14155550123")
    patient(
        given_name="Łukasz", family_name="Größe-Nuñez", birth_date=dt.date(1961, 7, 3), mobile="+4930901820"
    )
    patient(given_name="Linh", family_name="Ng", birth_date=dt.date(1972, 1, 1))
    patient(given_name="Mei", family_name="Li", birth_date=dt.date(1980, 1, 1))
    patient(given_name="Seán", family_name="O\u2019Neil", birth_date=dt.date(1990, 1, 1))


def _names(asked: str) -> list[str]:
    return [found.family_name for found in find_patients(asked).patients]


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("mul", ["Müller"]),
        ("Mueller", ["Müller"]),
        ("anna muller", ["Müller"]),
        ("müller, anna", ["Müller"]),
        ("anna nunez", []),
        ("ng", ["Ng"]),
        ("li", ["Li", "Ng"]),
        ("oneil", ["O\u2019Neil"]),
        ("o'neil sean", ["O\u2019Neil"]),
        ("lukas", ["Größe-Nuñez"]),
        ("GROSSE", ["Größe-Nuñez"]),
        ("1950-03-07", ["Müller"]),
        ("7 Mar 1950", ["Müller"]),
        ("3/7/1961", ["Größe-Nuñez"]),
        ("(415) 555", ["Müller"]),
        ("030 901", ["Größe-Nuñez"]),
        ("+49 30", ["Größe-Nuñez"]),
        ("a", []),
        ("%", []),
        ("\x00\x00", []),
        ("'; DROP TABLE clinic_patient; --", []),
        ("x" * 10_000, []),
    ],
)
def test_search_finds(asked: str, found: list[str]) -> None:
    assert _names(asked) == found


@pytest.mark.usefixtures("people")
def test_search_by_record_number() -> None:
    one = patient(family_name="Zabel", birth_date=dt.date(1955, 5, 5))
    number = one.record_number
    for asked in (number, number.lower(), number[2:], number[2:].lstrip("0"), f"p {number[2:]}"):
        assert one in find_patients(asked).patients


@pytest.mark.parametrize("count", [1, 30])
def test_search_asks_the_same_questions_however_many_it_finds(
    count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        patient(given_name=f"Anna{number}", family_name="Müller", mobile=f"+1415555{number:04d}")
    # A name: the bounds of a transaction, the threshold, the words themselves and who bears them; while there is room
    # also longer words, slips and how common they are.
    name, two_names = (6, 8) if count == 30 else (9, 9)
    for asked, statements in (("muller", name), ("anna mul", two_names), ("1950-03-07", 1), ("415555", 2)):
        with django_assert_num_queries(statements):
            assert len(find_patients(asked).patients) == min(count, 20)


def test_search_ranks_the_word_itself_before_beginnings_and_misspellings() -> None:
    for family in ("Mayer", "Mayerhofer", "Meyer", "Maye"):
        patient(family_name=family)
    assert _names("mayer")[:2] == ["Mayer", "Mayerhofer"]


def test_search_asks_for_words_merely_alike_only_where_nobody_was_found() -> None:
    patient(family_name="Fernandez")
    assert _names("hernandes") == ["Fernandez"]
    patient(family_name="Hernandez")
    assert _names("hernandes") == ["Hernandez"]


def test_search_finds_short_names_with_two_letters_exchanged() -> None:
    patient(given_name="John", family_name="Rose")
    assert _names("jhon roes") == ["Rose"]


def test_search_leaves_a_trace_without_the_words() -> None:
    one = patient()
    desk = member(Role.FRONT_DESK, site()).actor()
    lookups.search(by=desk, text="muller")
    event = AuditEvent.objects.get(action="clinic.patient.searched")
    assert event.detail == {"kind": "name", "found": [str(one.pk)]}
    assert event.actor_key == desk.key


def test_open_record_leaves_a_trace() -> None:
    one = patient()
    lookups.open_record(by=SEED, patient_id=one.pk)
    assert AuditEvent.objects.filter(action="clinic.patient.viewed", patient_id=one.pk).count() == 1


def test_search_needs_permission() -> None:
    from clinic.actors import Patient as PatientActor
    from clinic.ids import new_id

    with pytest.raises(NotAllowed):
        lookups.search(by=PatientActor(new_id(), new_id()), text="muller")
