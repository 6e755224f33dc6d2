"""What was answered, ruled, decided and consented to is only added to: whoever asks, the database refuses."""

import psycopg
import pytest

from tests.database import Database
from tests.factories import treatments as factory
from tests.treatments.test_screening import DECIDED, WARFARIN, make_ready, readiness
from treatments.services import medicines, screening


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE treatments_screeninganswer SET value = 'no'",
        "DELETE FROM treatments_screeninganswer",
        "UPDATE treatments_screeningruling SET reason = 'x'",
        "UPDATE treatments_consent SET signer = 'x'",
        "DELETE FROM treatments_consent",
        "UPDATE treatments_prescriberdecision SET words = 'x'",
        "UPDATE treatments_consenttext SET body = 'x'",
    ],
)
def test_the_database_refuses_to_change_what_was_said(statement: str, kept: str) -> None:
    with (
        psycopg.connect(kept) as owner,
        pytest.raises(psycopg.errors.RaiseException, match=r"Cannot .* rows from"),
    ):
        owner.execute(statement)


@pytest.fixture(scope="module")
def kept(own_database: Database) -> str:
    """The owner's address of a database with one of each."""
    ward = factory.ward(screened=True)
    order, _visits = factory.booked(ward, first=3)
    session = factory.session(order.course)
    row = medicines.add(by=ward.nurse, course_id=order.course_id, data=WARFARIN)
    medicines.record_decision(by=ward.nurse, course_id=order.course_id, medicine_id=row.pk, data=DECIDED)
    make_ready(ward, session, cancer="yes")
    line = readiness(session).line("cancer")
    assert line is not None
    screening.rule(
        by=ward.physician, session_id=session.pk, code=line.code, basis=line.basis, reason="Removed"
    )
    return own_database.owner_url
