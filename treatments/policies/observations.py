"""What clinicians observe of a back's strength: "tissue strength" of the source text, which no questionnaire measures.

The ends are what can be at all, not what is normal.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from clinic.exceptions import InvalidInput
from treatments.enums import Observed


@dataclass(frozen=True, slots=True)
class ObservationData:
    what: str
    value: Decimal
    observed_on: dt.date
    side: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """Ends of what can be, the unit in which it is kept, whether more is better, and where it comes from."""

    low: Decimal
    high: Decimal
    unit: str
    more_is_better: bool
    source: str
    whole: bool = False


MEASURES: Final[Mapping[str, Measure]] = {
    Observed.EXTENSOR_HOLD: Measure(
        Decimal(0), Decimal(600), "s", True, "Biering-Sørensen test, from memory", whole=True
    ),
    Observed.MULTIFIDUS_FAT: Measure(
        Decimal(0), Decimal(4), "", False, "grades after Goutallier, from memory", whole=True
    ),
    Observed.MULTIFIDUS_AREA: Measure(
        Decimal(0),
        Decimal(30),
        "cm²",
        True,
        "multifidus atrophy as in Hussein 2016, doi:10.1051/sicotj/2016002",
    ),
    Observed.TENDERNESS: Measure(Decimal(0), Decimal(4), "", False, "the clinic’s own grades", whole=True),
}


def check(what: str, value: Decimal) -> None:
    """Raises InvalidInput for what cannot be measured."""
    measure = MEASURES.get(what)
    if measure is None:
        raise InvalidInput(_("There is no such observation."), field="what")
    if not measure.low <= value <= measure.high:
        raise InvalidInput(
            _("Between %(low)s and %(high)s.") % {"low": measure.low, "high": measure.high}, field="value"
        )
    if measure.whole and value != value.to_integral_value():
        raise InvalidInput(_("A whole number, please."), field="value")
