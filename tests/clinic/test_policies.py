"""Pure rules: names, dates, phones, likely duplicates."""

import datetime as dt
from uuid import uuid4

import pytest

from clinic.policies import dates, duplicates, names, phones, text
from clinic.policies.duplicates import Identity, Sign


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Łukasz Größe-Nuñez", {"lukasz", "grosse", "nunez"}),
        ("Müller", {"muller"}),
        ("Seán O\u2019Neil", {"sean", "oneil", "neil"}),
        ("Sør Æther", {"sor", "aether"}),
        ("Ng", {"ng"}),
        ("李 小龙", {"李", "小龙"}),
        ("  --  ", set()),
    ],
)
def test_words_of_a_name_are_folded(name: str, words: set[str]) -> None:
    assert names.words_of(name) == words


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("n", []),
        ("Ng", ["ng"]),
        ("李", ["李"]),
        ("a miller", ["a", "miller"]),
        ("%_", []),
        ("O'Neil", ["oneil"]),
    ],
)
def test_two_letters_are_enough_to_ask(asked: str, words: list[str]) -> None:
    assert names.words_asked(asked) == words


def test_similarity_counts_trigrams_as_the_database_does() -> None:
    assert names.similarity("mueller", "muller") == 0.5
    assert names.similarity("anna", "anna") == 1


MARCH = dt.date(1950, 3, 7)


@pytest.mark.parametrize(
    ("asked", "days"),
    [
        ("1950-03-07", [MARCH]),
        ("07.03.1950", [MARCH]),
        ("7.3.1950", [MARCH]),
        ("3/7/1950", [MARCH, dt.date(1950, 7, 3)]),
        ("13/7/1950", [dt.date(1950, 7, 13)]),
        ("7 Mar 1950", [MARCH]),
        ("7 march 1950", [MARCH]),
        ("March 7, 1950", [MARCH]),
        ("31.02.1950", []),
        ("7 Foo 1950", []),
        ("1950", []),
        ("Müller", []),
    ],
)
def test_birth_dates_in_several_formats(asked: str, days: list[dt.date]) -> None:
    assert dates.birth_dates_asked(asked) == days


def test_age_on_a_leap_day_birthday() -> None:
    born = dt.date(1960, 2, 29)
    assert dates.age(born, on=dt.date(2026, 2, 28)) == 65
    assert dates.age(born, on=dt.date(2026, 3, 1)) == 66


def test_phone_is_read_in_the_sites_country() -> None:
    assert phones.parse("030 901820", country="DE") == phones.Phone("+4930901820", "30901820")
    assert phones.parse("(415) 555-0123", country="US") == phones.Phone("+14155550123", "4155550123")
    assert phones.parse("+49 30 901820", country="US").e164 == "+4930901820"
    assert phones.shown("+14155550123", country="US") == "(415) 555-0123"
    assert phones.shown("+4930901820", country="US") == "+49 30 901820"


@pytest.mark.parametrize("written", ["12", "call me", "+999999999999999", "0" * 200, "\x00"])
def test_impossible_phone_is_refused(written: str) -> None:
    with pytest.raises(phones.NotAPhone):
        phones.parse(written, country="US")


@pytest.mark.parametrize(
    ("asked", "digits"),
    [
        ("030 90", "3090"),
        ("+49 30", "4930"),
        ("0049 30", "4930"),
        ("(415) 555", "415555"),
        ("12", ""),
        ("4a15", ""),
    ],
)
def test_digits_of_a_phone_search(asked: str, digits: str) -> None:
    assert phones.digits_asked(asked) == digits


@pytest.mark.parametrize("line", ["a\r\nb", "a\x00", "a\u2028b", "a\u202eb", "a\tb"])
def test_control_characters_are_seen(line: str) -> None:
    assert text.has_control_characters(line)


def _person(*words: str, born: dt.date = MARCH, **more: object) -> Identity:
    return Identity(words=names.words_of(*words), birth_date=born, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (("Anna", "Müller"), ("Mueller", "Ana"), True),
        (("Anna", "Müller"), ("Müller", "Anna"), True),
        (("John", "Meier"), ("John", "Maier"), True),
        (("Anna", "Müller"), ("Peter", "Schmidt"), False),
    ],
)
def test_similar_names_with_one_birth_date(one: tuple[str, str], other: tuple[str, str], alike: bool) -> None:
    found = duplicates.signs(_person(*one), _person(*other))
    assert found == ([Sign.SAME_NAME_AND_BIRTH_DATE] if alike else [])


def test_shared_contact_is_no_sign_within_a_household() -> None:
    home, day = uuid4(), dt.date(1960, 1, 1)
    anna = _person("Anna", "Li", email="li@example.org", phones=frozenset({"+1"}), household_id=home)
    bert = _person("Bert", "Ng", born=day, email="LI@example.org", phones=frozenset({"+1"}))
    assert duplicates.signs(anna, bert) == [Sign.SAME_EMAIL, Sign.SAME_PHONE]
    assert duplicates.signs(anna, bert.in_household(home)) == []
