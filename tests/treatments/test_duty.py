"""Who looks at a red flag and by when, for any opening hours."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from clinic.enums import Role
from scheduling.intervals import Intervals, instant, minute, union
from treatments.policies import duty
from treatments.policies.duty import ORDER, Duty

BASE = minute(dt.datetime(2027, 3, 1, tzinfo=dt.UTC))

parts = st.lists(
    st.tuples(st.integers(0, 5000), st.integers(1, 700)).map(
        lambda pair: (BASE + pair[0], BASE + pair[0] + pair[1])
    ),
    max_size=6,
).map(union)
moments = st.integers(0, 6000 * 60).map(lambda seconds: instant(BASE) + dt.timedelta(seconds=seconds))
minutes = st.integers(1, 300)


def inside(parts_: Intervals, at: dt.datetime) -> bool:
    return any(low <= minute(at) < high for low, high in parts_)


@given(parts, moments, minutes)
def test_clock_ends_after_it_begins_never_later_than_its_minutes_and_by_closing_time(
    open_: Intervals, at: dt.datetime, length: int
) -> None:
    house = Duty(open_)
    begin, ends = house.starts(at), duty.due(house, at=at, minutes=length)
    assert begin >= at
    assert begin < ends <= begin + dt.timedelta(minutes=length)
    assert ends >= begin + dt.timedelta(minutes=min(length, 15)) or ends == house.ends(begin)
    closing = house.ends(begin)
    if closing is not None and closing >= begin + dt.timedelta(minutes=15):
        assert ends <= max(closing, begin + dt.timedelta(minutes=min(length, 15)))
    if inside(open_, at):
        assert begin == at


@given(parts, moments)
def test_clock_begins_at_once_or_when_the_house_opens_next(open_: Intervals, at: dt.datetime) -> None:
    begin = Duty(open_).starts(at)
    if begin > at:
        assert inside(open_, begin)
        assert not any(at < instant(low) < begin for low, _high in open_)


@given(parts, st.dictionaries(st.sampled_from(ORDER), parts), moments)
def test_it_goes_up_to_the_manager_in_at_most_two_steps_and_never_down(
    open_: Intervals, there: dict[Role, Intervals], at: dt.datetime
) -> None:
    house = Duty(open_, there)
    role, steps = duty.on_duty(house, at=at), [0]
    while role != Role.MANAGER:
        above = duty.on_duty(house, at=at, above=role)
        assert ORDER.index(above) > ORDER.index(role)
        role = above
        steps.append(1)
    assert len(steps) <= 3


@given(parts, st.dictionaries(st.sampled_from(ORDER), parts), moments)
def test_whoever_is_asked_is_there_unless_it_is_the_manager(
    open_: Intervals, there: dict[Role, Intervals], at: dt.datetime
) -> None:
    house = Duty(open_, there)
    role = duty.on_duty(house, at=at)
    begin = house.starts(at)
    assert role == Role.MANAGER or inside(there[role], begin + dt.timedelta(seconds=59))


def test_lunch_is_no_closing_time_and_the_evening_is() -> None:
    morning, afternoon = (BASE + 480, BASE + 720), (BASE + 780, BASE + 1020)
    house = Duty([morning, afternoon])
    at = {hour: instant(BASE + hour) for hour in (690, 730, 1000, 1015, 1100)}
    due = {hour: minute(duty.due(house, at=moment, minutes=120)) - BASE for hour, moment in at.items()}
    assert due == {690: 810, 730: 850, 1000: 1020, 1015: 1030, 1100: 1220}


def test_a_role_that_nobody_knows_starts_with_the_nurse() -> None:
    house = Duty([(BASE, BASE + 600)], {Role.NURSE: [(BASE, BASE + 600)]})
    assert duty.on_duty(house, at=instant(BASE + 60), above=Role.FRONT_DESK) == Role.NURSE
