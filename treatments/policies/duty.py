"""Who looks at a red flag, and by when: pure arithmetic over the hours in which somebody is there.

While somebody is there the clock runs at once, and ends before the house closes: a call that is due the same day is made
that day. While nobody is there it begins when the house opens again; until then the patient's own page names who to call.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from clinic.enums import Role
from scheduling.intervals import Interval, Intervals, instant, minute, minute_up, union

ORDER: Final = (Role.NURSE, Role.PHYSICIAN, Role.MANAGER)
"""Who is asked first, and to whom it goes when the clock runs out."""
_BREAK: Final = 120
"""Minutes: a shorter gap in the opening hours is a lunch break, in which the house is not left."""
_AT_LEAST: Final = 15
"""Minutes that whoever is there has in any case, however soon the house closes."""


@dataclass(frozen=True, slots=True)
class Duty:
    """Minutes since the epoch in which the site is open, and in which people of each role are there."""

    open: Intervals
    there: Mapping[Role, Intervals] = field(default_factory=dict)

    def stretch(self, at: dt.datetime) -> Interval | None:
        """The working day that is under way at this instant, else the next one; None where none is known."""
        now = minute(at)
        return next((part for part in _days(self.open) if part[1] > now), None)

    def is_staffed(self, at: dt.datetime) -> bool:
        """Whether somebody may be expected to read what comes in."""
        part = self.stretch(at)
        return part is not None and part[0] <= minute(at)

    def starts(self, at: dt.datetime) -> dt.datetime:
        """When the clock of something that comes in now begins: at once, or when the house opens again.

        Where no opening hours are known it begins at once, so that nothing waits for ever.
        """
        part = self.stretch(at)
        return at if part is None or part[0] <= minute(at) else instant(part[0])

    def ends(self, at: dt.datetime) -> dt.datetime | None:
        """When the working day that is under way, or the next one, is over."""
        part = self.stretch(at)
        return instant(part[1]) if part else None


def due(duty: Duty, *, at: dt.datetime, minutes: int) -> dt.datetime:
    """By when it must be looked at: `minutes` after the clock begins, or at closing time if that is earlier."""
    begin = duty.starts(at)
    wanted = begin + dt.timedelta(minutes=minutes)
    closing = duty.ends(begin)
    if closing is None or closing >= wanted:
        return wanted
    return max(closing, begin + dt.timedelta(minutes=min(minutes, _AT_LEAST)))


def on_duty(duty: Duty, *, at: dt.datetime, above: str | None = None) -> Role:
    """The first role of the order, after `above`, of whom somebody is there when the clock begins; the manager in the end."""
    begin = minute_up(duty.starts(at))
    later = ORDER[ORDER.index(Role(above)) + 1 :] if above in ORDER else ORDER
    for role in later:
        if any(low <= begin < high for low, high in duty.there.get(role, [])):
            return role
    return Role.MANAGER


def _days(open_: Sequence[Interval]) -> Intervals:
    """The opening hours with the breaks closed."""
    if not open_:
        return []
    bridges = [(low, high) for (_begin, low), (high, _end) in pairwise(open_) if high - low <= _BREAK]
    return union([*open_, *bridges])
