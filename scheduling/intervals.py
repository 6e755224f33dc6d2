"""Arithmetic of half-open intervals of whole minutes, `[low, high)`, kept sorted, disjoint and not adjoining.

Integers make the arithmetic exact: a minute is `int(timestamp) // 60` since the epoch, so the spring gap and
the autumn fold need no care here.
"""

import datetime as dt
from collections.abc import Iterable

Interval = tuple[int, int]
Intervals = list[Interval]


def minute(instant: dt.datetime) -> int:
    """Whole minutes since the epoch, rounded down."""
    return int(instant.timestamp() // 60)


def minute_up(instant: dt.datetime) -> int:
    """Whole minutes since the epoch, rounded up: a block that ends within a minute blocks all of it."""
    return -int(-instant.timestamp() // 60)


def instant(minutes: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(minutes * 60, tz=dt.UTC)


def union(parts: Iterable[Interval]) -> Intervals:
    """Any intervals in any order as one normal form; adjoining ones are joined."""
    result: Intervals = []
    for low, high in sorted(part for part in parts if part[0] < part[1]):
        if result and low <= result[-1][1]:
            if high > result[-1][1]:
                result[-1] = (result[-1][0], high)
        else:
            result.append((low, high))
    return result


def subtract(whole: Intervals, holes: Intervals) -> Intervals:
    """What of `whole` lies in none of `holes`. Both in normal form."""
    result: Intervals = []
    position = 0
    for low, high in whole:
        while position < len(holes) and holes[position][1] <= low:
            position += 1
        cursor, ahead = low, position
        while ahead < len(holes) and holes[ahead][0] < high:
            if holes[ahead][0] > cursor:
                result.append((cursor, holes[ahead][0]))
            cursor = max(cursor, holes[ahead][1])
            ahead += 1
        if cursor < high:
            result.append((cursor, high))
    return result


def intersect(left: Intervals, right: Intervals) -> Intervals:
    """What lies in both. Both in normal form."""
    result: Intervals = []
    i = j = 0
    while i < len(left) and j < len(right):
        low, high = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if low < high:
            result.append((low, high))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return result
