"""What a protocol version may say: numbers in order, leads within the interval, names that exist, none of them twice.

The database refuses the order of the plan's numbers too; here each refusal has its words and its place.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from django.utils.translation import gettext as _

from treatments.clinical_rules import Anchor, ClinicalRules, GateRules, Limits, MedicineGroup
from treatments.enums import Instrument, Structure


class Plan(Protocol):
    """The numbers of a version that stand beside its document: a model row or a form's values."""

    @property
    def planned_sessions(self) -> int: ...

    @property
    def max_sessions(self) -> int: ...

    @property
    def interval_days(self) -> int: ...

    @property
    def interval_warn_days(self) -> int: ...

    @property
    def interval_block_days(self) -> int: ...

    @property
    def interval_max_days(self) -> int: ...

    @property
    def review_lead_days(self) -> int: ...

    @property
    def preparation_lead_days(self) -> int: ...

    @property
    def approval_days(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that does not hold: in which section, at which field, in words that say what can be done."""

    section: str
    field: str
    words: str


GATE_NEEDS = (Instrument.NRS, Instrument.RMDQ, Instrument.PGIC)
"""Instruments without which the gate has nothing to suggest by."""


def problems(
    plan: Plan, rules: ClinicalRules, *, instruments: Iterable[str] = Instrument.values
) -> list[Problem]:
    """All that must be mended before the version can stand. An empty list: it holds together."""
    return [*_plan(plan), *_twice(rules), *_unknown(rules, set(instruments)), *_ranges(rules)]


def unsourced(note: str, rules: ClinicalRules) -> list[Problem]:
    """What a version's statement of evidence lacks before a physician may sign it off."""
    missing = [name for name in ("level", "source") if not getattr(rules.evidence, name).strip()]
    words = {
        "level": _("The evidence statement needs its level, such as “level IV”."),
        "source": _("The evidence statement needs its source."),
    }
    return [Problem("evidence", name, words[name]) for name in missing] if note.strip() else []


def concerns(plan: Plan, rules: ClinicalRules) -> list[Problem]:
    """What a physician should see before signing, though it may be meant so."""
    return list(_gate_is_fed(plan, rules))


def _plan(plan: Plan) -> Iterator[Problem]:
    def wrong(field: str, words: str) -> Problem:
        return Problem("plan", field, words)

    if not 1 <= plan.planned_sessions <= plan.max_sessions:
        yield wrong("planned_sessions", _("Planned sessions are at least 1 and at most the most sessions."))
    if plan.interval_block_days > plan.interval_warn_days:
        yield wrong("interval_block_days", _("“Refuse below” cannot be more days than “warn below”."))
    if plan.interval_warn_days > plan.interval_days:
        yield wrong("interval_warn_days", _("“Warn below” cannot be more days than the planned interval."))
    if plan.interval_days > plan.interval_max_days:
        yield wrong("interval_max_days", _("“Warn above” cannot be fewer days than the planned interval."))
    if plan.review_lead_days > plan.interval_days:
        yield wrong(
            "review_lead_days",
            _("The review cannot come before the session before it: at most %(days)s days.")
            % {"days": plan.interval_days},
        )
    if plan.preparation_lead_days > plan.interval_days:
        yield wrong(
            "preparation_lead_days",
            _("The preparation cannot begin before the session before it: at most %(days)s days.")
            % {"days": plan.interval_days},
        )
    if plan.preparation_lead_days > plan.review_lead_days:
        yield wrong(
            "preparation_lead_days",
            _(
                "The preparation cannot begin before the review that releases the session: at most %(days)s days."
            )
            % {"days": plan.review_lead_days},
        )
    if plan.approval_days < plan.interval_max_days:
        yield wrong("approval_days", _("An approval must outlast the longest interval."))


def _twice(rules: ClinicalRules) -> Iterator[Problem]:
    named: list[tuple[str, str, list[str]]] = [
        ("screening", "code", [line.code for line in rules.screening]),
        ("medicines", "name", [line.name.casefold() for line in rules.medicines]),
        ("targets", "structure", [line.structure for line in rules.targets]),
        ("time_points", "code", [line.code for line in rules.time_points]),
        ("red_flags", "code", [line.code for line in rules.recovery.red_flags]),
        ("guidance", "day", [str(line.day) for line in rules.recovery.guidance]),
    ]
    for section, field, names in named:
        for name, count in Counter(names).items():
            if count > 1:
                yield Problem(section, field, _("“%(name)s” stands here twice.") % {"name": name})


def _unknown(rules: ClinicalRules, instruments: set[str]) -> Iterator[Problem]:
    for target in rules.targets:
        if target.structure not in Structure.values:
            yield Problem(
                "targets",
                "structure",
                _("There is no structure “%(name)s”.") % {"name": target.structure},
            )
    for point in rules.time_points:
        for name in point.instruments:
            if name not in instruments:
                yield Problem(
                    "time_points", "instruments", _("There is no questionnaire “%(name)s”.") % {"name": name}
                )
    known = {line.code for line in rules.screening} | set(MedicineGroup)
    for line in rules.screening:
        if line.only_if is not None and line.only_if not in known:
            yield Problem(
                "screening",
                "only_if",
                _("“%(line)s” is asked only if “%(name)s”, which is neither a line nor a group of medicines.")
                % {"line": line.words, "name": line.only_if},
            )


def _ranges(rules: ClinicalRules) -> Iterator[Problem]:
    for target in rules.targets:
        if not 0 < target.ml_low <= target.ml_high:
            yield Problem("targets", "ml_low", _("The lower volume is above 0 and at most the higher one."))
    for line in rules.screening:
        if (line.below is not None or line.above is not None) and not line.unit:
            yield Problem(
                "screening", "unit", _("“%(line)s” has a limit: it needs a unit.") % {"line": line.words}
            )
        if line.unit and line.below is None and line.above is None:
            yield Problem(
                "screening", "below", _("“%(line)s” has a unit: it needs a limit.") % {"line": line.words}
            )
    for point in rules.time_points:
        if not point.instruments:
            yield Problem("time_points", "instruments", _("“%(name)s” asks nothing.") % {"name": point.words})
    yield from _gate(rules.gate)
    yield from _limits(rules.limits)


def _gate(gate: GateRules) -> Iterator[Problem]:
    if gate.nrs_some > gate.nrs_substantial:
        yield Problem("gate", "nrs_some", _("Some gain cannot be more than a substantial one."))


def _limits(limits: Limits) -> Iterator[Problem]:
    pairs = (
        ("baseline_platelets_low", limits.baseline_platelets_low, limits.baseline_platelets_high),
        ("product_factor_low", limits.product_factor_low, limits.product_factor_high),
        ("blood_ml_low", limits.blood_ml_low, limits.blood_ml_high),
    )
    for field, low, high in pairs:
        if low > high:
            yield Problem("limits", field, _("The lower limit cannot be above the higher one."))


def _gate_is_fed(plan: Plan, rules: ClinicalRules) -> Iterator[Problem]:
    points = [point for point in rules.time_points if point.anchor == Anchor.BEFORE_REPEAT]
    asked = {name for point in points for name in point.instruments}
    if missing := [name.label for name in GATE_NEEDS if name not in asked]:
        yield Problem(
            "time_points",
            "instruments",
            _("Nobody is asked before a repeat: %(names)s. The review will have no suggestion.")
            % {"names": ", ".join(str(name) for name in missing)},
        )
    for point in points:
        if -point.days < plan.review_lead_days:
            yield Problem(
                "time_points",
                "days",
                _(
                    "“%(name)s” is asked %(asked)s days before the session, when the review is open already (%(lead)s days)."
                )
                % {"name": point.words, "asked": -point.days, "lead": plan.review_lead_days},
            )
