"""How a figure is taken: several runs after a warm-up, the median, and a floor measured in the same run."""

import statistics
import time
from collections.abc import Callable
from typing import Any


def milliseconds(action: Callable[[], Any], *, runs: int = 9) -> float:
    """The median of `runs` calls after one warm-up."""
    action()
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        action()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def row(name: str, value: float, unit: str, floor: float | None, note: str) -> dict[str, Any]:
    """One line of the bench. The ratio is value to floor, above 1 for times and below 1 for rates."""
    ratio = round(value / floor, 2) if floor else None
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "floor": None if floor is None else round(floor, 3),
        "ratio": ratio,
        "note": note,
    }
