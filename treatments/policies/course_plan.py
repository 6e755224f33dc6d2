"""The best days for the sessions of a course: the cheapest plan, found by dynamic programming over candidate days.

A pure function of its facts. What it weighs, in points; the plan with the fewest wins, the earlier one among equals:

| What | Points |
|---|---|
| a day between two sessions more or fewer than planned | `DAY` |
| another weekday than the session before | `WEEKDAY` |
| another clinician than the session before | `CLINICIAN` |
| the first session with another than the usual clinician | `UNUSUAL` |
| each quarter of an hour away from the usual time of day, up to two hours | `QUARTER` |
| each day that the first session is later than it could be | `LATE`, more where it is urgent |
| a visit that is booked already is moved at all | `DISTURB` |

So the same weekday is worth two and a half days, the same clinician ten, and no time of day is worth a day. The number
of days between two sessions always lies within the band, unless a person has fixed both of them: a limit is no matter
of points.
"""

import datetime as dt
import itertools
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

DAY = 4
WEEKDAY = 10
CLINICIAN = 40
UNUSUAL = 30
QUARTER = 1
QUARTERS_COUNTED = 8
LATE = 3
DISTURB = 60
_FIRST_CAP = 16


class Candidate(NamedTuple):
    """A start that a session could have. `day` is the ordinal of the site's local day."""

    day: int
    start: dt.datetime
    lead: Hashable
    minutes_off: int = 0
    """How far from the usual time of day."""
    disturbs: bool = False

    @property
    def points(self) -> int:
        """What it costs by itself, whatever stands around it."""
        quarters = min(self.minutes_off // 15, QUARTERS_COUNTED)
        return QUARTER * quarters + (DISTURB if self.disturbs else 0)


@dataclass(frozen=True, slots=True)
class Place:
    """One session of the series with everything it could have, in time order.

    `is_fixed`: done, booked or pinned by a person. It has one candidate, or those of the one day that was asked for.
    """

    number: int
    candidates: Sequence[Candidate]
    is_fixed: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """Days from one session to the next: at least, at most, and as planned. Over a gap in the numbers, as many times."""

    least: int
    most: int
    planned: int


@dataclass(frozen=True, slots=True)
class Aim:
    """The first day and the clinician to start with."""

    earliest: int
    lead: Hashable = None
    late: int = LATE


def choose(places: Sequence[Place], band: Band, aim: Aim) -> list[Candidate] | None:
    """A candidate for each place, in order; None when no plan keeps within the band.

    Plans up to a cap of points are looked at first, then up to four times as many, until one is found or none was cut
    off: what was cut costs more than what was found, so the first plan found is the cheapest of all. With a calendar
    that has room this looks at a few days instead of a year.
    """
    cap = _FIRST_CAP
    while True:
        search = _Search(band, aim, cap)
        chosen = search.run(places)
        if chosen is not None or not search.was_cut:
            return chosen
        cap *= 4


@dataclass(slots=True)
class _Reached:
    """The cheapest ways to candidates of one layer, by day and clinician; what comes after depends on these two only."""

    by_day: dict[int, dict[Hashable, tuple[int, int]]] = field(default_factory=dict)

    def offer(self, candidate: Candidate, points: int, index: int) -> bool:
        by_lead = self.by_day.setdefault(candidate.day, {})
        known = by_lead.get(candidate.lead)
        if known is not None and known <= (points, index):
            return False
        by_lead[candidate.lead] = (points, index)
        return True


@dataclass(slots=True)
class _Search:
    band: Band
    aim: Aim
    cap: int
    was_cut: bool = False

    def run(self, places: Sequence[Place]) -> list[Candidate] | None:
        if not places:
            return []
        reached = self._first(places[0])
        ways: list[dict[int, int]] = []
        for before, place in itertools.pairwise(places):
            reached, back = self._next(before, place, reached)
            ways.append(back)
        ends = [way for by_lead in reached.by_day.values() for way in by_lead.values()]
        if not ends:
            return None
        index = min(ends)[1]
        chosen = [places[-1].candidates[index]]
        for place, back in zip(reversed(places[:-1]), reversed(ways), strict=True):
            index = back[index]
            chosen.append(place.candidates[index])
        return chosen[::-1]

    def _first(self, place: Place) -> _Reached:
        reached = _Reached()
        for index, each in enumerate(place.candidates):
            points = each.points
            if not place.is_fixed:
                points += self.aim.late * max(each.day - self.aim.earliest, 0)
                points += UNUSUAL if self.aim.lead not in (None, each.lead) else 0
            if self._affordable(points):
                reached.offer(each, points, index)
        return reached

    def _next(self, before: Place, place: Place, reached: _Reached) -> tuple[_Reached, dict[int, int]]:
        """One layer further. Returns what is reached, and for each candidate the one it was reached from."""
        layer, back = _Reached(), {}
        steps = place.number - before.number
        by_day: dict[int, list[tuple[int, Candidate]]] = {}
        for index, each in enumerate(place.candidates):
            by_day.setdefault(each.day, []).append((index, each))
        for day, by_lead in sorted(reached.by_day.items()):
            cheapest, cheapest_from = min(by_lead.values())
            for target in self._days(
                day, cheapest, steps, both_fixed=before.is_fixed and place.is_fixed, days=by_day
            ):
                apart = DAY * abs(target - day - steps * self.band.planned)
                apart += WEEKDAY if (target - day) % 7 else 0
                for index, each in by_day[target]:
                    points, origin = cheapest + CLINICIAN, cheapest_from
                    if each.lead in by_lead and by_lead[each.lead][0] <= points:
                        points, origin = by_lead[each.lead]
                    points += apart + each.points
                    if self._affordable(points) and layer.offer(each, points, index):
                        back[index] = origin
        return layer, back

    def _days(
        self,
        day: int,
        points: int,
        steps: int,
        *,
        both_fixed: bool,
        days: dict[int, list[tuple[int, Candidate]]],
    ) -> Iterable[int]:
        """Days of the next session that the band allows and the cap can pay for, in order."""
        if both_fixed:
            return sorted(days)
        least, most = steps * self.band.least, steps * self.band.most
        planned = steps * self.band.planned
        slack = max(self.cap - points, 0) // DAY
        low, high = max(least, planned - slack), min(most, planned + slack)
        if low > least or high < most:
            self.was_cut = True
        return [day + gap for gap in range(max(low, 1), high + 1) if day + gap in days]

    def _affordable(self, points: int) -> bool:
        if points > self.cap:
            self.was_cut = True
            return False
        return True
