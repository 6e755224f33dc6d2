"""The bench's data at a tiny size: what a clinic could have made, with every guard of the schema back in place."""

import pytest
from django.db import connection

from clinic.models import NameWord, Patient, PatientNameWord
from clinic.policies import names
from clinic.selectors.search import find_patients
from scheduling.models import Allocation, Appointment, VisitStage
from tests.bench.data import build, sites
from tests.bench.data.names import family
from tests.bench.data.scale import Scale
from tests.concurrency.together import overlaps
from tests.database import Database

TINY = Scale(0.0001)

# By name and kind: the text of a condition is spelt differently once it was parsed a second time.
_GUARDS = """
SELECT conrelid::regclass::text || ' ' || conname || contype::text || convalidated::text FROM pg_constraint
UNION ALL SELECT indrelid::regclass || ' ' || indexrelid::regclass || indisunique || indisvalid
FROM pg_index JOIN pg_class ON pg_class.oid = indrelid AND relnamespace = 'public'::regnamespace
UNION ALL SELECT tgrelid::regclass || ' ' || tgname || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal
ORDER BY 1"""


def guards() -> list[str]:
    """Every constraint, index and trigger of the schema."""
    with connection.cursor() as cursor:
        cursor.execute(_GUARDS)
        return [row[0] for row in cursor.fetchall()]


@pytest.fixture(scope="module")
def before_and_after(own_database: Database) -> tuple[list[str], list[str]]:
    before = guards()
    build.build(own_database, TINY)
    return before, guards()


def test_every_guard_of_the_schema_is_back(before_and_after: tuple[list[str], list[str]]) -> None:
    before, after = before_and_after
    assert after == before


@pytest.mark.usefixtures("before_and_after")
def test_nobody_and_nothing_is_in_two_places() -> None:
    assert overlaps() == 0
    assert Appointment.objects.count() > 500
    assert Allocation.objects.filter(active=True).count() > 6 * 400


@pytest.mark.usefixtures("before_and_after")
def test_every_visit_holds_what_its_type_needs_and_has_its_stages() -> None:
    standing = Appointment.objects.filter(status__in=["booked", "confirmed", "completed"])
    assert Allocation.objects.filter(appointment__in=standing, active=True).count() == 6 * standing.count()
    assert VisitStage.objects.filter(appointment__in=standing).count() == 5 * standing.count()


@pytest.mark.usefixtures("before_and_after")
def test_measured_site_is_the_one_that_was_promised() -> None:
    house = sites.measured()
    count = {kind: len(rows) for kind, rows in house.resources.items()}
    assert count["physician"] + count["nurse"] == 20
    assert count["consulting_room"] + count["procedure_room"] == 10
    assert count["centrifuge"] == 6
    assert count["draw_chair"] + count["recovery_bay"] == 20


@pytest.mark.usefixtures("before_and_after")
def test_patients_are_found_by_the_words_of_their_names() -> None:
    assert Patient.objects.count() == TINY.patients
    for patient in Patient.objects.order_by("-record_number")[:5]:
        borne = NameWord.objects.filter(patients__in=PatientNameWord.objects.filter(patient=patient))
        assert {word.word for word in borne} == names.words_of(patient.given_name, patient.family_name)
        assert (
            patient
            in find_patients(f"{patient.given_name} {patient.family_name}", limit=TINY.patients).patients
        )


def test_full_size_has_more_than_a_hundred_thousand_family_names() -> None:
    made = list(family(Scale().family_names))
    assert len(set(made)) > 150_000
