"""The part of a record about the needle: one row a target. A row without a volume was not injected."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.forms import TimeField
from treatments.data import InjectionData, TargetData
from treatments.enums import Guidance, Level, RecordSection, Side, Structure
from treatments.forms.section_base import SectionForm, YesNoField, choice, in_line, number, whole, words

ROWS = 8
_LINE = ("structure", "level", "side", "volume_ml", "guidance")
_TARGET = ("structure", "level", "side")
_MORE = ("needle_gauge", "needle_mm", "approach", "contrast_ml", "fluoro_seconds", "image_saved")


class InjectionsForm(SectionForm):
    """The planned targets stand first, each in its own row whether injected or not; further ones follow."""

    section = RecordSection.INJECTIONS

    injected_at = TimeField(label=_("Injected at"), required=False)

    def build(self) -> None:
        for at in range(ROWS):
            row: dict[str, forms.Field] = {
                "structure": choice(_("Structure"), list(Structure.choices)),
                "level": choice(_("Level"), list(Level.choices)),
                "side": choice(_("Side"), list(Side.choices)),
                "volume_ml": number(_("mL"), high=30),
                "guidance": choice(_("Guidance"), list(Guidance.choices)),
                "needle_gauge": whole(_("Needle, G"), low=14, high=34),
                "needle_mm": whole(_("Needle, mm"), low=10, high=250),
                "approach": words(_("Approach"), 80),
                "contrast_ml": number(_("Contrast, mL"), high=30),
                "fluoro_seconds": whole(_("X-ray, s"), high=3600),
                "image_saved": YesNoField(_("Image kept")),
            }
            for name, field in row.items():
                if name in _LINE:
                    in_line(
                        field, _("%(field)s, injection %(number)s") % {"field": field.label, "number": at + 1}
                    )
                self.fields[f"r{at}_{name}"] = field

    def injected_moment(self) -> Any:
        """The time typed in, as an instant; None means now."""
        return self.record.moment(self.cleaned_data["injected_at"], known=self.record.session.injected_at)

    def stored(self) -> dict[str, Any]:
        values: dict[str, Any] = {"injected_at": self.record.clock_time(self.record.session.injected_at)}
        for at, (target, given) in enumerate(self.record.injection_rows(ROWS)):
            if target is not None:
                values |= {f"r{at}_{name}": getattr(target, name) for name in _TARGET}
            if given is not None:
                values |= {f"r{at}_{name}": getattr(given, name) for name in _FIELDS}
        return values

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        for at in range(ROWS):
            if not values.get(f"r{at}_volume_ml"):
                continue
            for name in _TARGET:
                if not values.get(f"r{at}_{name}"):
                    self.add_error(f"r{at}_{name}", _("An injection has a structure, a level and a side."))
        return values

    def data_row(self) -> list[InjectionData]:
        values, usual = self.cleaned_data, self.record.usual
        found = []
        for at in range(ROWS):
            row = {name: values[f"r{at}_{name}"] for name in _FIELDS}
            if not row["volume_ml"]:
                continue
            row["guidance"] = row["guidance"] or usual.guidance
            target = TargetData(*(values[f"r{at}_{name}"] for name in _TARGET))
            found.append(InjectionData(target, **row))
        return found

    def _needle(self, at: int) -> str:
        gauge, length = self[f"r{at}_needle_gauge"].value(), self[f"r{at}_needle_mm"].value()
        return f"{gauge} G · {length} mm" if gauge and length else ""

    def rows(self) -> list[dict[str, Any]]:
        """For the page: each with the fields of its line and those behind it. Beyond those in use and one, they are spare."""
        used = [
            at for at in range(ROWS) if self[f"r{at}_structure"].value() or self[f"r{at}_volume_ml"].value()
        ]
        shown = min(ROWS, (max(used) + 1 if used else 0) + 1)
        return [
            {
                "number": at + 1,
                "is_spare": at >= shown,
                "line": [self[f"r{at}_{name}"] for name in (*_TARGET, "volume_ml", "guidance")],
                "more": [self[f"r{at}_{name}"] for name in _MORE],
                "needle": self._needle(at),
                "errors": [error for name in _FIELDS for error in self[f"r{at}_{name}"].errors],
            }
            for at in range(ROWS)
        ]


_FIELDS = ("volume_ml", "guidance", *_MORE)
