"""The planner of courses against a brute-force oracle that knows nothing of it but the table of points."""

import datetime as dt
import itertools
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from treatments.policies import course_plan
from treatments.policies.course_plan import Aim, Band, Candidate, Place

BAND = Band(least=3, most=9, planned=5)
START = dt.datetime(2027, 1, 4, 9, tzinfo=dt.UTC)
AIM = Aim(earliest=100, lead="A")


def points(places: Sequence[Place], chosen: Sequence[Candidate], band: Band, aim: Aim) -> int | None:
    """The table of the module, word for word; None where a limit is broken."""
    total = sum(min(c.minutes_off // 15, 8) + (60 if c.disturbs else 0) for c in chosen)
    if not places[0].is_fixed:
        total += 3 * max(chosen[0].day - aim.earliest, 0) + (30 if chosen[0].lead != aim.lead else 0)
    for (one, first), (other, second) in itertools.pairwise(zip(places, chosen, strict=True)):
        steps, days = other.number - one.number, second.day - first.day
        free = not (one.is_fixed and other.is_fixed)
        if free and not (days > 0 and steps * band.least <= days <= steps * band.most):
            return None
        total += 4 * abs(days - steps * band.planned) + (10 if days % 7 else 0)
        total += 40 if first.lead != second.lead else 0
    return total


def cheapest(places: Sequence[Place], band: Band, aim: Aim) -> int | None:
    every = itertools.product(*(place.candidates for place in places))
    costs = [points(places, chosen, band, aim) for chosen in every]
    return min((cost for cost in costs if cost is not None), default=None)


candidates = st.builds(
    Candidate,
    day=st.integers(100, 125),
    start=st.just(START),
    lead=st.sampled_from("AB"),
    minutes_off=st.integers(0, 240),
    disturbs=st.booleans(),
)


@st.composite
def series(draw: st.DrawFn) -> list[Place]:
    numbers = sorted(draw(st.sets(st.integers(1, 6), min_size=1, max_size=4)))
    found = []
    for number in numbers:
        is_fixed = draw(st.integers(0, 3)) == 0
        listed = draw(st.lists(candidates, min_size=1, max_size=1 if is_fixed else 6))
        found.append(Place(number, sorted(listed, key=lambda c: c.day), is_fixed))
    return found


@settings(max_examples=400, deadline=None)
@given(places=series(), least=st.integers(1, 4), width=st.integers(0, 6), at=st.integers(0, 6))
def test_plan_is_as_cheap_as_the_cheapest_of_all(
    places: list[Place], least: int, width: int, at: int
) -> None:
    band = Band(least, least + width, least + min(at, width))
    chosen = course_plan.choose(places, band, AIM)
    expected = cheapest(places, band, AIM)
    assert (chosen is None) == (expected is None)
    if chosen is not None:
        assert points(places, chosen, band, AIM) == expected
        assert [c for place, c in zip(places, chosen, strict=True) if place.is_fixed] == [
            place.candidates[0] for place in places if place.is_fixed
        ]
        assert course_plan.choose(places, band, AIM) == chosen


def _open(days: Sequence[int], lead: str = "A") -> list[Candidate]:
    return [Candidate(day, START, lead) for day in days]


def test_same_weekday_is_preferred_to_the_exact_interval() -> None:
    band = Band(14, 56, 30)
    places = [Place(1, _open([100])), Place(2, _open(range(101, 160)))]
    assert [c.day for c in course_plan.choose(places, band, AIM) or []] == [100, 128]


def test_same_clinician_is_worth_some_days() -> None:
    places = [Place(1, _open([100])), Place(2, _open([114], "B") + _open([121]))]
    chosen = course_plan.choose(places, Band(7, 28, 14), AIM)
    assert [(c.day, c.lead) for c in chosen or []] == [(100, "A"), (121, "A")]


def test_a_session_left_out_keeps_its_room() -> None:
    places = [Place(1, _open([100])), Place(3, _open(range(101, 200)))]
    assert [c.day for c in course_plan.choose(places, Band(14, 56, 28), AIM) or []] == [100, 156]


def test_what_two_people_pinned_is_not_refused_here() -> None:
    places = [Place(1, _open([100]), True), Place(2, _open([101]), True)]
    assert [c.day for c in course_plan.choose(places, BAND, AIM) or []] == [100, 101]


def test_no_plan_where_the_band_has_no_day() -> None:
    places = [Place(1, _open([100])), Place(2, _open([101, 110]))]
    assert course_plan.choose(places, BAND, AIM) is None
