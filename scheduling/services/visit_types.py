"""How a kind of visit is offered, and how it runs: its words and rules, its stages, and what each span needs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Max
from django.utils.text import slugify
from django.utils.translation import gettext as _

from clinic import audit
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import InvalidInput, NotFound
from clinic.permissions import check
from clinic.transactions import use_case
from scheduling import blueprint
from scheduling.blueprint import Blueprint
from scheduling.enums import ResourceCategory
from scheduling.models import Requirement, ResourceKind, Stage, VisitType
from scheduling.services import scarcity


@dataclass(frozen=True, slots=True)
class VisitTypeData:
    """Everything that a manager says of a kind of visit. The order of the plan's parts is that of the stages."""

    name: str
    plan: Blueprint
    grid_minutes: int
    notice_minutes: int
    horizon_days: int
    offer_minutes: int = 120
    bring: str = ""
    needs_order: bool = False
    is_active: bool = True


@use_case
def create(*, by: Actor, site_id: UUID, data: VisitTypeData) -> VisitType:
    """Offer a new kind of visit. Raises InvalidInput at the field that makes the plan impossible."""
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    scarcity.lock(site_id, None)
    _check(site_id, data)
    there = VisitType.objects.filter(site_id=site_id)
    code = _free_code(data.name, there.values_list("code", flat=True))
    last = there.aggregate(last=Max("position"))["last"]
    row = VisitType(site_id=site_id, code=code, position=(last or 0) + 1)
    _write(row, data)
    audit.record("scheduling.visit_type.added", by=by, about=[row])
    return row


@use_case
def save(*, by: Actor, site_id: UUID, visit_type_id: UUID, data: VisitTypeData) -> VisitType:
    """Change a kind of visit from now on. Visits already booked keep their times, stages and resources.

    Takes the locks of a booking, so that no visit is ever booked half by the old plan and half by the new one.
    """
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    scarcity.lock(site_id, None)
    row = VisitType.objects.filter(pk=visit_type_id, site_id=site_id).first()
    if row is None:
        raise NotFound(_("There is no such kind of visit."))
    _check(site_id, data, but=row)
    _write(row, data)
    audit.record("scheduling.visit_type.saved", by=by, about=[row])
    return row


def _check(site_id: UUID, data: VisitTypeData, *, but: VisitType | None = None) -> None:
    alike = VisitType.objects.filter(site_id=site_id, name__iexact=data.name)
    if (alike.exclude(pk=but.pk) if but else alike).exists():
        raise InvalidInput(_("There is a kind of visit of that name already."), field="name")
    kinds = dict(ResourceKind.objects.values_list("code", "category"))
    if unknown := {kind for need in data.plan.needs for kind in need.kinds} - kinds.keys():
        raise InvalidInput(_("There is no such kind: %(kind)s.") % {"kind": min(unknown)}, field="")
    clinicians = {code for code, category in kinds.items() if category == ResourceCategory.CLINICIAN}
    if found := blueprint.faults(data.plan, clinicians=clinicians):
        raise InvalidInput(found[0].words, field=found[0].field)


def _write(row: VisitType, data: VisitTypeData) -> None:
    row.name, row.bring, row.minutes = data.name, data.bring, data.plan.minutes
    row.grid_minutes, row.notice_minutes = data.grid_minutes, data.notice_minutes
    row.horizon_days, row.offer_minutes = data.horizon_days, data.offer_minutes
    row.needs_order, row.is_active = data.needs_order, data.is_active
    row.save()
    _write_needs(row, data.plan, _write_stages(row, data.plan))


def _write_stages(row: VisitType, plan: Blueprint) -> dict[str, Stage]:
    """The stages by the keys of the plan. A code, once given, is never given to another stage of this type."""
    known = {stage.code: stage for stage in Stage.objects.filter(visit_type=row)}
    kept = {part.key for part in plan.parts if not part.is_new}
    Stage.objects.filter(visit_type=row).exclude(code__in=kept).delete()
    taken, spans, stages = set(known), plan.stages(), {}
    for position, part in enumerate(plan.parts):
        stage = None if part.is_new else known.get(part.key)
        if stage is None:
            stage = Stage(visit_type=row, code=_free_code(part.name, taken))
            taken.add(stage.code)
        start, end = spans[part.key]
        stage.name, stage.done_name = part.name, part.done_name or part.name
        stage.position, stage.offset, stage.minutes = position, start, end - start
        stage.save()
        stages[part.key] = stage
    return stages


def _write_needs(row: VisitType, plan: Blueprint, stages: dict[str, Stage]) -> None:
    """Rows that stay keep their key: what booked visits hold for them still says what for."""
    known = {need.pk: need for need in Requirement.objects.filter(visit_type=row)}
    kept = {need.id for need in plan.needs if need.id is not None}
    Requirement.objects.filter(visit_type=row).exclude(pk__in=kept).delete()
    for need in plan.needs:
        one = known.get(need.id) if need.id is not None else None
        one = one or Requirement(visit_type=row)
        start, end = plan.span(need)
        alone = bool(need.first) and need.first == (need.last or need.first)
        one.stage = stages[need.first] if alone else None
        one.kind_id, one.also_kinds = need.kinds[0], list(need.kinds[1:])
        one.count, one.offset, one.minutes = need.count, start, end - start
        one.turnover, one.is_lead = need.turnover, need.lead
        one.save()


def plan_of(stages: Sequence[Stage], needs: Sequence[Requirement]) -> Blueprint:
    """The plan as it stands, read back: a need whose edges are edges of stages follows those stages."""
    begins = {stage.offset: stage.code for stage in stages}
    ends = {stage.offset + stage.minutes: stage.code for stage in stages}
    parts = tuple(blueprint.Part(stage.code, stage.name, stage.minutes, stage.done_name) for stage in stages)
    found = []
    for need in needs:
        first, last = begins.get(need.offset, ""), ends.get(need.offset + need.minutes, "")
        follows = bool(first and last)
        found.append(
            blueprint.Need(
                kinds=(need.kind_id, *need.also_kinds),
                count=need.count,
                first=first if follows else "",
                last=last if follows else "",
                offset=need.offset,
                minutes=need.minutes,
                turnover=need.turnover,
                lead=need.is_lead,
                id=need.pk,
            )
        )
    return Blueprint(parts, tuple(found))


def _free_code(name: str, taken: Iterable[str]) -> str:
    there = set(taken)
    base = slugify(name).replace("-", "_")[:32] or "stage"
    number, code = 1, base
    while code in there:
        number += 1
        code = f"{base}_{number}"
    return code
