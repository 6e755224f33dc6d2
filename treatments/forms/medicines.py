"""What a patient takes, and what a prescriber decided."""

from typing import Any

from crispy_forms.layout import Layout
from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from clinic.forms import ClinicForm, DateField, Row
from clinic.forms.fields import LineField
from treatments.clinical_rules import ClinicalRules
from treatments.data import DecisionData, MedicineData
from treatments.enums import MedicineKind, MedicinePlan, PrescriberWord
from treatments.policies import medicines


class MedicineForm(ClinicForm):
    """One medicine. Where the protocol's table knows its name, the table says its kind."""

    submit_label: str | Promise = _("Add to the list")
    name = LineField(label=_("Medicine"), max_length=120)
    group = forms.ChoiceField(
        label=_("Kind"),
        choices=[("", _("As in the protocol's table")), *MedicineKind.choices],
        required=False,
        help_text=_("Only for a name that the table does not know."),
    )
    dose = LineField(label=_("Dose"), max_length=120, required=False)
    prescriber = LineField(label=_("Prescribed by"), max_length=160, required=False)
    last_dose_on = DateField(label=_("Last taken on"), required=False)
    plan = forms.ChoiceField(label=_("Plan"), choices=MedicinePlan.choices, initial=MedicinePlan.TABLE)
    note = LineField(label=_("Note"), max_length=300, required=False)
    version = forms.IntegerField(
        widget=forms.HiddenInput, required=False, min_value=0, max_value=10**6, initial=0
    )

    def __init__(self, *args: Any, rules: ClinicalRules, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rules = rules
        self.fields["name"].widget.attrs |= {"list": "known-medicines", "autocomplete": "off"}

    def layout(self) -> Layout:
        return Layout(
            "version", Row("name", "group"), Row("dose", "prescriber"), Row("last_dose_on", "plan"), "note"
        )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        known = medicines.group_of(values.get("name") or "", self.rules)
        if values.get("name") and not known and not values.get("group"):
            self.add_error("group", _("The protocol's table does not know this name: choose its kind."))
        values["group"] = known or values.get("group", "")
        return values

    @property
    def medicine(self) -> MedicineData:
        said = self.cleaned_data
        return MedicineData(
            name=said["name"],
            group=said["group"],
            dose=said["dose"],
            prescriber=said["prescriber"],
            last_dose_on=said["last_dose_on"],
            plan=said["plan"],
            note=said["note"],
        )


class DecisionForm(ClinicForm):
    """What the prescriber said. We write it down; we do not advise."""

    submit_label = _("Record the decision")
    word = forms.ChoiceField(label=_("Decision"), choices=PrescriberWord.choices, widget=forms.RadioSelect)
    words = LineField(
        label=_("In the prescriber's words"),
        max_length=400,
        help_text=_("For example until when it is paused, and when it is taken again."),
    )
    decided_by = LineField(label=_("Who decided"), max_length=160)
    decided_on = DateField(label=_("On"))

    @property
    def decision(self) -> DecisionData:
        said = self.cleaned_data
        return DecisionData(said["word"], said["words"], said["decided_by"], said["decided_on"])
