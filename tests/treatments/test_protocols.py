"""The life of a protocol: drafted, signed off, kept by the database, offered to new orders, retired."""

import pytest
from django.db import IntegrityError, connection, transaction

from clinic.enums import Role
from clinic.exceptions import Conflict, InvalidInput, NotAllowed, NotFound, StaleVersion
from tests.factories import clinic
from tests.factories import treatments as factory
from tests.factories.treatments import Ward
from treatments.models import Protocol, ProtocolVersion
from treatments.selectors import protocols as reads
from treatments.services import protocols

pytestmark = pytest.mark.django_db


@pytest.fixture
def ward() -> Ward:
    return factory.ward()


def draft(ward: Ward) -> ProtocolVersion:
    manager = clinic.staff(Role.MANAGER, at=ward.house.site)
    return protocols.start_draft(by=manager, protocol_id=ward.protocol.protocol_id)


def test_draft_is_a_copy_of_the_last_version(ward: Ward) -> None:
    copied = draft(ward)

    assert (copied.number, copied.based_on_id, copied.signed_at) == (2, ward.protocol.pk, None)
    assert copied.rules.document == ward.protocol.rules.document
    assert copied.interval_days == ward.protocol.interval_days


def test_second_draft_is_the_first_one(ward: Ward) -> None:
    assert draft(ward) == draft(ward)


def test_signing_puts_the_version_in_force(ward: Ward) -> None:
    copied = draft(ward)
    assert list(reads.in_force(ward.house.site)) == [ward.protocol]

    protocols.sign(by=ward.physician, version_id=copied.pk)

    assert list(reads.in_force(ward.house.site)) == [copied]


def test_manager_does_not_sign(ward: Ward) -> None:
    manager = clinic.staff(Role.MANAGER, at=ward.house.site)
    with pytest.raises(NotAllowed):
        protocols.sign(by=manager, version_id=draft(ward).pk)


def test_physician_of_another_site_finds_no_such_version(ward: Ward) -> None:
    stranger = clinic.staff(Role.PHYSICIAN, at=clinic.site(name="Elsewhere"))
    with pytest.raises(NotFound):
        protocols.sign(by=stranger, version_id=draft(ward).pk)


def test_draft_changed_since_it_was_read_is_not_signed(ward: Ward) -> None:
    copied = draft(ward)
    ProtocolVersion.objects.filter(pk=copied.pk).update(revision=7)
    with pytest.raises(StaleVersion):
        protocols.sign(by=ward.physician, version_id=copied.pk, revision=1)


def test_version_that_does_not_hold_together_is_not_signed(ward: Ward) -> None:
    copied = draft(ward)
    ProtocolVersion.objects.filter(pk=copied.pk).update(approval_days=30)
    with pytest.raises(Conflict, match="must outlast the longest interval"):
        protocols.sign(by=ward.physician, version_id=copied.pk)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE treatments_protocolversion SET interval_days = 29 WHERE id = %s",
        "UPDATE treatments_protocolversion SET signed_at = NULL, signed_by_id = NULL WHERE id = %s",
        "DELETE FROM treatments_protocolversion WHERE id = %s",
        "UPDATE treatments_protocolrules SET document = '{}' WHERE version_id = %s",
        "DELETE FROM treatments_protocolrules WHERE version_id = %s",
    ],
)
def test_signed_version_resists_raw_sql(ward: Ward, statement: str) -> None:
    with (
        pytest.raises(IntegrityError, match="a change is a new version"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, [ward.protocol.pk])


def test_draft_is_open_to_change_and_can_be_thrown_away(ward: Ward) -> None:
    copied = draft(ward)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE treatments_protocolrules SET document = '{}' WHERE version_id = %s", [copied.pk]
        )

    protocols.discard(by=ward.physician, version_id=copied.pk)

    assert list(ProtocolVersion.objects.all()) == [ward.protocol]


def test_signed_version_is_not_thrown_away(ward: Ward) -> None:
    with pytest.raises(Conflict, match="signed off"):
        protocols.discard(by=ward.physician, version_id=ward.protocol.pk)


def test_protocol_of_its_own_starts_from_another_version(ward: Ward) -> None:
    made = protocols.create(by=ward.physician, name="Discs only", from_version_id=ward.protocol.pk)
    assert (made.number, made.protocol.name, made.signed_at) == (1, "Discs only", None)

    protocols.discard(by=ward.physician, version_id=made.pk)

    assert Protocol.objects.count() == 1


def test_two_protocols_of_one_name_are_refused(ward: Ward) -> None:
    with pytest.raises(InvalidInput, match="already"):
        protocols.create(by=ward.physician, name="prp, LOWER back", from_version_id=ward.protocol.pk)


def test_two_drafts_of_one_protocol_are_refused_by_the_database(ward: Ward) -> None:
    copied = draft(ward)
    with pytest.raises(IntegrityError, match="one_draft_per_protocol"), transaction.atomic():
        ProtocolVersion.objects.create(
            protocol=copied.protocol, number=3, session_visit_id=copied.session_visit_id
        )


def test_order_under_an_unsigned_version_is_refused(ward: Ward) -> None:
    with pytest.raises(Conflict, match="signed this version off"):
        factory.order(ward, protocol_version_id=draft(ward).pk)


def test_order_under_an_older_version_is_refused_and_running_courses_keep_theirs(ward: Ward) -> None:
    running = factory.order(ward)
    copied = draft(ward)
    protocols.sign(by=ward.physician, version_id=copied.pk)

    with pytest.raises(Conflict, match="not in force"):
        factory.order(ward)
    running.course.refresh_from_db()
    assert running.course.protocol_version_id == ward.protocol.pk


def test_retired_protocol_is_offered_to_nobody_until_it_is_taken_up_again(ward: Ward) -> None:
    protocols.set_in_use(by=ward.physician, protocol_id=ward.protocol.protocol_id, in_use=False)
    with pytest.raises(Conflict, match="not in force"):
        factory.order(ward)

    protocols.set_in_use(by=ward.physician, protocol_id=ward.protocol.protocol_id, in_use=True)

    assert factory.order(ward).course.status == "approved"
