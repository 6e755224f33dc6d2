"""Scores from answers. Pure functions; missing items as each instrument says.

A score that the missing-item rule forbids is refused by name of the missing item, never estimated.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from treatments.instruments.definition import Blank, Definition, Item, Scoring, ScoringKind, in_language

Answers = Mapping[str, int | None]
TOTAL = "total"


class Unscorable(ValueError):
    """The answers give no score: something is missing or out of range. The text may be shown."""


def check_item(definition: Definition, code: str, value: int) -> None:
    """Raises Unscorable for an item that there is not, or an answer that it does not have."""
    item = definition.by_code.get(code)
    if item is None:
        raise Unscorable(_("There is no such question."))
    if value in item.values:
        return
    if isinstance(item.values, range):
        raise Unscorable(
            _("Between %(low)s and %(high)s: %(item)s.")
            % {"low": item.low, "high": item.high, "item": _named(item)}
        )
    raise Unscorable(_("Choose one of the answers: %(item)s.") % {"item": _named(item)})


def is_complete(definition: Definition, answers: Answers) -> bool:
    """Whether every question has its answer, also those beside the score."""
    return all(answers.get(item.code) is not None for item in definition.items)


def score(definition: Definition, answers: Answers) -> Decimal:
    """The score, to the decimals of its instrument. Raises Unscorable."""
    how = definition.scoring
    if how.total and answers.get(TOTAL) is not None:
        return _total(definition, answers[TOTAL])
    given = _given(definition, answers)
    found = _by_kind(how, definition, given)
    return found.quantize(Decimal(1).scaleb(-how.decimals), rounding=ROUND_HALF_UP)


def _given(definition: Definition, answers: Answers) -> dict[str, int]:
    """The scored items that were answered, each checked, after the missing-item rule has agreed."""
    given: dict[str, int] = {}
    missing: list[Item] = []
    for item in definition.scored:
        value = answers.get(item.code)
        if value is not None:
            check_item(definition, item.code, value)
            given[item.code] = value
        elif definition.scoring.blank == Blank.ZERO:
            given[item.code] = 0
        else:
            missing.append(item)
    least = definition.scoring.least or len(definition.scored)
    if len(given) < least:
        raise Unscorable(_("Missing: %(item)s.") % {"item": "; ".join(map(_named, missing))})
    return given


def _by_kind(how: Scoring, definition: Definition, given: Mapping[str, int]) -> Decimal:
    total = Decimal(sum(given.values()))
    if how.kind in (ScoringKind.VALUE, ScoringKind.SUM):
        return total
    if how.kind == ScoringKind.MEAN:
        return total / len(given)
    if how.kind == ScoringKind.PERCENT:
        return 100 * total / sum(max(definition.by_code[code].values) for code in given)
    if how.kind == ScoringKind.LOOKUP:
        prorated = (total * len(definition.scored) / len(given)).quantize(Decimal(1), rounding=ROUND_HALF_UP)
        return how.table[str(prorated)]
    return how.constant + sum((how.weights[code][str(value)] for code, value in given.items()), Decimal(0))


def _total(definition: Definition, value: int | None) -> Decimal:
    if value is None or not definition.low <= value <= definition.high:
        ends = {"low": definition.low, "high": definition.high, "item": _("the number of ticks")}
        raise Unscorable(_("Between %(low)s and %(high)s: %(item)s.") % ends)
    return Decimal(value)


def _named(item: Item) -> str:
    """The question, short: its first words in the reader's language."""
    words = in_language(item.label or item.words, get_language() or "en")
    return words if len(words) <= 60 else words[:59].rstrip() + "…"
