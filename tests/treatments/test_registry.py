"""The registry export: rows that are right, that name nobody, that a page asks a reason for and writes down."""

import csv
import io
import re
from collections.abc import Iterator

import pgtrigger
import pytest
from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic import clock
from clinic.enums import Role
from clinic.exceptions import InvalidInput, NotAllowed, NotFound
from clinic.models import AuditEvent
from tests.factories import clinic
from tests.factories import treatments as factory
from tests.factories.treatments import Ward
from tests.treatments.test_summaries import answer, signed
from treatments.models import Course, Draw, RegistryExport
from treatments.registry import FIELDS, pseudonyms, rows
from treatments.registry.pseudonyms import Pseudonyms
from treatments.services import blood, registry_exports
from treatments.views import registry as view

pytestmark = pytest.mark.django_db
Line = dict[str, str]


@pytest.fixture
def ward() -> Ward:
    return factory.ward()


@pytest.fixture
def course(ward: Ward) -> Course:
    """Two answers, the pain of the day, and a signed session of two targets."""
    course = factory.order(ward).course
    answer(ward, course, "baseline", nrs={"value": 8})
    row = factory.session(course)
    blood.record_draw(by=ward.nurse, session_id=row.pk, data=factory.draw())
    signed(ward, course)
    answer(ward, course, "week_1", nrs={"value": 3})
    return course


def client(ward: Ward, role: Role = Role.PHYSICIAN) -> Client:
    browser = Client()
    browser.force_login(clinic.user(role, at=ward.house.site))
    return browser


def asked(ward: Ward, **more: str) -> dict[str, str]:
    day = clock.today(ward.house.site.zone).isoformat()
    return {
        "first": day,
        "last": day,
        "purpose": "registry",
        "reason": "Yearly report to the spine registry",
    } | more


def taken(ward: Ward, **more: str) -> list[Line]:
    response = client(ward).post(reverse("treatments:registry"), asked(ward, **more))
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(response.getvalue().decode("utf-8-sig"))))


def test_one_row_a_target_and_one_an_answer(ward: Ward, course: Course) -> None:
    lines = taken(ward)
    assert [line["row"] for line in lines] == ["injection"] * 2 + ["response"] * 3
    assert [line["structure"] for line in lines] == ["facet", "si_joint", "", "", ""]
    assert [(line["time_point"], line["score"]) for line in lines[2:]] == [
        ("baseline", "8.000"),
        ("day_1", "7.000"),
        ("week_1", "3.000"),
    ]
    assert {line["course"] for line in lines} == {Pseudonyms("course").of(course.pk)}
    one = lines[0]
    assert (one["session_day"], one["blood_ml"], one["product_platelets"]) == ("0", "52.0", "1200")
    assert (one["injected_ml"], one["blood_leucocytes"], one["pain_before"]) == ("2.0", "", "7")
    course.refresh_from_db()
    assert (one["planned_sessions"], one["course_status"], one["events"]) == ("4", course.status, "0")


def test_blood_is_that_which_the_product_was_made_from(ward: Ward) -> None:
    course = factory.order(ward).course
    signed(ward, course)
    session = factory.session(course)
    with pgtrigger.ignore():
        Draw.objects.filter(session=session).update(attempt=2)
        Draw.objects.create(session=session, attempt=1, blood_ml=11, failed=True, failure="Collapsed")
    treated = [line for line in taken(ward) if line["row"] == "injection"]
    assert {(line["blood_ml"], line["failed_draws"]) for line in treated} == {("52.0", "1")}


def test_rows_name_nobody_and_hold_no_words_of_anybody(ward: Ward, course: Course) -> None:
    """Every text that people type is poisoned, in every table: not one may leave."""
    with pgtrigger.ignore():
        for model in [
            *apps.get_app_config("treatments").get_models(),
            *apps.get_app_config("clinic").get_models(),
        ]:
            if not getattr(model, "is_ledger", False) and not hasattr(model, "pgh_id"):
                words = {field.name: "Poison" for field in free_texts(model)}
                if words:
                    model._default_manager.update(**words)
    patient = course.patient
    response = client(ward).post(reverse("treatments:registry"), asked(ward))
    text = response.getvalue().decode("utf-8-sig")
    assert len(text.splitlines()) == 6
    assert "Poison" not in text
    for secret in (patient.pk, course.pk, course.physician_id, course.site_id, patient.record_number):
        assert str(secret) not in text
    assert re.findall(r"\d{4}-\d\d-\d\d", text) == []


def free_texts(model: type[models.Model]) -> Iterator[models.Field]:  # type: ignore[type-arg]
    """Texts without a list of values, that are no code, no key and may take these words in any number of rows."""
    codes = {
        "diagnosis_code",
        "time_point",
        "instrument",
        "point",
        "leucocytes",
        "paw",
        "kind",
        "state",
        "status",
    }
    for field in model._meta.concrete_fields:
        if (
            isinstance(field, models.CharField | models.TextField)
            and not field.choices
            and not field.unique
            and not field.primary_key
            and field.name not in codes
            and model.__name__
            in {
                "Patient",
                "Course",
                "Session",
                "Draw",
                "Preparation",
                "Injection",
                "Recipient",
                "Readying",
                "Discharge",
                "Order",
                "AdverseEvent",
                "KitType",
                "Observation",
            }
            and field.name
            not in {
                "record_number",
                "device_identifier",
                "sex",
                "language",
                "preferred_channel",
                "status_before_hold",
                "email",
            }
            and (field.max_length or 99) >= 6
        ):
            yield field


def test_keys_of_two_kinds_differ_and_stay_the_same(ward: Ward) -> None:
    key = ward.house.site.pk
    assert Pseudonyms("course").of(key) == Pseudonyms("course").of(key)
    assert Pseudonyms("course").of(key) != Pseudonyms("patient").of(key)
    assert len(Pseudonyms("course").of(key)) == 20


def test_keys_rest_on_the_secret(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:

    before = Pseudonyms("course").of(1)
    pseudonyms._secret.cache_clear()
    monkeypatch.setattr("django.conf.settings.SECRET_KEY", "another " * 8)
    assert Pseudonyms("course").of(1) != before
    pseudonyms._secret.cache_clear()


def test_unsigned_records_stay_in_the_house(ward: Ward) -> None:
    course = factory.order(ward).course
    factory.inject(ward, course)
    answer(ward, course, "baseline", nrs={"value": 8})
    assert taken(ward) == []


def test_who_why_and_how_many_is_written_down(ward: Ward, course: Course) -> None:
    taken(ward)
    row = RegistryExport.objects.get()
    assert (row.purpose, row.reason, row.site_ids) == (
        "registry",
        "Yearly report to the spine registry",
        [ward.house.site.pk],
    )
    events = AuditEvent.objects.filter(action__startswith="treatments.registry.").order_by("at", "pk")
    assert [event.action.rpartition(".")[2] for event in events] == ["export_begun", "export_ended"]
    assert events[1].detail == {"rows": 5, "whole": True}
    assert course.site_id in row.site_ids


def test_a_reader_who_goes_away_is_written_down_too(ward: Ward, course: Course) -> None:
    export = registry_exports.begin(
        by=ward.physician,
        site_ids=[course.site_id],
        first=clock.today(ward.house.site.zone),
        last=clock.today(ward.house.site.zone),
        purpose="quality",
        reason="To see whether it stops",
    )
    stream = view._streamed(ward.physician, export)
    next(stream)
    stream.close()
    assert AuditEvent.objects.get(action="treatments.registry.export_ended").detail == {
        "rows": 0,
        "whole": False,
    }


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"purpose": "sale"}, "purpose"),
        ({"reason": " so "}, "reason"),
        ({"last": "2020-01-01"}, "last"),
        ({"first": "x"}, "first"),
    ],
)
def test_without_a_reason_nothing_leaves(
    ward: Ward, course: Course, wrong: dict[str, str], field: str
) -> None:
    page = client(ward).post(reverse("treatments:registry"), asked(ward, **wrong))
    assert (page.status_code, list(page.context["form"].errors)) == (422, [field])
    assert not RegistryExport.objects.exists()
    assert course.pk


def test_only_physicians_of_the_site_take_rows_out(ward: Ward) -> None:
    day = clock.today(ward.house.site.zone)
    words = {"first": day, "last": day, "purpose": "quality", "reason": "A question of quality"}
    for role in (Role.MANAGER, Role.NURSE, Role.FRONT_DESK):
        with pytest.raises(NotAllowed):
            registry_exports.begin(
                by=clinic.staff(role, at=ward.house.site), site_ids=[ward.house.site.pk], **words
            )
    with pytest.raises(NotFound):
        registry_exports.begin(by=ward.physician, site_ids=[clinic.site(name="Elsewhere").pk], **words)
    with pytest.raises(InvalidInput):
        registry_exports.begin(by=ward.physician, site_ids=[ward.house.site.pk], **(words | {"purpose": ""}))


def test_dictionary_describes_every_column_and_names_real_sources(ward: Ward) -> None:
    browser = client(ward)
    page = browser.get(reverse("treatments:registry-dictionary"))
    file = browser.get(reverse("treatments:registry-dictionary-file"))
    lines = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert [line["Field"] for line in lines] == list(rows.HEAD) == [field.name for field in FIELDS]
    assert len(set(rows.HEAD)) == len(rows.HEAD)
    assert all(f"<code>{name}</code>" in page.content.decode() for name in rows.HEAD)
    for field in FIELDS:
        table, _dot, column = field.source.partition(".")
        if column:
            app = "clinic" if table in ("site", "patient") else "treatments"
            try:
                apps.get_model(app, table)._meta.get_field(column)
            except FieldDoesNotExist:
                pytest.fail(f"{field.name} says that it comes from {field.source}")


def test_rare_patients_are_pointed_out(ward: Ward, course: Course) -> None:
    page = client(ward).get(reverse("treatments:registry"))
    assert (page.context["rarity"].patients, page.context["rarity"].rare) == (1, 1)
    assert "1 of 1 patients shares" in page.content.decode()
    assert course.pk


def test_a_batch_costs_three_statements_however_many_rows(
    ward: Ward, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    def queries() -> int:
        day = clock.today(ward.house.site.zone)
        with CaptureQueriesContext(connection) as captured:
            assert sum(len(batch) for batch in rows.rows([course.site_id], day, day))
        return len(captured)

    few = queries()
    for _ in range(3):
        signed(ward, factory.order(ward).course)
    assert (few, queries()) == (4, 4)
    monkeypatch.setattr(rows, "BATCH", 2)
    assert queries() == 2 * 3 + 1
