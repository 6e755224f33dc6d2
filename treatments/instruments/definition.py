"""The shape of a questionnaire's definition, and what a definition must fulfil before anybody is asked by it."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any

import msgspec
from django.utils.translation import gettext as _
from msgspec import Meta, Struct, field

Code = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_]{0,39}$")]
Words = Annotated[str, Meta(min_length=1, max_length=400)]
Value = Annotated[int, Meta(ge=-1000, le=1000)]
FALLBACK = "en"
_MOST_ITEMS = 80
_LARGEST = 200_000
"""Characters of a document that a manager loads."""


class DefinitionError(ValueError):
    """A document that is no usable definition. The text names the place and may be shown."""


class ItemKind(StrEnum):
    """How an item is answered: a row of numbers, a number typed, one of several sentences, a statement ticked or not."""

    SCALE = "scale"
    NUMBER = "number"
    CHOICE = "choice"
    TICK = "tick"


class ScoringKind(StrEnum):
    """How the items become the score; blanks are left out of each, unless `blank` says that they count as nothing."""

    VALUE = "value"
    SUM = "sum"
    MEAN = "mean"
    PERCENT = "percent"
    LOOKUP = "lookup"
    WEIGHTS = "weights"


class Blank(StrEnum):
    """What an item without an answer is: missing, or nought."""

    MISSING = "missing"
    ZERO = "zero"


class Translation(StrEnum):
    ORIGINAL = "original"
    OFFICIAL = "official"
    WORKING = "working"


class Option(Struct, frozen=True, forbid_unknown_fields=True):
    value: Value
    words: dict[str, Words]


class Item(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One question. `low_words` and `high_words` stand at the ends of a scale."""

    code: Code
    kind: ItemKind = ItemKind.SCALE
    words: dict[str, Words]
    label: dict[str, Words] = field(default_factory=dict)
    """The question in a word or two, where staff read of it."""
    low: Value = 0
    high: Value = 10
    low_words: dict[str, Words] = field(default_factory=dict)
    high_words: dict[str, Words] = field(default_factory=dict)
    options: tuple[Option, ...] = ()
    scored: bool = True
    """False for what is asked beside the score, such as a health thermometer."""

    @property
    def values(self) -> range | tuple[int, ...]:
        """Every answer that there is."""
        if self.kind == ItemKind.TICK:
            return (0, 1)
        if self.kind == ItemKind.CHOICE:
            return tuple(option.value for option in self.options)
        return range(self.low, self.high + 1)


class Scoring(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`least`: so many scored items must be answered, all of them where it is absent.

    percent: 100 × sum / highest sum of the items answered. lookup: the sum, prorated to all items and rounded, is
    looked up in `table`. weights: `constant` plus the weight of each answer, every item's in `weights`.
    """

    kind: ScoringKind
    blank: Blank = Blank.MISSING
    least: Annotated[int, Meta(ge=1)] | None = None
    decimals: Annotated[int, Meta(ge=0, le=3)] = 1
    table: dict[str, Decimal] = field(default_factory=dict)
    constant: Decimal = Decimal(0)
    weights: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    total: bool = False
    """Whether a sum counted on paper may be entered in place of the items, as `total`."""


class Definition(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, dict=True):
    """One questionnaire. `minutes` is what the patient is told that it takes."""

    code: Code
    version: Annotated[int, Meta(ge=1)] = 1
    name: dict[str, Words]
    short: Annotated[str, Meta(min_length=1, max_length=20)]
    instruction: dict[str, Annotated[str, Meta(min_length=1, max_length=1000)]]
    minutes: Annotated[int, Meta(ge=1, le=60)] = 1
    items: tuple[Item, ...]
    scoring: Scoring
    low: Decimal
    high: Decimal
    more_is_better: bool = False
    licence: Words
    translations: dict[str, Translation] = field(default_factory=dict)

    @cached_property
    def by_code(self) -> Mapping[str, Item]:
        return {item.code: item for item in self.items}

    @cached_property
    def scored(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.scored)


def in_language(words: Mapping[str, str], language: str) -> str:
    """The words in this language, in English where there are none, else in whatever there is; empty without any."""
    return words.get(language) or words.get(FALLBACK) or next(iter(words.values()), "")


def load(document: Mapping[str, Any]) -> Definition:
    """The document in its shape, checked for everything that scoring relies on. Raises DefinitionError."""
    try:
        definition = msgspec.convert(document, Definition, strict=False)
    except msgspec.ValidationError as error:
        raise DefinitionError(str(error)) from error
    for problem in _problems(definition):
        raise DefinitionError(problem)
    return definition


def read(text: str) -> dict[str, Any]:
    """A document as JSON text. Raises DefinitionError."""
    if len(text) > _LARGEST:
        raise DefinitionError(_("This is too long for a questionnaire."))
    try:
        document = msgspec.json.decode(text.encode())
    except (msgspec.DecodeError, UnicodeError) as error:
        raise DefinitionError(_("This is not JSON: %(where)s") % {"where": error}) from error
    if "\\u0000" in text:
        raise DefinitionError(_("It holds characters that no text has."))
    if not isinstance(document, dict):
        raise DefinitionError(_("A definition is one JSON object in braces."))
    return document


def _problems(definition: Definition) -> Iterator[str]:
    codes = [item.code for item in definition.items]
    if not 0 < len(codes) <= _MOST_ITEMS:
        yield _("Between 1 and %(most)s items.") % {"most": _MOST_ITEMS}
    for code in {code for code in codes if codes.count(code) > 1}:
        yield _("The item “%(code)s” stands there twice.") % {"code": code}
    if "total" in codes:
        yield _("No item may be called “total”.")
    if definition.low >= definition.high:
        yield _("The scale's lower end must lie below its upper end.")
    for item in definition.items:
        yield from _item_problems(item)
    yield from _scoring_problems(definition)


def _item_problems(item: Item) -> Iterator[str]:
    named = {"code": item.code}
    if not item.words:
        yield _("The item “%(code)s” has no words.") % named
    if (item.kind == ItemKind.CHOICE) != bool(item.options):
        yield _("The item “%(code)s”: options belong to a choice, and a choice needs them.") % named
    if len(set(item.values)) != len(item.values) or len(item.values) < 2:
        yield _("The item “%(code)s” needs at least two answers, each with a value of its own.") % named
    if item.kind == ItemKind.SCALE and len(item.values) > 21:
        yield _("The item “%(code)s”: a scale has at most 21 steps; use a number.") % named


def _scoring_problems(definition: Definition) -> Iterator[str]:
    scoring, items = definition.scoring, definition.scored
    if not items:
        yield _("No item is scored.")
        return
    if scoring.least is not None and scoring.least > len(items):
        yield _("More items must be answered than there are.")
    if scoring.kind == ScoringKind.VALUE and len(items) != 1:
        yield _("A score that is the answer itself has exactly one item.")
    if scoring.total and scoring.kind != ScoringKind.SUM:
        yield _("A total from paper can stand only for a sum.")
    if scoring.kind == ScoringKind.PERCENT and any(max(item.values) <= 0 for item in items):
        yield _("Each item of a percentage needs an answer above 0.")
    if scoring.kind == ScoringKind.LOOKUP:
        low, high = (sum(end(item.values) for item in items) for end in (min, max))
        missing = [raw for raw in range(low, high + 1) if str(raw) not in scoring.table]
        if missing:
            yield _("The table has no line for the sum %(sum)s.") % {"sum": missing[0]}
    if scoring.kind == ScoringKind.WEIGHTS:
        for item in items:
            known = scoring.weights.get(item.code, {})
            for value in item.values:
                if str(value) not in known:
                    yield _("No weight for answer %(value)s of item “%(code)s”.") % {
                        "value": value,
                        "code": item.code,
                    }
