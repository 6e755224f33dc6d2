"""Likely duplicates before saving."""

import datetime as dt

import pytest
from pytest_django import DjangoAssertNumQueries

from clinic.policies.duplicates import Sign
from clinic.selectors import likely_duplicates
from clinic.services import patients
from tests.clinic.people import SEED, data, patient

pytestmark = pytest.mark.django_db


def test_finds_by_birth_date_and_name_by_mailbox_and_by_phone() -> None:
    twin = patient(given_name="Anne", family_name="Mueller")
    mailbox = patient(
        given_name="Carl", family_name="Zeiss", birth_date=dt.date(1940, 1, 1), email="Home@example.org"
    )
    phone = patient(
        given_name="Dora", family_name="Yilmaz", birth_date=dt.date(1941, 1, 1), mobile="+14155550123"
    )
    patient(given_name="Emil", family_name="Xaver")
    found = likely_duplicates(data(email="home@example.org", other_phone="+14155550123").identity)
    assert {one.patient.pk: list(one.signs) for one in found} == {
        twin.pk: [Sign.SAME_NAME_AND_BIRTH_DATE],
        mailbox.pk: [Sign.SAME_EMAIL],
        phone.pk: [Sign.SAME_PHONE],
    }


def test_household_is_not_asked_about_again() -> None:
    one = patient(email="home@example.org")
    two = data(given_name="Bert", birth_date=dt.date(1948, 1, 1), email="home@example.org")
    assert [found.patient for found in likely_duplicates(two.identity)] == [one]
    made = patients.register(by=SEED, data=two, household_with=one.pk)
    assert likely_duplicates(two.identity.in_household(made.household_id), other_than=made.pk) == []


@pytest.mark.parametrize("count", [1, 30])
def test_asks_three_questions_however_many_there_are(
    count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        patient(mobile=f"+1415555{number:04d}")
    with django_assert_num_queries(3):
        assert len(likely_duplicates(data().identity)) == min(count, 10)
