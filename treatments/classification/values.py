"""What goes in and what comes out.

Volumes in mL; platelets, leucocytes and neutrophils in 10³/µL; erythrocytes in 10⁶/µL, as analysers report them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

Count = Decimal | int | None

SOURCES: Final[Mapping[str, Promise]] = {
    "draw.volume_ml": gettext_lazy("blood drawn"),
    "draw.anticoagulant_ml": gettext_lazy("anticoagulant"),
    "draw.platelets": gettext_lazy("platelets in blood"),
    "draw.leucocytes": gettext_lazy("leucocytes in blood"),
    "draw.neutrophils": gettext_lazy("neutrophils in blood"),
    "product.volume_ml": gettext_lazy("volume of the product"),
    "product.platelets": gettext_lazy("platelets in the product"),
    "product.leucocytes": gettext_lazy("leucocytes in the product"),
    "product.neutrophils": gettext_lazy("neutrophils in the product"),
    "product.erythrocytes": gettext_lazy("red cells in the product"),
    "product.activation": gettext_lazy("activation"),
    "injections.volume_ml": gettext_lazy("volume injected"),
}
"""The rows of the record that a figure is made from, by the code under which it names them."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A blood count. None: not measured."""

    platelets: Count = None
    leucocytes: Count = None
    neutrophils: Count = None
    erythrocytes: Count = None


@dataclass(frozen=True, slots=True)
class Measurements:
    """Everything measured on one product and the blood it was made from.

    `baseline` is what was counted in the blood; where it was taken from the anticoagulated blood of the kit and not
    from an EDTA tube, `baseline_is_diluted` says so. `activated`: by calcium chloride, thrombin or another agent;
    None: not written down.
    """

    baseline: Sample = field(default_factory=Sample)
    product: Sample = field(default_factory=Sample)
    baseline_is_diluted: bool = False
    blood_ml: Decimal | None = None
    anticoagulant_ml: Decimal | None = None
    product_ml: Decimal | None = None
    injected_ml: Decimal | None = None
    activated: bool | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure or class: its value, or what is missing for it.

    `made_from` are the rows of the record it follows from, in the order of the formula; `missing` those of them
    that are not there.
    """

    value: Decimal | str | None
    made_from: tuple[str, ...]
    missing: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The value, or "unclassifiable: missing …"."""
        if self.value is not None:
            return str(self.value)
        return _("missing: %(what)s") % {"what": ", ".join(str(SOURCES[code]) for code in self.missing)}

    @property
    def source_words(self) -> str:
        """The rows that it is made from, for a label."""
        return ", ".join(str(SOURCES[code]) for code in self.made_from)


def figure(given: Mapping[str, object], formula: Callable[[], Decimal | str]) -> Figure:
    """The formula's value where every row is there, else what is missing. `given` maps row codes to values."""
    missing = tuple(code for code, value in given.items() if value is None)
    if missing:
        return Figure(None, tuple(given), missing)
    value = formula()
    if isinstance(value, Decimal):
        value = value.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
    return Figure(value, tuple(given))
