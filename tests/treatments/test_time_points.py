"""When questionnaires are asked: the days of each time point, in whatever way the sessions lie."""

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treatments import clinical_rules
from treatments.clinical_rules import Anchor, TimePoint
from treatments.policies import time_points
from treatments.policies.time_points import PointState, SessionDay, slots

POINTS = clinical_rules.default().time_points
DAY = dt.date(2026, 3, 2)
_ONE = dt.timedelta(days=1)


def series(*days: int | None, injected: int = 0) -> list[SessionDay]:
    """Sessions so many days after DAY, the first ones injected."""
    return [
        SessionDay(number, DAY + day * _ONE if day is not None else None, number <= injected)
        for number, day in enumerate(days, 1)
    ]


def days(found: list[time_points.Slot]) -> dict[str, tuple[int, int, int]]:
    """By code: due, end of the window, last day, as days after DAY."""
    return {
        slot.code: tuple((each - DAY).days for each in (slot.due, slot.closes, slot.until)) for slot in found
    }


def test_course_of_three_with_the_default_protocol() -> None:
    found = days(slots(POINTS, series(0, 28, 56), review_lead=12))
    assert found == {
        "baseline": (-7, 0, 0),
        "day_1": (0, 0, 0),
        "before_2": (14, 16, 27),
        "day_2": (28, 28, 28),
        "before_3": (42, 44, 55),
        "day_3": (56, 56, 56),
    }


def test_follow_up_counts_from_the_last_session() -> None:
    found = days(slots(POINTS, series(0, 28, injected=2), review_lead=12))
    assert {code: due for code, (due, *_rest) in found.items() if code.startswith(("week", "month"))} == {
        "week_1": 35,
        "week_6": 70,
        "month_3": 119,
        "month_6": 210,
        "month_12": 393,
    }


@pytest.mark.parametrize(("in_follow_up", "expected"), [(False, False), (True, True)])
def test_follow_up_begins_when_no_session_is_left_or_the_course_says_so(
    in_follow_up: bool, expected: bool
) -> None:
    found = slots(POINTS, series(0, 28, injected=1), review_lead=12, in_follow_up=in_follow_up)
    assert ("week_1" in days(found)) is expected


def test_extended_course_is_followed_up_under_codes_of_its_own() -> None:
    found = slots(POINTS, series(0, 28, injected=2), review_lead=12, extended=True)
    assert [slot.code for slot in found][-5:] == [
        "week_1_after_2",
        "week_6_after_2",
        "month_3_after_2",
        "month_6_after_2",
        "month_12_after_2",
    ]


def test_nothing_is_due_while_no_day_is_known() -> None:
    assert slots(POINTS, series(None, None), review_lead=12) == []
    assert list(days(slots(POINTS, series(0, None), review_lead=12))) == ["baseline", "day_1"]


def test_review_lead_longer_than_the_protocols_days_asks_earlier() -> None:
    found = days(slots(POINTS, series(0, 40), review_lead=20))
    assert found["before_2"] == (40 - 22, 40 - 20, 39)


def test_short_interval_does_not_ask_while_the_last_session_aches() -> None:
    found = days(slots(POINTS, series(0, 12), review_lead=5))
    assert found["before_2"] == (3, 5, 11)


@given(
    gaps=st.lists(st.integers(1, 60), max_size=5),
    lead=st.integers(0, 40),
    injected=st.integers(0, 6),
    late=st.integers(0, 40),
)
def test_days_of_a_slot_are_in_order(gaps: list[int], lead: int, injected: int, late: int) -> None:
    """Opens ≤ due ≤ end of window ≤ last day; a nudge lies between; before a repeat all lie before its day."""
    days_of = [0]
    for gap in gaps:
        days_of.append(days_of[-1] + gap)
    points = [
        *POINTS,
        TimePoint(code="x", words="x", anchor=Anchor.LAST_SESSION, days=5, late=late, instruments=("nrs",)),
    ]
    found = slots(points, series(*days_of, injected=injected), review_lead=lead)
    assert len({slot.code for slot in found}) == len(found)
    assert all(one.due <= other.due for one, other in pairwise(found))
    for slot in found:
        assert slot.opens <= slot.due <= slot.closes <= slot.until
        assert slot.nudge is None or slot.due < slot.nudge <= slot.until
        if slot.code.startswith("before_"):
            assert slot.until < DAY + days_of[slot.session - 1] * _ONE


def test_states_of_a_point() -> None:
    slot = next(slot for slot in slots(POINTS, series(0, 28), review_lead=12) if slot.code == "before_2")
    everything = set(slot.instruments)

    def at(day: int, answered: set[str] = frozenset(), *, asked: bool = False) -> PointState:
        return time_points.state(slot, today=DAY + day * _ONE, answered=answered, asked=asked)

    assert [at(13), at(14), at(14, asked=True), at(27), at(28)] == [
        PointState.UPCOMING,
        PointState.DUE,
        PointState.ASKED,
        PointState.DUE,
        PointState.MISSED,
    ]
    assert [at(28, {"nrs"}), at(20, everything), at(300, everything)] == [
        PointState.PARTLY,
        PointState.ANSWERED,
        PointState.ANSWERED,
    ]


@pytest.mark.parametrize(
    ("day", "early", "expected"),
    [
        (-8, False, []),
        (-8, True, ["baseline"]),
        (-7, False, ["baseline"]),
        (0, False, ["baseline", "day_1"]),
        (1, True, []),
    ],
)
def test_what_is_asked_on_a_day(day: int, early: bool, expected: list[str]) -> None:
    found = slots(POINTS, series(0, 28), review_lead=12)
    asked = time_points.to_ask(found, today=DAY + day * _ONE, asked=set(), early=early)
    assert [slot.code for slot in asked] == expected


def test_rank_is_the_order_of_the_course() -> None:
    codes = ["baseline", "day_1", "before_2", "day_2", "before_3", "before_10", "week_1"]
    shuffled = sorted(codes)
    assert shuffled != codes
    assert sorted(shuffled, key=time_points.rank) == codes


def test_catalogue_names_every_point_of_a_course() -> None:
    codes = [code for code, _words in time_points.catalogue(POINTS, 3)]
    assert codes == [
        "baseline",
        "before_2",
        "before_3",
        "day_1",
        "day_2",
        "day_3",
        "week_1",
        "week_6",
        "month_3",
        "month_6",
        "month_12",
    ]
