"""Signing closes a record, alone or with others; what is found later is an amendment that somebody answers for."""

from decimal import Decimal
from uuid import uuid4

import pgtrigger
import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic import integrity
from clinic.enums import TaskState
from clinic.exceptions import Conflict, IllegalMove, InvalidInput, NotAllowed, StaleVersion
from clinic.models import Task, User
from tests.factories import treatments as factory
from tests.factories.treatments import Ward
from treatments import classification
from treatments.enums import RecordSection, SessionStatus
from treatments.models import Amendment, Course, Derivation, Session, Signature
from treatments.selectors import record_fields, record_rows, seals
from treatments.services import blood, injecting, signing

pytestmark = pytest.mark.django_db


@pytest.fixture
def ward() -> Ward:
    return factory.ward()


@pytest.fixture
def course(ward: Ward) -> Course:
    return factory.order(ward).course


@pytest.fixture
def session(ward: Ward, course: Course) -> Session:
    return factory.inject(ward, course)


@pytest.fixture
def signed(ward: Ward, session: Session) -> Session:
    signing.sign(by=ward.physician, session_id=session.pk, version=session.version)
    session.refresh_from_db()
    return session


def test_signature_names_who_wrote_each_part(ward: Ward, course: Course) -> None:
    row = factory.session(course)
    blood.record_draw(by=ward.nurse, session_id=row.pk, data=factory.draw())
    session = factory.inject(ward, course)

    signature = signing.sign(by=ward.physician, session_id=session.pk, version=session.version)

    assert (signature.by_id, signature.kind) == (ward.physician.user_id, "record")
    assert {entry["section"] for entry in signature.entries} == {
        "draw",
        "preparation",
        "injections",
        "discharge",
    }
    assert {entry["by"] for entry in signature.entries} <= {
        str(ward.nurse.user_id),
        str(ward.physician.user_id),
    }


def test_record_can_be_shown_to_be_what_was_signed(ward: Ward, session: Session) -> None:
    assert seals.verify(_rows(session)) is None

    signing.sign(by=ward.physician, session_id=session.pk, version=session.version)

    assert seals.verify(_rows(session)) is True
    with pgtrigger.ignore("treatments.Injection:signed_record_is_kept"):
        session.injections.update(volume_ml=Decimal("1.5"))
    assert seals.verify(_rows(session)) is False


def test_page_of_a_signed_record_says_that_it_is_unchanged_or_warns_loudly(
    ward: Ward, signed: Session, client: Client
) -> None:
    client.force_login(User.objects.get(pk=ward.physician.user_id))
    page = reverse("treatments:session-detail", args=[signed.pk])
    warning, calm = "This record is not what was signed", "unchanged since"

    before = client.get(page).content.decode()
    with pgtrigger.ignore("treatments.Injection:signed_record_is_kept"):
        signed.injections.update(volume_ml=Decimal("1.5"))
    after = client.get(page).content.decode()

    assert (warning in before, calm in before) == (False, True)
    assert (warning in after, calm in after) == (True, False)


def test_check_data_names_the_record_that_was_changed_behind_the_guards(ward: Ward, signed: Session) -> None:
    name, site = "signed_record_is_what_was_signed", signed.site_id
    before = list(integrity.find(only=[name]))
    with pgtrigger.ignore("treatments.Preparation:signed_record_is_kept"):
        signed.preparations.update(kit_lot="another")

    found = list(integrity.find(only=[name], site_id=site))

    assert before == []
    assert [(one.check.name, one.count, one.keys) for one in found] == [(name, 1, (str(signed.pk),))]
    assert list(integrity.find(only=[name], site_id=uuid4())) == []


def test_stale_look_is_not_signed(ward: Ward, session: Session) -> None:
    with pytest.raises(StaleVersion):
        signing.sign(by=ward.physician, session_id=session.pk, version=session.version - 1)

    assert not Signature.objects.exists()


def test_several_are_signed_together_and_a_refused_one_stops_no_other(ward: Ward, session: Session) -> None:
    other = factory.inject(ward, factory.order(ward).course)
    third = factory.session(factory.order(ward).course)

    refused = signing.sign_many(
        by=ward.physician,
        wanted=[(third.pk, third.version), (session.pk, session.version), (other.pk, other.version)],
    )

    assert [row.session_id for row in refused] == [third.pk]
    assert set(Session.objects.filter(status=SessionStatus.SIGNED).values_list("pk", flat=True)) == {
        session.pk,
        other.pk,
    }


@pytest.mark.parametrize("table", ["session", "draw", "preparation", "injection", "derivation", "signature"])
@pytest.mark.parametrize("statement", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}"])
def test_signed_record_resists_raw_sql(signed: Session, table: str, statement: str) -> None:
    column = {"session": "note", "derivation": "paw", "signature": "digest"}.get(table, "session_id")
    sql = statement.format(f"treatments_{table}", column)

    with (
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


def test_figures_are_kept_with_their_algorithm(session: Session) -> None:
    kept = Derivation.objects.get(session=session)

    assert (kept.algorithm, kept.factor, kept.dose, kept.paw) == (
        classification.VERSION,
        Decimal("5.0"),
        Decimal("4.8"),
        "",
    )
    assert kept.figures["paw"]["missing"] == [
        "product.activation",
        "product.leucocytes",
        "draw.leucocytes",
        "product.neutrophils",
        "draw.neutrophils",
    ]


def test_what_the_protocol_asks_for_and_the_record_lacks_is_named(session: Session) -> None:
    required = session.course.protocol_version.clinical.required

    lacking = [field.code for field in record_fields.missing(_rows(session), required)]

    assert lacking == [
        "draw.drawn_at",
        "preparation.kit",
        "preparation.device",
        "preparation.spins",
        "preparation.plasma_removed_ml",
        "product.leucocytes",
        "product.activation",
        "delivery.skin_preparation",
        "delivery.time_out",
        "delivery.needle",
        "discharge.at",
        "discharge.fit",
    ]
    assert Derivation.objects.get(session=session).missing == lacking


def test_session_stopped_before_its_injection_is_asked_for_the_blood_alone(course: Course) -> None:
    rows = _rows(factory.session(course))

    lacking = record_fields.missing(rows, ["draw.volume_ml", "product.volume_ml", "discharge.at"])

    assert [field.code for field in lacking] == ["draw.volume_ml"]


def test_every_field_that_the_default_protocol_asks_for_exists(course: Course) -> None:
    assert set(course.protocol_version.clinical.required) - set(record_fields.BY_CODE) == set()


def test_mibo_sections_count_what_is_given(session: Session) -> None:
    given = record_fields.mibo_given(_rows(session))

    assert {section.value: counts for section, counts in given.items()} == {
        "recipient": (1, 6),
        "blood": (4, 8),
        "processing": (1, 6),
        "characteristics": (2, 5),
        "activation": (0, 1),
        "delivery": (2, 6),
        "aftercare": (0, 3),
    }


def test_amendment_of_a_physician_stands_at_once(ward: Ward, signed: Session) -> None:
    row = signing.amend(
        by=ward.physician, session_id=signed.pk, text="Right", reason="Slip", section="injections"
    )

    assert (row.needs_cosignature, row.section, row.author_id) == (
        False,
        RecordSection.INJECTIONS,
        ward.physician.user_id,
    )
    with pytest.raises(IllegalMove):
        signing.cosign(by=ward.physician, session_id=signed.pk, amendment_id=row.pk)


def test_amendment_of_a_nurse_waits_for_a_physician(ward: Ward, signed: Session) -> None:
    first, second = (
        signing.amend(by=ward.nurse, session_id=signed.pk, text=text, reason="Label") for text in ("A", "B")
    )
    task = Task.objects.get(kind=signing.COSIGN)

    with pytest.raises(NotAllowed):
        signing.cosign(by=ward.nurse, session_id=signed.pk, amendment_id=first.pk)
    signing.cosign(by=ward.physician, session_id=signed.pk, amendment_id=first.pk)
    task.refresh_from_db()
    assert task.state == TaskState.OPEN
    signing.cosign(by=ward.physician, session_id=signed.pk, amendment_id=second.pk)

    task.refresh_from_db()
    assert task.state == TaskState.DONE
    assert Amendment.objects.filter(cosignature__by=ward.physician.user_id).count() == 2
    with pytest.raises(IllegalMove):
        signing.cosign(by=ward.physician, session_id=signed.pk, amendment_id=first.pk)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"text": " "}, InvalidInput),
        ({"reason": ""}, InvalidInput),
        ({"section": "elbow"}, InvalidInput),
    ],
)
def test_amendment_says_what_and_why(
    ward: Ward, signed: Session, fields: dict[str, str], error: type[Exception]
) -> None:
    values = {"text": "Right", "reason": "Slip"} | fields

    with pytest.raises(error):
        signing.amend(by=ward.physician, session_id=signed.pk, **values)


def test_amendment_is_kept(ward: Ward, signed: Session) -> None:
    row = signing.amend(by=ward.physician, session_id=signed.pk, text="Right", reason="Slip")

    with pytest.raises(DatabaseError), transaction.atomic():
        Amendment.objects.filter(pk=row.pk).update(text="Left")


def test_unsigned_record_is_changed_and_not_amended(ward: Ward, session: Session) -> None:
    with pytest.raises(IllegalMove):
        signing.amend(by=ward.physician, session_id=session.pk, text="Right", reason="Slip")


def test_injection_without_a_preparation_is_not_signed(ward: Ward, course: Course) -> None:
    row = factory.session(course)
    session = injecting.record_injections(by=ward.nurse, session_id=row.pk, injections=[factory.injection()])

    with pytest.raises(Conflict):
        signing.sign(by=ward.physician, session_id=session.pk, version=session.version)


def test_evening_page_signs_what_was_ticked(ward: Ward, session: Session, client: Client) -> None:
    other = factory.inject(ward, factory.order(ward).course)
    client.force_login(User.objects.get(pk=ward.physician.user_id))
    page = reverse("treatments:sign-list") + "?of=all"

    shown = client.get(page).content.decode()
    stale = client.post(page, {"record": [f"{session.pk}:1", f"{other.pk}:{other.version}"]})

    assert f"{session.pk}:{session.version}" in shown
    assert stale.status_code == 409
    assert Session.objects.get(status=SessionStatus.SIGNED) == other
    assert client.post(page, {"record": ["nonsense"]}).status_code == 302


@pytest.mark.parametrize("count", [1, 5])
def test_evening_page_asks_the_same_number_of_queries(ward: Ward, client: Client, count: int) -> None:
    for _ in range(count):
        session = factory.inject(ward, factory.order(ward).course)
        signing.sign(by=ward.physician, session_id=session.pk, version=session.version)
        signing.amend(by=ward.nurse, session_id=session.pk, text="A", reason="B")
        factory.inject(ward, factory.order(ward).course)
    client.force_login(User.objects.get(pk=ward.physician.user_id))

    with CaptureQueriesContext(connection) as asked:
        client.get(reverse("treatments:sign-list") + "?of=all")

    assert sum("clinic_clockoffset" not in row["sql"] for row in asked.captured_queries) == 16


def test_cosigning_on_the_page(ward: Ward, signed: Session, client: Client) -> None:
    row = signing.amend(by=ward.nurse, session_id=signed.pk, text="Right", reason="Slip")
    client.force_login(User.objects.get(pk=ward.physician.user_id))
    address = reverse("treatments:session-cosign", args=[signed.pk])

    client.post(address, {"amendment": "x"})
    assert not Signature.objects.filter(amendment=row).exists()
    client.post(address, {"amendment": row.pk})

    assert Signature.objects.get(amendment=row).by_id == ward.physician.user_id


def _rows(session: Session) -> record_rows.RecordRows:
    return record_rows.of([session.pk])[session.pk]
