"""Two protocol versions side by side: which lines were added, taken out or changed, and in what."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

from treatments.clinical_rules import ClinicalRules, Mark, PlanBasis
from treatments.policies.protocol_checks import Plan
from treatments.policies.protocol_fields import MARKS, Section, Text
from treatments.policies.protocol_sections import PLAN_FIELDS, SECTIONS


class Change(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Row:
    """One difference: of which line, in which field, what it was and what it is. A line added or gone has one row."""

    change: Change
    line: str
    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Part:
    """The differences of one section."""

    title: Text
    key: str
    rows: tuple[Row, ...]


def compare(old: tuple[Plan, ClinicalRules], new: tuple[Plan, ClinicalRules]) -> list[Part]:
    """Every difference, section by section in the document's order; sections that are alike are left out."""
    parts = [Part(_("Sessions and intervals"), "plan", tuple(_plan(old, new)))]
    parts += [Part(each.title, each.key, tuple(_section(each, old[1], new[1]))) for each in SECTIONS]
    return [part for part in parts if part.rows]


def basis_of(rules: ClinicalRules, name: str) -> PlanBasis:
    """Where a number of the plan comes from; without a word about it, the clinic decided."""
    return next((each for each in rules.plan if each.field == name), PlanBasis(field=name))


def basis_words(line: Any) -> str:
    """Mark and source of a line, as the comparison shows them."""
    label = str(dict(MARKS)[Mark(line.mark)])
    return f"{label}: {line.source}" if line.source else label


def _plan(old: tuple[Plan, ClinicalRules], new: tuple[Plan, ClinicalRules]) -> Iterator[Row]:
    for field in PLAN_FIELDS:
        before, after = (field.shown(getattr(plan, field.name)) for plan, _rules in (old, new))
        if before != after:
            yield Row(Change.CHANGED, str(field.label), "", before, after)
        was, now = (basis_words(basis_of(rules, field.name)) for _plan, rules in (old, new))
        if was != now:
            yield Row(Change.CHANGED, str(field.label), _("Basis"), was, now)


def _section(section: Section, old: ClinicalRules, new: ClinicalRules) -> Iterator[Row]:
    before, after = ({_identity(section, line): line for line in section.lines(each)} for each in (old, new))
    for key, line in before.items():
        if key not in after:
            yield Row(Change.REMOVED, section.name_of(line), "", _summary(section, line), "")
    for key, line in after.items():
        if key not in before:
            yield Row(Change.ADDED, section.name_of(line), "", "", _summary(section, line))
        else:
            yield from _line(section, before[key], line)


def _line(section: Section, was: Any, now: Any) -> Iterator[Row]:
    name = section.name_of(now) if section.is_list else ""
    for (field, before), (_field, after) in zip(section.facts(was), section.facts(now), strict=True):
        if before != after:
            yield Row(Change.CHANGED, name, str(field.label), before, after)
    if section.has_basis and basis_words(was) != basis_words(now):
        yield Row(Change.CHANGED, name, _("Basis"), basis_words(was), basis_words(now))


def _identity(section: Section, line: Any) -> str:
    return str(getattr(line, section.identity)) if section.identity else ""


def _summary(section: Section, line: Any) -> str:
    """All that a line says, in one cell."""
    facts = [f"{field.label}: {words}" for field, words in section.facts(line) if words != str(field.empty)]
    return "\n".join([*facts, basis_words(line)])
