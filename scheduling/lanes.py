"""Sets of whole minutes as lanes: one byte a minute, 1 where the minute belongs to the set.

A year is 525,600 bytes. Painting an interval is one slice assignment whatever its length, in any order; read as one
integer (`Mask`), whole years are united and intersected by a single operation each. Measured against sorted
intervals and against the database's multiranges in ADR 12.
"""

from collections.abc import Iterable

from scheduling.intervals import Interval

Mask = int
_ONES = b"\1" * 4096
_ZEROS = bytes(4096)


def paint(lane: bytearray, parts: Iterable[Interval], *, value: bool, low_by: int, high_by: int) -> None:
    """Set the minutes `[low + low_by, high + high_by)` of every part; what lies outside the lane is left out."""
    size, brush = len(lane), _ONES if value else _ZEROS
    longest = len(brush)
    for begin, end in parts:
        low, high = begin + low_by, end + high_by
        if low < 0:
            low = 0
        if high > size:
            high = size
        length = high - low
        if 0 < length <= longest:
            lane[low:high] = brush[:length]
        elif length > longest:
            lane[low:high] = brush[:1] * length


def mask(lane: bytes | bytearray) -> Mask:
    return int.from_bytes(lane, "little")


def lane(mask: Mask, size: int) -> bytes:
    return mask.to_bytes(size, "little")


def full(size: int) -> Mask:
    """Every minute of a lane of that size."""
    return mask(b"\1" * size)
