"""What a medicine asks before a session: a last dose no later than a day, the prescriber's decision, or nothing.

Anticoagulants and antiplatelets never yield a day and no advice, whatever a table says: their prescriber decides.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from treatments.clinical_rules import ClinicalRules, MedicineHold
from treatments.enums import MedicineKind, MedicinePlan

_PRESCRIBED = {str(MedicineKind.ANTICOAGULANT), str(MedicineKind.ANTIPLATELET)}
_FREE = {str(MedicineKind.ALLOWED), str(MedicineKind.OTHER)}


class Asks(StrEnum):
    """What is to be done about a medicine before a session."""

    NOTHING = "nothing"
    HOLD = "hold"
    PRESCRIBER = "prescriber"
    PHYSICIAN = "physician"
    """The protocol's table does not know it: a physician decides."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One medicine of a patient, as far as the rules need it."""

    id: UUID
    version: int
    name: str
    group: str
    last_dose_on: dt.date | None = None
    plan: str = MedicinePlan.TABLE
    is_decided: bool = False
    """Whether its prescriber's decision is on record for the course."""


@dataclass(frozen=True, slots=True)
class Hold:
    """The answer for one medicine. `last_day`: the last dose is taken on this day or earlier."""

    asks: Asks
    days: int | None = None
    last_day: dt.date | None = None
    rule: MedicineHold | None = None
    """The line of the protocol's table that it rests on, with its source."""


def line_of(name: str, rules: ClinicalRules) -> MedicineHold | None:
    """The table's line for a medicine, by its name without regard to case."""
    wanted = name.strip().casefold()
    return next((line for line in rules.medicines if line.name.casefold() == wanted), None)


def group_of(name: str, rules: ClinicalRules) -> str:
    """The kind that the table knows for this name, empty where it does not know it."""
    line = line_of(name, rules)
    return str(line.group) if line is not None else ""


def hold(*, name: str, group: str, session_day: dt.date, rules: ClinicalRules) -> Hold:
    """What this medicine asks before a session on that day.

    An NSAID is held for the longer of the protocol's floor and its line. Days are calendar days back from the day of
    the session: 7 days before Monday the 16th is Monday the 9th.
    """
    line = line_of(name, rules)
    kind = str(line.group) if line is not None else group
    days = line.stop_days if line is not None else None
    if {group, kind} & _PRESCRIBED:
        return Hold(Asks.PRESCRIBER, rule=line)
    if kind in _FREE:
        return Hold(Asks.NOTHING, rule=line)
    if kind == MedicineKind.NSAID:
        days = max(rules.limits.nsaid_floor_days, days or 0)
    if days is None:
        return Hold(Asks.PRESCRIBER if line is not None else Asks.PHYSICIAN, rule=line)
    return Hold(Asks.HOLD, days, session_day - dt.timedelta(days=days), line)


class Kept(StrEnum):
    """How a hold stands today."""

    KEPT = "kept"
    TO_COME = "to_come"
    LATE = "late"
    """A dose was taken after the last day."""
    UNKNOWN = "unknown"
    """The last day is past, and nobody wrote down the last dose."""


def kept(hold: Hold, *, last_dose_on: dt.date | None, today: dt.date) -> Kept:
    """How the hold stands: only a recorded last dose counts, a plan does not."""
    if hold.last_day is None:
        return Kept.KEPT
    if last_dose_on is not None and last_dose_on > hold.last_day:
        return Kept.LATE
    if today <= hold.last_day:
        return Kept.TO_COME
    return Kept.KEPT if last_dose_on is not None else Kept.UNKNOWN


def earliest(taken: Iterable[Taken], *, rules: ClinicalRules, today: dt.date) -> dt.date | None:
    """The first day on which every hold that was not begun could still be kept; None where nothing waits.

    A hold has begun when a last dose is on record: from that day it runs, otherwise from today.
    """
    first: dt.date | None = None
    for medicine in taken:
        if medicine.plan == MedicinePlan.CONTINUE:
            continue
        found = hold(name=medicine.name, group=medicine.group, session_day=today, rules=rules)
        if found.days is None:
            continue
        day = (medicine.last_dose_on or today) + dt.timedelta(days=found.days)
        first = max(first or day, day)
    return first


def awaits_prescriber(medicine: Taken, rules: ClinicalRules) -> bool:
    """Whether the prescriber of this medicine has still to decide."""
    found = hold(name=medicine.name, group=medicine.group, session_day=dt.date(2000, 1, 1), rules=rules)
    return found.asks == Asks.PRESCRIBER and not medicine.is_decided
