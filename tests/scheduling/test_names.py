"""Who could be mistaken for whom."""

import pytest

from scheduling.selectors import names
from scheduling.services import booking, endings
from scheduling.services.plans import VisitRequest
from tests.factories import clinic
from tests.factories import scheduling as factory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("Anna", "Weber"), ("Anton", "Weber"), True),
        (("Łukasz", "Größe"), ("lena", "GROSSE"), True),
        (("Ana", "Núñez"), ("Ana", "Nunez"), True),
        (("Anna", "Weber"), ("Zoe", "Weber"), False),
        (("Anna", "Weber"), ("Anna", "Webern"), False),
    ],
)
def test_alike(one: tuple[str, str], other: tuple[str, str], same: bool) -> None:
    people = [clinic.patient(given_name=given, family_name=family) for given, family in (one, other)]
    assert names.alike(people) == ({person.pk for person in people} if same else set())


def test_same_names_of_a_day_and_of_whoever_is_to_be_booked(
    django_assert_num_queries: factory.Any,
) -> None:
    house = factory.house()
    day = factory.days_ahead(2, house.site)
    coming = {}
    for hour, (given, family) in enumerate([("Anna", "Weber"), ("Anton", "Weber"), ("Ada", "Roth")], 9):
        person = clinic.patient(given_name=given, family_name=family)
        request = VisitRequest(person.pk, house.visit("consultation").pk, house.site.pk, house.at(day, hour))
        coming[given] = (person, booking.book(request=request, by=factory.BY))
    with django_assert_num_queries(1):
        found = names.same_names(site=house.site, day=day)
    assert found == {coming["Anna"][0].pk, coming["Anton"][0].pk}
    endings.cancel(appointment_id=coming["Anton"][1].pk, reason="patient_unwell", by=factory.BY)
    assert names.same_names(site=house.site, day=day) == set()
    caller = clinic.patient(given_name="Adele", family_name="Roth")
    assert names.same_names(site=house.site, day=day, besides=caller) == {caller.pk, coming["Ada"][0].pk}
