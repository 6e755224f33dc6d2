"""What a patient sees one after the other: one question a screen, short lists of statements to tick."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from treatments.instruments import Definition, Item, ItemKind
from treatments.instruments.definition import in_language
from treatments.models import AnswerSheet

TICKS_A_SCREEN = 6


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer that can be tapped."""

    value: int
    words: str
    checked: bool


@dataclass(frozen=True, slots=True)
class Question:
    """One item in the patient's language, with what was answered."""

    name: str
    kind: str
    words: str
    low: int
    high: int
    low_words: str
    high_words: str
    choices: list[Choice]
    value: int | None


@dataclass(frozen=True, slots=True)
class Screen:
    number: int
    title: str
    instruction: str
    instrument: str
    items: tuple[Item, ...]
    questions: list[Question]

    @property
    def is_answered(self) -> bool:
        return all(question.value is not None for question in self.questions)


def build(sheets: Sequence[AnswerSheet], known: Mapping[str, Definition], *, language: str) -> list[Screen]:
    """The screens of everything that is open, each question once however many sheets ask for it."""
    found: list[Screen] = []
    for code in dict.fromkeys(code for sheet in sheets for code in sheet.instruments if code in known):
        definition, given = known[code], _given(sheets, code)
        for items in _chunks(definition.items):
            found.append(
                Screen(
                    number=len(found) + 1,
                    title=in_language(definition.name, language),
                    instruction=in_language(definition.instruction, language),
                    instrument=code,
                    items=items,
                    questions=[_question(code, item, given.get(item.code), language) for item in items],
                )
            )
    return found


def minutes(sheets: Sequence[AnswerSheet], known: Mapping[str, Definition]) -> int:
    """What the patient is told that it takes."""
    return sum(
        known[code].minutes
        for code in {code for sheet in sheets for code in sheet.instruments}
        if code in known
    )


def read(screen: Screen, sent: Mapping[str, str]) -> tuple[dict[str, int], bool]:
    """The answers in what was sent, by item, and whether all of it can be read. A statement without a tick is a no."""
    values: dict[str, int] = {}
    readable = True
    for item in screen.items:
        text = sent.get(f"{screen.instrument}.{item.code}", "").strip()
        if item.kind == ItemKind.TICK:
            values[item.code] = int(text == "1")
        elif text:
            value = int(text) if text.isdecimal() and len(text) < 5 else None
            if value in item.values and value is not None:
                values[item.code] = value
            else:
                readable = False
    return values, readable


def _given(sheets: Sequence[AnswerSheet], code: str) -> Mapping[str, int]:
    given: dict[str, int] = {}
    for sheet in sheets:
        given = {**sheet.answers.get(code, {}), **given}
    return given


def _chunks(items: Sequence[Item]) -> Iterator[tuple[Item, ...]]:
    """Ticks in short lists, everything else alone."""
    waiting: list[Item] = []
    for item in items:
        if item.kind == ItemKind.TICK:
            waiting.append(item)
            if len(waiting) == TICKS_A_SCREEN:
                yield tuple(waiting)
                waiting = []
            continue
        if waiting:
            yield tuple(waiting)
            waiting = []
        yield (item,)
    if waiting:
        yield tuple(waiting)


def _question(code: str, item: Item, value: int | None, language: str) -> Question:
    choices = []
    if item.kind == ItemKind.CHOICE:
        choices = [
            Choice(option.value, in_language(option.words, language), option.value == value)
            for option in item.options
        ]
    elif item.kind == ItemKind.SCALE:
        choices = [Choice(step, str(step), step == value) for step in item.values]
    return Question(
        name=f"{code}.{item.code}",
        kind=item.kind.value,
        words=in_language(item.words, language),
        low=item.low,
        high=item.high,
        low_words=in_language(item.low_words, language),
        high_words=in_language(item.high_words, language),
        choices=choices,
        value=value,
    )
