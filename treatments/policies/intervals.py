"""Days between the sessions of a course. Procedure date to procedure date, in the site's calendar."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

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
    max_days: int = 10_000
    is_overridable: bool = True
    """Whether a physician may go below `block_days`, with a reason."""


@dataclass(frozen=True, slots=True)
class Verdict:
    level: RefusalLevel
    code: str
    words: str


TOO_SOON = "interval_blocked"
SOON = "interval_warned"
LONG = "interval_exceeded"
OUT_OF_ORDER = "session_out_of_order"
LAPSED = "approval_lapsed"


def interval(number: int, day: dt.date, neighbours: Iterable[Neighbour], limits: Limits) -> Verdict | None:
    """The gravest objection to having session `number` on that day, or None.

    A cancelled or not-done session is no neighbour: it does not reset the interval. The longest interval is measured to
    the nearest neighbours only, once for each step in the numbers, so that a session not booked yet keeps its room.
    """
    neighbours = list(neighbours)
    found: list[Verdict] = []
    for other in neighbours:
        days = (day - other.day).days if other.number < number else (other.day - day).days
        if days <= 0:
            return Verdict(RefusalLevel.BLOCK, OUT_OF_ORDER, _misplaced(number, other))
        apart = _apart(days, number, other)
        if days < limits.block_days:
            words = _("Only %(apart)s: the protocol refuses fewer than %(limit)s days.") % {
                "apart": apart,
                "limit": limits.block_days,
            }
            found.append(Verdict(RefusalLevel.BLOCK, TOO_SOON, words))
        elif days < limits.warn_days:
            words = _("Only %(apart)s: the protocol advises at least %(limit)s days.") % {
                "apart": apart,
                "limit": limits.warn_days,
            }
            found.append(Verdict(RefusalLevel.WARN, SOON, words))
    for other in _nearest(number, neighbours):
        days, steps = abs((day - other.day).days), abs(number - other.number)
        if days > limits.max_days * steps:
            words = _("It is %(apart)s: the protocol advises at most %(limit)s days.") % {
                "apart": _apart(days, number, other),
                "limit": limits.max_days * steps,
            }
            found.append(Verdict(RefusalLevel.WARN, LONG, words))
    return min(found, key=lambda verdict: verdict.level != RefusalLevel.BLOCK, default=None)


def approval(
    number: int, day: dt.date, approved_on: dt.date, neighbours: Iterable[Neighbour], limits: Limits
) -> Verdict | None:
    """An approval lapses so many days after the session before; after that the patient is screened anew."""
    since = max([approved_on, *(other.day for other in neighbours if other.number < number)])
    if (day - since).days <= limits.approval_days:
        return None
    words = _("The approval lapses %(days)s days after the last session: new screening is needed.") % {
        "days": limits.approval_days
    }
    return Verdict(RefusalLevel.BLOCK, LAPSED, words)


def _nearest(number: int, neighbours: list[Neighbour]) -> list[Neighbour]:
    """The neighbour before and the one after, where there are any."""
    before = [other for other in neighbours if other.number < number]
    after = [other for other in neighbours if other.number > number]
    by_number = attrgetter("number")
    return [*sorted(before, key=by_number)[-1:], *sorted(after, key=by_number)[:1]]


def _misplaced(number: int, other: Neighbour) -> str:
    if other.number < number:
        words = _("Session %(number)s must come after session %(other)s (%(day)s).")
    else:
        words = _("Session %(number)s must come before session %(other)s (%(day)s).")
    return words % {"number": number, "other": other.number, "day": date_format(other.day, "D j M")}


def _apart(days: int, number: int, other: Neighbour) -> str:
    """The part of a sentence that says how far from the other session."""
    if other.number < number:
        words = ngettext(
            "%(days)s day after session %(other)s", "%(days)s days after session %(other)s", days
        )
    else:
        words = ngettext(
            "%(days)s day before session %(other)s", "%(days)s days before session %(other)s", days
        )
    return words % {"days": days, "other": other.number}
