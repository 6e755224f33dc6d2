"""A kit with its presets; a centrifuge with its rotor."""

from typing import Any

from crispy_forms.layout import Layout
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.forms import ClinicForm, Row, Section
from treatments.enums import Anticoagulant
from treatments.forms.section_base import choice, number, whole
from treatments.models import Centrifuge, KitType

_PLAIN = ("blood_ml", "anticoagulant", "anticoagulant_ml", "plasma_removed_ml", "product_ml")


class KitForm(ClinicForm):
    """An empty preset leaves what the protocol says."""

    submit_label = _("Save")
    name = forms.CharField(label=_("Name"), max_length=80)
    maker = forms.CharField(label=_("Maker"), max_length=80, required=False)
    device_identifier = forms.CharField(
        label=_("Device identifier (GTIN)"),
        max_length=14,
        required=False,
        help_text=_("14 digits after (01) on the label: a scanned kit is recognised by it."),
    )
    blood_ml = number(_("Blood drawn, mL"), high=500)
    anticoagulant = choice(_("Anticoagulant"), list(Anticoagulant.choices))
    anticoagulant_ml = number(_("Anticoagulant, mL"), high=100)
    plasma_removed_ml = number(_("Plasma removed, mL"), high=500)
    product_ml = number(_("Product, mL"), high=100)
    spin_g = whole(_("Force, g"), low=1, high=5000)
    spin_minutes = number(_("Minutes"), low="0.1", high=60)
    is_active = forms.BooleanField(label=_("In use"), required=False, initial=True)

    def __init__(self, *args: Any, kit: KitType | None = None, **kwargs: Any) -> None:
        if kit is not None:
            spins = kit.preset.get("spins") or [{}]
            kwargs["initial"] = {
                "name": kit.name,
                "maker": kit.maker,
                "device_identifier": kit.device_identifier,
                "is_active": kit.is_active,
                "spin_g": spins[0].get("g"),
                "spin_minutes": spins[0].get("minutes"),
                **{name: kit.preset.get(name) for name in _PLAIN},
            }
        super().__init__(*args, **kwargs)

    def layout(self) -> Layout:
        return Layout(
            Row("name", "maker"),
            "device_identifier",
            Section(
                _("What a record is pre-filled with"),
                Row("blood_ml", "anticoagulant", "anticoagulant_ml"),
                Row("spin_g", "spin_minutes"),
                Row("plasma_removed_ml", "product_ml"),
            ),
            "is_active",
        )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if (values.get("spin_g") is None) != (values.get("spin_minutes") is None):
            self.add_error("spin_minutes", _("A run has its force and its minutes."))
        return values

    @property
    def preset(self) -> dict[str, Any]:
        values = self.cleaned_data
        found: dict[str, Any] = {name: str(values[name]) for name in _PLAIN if values[name] not in (None, "")}
        if values["spin_g"]:
            found["spins"] = [{"g": values["spin_g"], "minutes": str(values["spin_minutes"])}]
        return found


class CentrifugeForm(ClinicForm):
    submit_label = _("Save")
    model = forms.CharField(label=_("Make and model"), max_length=80, required=False)
    rotor_radius_mm = forms.IntegerField(
        label=_("Rotor radius, mm"),
        min_value=20,
        max_value=400,
        help_text=_("From the axis to the bottom of the tube: with it, rpm becomes g."),
    )
    most_rpm = forms.IntegerField(label=_("Most rpm"), min_value=100, max_value=30_000, required=False)

    def __init__(self, *args: Any, profile: Centrifuge | None = None, **kwargs: Any) -> None:
        if profile is not None:
            names = ("model", "rotor_radius_mm", "most_rpm")
            kwargs["initial"] = {name: getattr(profile, name) for name in names}
        super().__init__(*args, **kwargs)
