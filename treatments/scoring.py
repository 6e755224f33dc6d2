"""Scores of the questionnaires that come with the software, and how far a complaint has fallen. Pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from treatments import instruments
from treatments.instruments import BUILTIN, Answers, Unscorable

__all__ = ["PEG_ITEMS", "RMDQ_ITEMS", "SCALES", "Scale", "Unscorable", "percent_better", "score"]

PEG_ITEMS: Final = tuple(BUILTIN["peg"].by_code)
RMDQ_ITEMS: Final = len(BUILTIN["rmdq"].items)


@dataclass(frozen=True, slots=True)
class Scale:
    """The scale of one instrument: its ends, and whether more is better."""

    low: int
    high: int
    more_is_better: bool = False


SCALES: Final[Mapping[str, Scale]] = {
    code: Scale(int(one.low), int(one.high), one.more_is_better) for code, one in BUILTIN.items()
}


def score(instrument: str, answers: Answers) -> Decimal:
    """The score of one of the five. Raises Unscorable."""
    return instruments.score(BUILTIN[instrument], answers)


def percent_better(before: Decimal | None, now: Decimal | None) -> Decimal | None:
    """Per cent by which a complaint score (less is better) has fallen since `before`; None without a base."""
    if before is None or now is None or before == 0:
        return None
    return (100 * (before - now) / before).quantize(Decimal(1), rounding=ROUND_HALF_UP)
