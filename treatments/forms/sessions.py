"""The session's record, in the order of the procedure."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.forms import ClinicForm, DateField, TimeInput
from treatments.data import DrawData, Findings, InjectionData, PreparationData, TargetData
from treatments.enums import Anticoagulant, Guidance, Level, Side, Structure

INJECTION_ROWS = 8
_DRAW = ("blood_ml", "anticoagulant", "anticoagulant_ml", "baseline_platelets", "baseline_leucocytes")
_PREPARATION = (
    "product_ml", "kit_lot", "kit_expires_on", "plasma_removed_ml", "product_platelets", "product_leucocytes",
)  # fmt: skip


def _ml(label: Any, *, required: bool = False, largest: str = "500") -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        required=required,
        min_value=Decimal(0),
        max_value=Decimal(largest),
        max_digits=5,
        decimal_places=1,
    )


class RecordForm(ClinicForm):
    """Draw, preparation, findings. An empty count was not measured, which is not the same as 0."""

    form_tag = False
    version = forms.IntegerField(widget=forms.HiddenInput)
    pain_before = forms.IntegerField(label=_("Pain before, 0–10"), min_value=0, max_value=10, required=False)
    blood_ml = _ml(_("Blood drawn, mL"))
    anticoagulant = forms.ChoiceField(label=_("Anticoagulant"), choices=Anticoagulant.choices, required=False)
    anticoagulant_ml = _ml(_("Anticoagulant, mL"))
    baseline_platelets = forms.IntegerField(
        label=_("Platelets in blood, 10³/µL"), min_value=0, max_value=3000, required=False
    )
    baseline_leucocytes = forms.DecimalField(
        label=_("Leucocytes in blood, 10³/µL"), min_value=0, max_digits=5, decimal_places=1, required=False
    )
    plasma_removed_ml = _ml(_("Plasma removed, mL"))
    product_ml = _ml(_("Product, mL"), largest="100")
    product_platelets = forms.IntegerField(
        label=_("Platelets in product, 10³/µL"), min_value=0, max_value=20000, required=False
    )
    product_leucocytes = forms.DecimalField(
        label=_("Leucocytes in product, 10³/µL"), min_value=0, max_digits=5, decimal_places=1, required=False
    )
    kit_lot = forms.CharField(label=_("Kit lot"), max_length=40, required=False)
    kit_expires_on = DateField(label=_("Kit expires on"), required=False)
    injected_at = forms.TimeField(
        label=_("Time of the injection"), widget=TimeInput, required=False, help_text=_("Empty means now.")
    )
    complications = forms.CharField(label=_("Complications"), max_length=500, required=False)
    note = forms.CharField(
        label=_("Note"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("baseline_platelets", "baseline_leucocytes", "product_platelets", "product_leucocytes"):
            self.fields[name].widget.attrs["placeholder"] = str(_("not measured"))

    @property
    def draw(self) -> DrawData | None:
        """None while nothing was drawn."""
        values = self.cleaned_data
        if values.get("blood_ml") is None:
            return None
        return DrawData(**{name: values[name] for name in _DRAW})

    @property
    def preparation(self) -> PreparationData | None:
        """None while nothing was prepared."""
        values = self.cleaned_data
        if values.get("product_ml") is None:
            return None
        return PreparationData(**{name: values[name] for name in _PREPARATION})

    @property
    def findings(self) -> Findings:
        values = self.cleaned_data
        return Findings(values["pain_before"], values["complications"], values["note"])


class InjectionForm(forms.Form):
    """One target; a row without a volume was not injected."""

    structure = forms.ChoiceField(
        label=_("Structure"), choices=[("", "—"), *Structure.choices], required=False
    )
    level = forms.ChoiceField(label=_("Level"), choices=[("", "—"), *Level.choices], required=False)
    side = forms.ChoiceField(label=_("Side"), choices=[("", "—"), *Side.choices], required=False)
    volume_ml = _ml(_("mL"), largest="30")
    guidance = forms.ChoiceField(
        label=_("Guidance"), choices=Guidance.choices, initial=Guidance.ULTRASOUND, required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = (
                "form-select" if isinstance(field, forms.ChoiceField) else "form-control"
            )
            field.widget.attrs["aria-label"] = str(field.label)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("volume_ml") and not all(
            values.get(name) for name in ("structure", "level", "side", "guidance")
        ):
            raise forms.ValidationError(_("An injection has a structure, a level, a side and its guidance."))
        return values

    @property
    def data_row(self) -> InjectionData | None:
        values = self.cleaned_data
        if not values.get("volume_ml"):
            return None
        target = TargetData(values["structure"], values["level"], values["side"])
        return InjectionData(target, values["volume_ml"], values["guidance"])


InjectionFormSet = forms.formset_factory(
    InjectionForm, extra=0, max_num=INJECTION_ROWS, absolute_max=INJECTION_ROWS
)


class AmendForm(ClinicForm):
    """A further statement about a signed record."""

    submit_label = _("Add amendment")
    text = forms.CharField(
        label=_("What is to be corrected"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    reason = forms.CharField(label=_("Why"), max_length=300)


class StopForm(ClinicForm):
    submit_label = _("Stop session")
    danger = True
    reason = forms.CharField(label=_("What happened?"), max_length=500)


def share(product_ml: Decimal | None, rows: int) -> Decimal | None:
    """An even share of the product, rounded down to 0.5 mL; None when nothing was prepared."""
    if not product_ml or not rows:
        return None
    return (product_ml / rows * 2).quantize(Decimal(1), rounding="ROUND_FLOOR") / 2 or None
