"""When the mails of the recovery week are due."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from clinic import clock

MORNING = dt.time(9)
AFTER_INJECTION = dt.timedelta(hours=2)
BEFORE_QUIET = dt.timedelta(minutes=15)

KINDS = {
    0: "treatments.recovery_day_0",
    1: "treatments.recovery_day_1",
    3: "treatments.recovery_day_3",
    7: "treatments.recovery_day_7",
}
"""Kind of message by the first day that it suits, until the next one begins. The days are the protocol's (ADR 32)."""
LATEST_DAY = 42
"""No mail of a recovery week is planned for a later day."""


@dataclass(frozen=True, slots=True)
class Due:
    """One mail: never started at or after `expires`."""

    day: int
    kind: str
    due: dt.datetime
    expires: dt.datetime


def kind_for(day: int) -> str:
    """The text that suits a day of the recovery week: that of the latest listed day not after it."""
    return KINDS[max(first for first in KINDS if first <= day)]


def about(session_id: object, day: int) -> str:
    """The fact that a recovery mail tells."""
    return f"session:{session_id}:day:{day}"


def session_of(about: str) -> str:
    """The session's key in what `about` wrote."""
    return about.split(":")[1]


def week(
    injected_at: dt.datetime, *, days: Sequence[int], zone: ZoneInfo, quiet_from: dt.time, now: dt.datetime
) -> list[Due]:
    """The mails of one recovery week that can still be of use.

    The day's own mail comes two hours after the injection, or just before the quiet hours if that is
    earlier; the others at nine. Each expires with its day, because its advice is for that day; the last
    one may come a day late.
    """
    first = injected_at.astimezone(zone).date()
    found: list[Due] = []
    for day in sorted(set(days)):
        date = first + dt.timedelta(days=day)
        due = clock.local(date, MORNING, zone)
        if day == 0:
            due = injected_at + AFTER_INJECTION
            quiet = clock.local(date, quiet_from, zone)
            if injected_at < quiet - BEFORE_QUIET:
                due = min(due, quiet - BEFORE_QUIET)
        late = 2 if day == max(days) else 1
        expires = clock.local(date + dt.timedelta(days=late), dt.time(0), zone)
        if due < expires and expires > now:
            found.append(Due(day=day, kind=kind_for(day), due=due, expires=expires))
    return found
