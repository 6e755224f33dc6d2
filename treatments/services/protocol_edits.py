"""Changes to a draft: its plan, a section, one line of one. Each saves the whole draft under a new revision."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import InvalidInput, NotFound
from clinic.transactions import use_case
from scheduling.models import VisitType
from treatments import clinical_rules
from treatments.clinical_rules import ClinicalRules, PlanBasis
from treatments.models import ProtocolRules, ProtocolVersion
from treatments.policies import protocol_checks, recovery
from treatments.policies.protocol_fields import Section
from treatments.policies.protocol_sections import BY_KEY
from treatments.selectors import instruments as instrument_reads
from treatments.services import protocols


@dataclass(frozen=True, slots=True)
class PlanData:
    """What a version says beside its document. Days are whole calendar days."""

    planned_sessions: int
    max_sessions: int
    interval_days: int
    interval_warn_days: int
    interval_block_days: int
    interval_max_days: int
    review_lead_days: int
    preparation_lead_days: int
    approval_days: int
    interval_overridable: bool
    recovery_days: list[int]
    evidence_note: str
    change_note: str


@use_case
def put_plan(
    *,
    by: Actor,
    version_id: UUID,
    revision: int,
    plan: PlanData,
    session_visit_id: UUID,
    review_visit_id: UUID | None,
    basis: Sequence[PlanBasis],
) -> ProtocolVersion:
    """Save sessions, intervals and leads with where each number comes from. Raises InvalidInput at its field."""
    version = _draft(version_id, by=by, revision=revision)
    known = set(VisitType.objects.filter(site=version.protocol.site_id).values_list("pk", flat=True))
    if session_visit_id not in known or review_visit_id not in {*known, None}:
        raise InvalidInput(_("Choose a kind of visit of this site."), field="session_visit")
    if not all(0 <= day <= recovery.LATEST_DAY for day in plan.recovery_days):
        raise InvalidInput(_("Choose days from 0 to 42."), field="recovery_days")
    rules = clinical_rules.replace(version.clinical, plan=tuple(basis))
    _refuse_new_problems(version, plan, rules)
    for each in fields(plan):
        setattr(version, each.name, getattr(plan, each.name))
    version.session_visit_id, version.review_visit_id = session_visit_id, review_visit_id
    columns = [*(each.name for each in fields(plan)), "session_visit", "review_visit"]
    return _save(version, rules, by=by, section="plan", columns=columns)


@use_case
def put_line(
    *, by: Actor, version_id: UUID, revision: int, section: str, line: Any, at: int | None = None
) -> ProtocolVersion:
    """Write a line of a section over the one at that place, or as its last. For a section of one set `at` is 0."""
    version = _draft(version_id, by=by, revision=revision)
    where = _section(section)
    lines = list(where.lines(version.clinical))
    if at is None:
        lines.append(line)
    else:
        _check_place(lines, at)
        lines[at] = line
    return _put(version, where, lines, by=by)


@use_case
def remove_line(*, by: Actor, version_id: UUID, revision: int, section: str, at: int) -> ProtocolVersion:
    """Take a line out of a list."""
    version = _draft(version_id, by=by, revision=revision)
    where = _listed(section)
    lines = list(where.lines(version.clinical))
    _check_place(lines, at)
    del lines[at]
    return _put(version, where, lines, by=by)


@use_case
def raise_line(*, by: Actor, version_id: UUID, revision: int, section: str, at: int) -> ProtocolVersion:
    """Let a line change places with the one before it: checklists are worked through in this order."""
    version = _draft(version_id, by=by, revision=revision)
    where = _listed(section)
    lines = list(where.lines(version.clinical))
    _check_place(lines, at)
    if at > 0:
        lines[at - 1], lines[at] = lines[at], lines[at - 1]
    return _put(version, where, lines, by=by)


def _draft(version_id: UUID, *, by: Actor, revision: int) -> ProtocolVersion:
    version = protocols.locked_draft(
        version_id, by=by, permission=Permission.EDIT_PROTOCOLS, revision=revision
    )
    protocols.refuse_in_use(version)
    return version


def _put(version: ProtocolVersion, section: Section, lines: Sequence[Any], *, by: Actor) -> ProtocolVersion:
    rules = section.replaced(version.clinical, lines)
    _refuse_new_problems(version, version, rules)
    return _save(version, rules, by=by, section=section.key)


def _refuse_new_problems(version: ProtocolVersion, plan: protocol_checks.Plan, rules: ClinicalRules) -> None:
    """Only what this change brings in: a draft that was wrong already can be mended step by step."""
    known = instrument_reads.at_site(version.protocol.site_id)
    before = protocol_checks.problems(version, version.clinical, instruments=known)
    for problem in protocol_checks.problems(plan, rules, instruments=known):
        if problem not in before:
            raise InvalidInput(problem.words, field=problem.field)


def _save(
    version: ProtocolVersion, rules: ClinicalRules, *, by: Actor, section: str, columns: Sequence[str] = ()
) -> ProtocolVersion:
    version.revision += 1
    version.save(update_fields=[*columns, "revision"])
    ProtocolRules.objects.filter(version=version).update(document=clinical_rules.dump(rules))
    audit.record(
        "treatments.protocol.changed",
        by=by,
        about=[version],
        site_id=version.protocol.site_id,
        detail={"section": section, "revision": version.revision},
    )
    return ProtocolVersion.objects.select_related("protocol", "rules").get(pk=version.pk)


def _section(key: str) -> Section:
    if key not in BY_KEY:
        raise NotFound(_("A protocol has no such section."))
    return BY_KEY[key]


def _listed(key: str) -> Section:
    section = _section(key)
    if not section.is_list:
        raise NotFound(_("A protocol has no such line."))
    return section


def _check_place(lines: Sequence[Any], at: int) -> None:
    if not 0 <= at < len(lines):
        raise NotFound(_("A protocol has no such line."))
