"""How a figure is taken: several runs after a warm-up, the median, and a floor measured in the same run."""

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

Row = dict[str, Any]


def milliseconds(action: Callable[[], Any], *, runs: int = 9) -> float:
    """The median of `runs` calls after one warm-up."""
    action()
    return statistics.median(timings([action] * runs))


def timings(actions: Sequence[Callable[[], Any]]) -> list[float]:
    """The milliseconds of each."""
    taken = []
    for action in actions:
        began = time.perf_counter()
        action()
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def processor_milliseconds(action: Callable[[], Any], *, runs: int = 9) -> float:
    """The median of this process's processor time: of a page what Python does, whatever else the machine is busy with."""
    action()
    taken = []
    for _ in range(runs):
        began = time.process_time()
        action()
        taken.append((time.process_time() - began) * 1000)
    return statistics.median(taken)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * round(share * 100) // 100) - 1)]


def row(
    name: str,
    value: float,
    unit: str,
    *,
    note: str = "",
    at_most: float | None = None,
    at_least: float | None = None,
    floor: float | None = None,
    share_of_floor: float | None = None,
    times_floor: float | None = None,
) -> Row:
    """One line of the bench.

    The bar is `at_most` or `at_least` for a value, or for a ratio to the floor: at least `share_of_floor` of a rate, at most
    `times_floor` a time. `met` is null where nothing was promised.
    """
    ratio = round(value / floor, 2) if floor else None
    promises = []
    if at_most is not None:
        promises.append((f"at most {at_most:g} {unit}", value <= at_most))
    if at_least is not None:
        promises.append((f"at least {at_least:g} {unit}", value >= at_least))
    if share_of_floor is not None:
        promises.append(
            (f"at least {share_of_floor:g} of the floor", ratio is not None and ratio >= share_of_floor)
        )
    if times_floor is not None:
        promises.append(
            (f"at most {times_floor:g} times the floor", ratio is not None and ratio <= times_floor)
        )
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "bar": ", ".join(words for words, _met in promises) or None,
        "met": all(met for _words, met in promises) if promises else None,
        "floor": None if floor is None else round(floor, 3),
        "ratio": ratio,
        "note": note,
    }
