"""All that follows from one product, in one go, as it is shown and kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from treatments.classification import classes, numbers, unverified
from treatments.classification.values import Figure, Measurements

VERSION: Final = 2
"""Rises when a rule of this package changes, so that what was kept can say by which rules it was made."""


@dataclass(frozen=True, slots=True)
class Derived:
    """Factor (times), dose (10⁹), recovery and purity (%), classes. `others` are classes with unverified cuts."""

    factor: Figure
    dose: Figure
    recovery: Figure
    purity: Figure
    leucocytes: Figure
    paw: Figure
    mishra: Figure
    others: Mapping[str, Figure]
    version: int = VERSION

    def document(self) -> dict[str, Any]:
        """As it is kept beside the record: values as text, None where there is none."""
        named = {name: getattr(self, name) for name in NAMES}
        return {
            name: {"value": _text(row.value), "missing": list(row.missing)}
            for name, row in {**named, **self.others}.items()
        }


NAMES: Final = ("factor", "dose", "recovery", "purity", "leucocytes", "paw", "mishra")


def derive(measured: Measurements) -> Derived:
    """Everything at once."""
    graded = {
        "factor": numbers.concentration_factor(measured),
        "dose": numbers.dose(measured),
        "recovery": numbers.recovery(measured),
        "purity": numbers.purity(measured),
    }
    return Derived(
        factor=graded["factor"],
        dose=graded["dose"],
        recovery=graded["recovery"],
        purity=graded["purity"],
        leucocytes=classes.leucocytes(measured),
        paw=classes.paw(measured),
        mishra=classes.mishra(measured),
        others={system.key: unverified.classify(system, graded) for system in unverified.systems()},
    )


def _text(value: Decimal | str | None) -> str | None:
    return None if value is None else str(value)
