"""Counts as people type them, with or without a unit, brought to the unit of the record."""

import re
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _

from clinic.exceptions import InvalidInput

_TYPED = re.compile(r"^(?P<number>[0-9][0-9  .,']*)\s*(?P<unit>.*)$")
_THOUSANDS = (
    "k",
    "k/µl",
    "k/ul",
    "10³/µl",
    "10^3/µl",
    "10^3/ul",
    "103/µl",
    "×10³/µl",
    "g/l",
    "10⁹/l",
    "10^9/l",
    "tsd/µl",
)
_MILLIONS = (
    "m",
    "m/µl",
    "m/ul",
    "mio",
    "mio/µl",
    "mio/ul",
    "10⁶/µl",
    "10^6/µl",
    "10^6/ul",
    "×10⁶/µl",
    "t/l",
    "10^12/l",
)
_SINGLES = ("/µl", "/ul", "µl", "/mm³", "/mm3")


def thousands(typed: str, *, most: int) -> Decimal:
    """Cells in 10³/µL: "1200", "1200 k", "1.2 M/µL" and "1 200 000 /µL" are the same.

    A number without a unit is taken in 10³/µL, and per µL where it is too large for that (above `most`). One that is
    smaller than 10 with a fraction has no sense in either: it is asked for its unit. Raises InvalidInput.
    """
    number, unit = _parts(typed)
    if unit in _MILLIONS:
        return number * 1000
    if unit in _SINGLES or (not unit and number > most):
        return number / 1000
    if unit and unit not in _THOUSANDS:
        raise InvalidInput(_("This unit is not known: write 1200, 1200 k/µL or 1.2 M/µL."))
    return number


def platelets(typed: str, *, most: int) -> int:
    """A platelet count in whole 10³/µL."""
    number, unit = _parts(typed)
    if not unit and number < 10 and number != number.to_integral_value():
        raise InvalidInput(
            _("Say the unit: %(number)s M/µL, or %(whole)s.")
            % {"number": number, "whole": int(number * 1000)}
        )
    return int(thousands(typed, most=most).quantize(Decimal(1)))


def _parts(typed: str) -> tuple[Decimal, str]:
    found = _TYPED.match(typed.strip())
    if found is None:
        raise InvalidInput(_("Enter a number."))
    number = re.sub(r"[  ']", "", found["number"])
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", number) or re.fullmatch(r"\d{1,3}(\.\d{3}){2,}", number):
        number = number.replace(",", "") if "," in number else number.replace(".", "")
    number = number.replace(",", ".")
    try:
        return Decimal(number), re.sub(r"\s", "", found["unit"]).casefold().replace("μ", "µ")
    except InvalidOperation as error:
        raise InvalidInput(_("Enter a number.")) from error
