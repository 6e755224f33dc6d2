"""Scores of outcome questionnaires from their answers. Pure functions; missing items as each instrument says.

A score that the missing-item rule forbids is refused by name of the missing item, never estimated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from treatments.enums import Instrument

Answers = Mapping[str, int | None]

RMDQ_ITEMS: Final = 24
PEG_ITEMS: Final = ("pain", "enjoyment", "activity")
_PEG_WORDS: Final = {
    "pain": gettext_lazy("pain"),
    "enjoyment": gettext_lazy("enjoyment"),
    "activity": gettext_lazy("activity"),
}


class Unscorable(ValueError):
    """The answers give no score: something is missing or out of range. The text may be shown."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The scale of one instrument: its ends, and whether more is better."""

    low: int
    high: int
    more_is_better: bool = False


SCALES: Final[Mapping[str, Scale]] = {
    Instrument.NRS: Scale(0, 10),
    Instrument.PEG: Scale(0, 10),
    Instrument.RMDQ: Scale(0, 24),
    Instrument.PGIC: Scale(1, 7),
    Instrument.SANE: Scale(0, 100, more_is_better=True),
}


def score(instrument: str, answers: Answers) -> Decimal:
    """The instrument's score, to one decimal. Raises Unscorable."""
    if instrument == Instrument.RMDQ:
        return rmdq(answers)
    if instrument == Instrument.PEG:
        return peg(answers)
    return Decimal(_within(answers.get("value"), SCALES[instrument], _("the answer")))


def rmdq(answers: Answers) -> Decimal:
    """RMDQ-24: the number of ticked statements, 0–24. Unticked or missing counts 0 (Roland & Morris 1983).

    Either `total`, copied from paper, or `1`…`24` with 1 for a tick.
    """
    if answers.get("total") is not None:
        return Decimal(_within(answers["total"], SCALES[Instrument.RMDQ], _("the number of ticks")))
    items = [answers.get(str(number)) or 0 for number in range(1, RMDQ_ITEMS + 1)]
    if any(item not in (0, 1) for item in items):
        raise Unscorable(_("A statement is ticked or it is not."))
    return Decimal(sum(items))


def peg(answers: Answers) -> Decimal:
    """PEG: the mean of three items, each 0–10; all three are required (Krebs 2009, J Gen Intern Med 24:733)."""
    total = sum(
        _within(answers.get(item), SCALES[Instrument.PEG], str(_PEG_WORDS[item])) for item in PEG_ITEMS
    )
    return (Decimal(total) / len(PEG_ITEMS)).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)


def percent_better(before: Decimal | None, now: Decimal | None) -> Decimal | None:
    """Per cent by which a complaint score (less is better) has fallen since `before`; None without a base."""
    if before is None or now is None or before == 0:
        return None
    return (100 * (before - now) / before).quantize(Decimal(1), rounding=ROUND_HALF_UP)


def _within(value: int | None, scale: Scale, what: str) -> int:
    if value is None:
        raise Unscorable(_("Missing: %(item)s.") % {"item": what})
    if not scale.low <= value <= scale.high:
        raise Unscorable(
            _("Between %(low)s and %(high)s: %(item)s.")
            % {"low": scale.low, "high": scale.high, "item": what}
        )
    return value
