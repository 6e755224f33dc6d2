"""The parts of a record beside the blood and the needle: the patient on the day, skin and time-out, how they left."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.enums import Sex
from clinic.forms import DateField, TimeField
from treatments.data import AnaestheticData, DischargeData, Findings, ReadyingData, RecipientData
from treatments.enums import (
    AnaestheticUse,
    LocalAnaesthetic,
    RecordSection,
    SkinAgent,
    Smoking,
    TimeOutItem,
)
from treatments.forms.section_base import SectionForm, YesNoField, choice, in_line, number, whole, words

ANAESTHETICS = 2


class RecipientForm(SectionForm):
    section = RecordSection.RECIPIENT

    pain_before = whole(_("Pain before, 0–10"), high=10)
    age_years = whole(_("Age"), high=125)
    sex = choice(_("Sex"), list(Sex.choices))
    height_cm = whole(_("Height, cm"), low=50, high=250)
    weight_kg = number(_("Weight, kg"), low=10, high=400)
    bmi = number(_("BMI"), low=5, high=150)
    haemoglobin = number(_("Haemoglobin, g/dL"), low=1, high=25)
    smoking = choice(_("Smoking"), list(Smoking.choices))
    diagnosis_code = words(_("ICD-10-CM"), 10)
    diagnosis = words(_("Diagnosis"), 200)
    imaging_on = DateField(label=_("Imaging of"), required=False)
    imaging = words(_("What it shows"), 200)
    prior_treatment = words(_("Treated before with"), 300)
    comorbidity = words(_("Other illnesses"), 500)
    medicines = forms.CharField(
        label=_("Medicines, each with its last dose"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def build(self) -> None:
        self.fields["bmi"].widget.attrs["placeholder"] = _("from height, weight")

    def stored(self) -> dict[str, Any]:
        row = self.record.rows.recipient
        values = {name: getattr(row, name) for name in RecipientData.__slots__} if row else {}
        return {**values, "pain_before": self.record.session.pain_before}

    def data_row(self) -> tuple[RecipientData, int | None]:
        values = dict(self.cleaned_data)
        pain = values.pop("pain_before")
        return RecipientData(**values), pain


class ReadyingForm(SectionForm):
    section = RecordSection.READYING

    skin_agent = choice(_("Skin prepared with"), list(SkinAgent.choices))
    antibiotic = words(_("Antibiotic"), 80)
    time_out_at = TimeField(label=_("Time-out at"), required=False)
    checked = forms.MultipleChoiceField(
        label=_("Said aloud"),
        choices=TimeOutItem.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def build(self) -> None:
        for at in range(ANAESTHETICS):
            self.fields[f"a{at}_agent"] = choice(_("Anaesthetic"), list(LocalAnaesthetic.choices))
            self.fields[f"a{at}_percent"] = number(_("%"), low="0.01", high=10, places=2)
            self.fields[f"a{at}_ml"] = number(_("mL"), low="0.1", high=60)
            self.fields[f"a{at}_use"] = forms.ChoiceField(
                label=_("Where"), choices=AnaestheticUse.choices, required=False
            )
            for name in ("agent", "percent", "ml", "use"):
                field = self.fields[f"a{at}_{name}"]
                in_line(
                    field, _("%(field)s, anaesthetic %(number)s") % {"field": field.label, "number": at + 1}
                )

    def stored(self) -> dict[str, Any]:
        row, values = self.record.rows.readying, {}
        if row is not None:
            values = {"skin_agent": row.skin_agent, "antibiotic": row.antibiotic, "checked": row.checked}
            values["time_out_at"] = self.record.clock_time(row.time_out_at)
        for at in range(ANAESTHETICS):
            values[f"a{at}_use"] = AnaestheticUse.SKIN.value
        for at, line in enumerate(self.record.rows.anaesthetics[:ANAESTHETICS]):
            for name in ("agent", "percent", "ml", "use"):
                values[f"a{at}_{name}"] = getattr(line, name)
        return values

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        for at in range(ANAESTHETICS):
            said = values.get(f"a{at}_percent") or values.get(f"a{at}_ml")
            if said and not values.get(f"a{at}_agent"):
                self.add_error(f"a{at}_agent", _("Say which anaesthetic."))
        return values

    def data_row(self) -> tuple[ReadyingData, list[AnaestheticData]]:
        values = self.cleaned_data
        data = ReadyingData(
            skin_agent=values["skin_agent"],
            antibiotic=values["antibiotic"],
            time_out_at=self.record.moment(
                values["time_out_at"],
                known=self.record.rows.readying.time_out_at if self.record.rows.readying else None,
            ),
            checked=tuple(values["checked"]),
        )
        lines = [
            AnaestheticData(
                agent=values[f"a{at}_agent"],
                percent=values[f"a{at}_percent"],
                ml=values[f"a{at}_ml"],
                use=values[f"a{at}_use"] or AnaestheticUse.SKIN.value,
            )
            for at in range(ANAESTHETICS)
            if values[f"a{at}_agent"]
        ]
        return data, lines

    def anaesthetic_rows(self) -> list[list[forms.BoundField]]:
        return [
            [self[f"a{at}_{name}"] for name in ("agent", "percent", "ml", "use")]
            for at in range(ANAESTHETICS)
        ]


class DischargeForm(SectionForm):
    section = RecordSection.DISCHARGE

    systolic = whole(_("Systolic, mmHg"), low=30, high=300)
    diastolic = whole(_("Diastolic, mmHg"), low=10, high=200)
    pulse = whole(_("Pulse, /min"), low=20, high=300)
    saturation = whole(_("Oxygen, %"), low=30, high=100)
    pain_after = whole(_("Pain after, 0–10"), high=10)
    fit = YesNoField(_("Fit to go home"))
    escort = words(_("Escort"), 80)
    left_at = TimeField(label=_("Left at"), required=False)
    instructions_given = YesNoField(_("Instructions given"))
    complications = words(_("Complications"), 500)
    note = forms.CharField(
        label=_("Note"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def stored(self) -> dict[str, Any]:
        row, session = self.record.rows.discharge, self.record.session
        values = {name: getattr(row, name) for name in DischargeData.__slots__} if row else {}
        if row is not None:
            values["left_at"] = self.record.clock_time(row.left_at)
        return {**values, "complications": session.complications, "note": session.note}

    def data_row(self) -> tuple[DischargeData, Findings]:
        values = dict(self.cleaned_data)
        findings = Findings(complications=values.pop("complications"), note=values.pop("note"))
        known = self.record.rows.discharge.left_at if self.record.rows.discharge else None
        values["left_at"] = self.record.moment(values["left_at"], known=known)
        return DischargeData(**values), findings
