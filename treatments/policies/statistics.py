"""Intervals beside shares, means and rates: how sure a small clinic can be of what it counts. Pure functions.

All intervals are of 95 %.
"""

import math
from dataclasses import dataclass
from typing import Final

Z: Final = 1.959963984540054
"""Of the normal distribution: 95 % lie within so many standard deviations."""
LEAST_FOR_A_MEAN: Final = 5
"""A mean of fewer has no interval: what would be shown is mostly the distribution that we assume."""


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float


def wilson(met: int, of: int) -> Interval | None:
    """The score interval of a share, as fractions: E. B. Wilson 1927, JASA 22:209–212. None of nothing.

    Unlike the textbook's p ± z·se it stays within 0 and 1, and has a width at 0 and at all of few.
    """
    if of == 0:
        return None
    share, square = met / of, Z * Z
    middle = share + square / (2 * of)
    half = Z * math.sqrt(share * (1 - share) / of + square / (4 * of * of))
    whole = 1 + square / of
    # At the ends the formula gives 0 and 1 exactly; floats may miss them by their last digit.
    low = 0.0 if met == 0 else (middle - half) / whole
    high = 1.0 if met == of else (middle + half) / whole
    return Interval(low, high)


@dataclass(frozen=True, slots=True)
class Mean:
    """Of `count` values. `spread` is their standard deviation, None of fewer than two."""

    count: int
    value: float
    spread: float | None

    @property
    def interval(self) -> Interval | None:
        """By Student's t, None of fewer than LEAST_FOR_A_MEAN."""
        if self.spread is None or self.count < LEAST_FOR_A_MEAN:
            return None
        half = student(self.count - 1) * self.spread / math.sqrt(self.count)
        return Interval(self.value - half, self.value + half)


def mean(count: int, total: float, squares: float) -> Mean | None:
    """From a count, a sum and a sum of squares. None of nothing."""
    if count == 0:
        return None
    value = total / count
    if count < 2:
        return Mean(count, value, None)
    variance = max(0.0, (squares - count * value * value) / (count - 1))
    return Mean(count, value, math.sqrt(variance))


def student(freedom: int) -> float:
    """The two-sided 95 % quantile of t by its expansion in 1/freedom: Abramowitz and Stegun 26.7.5.

    Within a thousandth from 4 degrees of freedom on, which is where it is used.
    """
    z, v = Z, freedom
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    fourth = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    return z + first / v + second / v**2 + third / v**3 + fourth / v**4


def byar(events: int, of: int) -> Interval | None:
    """The interval of a rate of rare events, per one of `of`, by Byar's approximation: Breslow and Day 1987, p. 69."""
    if of == 0:
        return None
    low = 0.0
    if events:
        low = events * max(0.0, 1 - 1 / (9 * events) - Z / (3 * math.sqrt(events))) ** 3
    more = events + 1
    high = more * (1 - 1 / (9 * more) + Z / (3 * math.sqrt(more))) ** 3
    return Interval(low / of, high / of)
