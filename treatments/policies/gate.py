"""The gate before a repeat: what the evidence suggests. The software suggests, the physician decides and signs.

Thresholds are the protocol version's (`clinical_rules.GateRules`, with their sources), never constants of this module.
"""

from dataclasses import asdict, dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

import msgspec
from django.utils.translation import gettext as _

from treatments.clinical_rules import GateRules
from treatments.enums import Decision
from treatments.scoring import percent_better

VERSION: Final = 3
"""Of the rule below; kept with each decision. 1 had its thresholds in the code, 2 did not read the screening."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """First and latest scores of a course, None where nobody asked, and what else decides.

    `extra` is how many sessions an extension may add: 0 where the course was extended before or has had its most.
    """

    nrs_before: Decimal | None = None
    nrs_now: Decimal | None = None
    rmdq_before: Decimal | None = None
    rmdq_now: Decimal | None = None
    pgic_now: Decimal | None = None
    injected: int = 0
    left: int = 0
    grave_event: bool = False
    extra: int = 0
    contraindications: tuple[str, ...] = ()
    """What blocks the next session by its screening, and no physician has overridden, in the words of its lines."""

    @property
    def nrs_better(self) -> Decimal | None:
        """Fall of pain, per cent."""
        return percent_better(self.nrs_before, self.nrs_now)

    @property
    def rmdq_better(self) -> Decimal | None:
        """Fall of the back's disability, per cent."""
        return percent_better(self.rmdq_before, self.rmdq_now)

    @property
    def rmdq_points(self) -> Decimal | None:
        if self.rmdq_before is None or self.rmdq_now is None:
            return None
        return self.rmdq_before - self.rmdq_now

    @property
    def missing(self) -> tuple[str, ...]:
        """Instruments without which something cannot be judged: those asked neither before the course nor now."""
        found = []
        if self.nrs_before is None or self.nrs_now is None:
            found.append("nrs")
        if self.rmdq_before is None or self.rmdq_now is None:
            found.append("rmdq")
        if self.pgic_now is None:
            found.append("pgic")
        return tuple(found)


class Fired(StrEnum):
    """The rule that led to a suggestion, by a name that no translation changes."""

    GRAVE_EVENT = "grave_event"
    CONTRAINDICATION = "contraindication"
    NOT_ASKED = "not_asked"
    TARGET_MET = "target_met"
    RESPONDER_AT_END = "responder_at_end"
    ALL_DONE = "all_done"
    SOME_GAIN = "some_gain"
    NO_GAIN = "no_gain"
    EARLY = "early"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A decision and the rule that led to it, or no decision and why there is none."""

    decision: Decision | None
    rule: str
    fired: Fired


def suggest(evidence: Evidence, rules: GateRules | None = None) -> Suggestion:
    """The first rule that holds, gravest first."""
    rules = rules or GateRules()
    if evidence.grave_event:
        words = _("A serious adverse event, or one of grade %(grade)s or more, is on record.")
        return Suggestion(Decision.STOP, words % {"grade": rules.grave_grade}, Fired.GRAVE_EVENT)
    if evidence.contraindications and evidence.left:
        words = _("The screening for the next session blocks it: %(what)s")
        what = {"what": " ".join(evidence.contraindications)}
        return Suggestion(Decision.STOP, words % what, Fired.CONTRAINDICATION)
    if evidence.nrs_better is None and evidence.rmdq_better is None:
        words = _("No suggestion: pain or function was not asked both before the course and now.")
        return Suggestion(None, words, Fired.NOT_ASKED)
    if target_met(evidence, rules):
        words = _(
            "Pain fell by at least %(pain)s %%, function improved by at least %(function)s %% or is recovered, and the patient feels much improved."
        )
        numbers = {"pain": rules.nrs_substantial, "function": rules.rmdq_some}
        return Suggestion(Decision.COMPLETE, words % numbers, Fired.TARGET_MET)
    if evidence.left == 0:
        if evidence.extra and some_gain(evidence, rules):
            words = _(
                "All planned sessions are done, with some gain and the target not met: one extension is possible."
            )
            return Suggestion(Decision.EXTEND, words, Fired.RESPONDER_AT_END)
        return Suggestion(Decision.COMPLETE, _("All planned sessions are done."), Fired.ALL_DONE)
    if some_gain(evidence, rules):
        words = _(
            "Some gain (pain down by at least %(pain)s %% or RMDQ by at least %(points)s), target not met, sessions left."
        )
        numbers = {"pain": rules.nrs_some, "points": rules.rmdq_points}
        return Suggestion(Decision.CONTINUE, words % numbers, Fired.SOME_GAIN)
    if evidence.injected >= rules.reevaluate_after:
        words = _("Less than %(pain)s %% change after %(count)s sessions: re-evaluate before going on.")
        numbers = {"pain": rules.nrs_some, "count": rules.reevaluate_after}
        return Suggestion(Decision.RE_EVALUATE, words % numbers, Fired.NO_GAIN)
    words = _("Little change so far, and fewer than %(count)s sessions done.")
    return Suggestion(Decision.CONTINUE, words % {"count": rules.reevaluate_after}, Fired.EARLY)


def pain_met(evidence: Evidence, rules: GateRules) -> bool | None:
    """Whether pain fell by the substantial threshold. None: not asked."""
    return None if evidence.nrs_better is None else evidence.nrs_better >= rules.nrs_substantial


def function_met(evidence: Evidence, rules: GateRules) -> bool | None:
    """Whether function improved enough, or the back is recovered. None: not asked."""
    if evidence.rmdq_now is None:
        return None
    if evidence.rmdq_now <= rules.rmdq_recovered:
        return True
    return None if evidence.rmdq_better is None else evidence.rmdq_better >= rules.rmdq_some


def impression_met(evidence: Evidence, rules: GateRules) -> bool | None:
    """Whether the patient feels better. None: not asked."""
    return None if evidence.pgic_now is None else evidence.pgic_now <= rules.pgic_good


def target_met(evidence: Evidence, rules: GateRules) -> bool:
    return all(met(evidence, rules) for met in (pain_met, function_met, impression_met))


def some_gain(evidence: Evidence, rules: GateRules) -> bool:
    pain = evidence.nrs_better is not None and evidence.nrs_better >= rules.nrs_some
    function = evidence.rmdq_points is not None and evidence.rmdq_points >= rules.rmdq_points
    return pain or function


def possible(evidence: Evidence) -> tuple[Decision, ...]:
    """The decisions that the course leaves open: going on needs a session left, an extension needs none."""
    if evidence.left:
        return (Decision.CONTINUE, Decision.RE_EVALUATE, Decision.COMPLETE, Decision.STOP)
    extend = (Decision.EXTEND,) if evidence.extra else ()
    return (*extend, Decision.COMPLETE, Decision.STOP)


def needs_reason(decision: str, suggestion: Suggestion) -> bool:
    """Stopping, re-evaluating and deciding against the suggestion are justified in words; so is an extension without one."""
    if decision in (Decision.STOP, Decision.RE_EVALUATE):
        return True
    if decision == Decision.EXTEND:
        return suggestion.decision != Decision.EXTEND
    return suggestion.decision is not None and decision != suggestion.decision


def snapshot(
    evidence: Evidence, suggestion: Suggestion, rules: GateRules, *, protocol_version: str, number: int
) -> dict[str, Any]:
    """What is kept with a decision: what the physician saw, the rule that fired, the thresholds and whose they are."""
    seen = {
        key: str(value) if isinstance(value, Decimal) else value for key, value in asdict(evidence).items()
    }
    return {
        "rule": str(suggestion.fired),
        "rule_version": VERSION,
        "seen": seen,
        "missing": list(evidence.missing),
        "thresholds": msgspec.to_builtins(rules),
        "protocol_version": protocol_version,
        "protocol_number": number,
    }
