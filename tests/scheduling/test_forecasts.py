"""The forecast of the day: against a day played minute by minute, and the three promises of its docstring."""

import random
from collections.abc import Hashable, Mapping
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.forecasts import Likely, Step, Use, Visit, likely

NINE = 540
"""Minutes since midnight; any origin would do."""


def consultation(start: int, *, length: int = 30, began: int | None = None, here: bool = False) -> Visit:
    step = Step(start, start + length, began)
    return Visit([step], [Use("physician", start, start + length)], is_here=here or began is not None)


def starts(day: Mapping[Hashable, Visit], now: int) -> dict[Hashable, int]:
    return {key: steps[0].start for key, steps in likely(day, now=now).items()}


def test_a_day_on_time_is_forecast_as_planned() -> None:
    day = {"a": consultation(NINE, began=NINE), "b": consultation(NINE + 30)}
    assert starts(day, NINE + 10) == {"a": NINE, "b": NINE + 30}


def test_a_stage_that_runs_over_makes_the_next_of_its_resource_late() -> None:
    day = {
        "a": consultation(NINE, began=NINE + 5),
        "b": consultation(NINE + 30),
        "c": consultation(NINE + 60),
    }
    assert starts(day, NINE + 20) == {"a": NINE + 5, "b": NINE + 35, "c": NINE + 65}


def test_a_stage_past_its_length_ends_at_the_soonest_now() -> None:
    day = {"a": consultation(NINE, began=NINE), "b": consultation(NINE + 30)}
    assert starts(day, NINE + 50)["b"] == NINE + 50


def test_slack_takes_a_delay_up() -> None:
    day = {
        "a": consultation(NINE, began=NINE + 20),
        "b": consultation(NINE + 45),
        "c": consultation(NINE + 90),
    }
    assert starts(day, NINE + 20) == {"a": NINE + 20, "b": NINE + 50, "c": NINE + 90}


def test_the_cleaning_between_two_visits_counts() -> None:
    first = Visit([Step(NINE, NINE + 20, NINE + 5)], [Use("room", NINE, NINE + 20, after=10)], is_here=True)
    second = Visit([Step(NINE + 30, NINE + 50)], [Use("room", NINE + 30, NINE + 50)])
    assert starts({"a": first, "b": second}, NINE + 10)["b"] == NINE + 35


def test_who_waits_begins_at_the_soonest_now_and_who_is_not_here_makes_nobody_late() -> None:
    waits = {"a": consultation(NINE, here=True), "b": consultation(NINE + 30)}
    absent = {"a": consultation(NINE), "b": consultation(NINE + 30)}
    assert starts(waits, NINE + 15) == {"a": NINE + 15, "b": NINE + 45}
    assert starts(absent, NINE + 15) == {"a": NINE, "b": NINE + 30}


def test_a_stage_passed_over_takes_no_time() -> None:
    steps = [Step(NINE, NINE + 10), Step(NINE + 10, NINE + 30, NINE + 2), Step(NINE + 30, NINE + 40)]
    found = likely({"a": Visit(steps, is_here=True)}, now=NINE + 5)["a"]
    assert found == [
        Likely(NINE + 2, NINE + 2),
        Likely(NINE + 2, NINE + 22),
        Likely(NINE + 30, NINE + 40),
    ]


def test_a_chair_that_outlasts_its_nurse_is_free_when_the_last_of_its_stages_ends() -> None:
    def session(start: int, began: int | None = None) -> Visit:
        steps = [Step(start, start + 10, began), Step(start + 10, start + 30)]
        uses = [Use("nurse", start, start + 10), Use("chair", start, start + 30)]
        return Visit(steps, uses, is_here=began is not None)

    day = {"a": session(NINE, NINE + 7), "b": session(NINE + 30)}
    assert likely(day, now=NINE + 10)["b"][0] == Likely(NINE + 37, NINE + 47)


# A day as it could be: visits of one to three stages one after another, each with resources that the plan never
# gives to two at once, and some of it behind us.
RESOURCES = ("physician", "nurse", "room", "chair")


@st.composite
def days(draw: st.DrawFn) -> tuple[dict[Hashable, Visit], int]:
    free = dict.fromkeys(RESOURCES, NINE)
    now = NINE + draw(st.integers(0, 120))
    day: dict[Hashable, Visit] = {}
    for key in range(draw(st.integers(1, 7))):
        at = NINE + draw(st.integers(0, 90))
        steps: list[Step] = []
        uses: list[Use] = []
        for _ in range(draw(st.integers(1, 3))):
            wanted = draw(st.sets(st.sampled_from(RESOURCES), max_size=2))
            at = max([at, *(free[name] for name in wanted)])
            end = at + draw(st.integers(5, 30))
            for name in sorted(wanted):
                after = draw(st.integers(0, 10))
                uses.append(Use(name, at, end, after=after))
                free[name] = end + after
            steps.append(Step(at, end))
            at = end + draw(st.sampled_from([0, 0, 10]))
        day[key] = _with_facts(draw, Visit(steps, uses), now)
    return day, now


def _with_facts(draw: st.DrawFn, visit: Visit, now: int) -> Visit:
    """Some of its stages behind it, one perhaps running, in order and none in the future."""
    steps, at = list(visit.steps), visit.steps[0].start
    here = draw(st.booleans())
    for number in range(draw(st.integers(0, len(steps))) if here else 0):
        began = max(at, steps[number].start) + draw(st.integers(0, 25))
        if began > now:
            break
        ended = began + draw(st.integers(1, 45))
        if ended > now:
            steps[number] = replace(steps[number], began=began)
            break
        steps[number] = replace(steps[number], began=began, ended=ended)
        at = ended
    return replace(visit, steps=steps, is_here=here)


def played(day: Mapping[Hashable, Visit], now: int) -> dict[Hashable, list[Likely]]:
    """The day minute by minute, as people would live it: whoever is next in the plan goes in when all is free.

    Nothing of the arithmetic is shared: it looks at one minute at a time and asks what can begin.
    """
    began = {(key, n): step.began for key, visit in day.items() for n, step in enumerate(visit.steps)}
    ended = {(key, n): step.ended for key, visit in day.items() for n, step in enumerate(visit.steps)}
    for (key, n), minute in began.items():
        step = day[key].steps[n]
        if minute is not None and ended[key, n] is None:
            ended[key, n] = max(minute + step.end - step.start, now)
    uses = [(use, key) for key, visit in day.items() for use in visit.uses]

    def step_of(use: Use, key: Hashable) -> int:
        return next(n for n, step in enumerate(day[key].steps) if step.start == use.start)

    def is_free(use: Use, minute: int) -> bool:
        for other, key in uses:
            if other.resource == use.resource and other.start < use.start:
                end = ended[key, step_of(other, key)]
                if end is None or end + other.after > minute:
                    return False
        return True

    minute = NINE
    while None in began.values():
        for key, visit in day.items():
            for n, step in enumerate(visit.steps):
                if began[key, n] is not None or minute < step.start or (visit.is_here and minute < now):
                    continue
                before = [ended[key, earlier] for earlier in range(n)]
                if any(end is None or end > minute for end in before):
                    continue
                if all(is_free(use, minute) for use in visit.uses if use.start == step.start):
                    began[key, n], ended[key, n] = minute, minute + step.end - step.start
        minute += 1
        assert minute < NINE + 3000, "nothing can begin any more"
    return {
        key: [Likely(began[key, n] or 0, ended[key, n] or 0) for n in range(len(visit.steps))]
        for key, visit in day.items()
    }


@settings(max_examples=150, deadline=None, derandomize=True)
@given(days())
def test_likely_times_are_those_of_the_day_played(case: tuple[dict[Hashable, Visit], int]) -> None:
    day, now = case
    assert likely(day, now=now) == played(day, now)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(days())
def test_nothing_is_forecast_earlier_than_planned(case: tuple[dict[Hashable, Visit], int]) -> None:
    day, now = case
    found = likely(day, now=now)
    assert all(
        likely_step.start >= step.start
        for key, visit in day.items()
        for step, likely_step in zip(visit.steps, found[key], strict=True)
        if step.began is None
    )


@settings(max_examples=100, deadline=None, derandomize=True)
@given(days(), st.integers(1, 40), st.randoms(use_true_random=False))
def test_more_delay_makes_nothing_earlier(
    case: tuple[dict[Hashable, Visit], int], delay: int, dice: random.Random
) -> None:
    day, now = case
    key = dice.choice(list(day))
    late = replace(day[key], steps=[_later(step, delay) for step in day[key].steps])
    before, after = likely(day, now=now + delay), likely(day | {key: late}, now=now + delay)
    assert all(
        new.start >= old.start and new.end >= old.end
        for each in day
        for old, new in zip(before[each], after[each], strict=True)
    )


def _later(step: Step, delay: int) -> Step:
    began = None if step.began is None else step.began + delay
    ended = None if step.ended is None else step.ended + delay
    return replace(step, began=began, ended=ended)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(days(), st.integers(1, 60))
def test_a_visit_that_shares_nothing_keeps_its_times(
    case: tuple[dict[Hashable, Visit], int], delay: int
) -> None:
    day, now = case
    alone = Visit([Step(NINE + 10, NINE + 40)], [Use("elsewhere", NINE + 10, NINE + 40)])
    worse = {
        key: replace(visit, steps=[_later(step, delay) for step in visit.steps]) for key, visit in day.items()
    }
    one, other = likely(day | {"alone": alone}, now=now), likely(worse | {"alone": alone}, now=now)
    assert one["alone"] == other["alone"] == [Likely(NINE + 10, NINE + 40)]


def test_forecast_of_eighty_staged_visits_is_quick() -> None:
    """480 uses: well below what a page may take."""
    import time

    day: dict[Hashable, Visit] = {}
    for number in range(80):
        start = NINE + 5 * number
        steps = [
            Step(start + 10 * n, start + 10 * n + 10, NINE + 40 if number == n == 0 else None)
            for n in range(5)
        ]
        uses = [Use((n, number % 8), step.start, step.end) for n, step in enumerate(steps)]
        day[number] = Visit(steps, uses, is_here=number == 0)
    began = time.process_time()
    found = likely(day, now=NINE + 60)
    assert time.process_time() - began < 0.05
    assert found[8][0].start == NINE + 60
