"""A plan as the page shows it: a row a session on a line of time, each with its distance to the one before."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scheduling.enums import RefusalLevel
from treatments.forms.planning import as_value
from treatments.policies.course_plan import Band
from treatments.services.horizon import Choice
from treatments.services.proposals import CoursePlan, Past, Step

WIDTH = 180
"""Of the drawing of a gap, in its own units."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Days between two sessions against the protocol's band, in words and as places on a line of WIDTH."""

    words: str
    limits: str
    left: int
    wide: int
    planned: int
    at: int
    outside: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One session of the course, planned or already fixed."""

    number: int
    start: dt.datetime | None
    lead: str
    gap: Gap | None
    step: Step | None = None
    past: Past | None = None
    value: str = ""
    days: Sequence[dict[str, Any]] = ()
    blocked: bool = False
    is_kept: bool = False
    was: dt.datetime | None = None
    """Where its visit stands now, when it is being moved."""
    version: int | None = None

    @property
    def name(self) -> str:
        """The number as part of a field's name."""
        return str(self.number)

    @property
    def warnings(self) -> list[str]:
        return [refusal.words for refusal in self.step.refusals] if self.step else []

    @property
    def is_left_out(self) -> bool:
        return self.step is not None and self.step.is_left_out

    @property
    def note(self) -> str:
        return self.step.note if self.step else ""


def rows(
    plan: CoursePlan, *, decided: Collection[int], versions: Mapping[int, int] | None = None
) -> list[Row]:
    """Every session that has a day or should get one, in order. `decided` are those that a person chose to keep;
    `versions` those of the visits that are being moved."""
    zone = plan.order.site.zone
    fixed = [
        Row(past.number, past.start, past.lead.name if past.lead else "", None, past=past)
        for past in plan.past
    ]
    return sorted(
        [*fixed, *(_row(step, plan, zone, decided, versions or {}) for step in plan.steps)],
        key=lambda row: row.number,
    )


def _row(
    step: Step, plan: CoursePlan, zone: Any, decided: Collection[int], versions: Mapping[int, int]
) -> Row:
    chosen = step.chosen
    return Row(
        step.number,
        chosen.start if chosen else None,
        step.lead.name if step.lead else "",
        _gap(step, plan.band),
        step=step,
        value=as_value(chosen) if chosen else "",
        days=_days(step, plan, zone),
        blocked=any(refusal.level == RefusalLevel.BLOCK for refusal in step.refusals),
        is_kept=step.is_pinned and step.number in decided,
        was=step.was.start if step.was else None,
        version=versions.get(step.number),
    )


def _gap(step: Step, band: Band) -> Gap | None:
    if step.gap is None or step.after is None:
        return None
    steps = step.number - step.after
    least, most, planned = band.least * steps, band.most * steps, band.planned * steps
    scale = WIDTH / (max(most, step.gap) * 1.1)
    words = ngettext(
        "%(days)s day after session %(other)s", "%(days)s days after session %(other)s", step.gap
    )
    return Gap(
        words=words % {"days": step.gap, "other": step.after},
        limits=_("planned %(planned)s, %(least)s to %(most)s allowed")
        % {"planned": planned, "least": least, "most": most},
        left=round(least * scale),
        wide=round((most - least) * scale),
        planned=round(planned * scale),
        at=max(round(step.gap * scale), 0),
        outside=not least <= step.gap <= most,
    )


def _days(step: Step, plan: CoursePlan, zone: Any) -> list[dict[str, Any]]:
    """What else could be chosen, by day, for {% slots %}."""
    days: dict[dt.date, list[dict[str, Any]]] = {}
    for choice in step.others:
        local = choice.start.astimezone(zone)
        days.setdefault(local.date(), []).append(
            {"value": as_value(choice), "label": f"{local:%H:%M}", "note": _with(choice, step, plan)}
        )
    return [{"day": day, "slots": slots} for day, slots in days.items()]


def _with(choice: Choice, step: Step, plan: CoursePlan) -> str:
    """The clinician, where it is another one than proposed."""
    if choice.lead_id is None or (step.chosen is not None and choice.lead_id == step.chosen.lead_id):
        return ""
    lead = plan.leads.get(choice.lead_id)
    return lead.name if lead else ""
