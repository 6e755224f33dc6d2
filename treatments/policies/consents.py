"""What counts as a signature, and which files may be the scanned page."""

import itertools
import math
from collections.abc import Sequence
from typing import Any, Final

from django.utils.translation import gettext as _

from clinic.exceptions import InvalidInput
from treatments.enums import ConsentMethod

WIDTH: Final = 1000
HEIGHT: Final = 300
MOST_POINTS: Final = 6000
LEAST_LENGTH: Final = 60
"""Of all strokes together, in the units of the field: less is a slip of the finger, no signature."""
LARGEST_PAGE: Final = 5 * 1024 * 1024
PDF: Final = "application/pdf"
JPEG: Final = "image/jpeg"

Strokes = list[list[tuple[int, int]]]


def strokes(drawn: Any) -> Strokes:
    """What a tablet sent, checked: lists of [x, y] inside the field, long enough to be a signature."""
    if not isinstance(drawn, list):
        raise _unreadable()
    found: Strokes = []
    for stroke in drawn:
        if not isinstance(stroke, list) or not stroke:
            raise _unreadable()
        found.append([_point(point) for point in stroke])
    if sum(len(stroke) for stroke in found) > MOST_POINTS:
        raise InvalidInput(_("This drawing is too long: clear it and sign once more."), field="strokes")
    if sum(_length(stroke) for stroke in found) < LEAST_LENGTH:
        raise InvalidInput(_("Please sign in the field, or choose another way below."), field="strokes")
    return found


def check_method(method: str, *, drawn: bool, witness: str, page: bool) -> None:
    """Each way of signing has what makes it one: strokes, a witness, or the signed page."""
    if method == ConsentMethod.DRAWN and not drawn:
        raise InvalidInput(_("Please sign in the field, or choose another way below."), field="strokes")
    if method == ConsentMethod.TYPED and not witness.strip():
        raise InvalidInput(_("A typed name needs a witness: write down who was there."), field="witness")
    if method == ConsentMethod.PAPER and not page:
        raise InvalidInput(_("Add the scanned page: a PDF or JPEG of at most 5 MB."), field="page")


def page_type(content: bytes) -> str:
    """The type of a scanned page by what is in it, not by its name. Raises InvalidInput for all else."""
    if len(content) > LARGEST_PAGE:
        raise InvalidInput(_("This file is larger than 5 MB. Scan it in grey or at 150 dpi."), field="page")
    if content.startswith(b"%PDF-") and b"%%EOF" in content[-2048:]:
        return PDF
    if content.startswith(b"\xff\xd8\xff") and content.rstrip(b"\x00").endswith(b"\xff\xd9"):
        return JPEG
    raise InvalidInput(_("This is neither a PDF nor a JPEG."), field="page")


def _point(point: Any) -> tuple[int, int]:
    if not isinstance(point, list) or len(point) != 2:
        raise _unreadable()
    x, y = point
    if type(x) is not int or type(y) is not int or not (0 <= x <= WIDTH and 0 <= y <= HEIGHT):
        raise _unreadable()
    return x, y


def _length(stroke: Sequence[tuple[int, int]]) -> float:
    return sum(math.dist(a, b) for a, b in itertools.pairwise(stroke))


def _unreadable() -> InvalidInput:
    return InvalidInput(_("The signature could not be read: clear it and sign once more."), field="strokes")
