"""Small numbers in tables for readers who may not read records: a few courses in a cell can be somebody. Pure functions.

A count of 1 to LEAST − 1 is not shown, nor what it could be reckoned from within the same table. That is care, not a
proof: who asks for many overlapping cohorts can still subtract one from the other.
"""

from collections.abc import Sequence
from typing import Final

LEAST: Final = 5


def is_small(count: int) -> bool:
    return 0 < count < LEAST


def share_may_be_shown(met: int, of: int) -> bool:
    """Neither those who met it nor the others are few."""
    return not (is_small(of) or is_small(met) or is_small(of - met))


def shown(counts: Sequence[int]) -> list[int | None]:
    """Counts that add up to a total that is shown: the small ones are left out, and never exactly one of them."""
    kept: list[int | None] = [None if is_small(count) else count for count in counts]
    if kept.count(None) == 1:
        others = [place for place, count in enumerate(kept) if count]
        if others:
            kept[min(others, key=lambda place: counts[place])] = None
    return kept
