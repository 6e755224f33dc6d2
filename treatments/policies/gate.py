"""The gate before a repeat: what the evidence suggests. The software suggests, the physician decides and signs.

Thresholds: NRS falls by 30 % (some gain) or 50 % (substantial; Dworkin 2008), RMDQ by 5 points or 30 %
(Ostelo 2008), recovered at RMDQ ≤ 2, PGIC 1–2 (Farrar 2001).
"""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from treatments.enums import Decision
from treatments.scoring import percent_better


@dataclass(frozen=True, slots=True)
class Evidence:
    """First and latest scores of a course, None where nobody asked, and what else decides."""

    nrs_before: Decimal | None = None
    nrs_now: Decimal | None = None
    rmdq_before: Decimal | None = None
    rmdq_now: Decimal | None = None
    pgic_now: Decimal | None = None
    injected: int = 0
    left: int = 0
    grave_event: bool = False

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


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A decision and the rule that led to it, or no decision and why there is none."""

    decision: Decision | None
    rule: str


def suggest(evidence: Evidence) -> Suggestion:
    """The first rule that holds, gravest first."""
    if evidence.grave_event:
        return Suggestion(
            Decision.STOP, _("A serious adverse event, or one of grade 3 or more, is on record.")
        )
    if evidence.nrs_better is None and evidence.rmdq_better is None:
        return Suggestion(
            None, _("No suggestion: pain or function was not asked both before the course and now.")
        )
    if _target_met(evidence):
        return Suggestion(
            Decision.COMPLETE,
            _(
                "Pain fell by at least 50 %, function improved by at least 30 %, and the patient feels much improved."
            ),
        )
    if evidence.left == 0:
        return Suggestion(Decision.COMPLETE, _("All planned sessions are done."))
    if _some_gain(evidence):
        return Suggestion(
            Decision.CONTINUE,
            _("Some gain (pain down by at least 30 % or RMDQ by at least 5), target not met, sessions left."),
        )
    if evidence.injected >= 2:
        return Suggestion(
            Decision.RE_EVALUATE,
            _("Less than 30 % change after two sessions: re-evaluate before going on."),
        )
    return Suggestion(Decision.CONTINUE, _("Little change so far, and fewer than two sessions done."))


def _target_met(evidence: Evidence) -> bool:
    pain = evidence.nrs_better is not None and evidence.nrs_better >= 50
    recovered = evidence.rmdq_now is not None and evidence.rmdq_now <= 2
    function = recovered or (evidence.rmdq_better is not None and evidence.rmdq_better >= 30)
    impression = evidence.pgic_now is not None and evidence.pgic_now <= 2
    return pain and function and impression


def _some_gain(evidence: Evidence) -> bool:
    pain = evidence.nrs_better is not None and evidence.nrs_better >= 30
    function = evidence.rmdq_points is not None and evidence.rmdq_points >= 5
    return pain or function


def needs_reason(decision: str, suggestion: Suggestion) -> bool:
    """Stopping, re-evaluating and deciding against the suggestion are justified in words."""
    if decision in (Decision.STOP, Decision.RE_EVALUATE):
        return True
    return suggestion.decision is not None and decision != suggestion.decision
