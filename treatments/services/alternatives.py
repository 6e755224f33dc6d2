"""Other starts for one session of a plan, on the days around the one that was chosen."""

import datetime as dt
from collections.abc import Collection, Mapping

from treatments.policies.course_plan import Band, Candidate
from treatments.services.horizon import Choice, Horizon

OFFERED_DAYS = 5
OFFERED_A_DAY = 4
_LOOKED_AROUND = 28  # days, before and after


def around(
    number: int,
    pick: Choice,
    *,
    chosen: Mapping[int, Candidate],
    fixed: Collection[int],
    band: Band,
    free: Horizon,
) -> list[Choice]:
    """Starts that keep the limits to the session before, and to the next of those that are `fixed`, in time order."""
    day = pick.start.astimezone(free.zone).date()
    low, high = _limits(number, chosen, fixed, band)
    known = set(free.days)
    offered: list[tuple[dt.date, list[Choice]]] = []
    for shift in sorted(range(-_LOOKED_AROUND, _LOOKED_AROUND + 1), key=lambda n: (abs(n), n)):
        other = day + dt.timedelta(days=shift)
        if len(offered) == OFFERED_DAYS:
            break
        if other in known and low <= other <= high and free.suits(other):
            found = [each for each in free.offers(other, pick, OFFERED_A_DAY + 1) if each.start != pick.start]
            offered += [(other, found[:OFFERED_A_DAY])] if found else []
    return [choice for _day, choices in sorted(offered, key=lambda pair: pair[0]) for choice in choices]


def _limits(
    number: int, chosen: Mapping[int, Candidate], fixed: Collection[int], band: Band
) -> tuple[dt.date, dt.date]:
    """The first and the last day that the sessions before and after leave to this one."""
    low, high = dt.date.min, dt.date.max
    before = max((other for other in chosen if other < number), default=None)
    if before is not None:
        origin = dt.date.fromordinal(chosen[before].day)
        low = origin + dt.timedelta(days=band.least * (number - before))
        high = origin + dt.timedelta(days=band.most * (number - before))
    after = min((other for other in fixed if other > number), default=None)
    if after is not None:
        limit = dt.date.fromordinal(chosen[after].day)
        high = min(high, limit - dt.timedelta(days=band.least * (after - number)))
    return low, high
