"""What a new site starts with: kinds of resource, reasons, and three visit types. All of it is editable afterwards."""

from dataclasses import dataclass
from uuid import UUID

from clinic import audit
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.permissions import check
from clinic.transactions import use_case
from scheduling.enums import ResourceCategory
from scheduling.models import ChangeReason, Requirement, ResourceKind, Stage, VisitType

KINDS = [
    ("physician", "Physician", ResourceCategory.CLINICIAN),
    ("nurse", "Nurse", ResourceCategory.CLINICIAN),
    ("consulting_room", "Consulting room", ResourceCategory.ROOM),
    ("procedure_room", "Procedure room", ResourceCategory.ROOM),
    ("draw_chair", "Draw chair", ResourceCategory.EQUIPMENT),
    ("centrifuge", "Centrifuge", ResourceCategory.EQUIPMENT),
    ("recovery_bay", "Recovery bay", ResourceCategory.EQUIPMENT),
]

REASONS = [
    # code, words, by the patient, used for
    ("patient_unwell", "Patient is unwell", True, ["cancel", "move", "not_done"]),
    ("patient_cannot_come", "Patient cannot come", True, ["cancel", "move"]),
    ("patient_withdrew", "Patient does not want the treatment", True, ["cancel", "not_done"]),
    ("booked_by_mistake", "Booked by mistake", False, ["cancel", "move"]),
    ("clinician_away", "Clinician is away", False, ["cancel", "move", "not_done"]),
    ("equipment_fault", "Equipment is out of order", False, ["cancel", "move", "not_done"]),
    ("not_fit", "Not fit for treatment today", False, ["cancel", "not_done"]),
    ("course_ended", "The course ended early", False, ["cancel"]),
    ("earlier_slot", "An earlier time became free", True, ["move"]),
    ("no_word", "Did not come, no word", True, ["no_show"]),
    ("forgot", "Forgot the visit", True, ["no_show"]),
    ("came_too_late", "Came too late to be treated", True, ["no_show"]),
    ("travel", "Travel or traffic", True, ["late", "no_show"]),
    ("held_up", "Held up elsewhere", True, ["late"]),
]


@dataclass(frozen=True, slots=True)
class Part:
    """A stage of a visit, minutes from when to come."""

    code: str
    name: str
    done: str
    offset: int
    minutes: int


@dataclass(frozen=True, slots=True)
class Need:
    kind: str
    offset: int
    minutes: int
    turnover: int = 0
    stage: str = ""
    lead: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A visit type as shipped."""

    code: str
    name: str
    minutes: int
    parts: tuple[Part, ...]
    needs: tuple[Need, ...]
    needs_order: bool = False
    bring: str = ""


# The PRP session's stages: the procedure itself is the source text's "approximately 1 hour"; the chair outlasts
# its nurse so that the patient has a place while the blood is separated.
VISIT_TYPES = (
    Kind(
        code="consultation",
        name="Consultation",
        minutes=30,
        parts=(Part("consultation", "Consultation", "seen", 0, 30),),
        needs=(
            Need("physician", 0, 30, stage="consultation", lead=True),
            Need("consulting_room", 0, 30, stage="consultation"),
        ),
        bring="Please bring your insurance card, your list of medicines and any scans you have.",
    ),
    Kind(
        code="prp_session",
        name="PRP session",
        minutes=75,
        parts=(
            Part("check_in", "Check-in", "screened", 0, 10),
            Part("draw", "Blood draw", "drawn", 10, 10),
            Part("separation", "Separation", "prepared", 20, 20),
            Part("injection", "Injection", "injected", 40, 20),
            Part("recovery", "Recovery", "discharged", 60, 15),
        ),
        needs=(
            Need("nurse", 10, 10, stage="draw"),
            Need("draw_chair", 10, 30),
            Need("centrifuge", 20, 20, stage="separation"),
            Need("physician", 40, 20, stage="injection", lead=True),
            Need("procedure_room", 40, 20, turnover=10, stage="injection"),
            Need("recovery_bay", 60, 15, stage="recovery"),
        ),
        needs_order=True,
        bring="Please wear loose clothes, eat a light meal before you come, and have somebody who can drive you home.",
    ),
    Kind(
        code="review",
        name="Review",
        minutes=20,
        parts=(Part("review", "Review", "seen", 0, 20),),
        needs=(
            Need("physician", 0, 20, stage="review", lead=True),
            Need("consulting_room", 0, 20, stage="review"),
        ),
    ),
)


@use_case
def create_for_site(*, site_id: UUID, by: Actor) -> list[VisitType]:
    """Kinds and reasons of the clinic, and the visit types of this site. Safe to run again: what is there stays."""
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    for position, (code, name, category) in enumerate(KINDS):
        ResourceKind.objects.get_or_create(
            code=code, defaults={"name": name, "category": category, "position": position}
        )
    for position, (code, words, by_patient, used_for) in enumerate(REASONS):
        ChangeReason.objects.get_or_create(
            code=code,
            defaults={
                "words": words,
                "by_patient": by_patient,
                "used_for": used_for,
                "position": position,
            },
        )
    created = []
    for position, kind in enumerate(VISIT_TYPES):
        if not VisitType.objects.filter(site_id=site_id, code=kind.code).exists():
            created.append(_create(site_id, kind, position))
    audit.record("scheduling.site.prepared", by=by, about=created, site_id=site_id)
    return created


def _create(site_id: UUID, kind: Kind, position: int) -> VisitType:
    visit_type = VisitType.objects.create(
        site_id=site_id,
        code=kind.code,
        name=kind.name,
        minutes=kind.minutes,
        needs_order=kind.needs_order,
        bring=kind.bring,
        position=position,
    )
    stages = {
        part.code: Stage.objects.create(
            visit_type=visit_type,
            code=part.code,
            name=part.name,
            done_name=part.done,
            position=number,
            offset=part.offset,
            minutes=part.minutes,
        )
        for number, part in enumerate(kind.parts)
    }
    for need in kind.needs:
        Requirement.objects.create(
            visit_type=visit_type,
            stage=stages.get(need.stage),
            kind_id=need.kind,
            offset=need.offset,
            minutes=need.minutes,
            turnover=need.turnover,
            is_lead=need.lead,
        )
    return visit_type
