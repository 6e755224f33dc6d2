"""What a session's readiness is made of: the facts that go in, the lines that come out, each with its state."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Final

from django.utils.formats import date_format

from treatments.clinical_rules import ClinicalRules, Level, ScreeningRule
from treatments.policies.medicines import Taken

GRAVITY: Final = {Level.WARN: 0, Level.REVIEW: 1, Level.BLOCK: 2}


class Part(StrEnum):
    """Where a line stands on the page."""

    BOOKING = "booking"
    MEDICINES = "medicines"
    CONSENT = "consent"
    DAY = "day"


class State(StrEnum):
    CLEAR = "clear"
    OPEN = "open"
    FIRED = "fired"


class Mender(StrEnum):
    """Who can settle a line."""

    NURSE = "nurse"
    PHYSICIAN = "physician"


class Result(StrEnum):
    READY = "ready"
    OPEN = "open"
    REVIEW = "review"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Given:
    """The newest answer to one rule. `by` is a name to show."""

    key: str
    value: str
    number: Decimal | None
    measured_on: dt.date
    note: str = ""
    by: str = ""
    at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Ruled:
    """A physician's word on one line."""

    code: str
    basis: str
    reason: str
    by: str = ""
    at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class ConsentFact:
    """The newest consent of the course, withdrawn or not."""

    key: str
    given_on: dt.date
    given_at: dt.datetime
    is_withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """All that one session's readiness rests on."""

    rules: ClinicalRules
    session_key: str
    session_day: dt.date
    today: dt.date
    booking: Mapping[str, Given] = field(default_factory=dict)
    day: Mapping[str, Given] = field(default_factory=dict)
    taken: Sequence[Taken] = ()
    medicines_asked: bool = False
    consent: ConsentFact | None = None
    consent_since: dt.datetime | None = None
    """Where an extension asks for a fresh consent: when the course was extended."""
    rulings: Iterable[Ruled] = ()
    sex: str = ""
    diagnosis_code: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the page, judged. `words` says it whole, with the value; `title` names it."""

    code: str
    title: str
    part: Part
    level: Level
    state: State
    words: str
    basis: str
    mender: Mender
    unit: str = ""
    rules: tuple[ScreeningRule, ...] = ()
    given: Given | None = None
    ruled: Ruled | None = None

    @property
    def stands(self) -> bool:
        """Whether it keeps the session from being cleared."""
        if self.ruled is not None or self.state == State.CLEAR:
            return False
        return self.state == State.OPEN or self.level != Level.WARN

    @property
    def stops_draw(self) -> bool:
        """Whether no blood is drawn: a block that fired, or one that nobody looked at on the day."""
        if not self.stands or self.level != Level.BLOCK:
            return False
        return self.state == State.FIRED or self.part != Part.BOOKING

    @property
    def is_early(self) -> bool:
        """Whether it can and should be settled before the day."""
        return self.part in (Part.BOOKING, Part.MEDICINES)

    @property
    def is_pointed_out(self) -> bool:
        return self.state == State.FIRED and self.level == Level.WARN


@dataclass(frozen=True, slots=True)
class Readiness:
    """Every line of one session."""

    lines: tuple[Line, ...]

    def of(self, part: str) -> list[Line]:
        return [line for line in self.lines if line.part == part]

    def line(self, code: str) -> Line | None:
        return next((line for line in self.lines if line.code == code), None)

    @property
    def standing(self) -> list[Line]:
        """What keeps the session from being cleared, gravest first."""
        return sorted((line for line in self.lines if line.stands), key=_urgency)

    @property
    def stops(self) -> list[Line]:
        return [line for line in self.standing if line.stops_draw]

    @property
    def early(self) -> list[Line]:
        return [line for line in self.standing if line.is_early]

    @property
    def result(self) -> Result:
        fired = {line.level for line in self.standing if line.state == State.FIRED}
        if Level.BLOCK in fired:
            return Result.BLOCKED
        if Level.REVIEW in fired:
            return Result.REVIEW
        return Result.OPEN if self.standing else Result.READY


def _urgency(line: Line) -> tuple[int, int]:
    return (-GRAVITY[line.level] if line.state == State.FIRED else 1, -GRAVITY[line.level])


def day_words(day: dt.date) -> str:
    """As a line says it."""
    return date_format(day, "D j M Y")
