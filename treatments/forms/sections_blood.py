"""The parts of a record about the blood: the draw in hand, the preparation in hand with its kit and runs."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.exceptions import InvalidInput
from clinic.forms import DateField, TimeField
from treatments.data import DrawData, PreparationData, SpinData
from treatments.enums import Activation, Anticoagulant, BaselineTube, RecordSection
from treatments.forms.section_base import (
    CountField,
    SectionForm,
    YesNoField,
    choice,
    in_line,
    number,
    whole,
    words,
)
from treatments.models.blood import MOST_BLOOD_PLATELETS, MOST_PLATELETS
from treatments.policies import labels

SPINS = 2
G, RPM = "g", "rpm"


class DrawForm(SectionForm):
    section = RecordSection.DRAW

    drawn_at = TimeField(label=_("Drawn at"), required=False)
    site = words(_("Vein"), 40)
    needle_gauge = whole(_("Needle, G"), low=14, high=30)
    blood_ml = number(_("Blood drawn, mL"), low=0, high=500)
    anticoagulant = choice(_("Anticoagulant"), list(Anticoagulant.choices))
    anticoagulant_ml = number(_("Anticoagulant, mL"), high=100)
    baseline_platelets = CountField(
        _("Platelets in blood, 10³/µL"), most=MOST_BLOOD_PLATELETS, is_platelets=True
    )
    baseline_leucocytes = CountField(_("Leucocytes in blood, 10³/µL"), most=1000)
    baseline_neutrophils = CountField(_("Neutrophils in blood, 10³/µL"), most=1000)
    baseline_red_cells = number(_("Red cells in blood, 10⁶/µL"), low="0.01", high=15, places=2)
    baseline_haematocrit = number(_("Haematocrit, %"), low="0.1", high=75)
    baseline_tube = choice(_("Counted in"), list(BaselineTube.choices))

    def stored(self) -> dict[str, Any]:
        row = self.record.draw_in_hand
        if row is None:
            return {}
        values = {name: getattr(row, name) for name in DrawData.__slots__}
        return {**values, "drawn_at": self.record.clock_time(row.drawn_at)}

    def data_row(self) -> DrawData:
        row = self.record.draw_in_hand
        values = dict(self.cleaned_data)
        values["drawn_at"] = self.record.moment(values["drawn_at"], known=row.drawn_at if row else None)
        return DrawData(**values)


class PreparationForm(SectionForm):
    """A scan goes before what stands in the fields of the kit. A run may be typed as rpm of the chosen centrifuge."""

    section = RecordSection.PREPARATION
    transient = frozenset({"scan"})

    scan = words(_("Scan the kit"), 200, placeholder="(01)…(17)…(10)…")
    kit_id = forms.ChoiceField(label=_("Kit"), required=False)
    kit_lot = words(_("Lot"), 40)
    kit_expires_on = DateField(label=_("Expires on"), required=False)
    device_identifier = words(_("Device identifier"), 14, inputmode="numeric")
    device_id = forms.ChoiceField(label=_("Centrifuge"), required=False)
    buffy_coat = YesNoField(_("Buffy coat taken"))
    plasma_removed_ml = number(_("Plasma removed, mL"), high=500)
    operator_id = forms.ChoiceField(label=_("Made by"), required=False)
    ready_at = TimeField(label=_("Ready at"), required=False)
    product_ml = number(_("Product, mL"), high=100)
    appearance = words(_("Appearance"), 80)
    activation = choice(_("Activation"), list(Activation.choices))
    additives = words(_("Additives"), 120)
    product_platelets = CountField(_("Platelets in product, 10³/µL"), most=MOST_PLATELETS, is_platelets=True)
    product_leucocytes = CountField(_("Leucocytes in product, 10³/µL"), most=1000)
    product_neutrophils = CountField(_("Neutrophils in product, 10³/µL"), most=1000)
    product_red_cells = number(_("Red cells in product, 10⁶/µL"), low="0.01", high=15, places=2)

    def build(self) -> None:
        for name, rows in (
            ("kit_id", self.record.kits),
            ("device_id", self.record.centrifuges),
            ("operator_id", self.record.staff),
        ):
            self.fields[name].choices = [("", "—"), *((str(row.pk), str(row)) for row in rows)]  # type: ignore[attr-defined]
        self.fields["scan"].help_text = _("Lot, expiry and device are read from the label.")
        for at in range(SPINS):
            self.fields[f"s{at}_force"] = whole(_("Force"), low=1, high=30_000)
            self.fields[f"s{at}_unit"] = forms.ChoiceField(
                label=_("Unit"), choices=[(G, "g"), (RPM, "rpm")], required=False
            )
            self.fields[f"s{at}_minutes"] = number(_("Minutes"), low="0.1", high=60)
            self.fields[f"s{at}_celsius"] = whole(_("°C"), low=-10, high=40)
            for name in ("force", "unit", "minutes", "celsius"):
                field = self.fields[f"s{at}_{name}"]
                in_line(field, _("%(field)s, run %(number)s") % {"field": field.label, "number": at + 1})

    def stored(self) -> dict[str, Any]:
        values: dict[str, Any] = {f"s{at}_unit": G for at in range(SPINS)}
        row = self.record.preparation_in_hand
        if row is None:
            return values
        values |= {name: getattr(row, name) for name in PreparationData.__slots__}
        values["ready_at"] = self.record.clock_time(row.ready_at)
        for at, spin in enumerate(list(row.spins.all())[:SPINS]):
            values[f"s{at}_force"] = spin.rpm if spin.rpm is not None else spin.g
            values[f"s{at}_unit"] = RPM if spin.rpm is not None else G
            values[f"s{at}_minutes"], values[f"s{at}_celsius"] = spin.minutes, spin.celsius
        return values

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("scan"):
            self._take_label(values)
        for at in range(SPINS):
            force, minutes = values.get(f"s{at}_force"), values.get(f"s{at}_minutes")
            if (force is None) != (minutes is None) and f"s{at}_minutes" not in self.errors:
                self.add_error(
                    f"s{at}_minutes" if minutes is None else f"s{at}_force",
                    _("A run has its force and its minutes."),
                )
        return values

    def _take_label(self, values: dict[str, Any]) -> None:
        try:
            label = labels.read(values["scan"])
        except InvalidInput as error:
            self.add_error("scan", error.message)
            return
        values["kit_lot"] = label.lot or values.get("kit_lot", "")
        values["kit_expires_on"] = label.expires_on or values.get("kit_expires_on")
        if label.device_identifier:
            values["device_identifier"] = label.device_identifier
            known = (row for row in self.record.kits if row.device_identifier == label.device_identifier)
            kit = next(known, None)
            values["kit_id"] = str(kit.pk) if kit else values.get("kit_id", "")

    def data_row(self) -> tuple[PreparationData, list[SpinData]]:
        values = self.cleaned_data
        row = self.record.preparation_in_hand
        data = {name: values[name] for name in PreparationData.__slots__ if name != "ready_at"}
        for name in ("kit_id", "device_id", "operator_id"):
            data[name] = self.record.key(data[name])
        data["ready_at"] = self.record.moment(values["ready_at"], known=row.ready_at if row else None)
        radius = self.record.radius_of(data["device_id"])
        spins = [
            SpinData(
                minutes=values[f"s{at}_minutes"],
                g=None if values[f"s{at}_unit"] == RPM else values[f"s{at}_force"],
                rpm=values[f"s{at}_force"] if values[f"s{at}_unit"] == RPM else None,
                radius_mm=radius,
                celsius=values[f"s{at}_celsius"],
            )
            for at in range(SPINS)
            if values[f"s{at}_force"] is not None and values[f"s{at}_minutes"] is not None
        ]
        return PreparationData(**data), spins

    def spin_rows(self) -> list[dict[str, Any]]:
        """The runs, each with the force in g that follows from its rpm."""
        row = self.record.preparation_in_hand
        made = {spin.position: spin for spin in row.spins.all()} if row else {}
        return [
            {
                "fields": [self[f"s{at}_{name}"] for name in ("force", "unit", "minutes", "celsius")],
                "g": made[at].g if at in made and made[at].rpm is not None else None,
            }
            for at in range(SPINS)
        ]
