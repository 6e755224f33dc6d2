"""Days between the sessions of a course. Procedure date to procedure date, in the site's calendar."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from scheduling.enums import RefusalLevel


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another session of the course: where it stands in the series and on which day it was or will be."""

    number: int
    day: dt.date
    done: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """A protocol version's limits in whole days."""

    warn_days: int
    block_days: int
    approval_days: int


@dataclass(frozen=True, slots=True)
class Verdict:
    level: RefusalLevel
    code: str
    words: str


TOO_SOON = "interval_blocked"
SOON = "interval_warned"
OUT_OF_ORDER = "session_out_of_order"
LAPSED = "approval_lapsed"


def interval(number: int, day: dt.date, neighbours: Iterable[Neighbour], limits: Limits) -> Verdict | None:
    """The gravest objection to having session `number` on that day, or None.

    A cancelled or not-done session is no neighbour: it does not reset the interval.
    """
    found: list[Verdict] = []
    for other in neighbours:
        days = (day - other.day).days if other.number < number else (other.day - day).days
        if days <= 0:
            where = "after" if other.number < number else "before"
            words = f"Session {number} must come {where} session {other.number} ({_day(other.day)})."
            return Verdict(RefusalLevel.BLOCK, OUT_OF_ORDER, words)
        apart = f"{days} {'day' if days == 1 else 'days'} {'after' if other.number < number else 'before'} session {other.number}"
        if days < limits.block_days:
            words = f"Only {apart}: the protocol refuses fewer than {limits.block_days} days."
            found.append(Verdict(RefusalLevel.BLOCK, TOO_SOON, words))
        elif days < limits.warn_days:
            words = f"Only {apart}: the protocol advises at least {limits.warn_days} days."
            found.append(Verdict(RefusalLevel.WARN, SOON, words))
    return min(found, key=lambda verdict: verdict.level != RefusalLevel.BLOCK, default=None)


def approval(
    number: int, day: dt.date, approved_on: dt.date, neighbours: Iterable[Neighbour], limits: Limits
) -> Verdict | None:
    """An approval lapses so many days after the session before; after that the patient is screened anew."""
    since = max([approved_on, *(other.day for other in neighbours if other.number < number)])
    if (day - since).days <= limits.approval_days:
        return None
    words = (
        f"The approval lapses {limits.approval_days} days after the last session: new screening is needed."
    )
    return Verdict(RefusalLevel.BLOCK, LAPSED, words)


def _day(day: dt.date) -> str:
    return f"{day:%a} {day.day} {day:%b}"
