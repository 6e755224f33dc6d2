"""Kinds of visit drawn up by the manager: the plan, its faults at their fields, and that booked visits stay as they are."""

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic.enums import Role
from clinic.exceptions import InvalidInput, NotAllowed
from scheduling import blueprint
from scheduling.blueprint import Blueprint, Need, Part
from scheduling.models import Allocation, Requirement, Stage, VisitStage, VisitType
from scheduling.selectors import setup as reads
from scheduling.services import availability, booking, visit_types
from scheduling.services.plans import VisitRequest
from scheduling.services.visit_types import VisitTypeData
from tests.factories import clinic
from tests.factories.scheduling import BY, House, days_ahead
from tests.factories.scheduling import house as build
from tests.forms import forms_of

TALK = Part("talk", "Talk", 20, "seen", is_new=True)
TEST = Part("test", "Test", 15, "tested", is_new=True)
LEAD = Need(kinds=("physician",), first="talk", lead=True)
PEOPLE = {"physician", "nurse"}
NAMES = {"physician": "Physician", "nurse": "Nurse", "centrifuge": "Centrifuge"}


def faults(*parts: Part, needs: tuple[Need, ...] = (LEAD,)) -> list[str]:
    return [each.field for each in blueprint.faults(Blueprint(parts, needs), clinicians=PEOPLE)]


def test_plan_runs_stage_after_stage_and_needs_follow_them() -> None:
    chair = Need(kinds=("draw_chair",), first="talk", last="test")
    plan = Blueprint((TALK, TEST), (LEAD, chair))
    longer = Blueprint((replace(TALK, minutes=30), TEST), (LEAD, chair))
    assert (plan.minutes, plan.span(LEAD), plan.span(chair)) == (35, (0, 20), (0, 35))
    assert (longer.minutes, longer.span(LEAD), longer.span(chair)) == (45, (0, 30), (0, 45))


@pytest.mark.parametrize(
    ("needs", "field"),
    [
        ((), ""),
        ((replace(LEAD, first="gone"),), "needs-0-first"),
        ((replace(LEAD, last="gone"),), "needs-0-last"),
        ((replace(LEAD, first="test", last="talk"),), "needs-0-last"),
        ((replace(LEAD, first="", offset=30, minutes=10),), "needs-0-minutes"),
        ((replace(LEAD, kinds=("centrifuge",)),), "needs-0-lead"),
        ((replace(LEAD, count=2),), "needs-0-count"),
        ((LEAD, replace(LEAD, first="test")), "needs-1-lead"),
    ],
    ids=[
        "no lead",
        "no stage",
        "no last",
        "backwards",
        "outside",
        "device leads",
        "two of lead",
        "two leads",
    ],
)
def test_faults_stand_at_their_field(needs: tuple[Need, ...], field: str) -> None:
    assert faults(TALK, TEST, needs=needs) == [field]


def test_faults_of_a_sound_plan_are_none_and_a_turnover_may_outlast_the_visit() -> None:
    assert faults(TALK, TEST) == []
    assert faults(TALK, needs=(replace(LEAD, turnover=60),)) == []
    assert faults(replace(TALK, minutes=721)) == ["stages-0-minutes"]


def test_shortages_count_what_is_held_at_the_same_time() -> None:
    spinning = Need(kinds=("centrifuge",), first="talk", turnover=5)
    again = replace(spinning, first="test", turnover=0)
    plan = Blueprint((TALK, TEST), (LEAD, spinning, again))
    short = blueprint.shortages(plan, supply={"physician": 1, "centrifuge": 1}, names=NAMES)
    assert short == ["Centrifuge: 2 needed at the same time, 1 in use here. It cannot be booked."]
    assert blueprint.shortages(plan, supply={"physician": 1, "centrifuge": 2}, names=NAMES) == []
    after = Blueprint((TALK, TEST), (LEAD, replace(spinning, turnover=0), again))
    assert blueprint.shortages(after, supply={"physician": 1, "centrifuge": 1}, names=NAMES) == []


def test_consequences_say_what_sets_the_pace() -> None:
    spinning = Need(kinds=("centrifuge",), first="talk", turnover=10)
    plan = Blueprint((TALK, TEST), (LEAD, spinning))
    assert blueprint.consequences(plan, supply={"physician": 3, "centrifuge": 1}, names=NAMES) == [
        "The patient is here for 35 minutes, in 2 stages.",
        "Physician: busy for 20 minutes.",
        "Centrifuge: busy for 20 minutes, then 10 to clear up.",
        "At most about 2.0 such visits an hour: 1 × Centrifuge sets the pace.",
    ]


@pytest.fixture
def house() -> House:
    return build(physicians=1)


def data(name: str = "Ultrasound", plan: Blueprint | None = None, **fields: Any) -> VisitTypeData:
    plan = plan or Blueprint((TALK, TEST), (LEAD, Need(kinds=("draw_chair",), first="talk", last="test")))
    return VisitTypeData(
        **{"name": name, "plan": plan, "grid_minutes": 10, "notice_minutes": 0, "horizon_days": 90, **fields}
    )


def as_saved(visit_type: VisitType) -> VisitTypeData:
    row = reads.visit_types(visit_type.site_id).get(pk=visit_type.pk)
    return data(row.name, visit_types.plan_of(row.steps, row.needs), needs_order=row.needs_order)


@pytest.mark.django_db
def test_create_is_offered_at_once(house: House) -> None:
    made = visit_types.create(by=BY, site_id=house.site.pk, data=data())
    assert list(made.stages.values_list("code", "offset", "minutes")) == [("talk", 0, 20), ("test", 20, 15)]
    day = days_ahead(3, house.site)
    slots = availability.free_starts(
        visit_type_id=made.pk, site_id=house.site.pk, earliest=house.at(day, 9), latest=house.at(day, 10)
    )
    assert len(slots) == 6


@pytest.mark.django_db
def test_create_with_the_name_of_another_is_refused(house: House) -> None:
    with pytest.raises(InvalidInput) as refused:
        visit_types.create(by=BY, site_id=house.site.pk, data=data("consultation"))
    assert refused.value.field == "name"


@pytest.mark.django_db
def test_create_by_the_desk_is_not_allowed(house: House) -> None:
    with pytest.raises(NotAllowed):
        visit_types.create(
            by=clinic.staff(Role.FRONT_DESK, at=house.site), site_id=house.site.pk, data=data()
        )


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["consultation", "prp_session", "review"])
def test_saved_as_it_was_changes_no_row(house: House, code: str) -> None:
    kind = house.visit(code)
    rows = [
        list(Stage.objects.filter(visit_type=kind).values()),
        list(Requirement.objects.filter(visit_type=kind).values()),
    ]
    visit_types.save(by=BY, site_id=house.site.pk, visit_type_id=kind.pk, data=as_saved(kind))
    assert rows == [
        list(Stage.objects.filter(visit_type=kind).values()),
        list(Requirement.objects.filter(visit_type=kind).values()),
    ]


@pytest.mark.django_db
def test_longer_stage_moves_what_follows(house: House) -> None:
    kind = house.visit("prp_session")
    said = as_saved(kind)
    parts = tuple(replace(p, minutes=30) if p.key == "separation" else p for p in said.plan.parts)
    said = replace(said, plan=Blueprint(parts, said.plan.needs))
    visit_types.save(by=BY, site_id=house.site.pk, visit_type_id=kind.pk, data=said)
    kind.refresh_from_db()
    needs = Requirement.objects.filter(visit_type=kind).values_list("kind_id", "offset", "minutes")
    assert kind.minutes == 85
    assert {kind_id: span for kind_id, *span in needs} == {
        "nurse": [10, 10],
        "draw_chair": [10, 40],
        "centrifuge": [20, 30],
        "physician": [50, 20],
        "procedure_room": [50, 20],
        "recovery_bay": [70, 15],
    }


@pytest.mark.django_db
def test_booked_visits_keep_their_times_and_stages(house: House) -> None:
    kind = house.visit("consultation")
    start = house.at(days_ahead(5, house.site), 10)
    visit = booking.book(request=VisitRequest(clinic.patient().pk, kind.pk, house.site.pk, start), by=BY)
    before = [
        list(Allocation.objects.order_by("pk").values_list("resource", "period", "active")),
        list(VisitStage.objects.values_list("code", "planned_start", "planned_end")),
    ]
    said = as_saved(kind)
    new = Blueprint((TALK, TEST), (replace(said.plan.needs[0], first="talk", last="talk"),))
    visit_types.save(by=BY, site_id=house.site.pk, visit_type_id=kind.pk, data=replace(said, plan=new))
    visit.refresh_from_db()
    assert before == [
        list(Allocation.objects.order_by("pk").values_list("resource", "period", "active")),
        list(VisitStage.objects.values_list("code", "planned_start", "planned_end")),
    ]
    assert (visit.period.upper - visit.period.lower).seconds == 30 * 60
    assert list(kind.stages.values_list("code", flat=True)) == ["talk", "test"]


# The editor


@pytest.fixture
def manager(house: House) -> Client:
    browser = Client()
    browser.force_login(clinic.user(Role.MANAGER, at=house.site))
    return browser


def shown(response: Any, url: str) -> dict[str, Any]:
    form = next(
        each for each in forms_of(response.content.decode(), url) if "stages-TOTAL_FORMS" in each.fields
    )
    return {name: values if len(values) > 1 else values[0] for name, values in form.data.items() if values}


NEW = "/schedule/set-up/visit-types/new/"


@pytest.mark.django_db
def test_editor_adds_moves_and_removes_rows_without_saving(manager: Client) -> None:
    typed = shown(manager.get(NEW), NEW) | {
        "name": "Ultrasound",
        "stages-0-name": "Talk",
        "grid_minutes": "x",
    }
    typed = shown(manager.post(NEW, typed | {"do": "add-stage"}), NEW)
    typed |= {"stages-1-name": "Test"}
    moved = shown(manager.post(NEW, typed | {"do": "stage-up:1"}), NEW)
    assert [moved["stages-0-name"], moved["stages-1-name"]] == ["Test", "Talk"]
    assert (moved["name"], moved["grid_minutes"]) == ("Ultrasound", "x")
    removed = shown(manager.post(NEW, moved | {"do": "stage-remove:1"}), NEW)
    assert (removed["stages-TOTAL_FORMS"], removed["needs-0-first"]) == ("1", "")
    assert VisitType.objects.filter(name="Ultrasound").count() == 0


@pytest.mark.django_db
def test_editor_saves_a_new_kind(manager: Client, house: House) -> None:
    typed = shown(manager.get(NEW), NEW) | {"name": "Ultrasound", "stages-0-name": "Talk", "do": "save"}
    assert typed["offer_minutes"] == "120"
    typed["offer_minutes"] = "45"
    assert manager.post(NEW, typed)["Location"] == reverse("scheduling:setup-visit-types")
    made = VisitType.objects.get(name="Ultrasound")
    assert (made.code, made.minutes, made.offer_minutes) == ("ultrasound", 30, 45)
    assert made.site_id == house.site.pk
    assert list(made.requirements.values_list("kind_id", "is_lead")) == [("physician", True)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": ""}, "id_name_error"),
        ({"offer_minutes": "29"}, "id_offer_minutes_error"),
        ({"stages-0-minutes": "0"}, "id_stages-0-minutes_error"),
        (
            {"needs-0-first": "own", "needs-0-offset": "25", "needs-0-minutes": "10"},
            "id_needs-0-minutes_error",
        ),
        ({"needs-0-kind": "centrifuge"}, "id_needs-0-lead_error"),
        ({"needs-0-lead": None}, "Nobody leads this visit"),
        ({"stages-TOTAL_FORMS": "x"}, "ManagementForm data is missing"),
    ],
)
def test_editor_shows_what_is_wrong_at_its_field(manager: Client, wrong: dict[str, Any], words: str) -> None:
    typed = shown(manager.get(NEW), NEW) | {"name": "Ultrasound", "stages-0-name": "Talk", "do": "save"}
    sent = {name: value for name, value in (typed | wrong).items() if value is not None}
    response = manager.post(NEW, sent)
    assert (response.status_code, words in response.content.decode()) == (422, True)
    assert VisitType.objects.filter(name="Ultrasound").count() == 0


@pytest.mark.django_db
def test_editor_copies_another(manager: Client, house: House) -> None:
    url = f"{NEW}?from={house.visit('prp_session').pk}"
    typed = shown(manager.get(url), url) | {"do": "save"}
    assert manager.post(NEW, typed).status_code == 302
    copy = VisitType.objects.get(name="PRP session (copy)")
    original = house.visit("prp_session")
    assert copy.minutes == original.minutes
    assert [
        list(each.requirements.values_list("kind_id", "offset", "minutes", "turnover", "is_lead"))
        for each in (copy,)
    ] == [list(original.requirements.values_list("kind_id", "offset", "minutes", "turnover", "is_lead"))]


@pytest.mark.django_db
def test_editor_preview_follows_what_is_typed(manager: Client) -> None:
    typed = shown(manager.get(NEW), NEW) | {"stages-0-minutes": "45", "do": "preview"}
    page = manager.post(NEW, typed, headers={"HX-Request": "true"}).content.decode()
    assert ("The patient is here for 45 minutes" in page, "<form" in page) == (True, False)
