"""What a draft may say, how it is changed, and what differs between two versions."""

import dataclasses
import datetime as dt
from typing import Any

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from clinic.enums import Role
from clinic.exceptions import Conflict, InvalidInput, NotAllowed, NotFound, StaleVersion
from tests.factories import clinic
from tests.factories import treatments as factory
from tests.factories.treatments import Ward
from treatments import clinical_rules
from treatments.clinical_rules import ClinicalRules, MedicineHold, PlanBasis, TargetRule, TimePoint
from treatments.forms.protocols import LineForm
from treatments.instruments import BUILTIN
from treatments.models import Course, Protocol, ProtocolVersion
from treatments.policies import protocol_checks, protocol_compare
from treatments.policies.protocol_sections import BY_KEY, PLAN_FIELDS, SECTIONS
from treatments.selectors import protocols as reads
from treatments.services import instruments, protocol_edits, protocols
from treatments.services.protocol_edits import PlanData

PLAN = PlanData(4, 5, 28, 14, 7, 56, 12, 10, 180, True, [0, 1, 3, 7], "", "")


def plan(**numbers: int) -> PlanData:
    return dataclasses.replace(PLAN, **numbers)  # type: ignore[arg-type]  # numbers of the plan only


def rules(**parts: Any) -> ClinicalRules:
    return clinical_rules.replace(clinical_rules.default(), **parts)


def places(numbers: PlanData, document: ClinicalRules) -> list[str]:
    return [problem.field for problem in protocol_checks.problems(numbers, document)]


def test_default_protocol_holds_together() -> None:
    assert protocol_checks.problems(PLAN, rules()) == []
    assert protocol_checks.concerns(PLAN, rules()) == []


@pytest.mark.parametrize(
    ("numbers", "field"),
    [
        ({"planned_sessions": 6}, "planned_sessions"),
        ({"planned_sessions": 0}, "planned_sessions"),
        ({"interval_block_days": 15}, "interval_block_days"),
        ({"interval_warn_days": 29}, "interval_warn_days"),
        ({"interval_max_days": 27}, "interval_max_days"),
        ({"review_lead_days": 29}, "review_lead_days"),
        ({"preparation_lead_days": 13}, "preparation_lead_days"),
        ({"approval_days": 55}, "approval_days"),
    ],
)
def test_numbers_out_of_order_are_refused(numbers: dict[str, int], field: str) -> None:
    assert places(plan(**numbers), rules()) == [field]


TWICE = clinical_rules.default()


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"screening": (*TWICE.screening, TWICE.screening[0])}, "code"),
        ({"medicines": (*TWICE.medicines, MedicineHold(name="ibuprofen", group="nsaid"))}, "name"),  # type: ignore[arg-type]
        ({"targets": (TargetRule(structure="knee", ml_low=1, ml_high=2),)}, "structure"),  # type: ignore[arg-type]
        ({"targets": (TargetRule(structure="disc", ml_low=3, ml_high=2),)}, "ml_low"),  # type: ignore[arg-type]
        (
            {
                "time_points": (
                    TimePoint(code="x", words="X", anchor="session", days=0, instruments=("womac",)),  # type: ignore[arg-type]
                )
            },
            "instruments",
        ),
        ({"gate": msgspec.structs.replace(TWICE.gate, nrs_some=60)}, "nrs_some"),
        (
            {"limits": msgspec.structs.replace(TWICE.limits, baseline_platelets_low=600)},
            "baseline_platelets_low",
        ),
        (
            {"screening": (msgspec.structs.replace(TWICE.screening[0], only_if="nothing_of_this_name"),)},
            "only_if",
        ),
        ({"screening": (msgspec.structs.replace(TWICE.screening[0], unit="mL"),)}, "below"),
    ],
)
def test_names_unknown_or_twice_and_ranges_upside_down_are_refused(parts: dict[str, Any], field: str) -> None:
    assert places(PLAN, rules(**parts)) == [field]


def test_gate_that_is_fed_too_late_or_not_at_all_is_pointed_out() -> None:
    late = tuple(
        msgspec.structs.replace(point, days=-5, instruments=("nrs",))
        if point.code == "before_repeat"
        else point
        for point in rules().time_points
    )
    assert [each.field for each in protocol_checks.concerns(PLAN, rules(time_points=late))] == [
        "instruments",
        "days",
    ]


def test_every_field_of_every_line_is_in_the_document() -> None:
    for section in SECTIONS:
        if section.key in ("required", "recovery"):
            continue
        fields = {each.name for each in msgspec.structs.fields(section.shape)} - {"mark", "source"}
        assert {field.name for field in section.fields} == fields, section.key


@given(data=st.data())
def test_line_survives_its_form(data: st.DataObject) -> None:
    """For every line of the defaults: taken apart and built again it is the same line."""
    section = data.draw(st.sampled_from([each for each in SECTIONS if each.has_basis]))
    line = data.draw(st.sampled_from(section.lines(rules())))
    values = {field.name: getattr(line, field.name) for field in section.fields}
    built = section.built(msgspec.to_builtins(values) | {"mark": line.mark, "source": line.source}, on=line)
    assert built == line


def test_same_version_differs_in_nothing() -> None:
    assert protocol_compare.compare((PLAN, rules()), (PLAN, rules())) == []


def test_comparison_names_what_changed_what_was_added_and_what_was_taken_out() -> None:
    new = rules(
        medicines=(
            *(
                msgspec.structs.replace(line, stop_days=5) if line.name == "Naproxen" else line
                for line in rules().medicines
                if line.name != "Ketorolac"
            ),
            MedicineHold(name="Celecoxib", group="nsaid", stop_days=3),  # type: ignore[arg-type]
        ),
        plan=(PlanBasis(field="interval_days", source="audit 2026"),),
    )
    old = rules(plan=())

    parts = protocol_compare.compare((PLAN, old), (plan(interval_days=21), new))

    assert [
        (part.key, row.change, row.line, row.field, row.before, row.after)
        for part in parts
        for row in part.rows
    ][:3] == [
        ("plan", "changed", "Interval: planned", "", "28 days", "21 days"),
        (
            "plan",
            "changed",
            "Interval: planned",
            "Basis",
            "Decided by the clinic",
            "Decided by the clinic: audit 2026",
        ),
        ("medicines", "removed", "Ketorolac", "", parts[1].rows[0].before, ""),
    ]
    assert [(row.change, row.line, row.before, row.after) for row in parts[1].rows[1:2]] == [
        ("changed", "Naproxen", "4 days", "5 days")
    ]
    assert [(row.change, row.line) for row in parts[1].rows[2:]] == [("added", "Celecoxib")]


@pytest.fixture
def ward() -> Ward:
    return factory.ward(screened=True)


@pytest.fixture
def draft(ward: Ward) -> ProtocolVersion:
    return protocols.start_draft(by=ward.physician, protocol_id=ward.protocol.protocol_id)


def put(
    ward: Ward, version: ProtocolVersion, section: str, line: Any, at: int | None = None
) -> ProtocolVersion:
    return protocol_edits.put_line(
        by=ward.physician, version_id=version.pk, revision=version.revision, section=section, line=line, at=at
    )


@pytest.mark.django_db
def test_line_is_written_moved_and_taken_out(ward: Ward, draft: ProtocolVersion) -> None:
    celecoxib = MedicineHold(name="Celecoxib", group="nsaid", stop_days=3)  # type: ignore[arg-type]
    before = [line.name for line in draft.clinical.medicines]
    written = put(ward, draft, "medicines", celecoxib)
    assert [line.name for line in written.clinical.medicines] == [*before, "Celecoxib"]

    raised = protocol_edits.raise_line(
        by=ward.physician, version_id=draft.pk, revision=2, section="medicines", at=len(before)
    )
    assert [line.name for line in raised.clinical.medicines][-2:] == ["Celecoxib", before[-1]]

    gone = protocol_edits.remove_line(
        by=ward.physician, version_id=draft.pk, revision=3, section="medicines", at=len(before) - 1
    )
    assert [line.name for line in gone.clinical.medicines] == before
    assert ward.protocol.clinical == ProtocolVersion.objects.get(pk=ward.protocol.pk).clinical


@pytest.mark.django_db
def test_line_named_twice_is_refused_at_its_field(ward: Ward, draft: ProtocolVersion) -> None:
    twice = MedicineHold(name="IBUPROFEN", group="nsaid")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="twice") as refused:
        put(ward, draft, "medicines", twice)
    assert refused.value.field == "name"
    assert ProtocolVersion.objects.get(pk=draft.pk).revision == 1


@pytest.mark.django_db
def test_change_from_a_page_opened_earlier_is_refused(ward: Ward, draft: ProtocolVersion) -> None:
    put(ward, draft, "gate", msgspec.structs.replace(draft.clinical.gate, nrs_some=25), at=0)
    with pytest.raises(StaleVersion):
        put(ward, draft, "gate", draft.clinical.gate, at=0)


@pytest.mark.django_db
def test_nurse_reads_and_does_not_edit(ward: Ward, draft: ProtocolVersion) -> None:
    with pytest.raises(NotAllowed):
        protocol_edits.put_line(
            by=ward.nurse, version_id=draft.pk, revision=1, section="gate", line=draft.clinical.gate, at=0
        )


@pytest.mark.django_db
def test_signed_version_is_not_edited(ward: Ward) -> None:
    with pytest.raises(Conflict, match="signed off"):
        put(ward, ward.protocol, "gate", ward.protocol.clinical.gate, at=0)


@pytest.mark.django_db
def test_draft_that_courses_run_under_is_signed_as_it_stands(ward: Ward, draft: ProtocolVersion) -> None:
    order = factory.order(ward)
    Course.objects.filter(pk=order.course_id).update(protocol_version=draft)
    with pytest.raises(Conflict, match="as it stands"):
        put(ward, draft, "gate", draft.clinical.gate, at=0)
    protocols.sign(by=ward.physician, version_id=draft.pk)


@pytest.mark.django_db
@pytest.mark.parametrize(("section", "at"), [("medicines", 99), ("nonsense", 0)])
def test_line_that_is_not_there_is_not_found(
    ward: Ward, draft: ProtocolVersion, section: str, at: int
) -> None:
    with pytest.raises(NotFound):
        put(ward, draft, section, draft.clinical.gate, at=at)


@pytest.mark.django_db
def test_plan_is_saved_with_where_its_numbers_come_from(ward: Ward, draft: ProtocolVersion) -> None:
    saved = protocol_edits.put_plan(
        by=ward.physician,
        version_id=draft.pk,
        revision=1,
        plan=plan(interval_days=21, review_lead_days=11, interval_max_days=42),
        session_visit_id=draft.session_visit_id,
        review_visit_id=None,
        basis=[PlanBasis(field=field.name, source="audit 2026") for field in PLAN_FIELDS],
    )
    assert (saved.interval_days, saved.review_lead_days, saved.review_visit_id, saved.revision) == (
        21,
        11,
        None,
        2,
    )
    assert {each.source for each in saved.clinical.plan} == {"audit 2026"}


@pytest.mark.django_db
def test_lead_above_the_interval_is_refused_at_its_field(ward: Ward, draft: ProtocolVersion) -> None:
    with pytest.raises(InvalidInput) as refused:
        protocol_edits.put_plan(
            by=ward.physician,
            version_id=draft.pk,
            revision=1,
            plan=plan(review_lead_days=30),
            session_visit_id=draft.session_visit_id,
            review_visit_id=None,
            basis=[],
        )
    assert refused.value.field == "review_lead_days"


@pytest.mark.django_db
def test_list_of_one_and_of_thirty_protocols_takes_two_queries(ward: Ward) -> None:
    for count in (0, 29):
        for number in range(count):
            made = Protocol.objects.create(site=ward.house.site, name=f"P{number}")
            ProtocolVersion.objects.create(
                protocol=made, number=1, session_visit_id=ward.protocol.session_visit_id
            )
        with CaptureQueriesContext(
            connection,
        ) as queries:
            rows = reads.listed(site=ward.house.site)
            assert [row.draft is None or row.draft.signed_by is None for row in rows] == [True] * (count + 1)
        assert len(queries) == 2


@pytest.mark.django_db
def test_manager_edits_what_the_physician_then_signs(ward: Ward) -> None:
    manager = clinic.staff(Role.MANAGER, at=ward.house.site)
    version = protocols.start_draft(by=manager, protocol_id=ward.protocol.protocol_id)
    line = msgspec.structs.replace(version.clinical.gate, nrs_some=25)
    protocol_edits.put_line(by=manager, version_id=version.pk, revision=1, section="gate", line=line, at=0)

    protocols.sign(by=ward.physician, version_id=version.pk, revision=2)

    assert reads.in_force(ward.house.site).get().clinical.gate.nrs_some == 25
    assert BY_KEY["gate"].lines(ward.protocol.clinical)[0].nrs_some == 30


@pytest.mark.parametrize(("part", "words"), [("level", "needs its level"), ("source", "needs its source")])
@pytest.mark.django_db
def test_statement_of_evidence_is_signed_off_only_with_its_level_and_its_source(
    ward: Ward, draft: ProtocolVersion, part: str, words: str
) -> None:
    assert draft.evidence_note
    line = msgspec.structs.replace(draft.clinical.evidence, mark="ours", **{part: ""})
    put(ward, draft, "evidence", line, at=0)
    with pytest.raises(Conflict, match=words):
        protocols.sign(by=ward.physician, version_id=draft.pk)
    ProtocolVersion.objects.filter(pk=draft.pk).update(evidence_note="")
    assert protocols.sign(by=ward.physician, version_id=draft.pk).signed_at is not None


@pytest.mark.django_db
def test_time_point_offers_every_questionnaire_that_the_site_has_loaded(
    ward: Ward, draft: ProtocolVersion
) -> None:
    instruments.load(
        by=clinic.staff(Role.MANAGER, at=ward.house.site),
        site_id=ward.house.site.pk,
        document=factory.toy_instrument(),
        licence="Contract 7",
        licence_until=dt.date(2199, 1, 1),
    )
    form = LineForm(section=BY_KEY["time_points"], version=draft)
    offered = [code for code, _label in form.fields["instruments"].choices]  # type: ignore[attr-defined]
    assert offered == [*BUILTIN, "toy"]


def test_fields_of_the_editor_follow_from_the_shapes() -> None:
    kinds = {
        (section.key, field.name): (str(field.kind), field.needed)
        for section in SECTIONS
        for field in section.fields
    }
    assert kinds["screening", "words"] == ("line", True)
    assert kinds["screening", "unit"] == ("line", False)
    assert kinds["screening", "below"] == ("decimal", False)
    assert kinds["screening", "level"] == ("choice", True)
    assert kinds["screening", "only_if"] == ("code", False)
    assert kinds["time_points", "early"] == ("whole", False)
    assert kinds["time_points", "instruments"] == ("many", True)
    assert kinds["gate", "nrs_some"] == ("whole", True)
    assert kinds["usual", "spins"] == ("spins", False)
    assert kinds["usual", "guidance"] == ("choice", True)
    assert kinds["consent", "required"] == ("yes_no", False)
    assert kinds["red_flags", "words"] == ("by_language", True)
