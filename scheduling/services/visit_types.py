"""How a kind of visit is offered: its words, notice and grid, and the lengths of its stages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, locks
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import InvalidInput, NotFound
from clinic.permissions import check
from clinic.transactions import use_case
from scheduling.models import Requirement, Stage, VisitType

LONGEST = 12 * 60


@dataclass(frozen=True, slots=True)
class VisitTypeData:
    """What a manager may change. `lengths` are the stages' minutes by code; a stage left out keeps its length."""

    name: str
    grid_minutes: int
    notice_minutes: int
    horizon_days: int
    bring: str = ""
    is_active: bool = True
    lengths: Mapping[str, int] = field(default_factory=dict)


@use_case
def save(*, by: Actor, site_id: UUID, visit_type_id: UUID, data: VisitTypeData) -> VisitType:
    """Change how a kind of visit is offered from now on. Visits already booked keep their times and resources."""
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    locks.take(site=[site_id])
    row = VisitType.objects.filter(pk=visit_type_id, site_id=site_id).first()
    if row is None:
        raise NotFound(_("There is no such kind of visit."))
    row.name, row.bring, row.is_active = data.name, data.bring, data.is_active
    row.grid_minutes, row.notice_minutes, row.horizon_days = (
        data.grid_minutes,
        data.notice_minutes,
        data.horizon_days,
    )
    _stretch(row, data.lengths)
    row.save()
    audit.record("scheduling.visit_type.saved", by=by, about=[row])
    return row


def moved(minute: int, old: Sequence[tuple[int, int]], new: Sequence[tuple[int, int]]) -> int:
    """Where a minute of the old course of stages (start, end) lies in the new one.

    A stage's own edges go to its new edges; a minute inside a stage keeps its distance from the stage's start as
    long as the stage lasts; time between stages is kept.
    """
    shifted = minute
    for (start, end), (new_start, new_end) in zip(old, new, strict=True):
        if start <= minute <= end:
            return new_end if minute == end else min(new_start + minute - start, new_end)
        if minute > end:
            shifted = minute - end + new_end
    return shifted


def _stretch(visit_type: VisitType, lengths: Mapping[str, int]) -> None:
    """Give stages their new lengths; what follows and what they need moves along."""
    stages = list(Stage.objects.filter(visit_type=visit_type).order_by("position"))
    if not stages or all(lengths.get(stage.code, stage.minutes) == stage.minutes for stage in stages):
        return
    old = [(stage.offset, stage.offset + stage.minutes) for stage in stages]
    new: list[tuple[int, int]] = []
    for index, stage in enumerate(stages):
        minutes = lengths.get(stage.code, stage.minutes)
        if minutes < 1:
            raise InvalidInput(_("A stage lasts at least a minute."), field=f"length_{stage.code}")
        pause = stage.offset - old[index - 1][1] if index else stage.offset
        start = (new[-1][1] if new else 0) + pause
        new.append((start, start + minutes))
    total = moved(visit_type.minutes, old, new)
    if total > LONGEST:
        raise InvalidInput(_("A visit lasts at most 12 hours."))

    needs = list(Requirement.objects.filter(visit_type=visit_type))
    for need in needs:
        begin, end = moved(need.offset, old, new), moved(need.offset + need.minutes, old, new)
        if need.stage_id:
            begin, end = _with_its_stage(need, stages, old, new, begin, end)
        need.offset, need.minutes = begin, max(1, end - begin)
    for stage, (start, end) in zip(stages, new, strict=True):
        stage.offset, stage.minutes = start, end - start
    Stage.objects.bulk_update(stages, ["offset", "minutes"])
    Requirement.objects.bulk_update(needs, ["offset", "minutes"])
    visit_type.minutes = total


def _with_its_stage(
    need: Requirement,
    stages: Sequence[Stage],
    old: Sequence[tuple[int, int]],
    new: Sequence[tuple[int, int]],
    begin: int,
    end: int,
) -> tuple[int, int]:
    """What is needed for exactly its stage is needed for exactly its stage afterwards: an edge that two stages
    share belongs to its own one."""
    index = next((at for at, stage in enumerate(stages) if stage.pk == need.stage_id), None)
    if index is not None and old[index] == (need.offset, need.offset + need.minutes):
        return new[index]
    return begin, end
