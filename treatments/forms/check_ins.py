"""A check-in: as a patient's page sends it, and as a member of staff fills it in on the phone."""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from crispy_forms.layout import Layout
from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from clinic.forms.base import ClinicForm, Row, Section
from clinic.ids import new_id
from treatments.clinical_rules import RecoveryRules
from treatments.data import CheckInData
from treatments.enums import Able, PainMedicine, Source, Trend
from treatments.policies.check_ins import NOTE

_UNSAID = ("", _("Not asked"))


class SentForm(forms.Form):
    """What the patient's page sends. The page has words of its own, so the form only reads."""

    key = forms.UUIDField()
    waited = forms.IntegerField(required=False, min_value=0, max_value=10**7)
    pain = forms.IntegerField(required=False, min_value=0, max_value=10)
    trend = forms.ChoiceField(required=False, choices=Trend)
    able = forms.ChoiceField(required=False, choices=Able)
    medicine = forms.ChoiceField(required=False, choices=PainMedicine)
    note = forms.CharField(required=False, max_length=NOTE)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        self.ticked = tuple(data.getlist("red_flags")[:50])

    @property
    def key_sent(self) -> UUID:
        key: UUID = self.cleaned_data["key"]
        return key

    @property
    def waited_for(self) -> dt.timedelta:
        return dt.timedelta(seconds=self.cleaned_data["waited"] or 0)

    @property
    def said(self) -> CheckInData:
        return _data(self.cleaned_data, self.ticked)


class PhoneForm(ClinicForm):
    """The same questions, asked by a member of staff."""

    submit_label = _("Save")

    key = forms.UUIDField(widget=forms.HiddenInput)
    red_flags = forms.MultipleChoiceField(
        label=_("Is one of these true?"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Read each one aloud. A tick opens a task with a clock."),
    )
    pain = forms.TypedChoiceField(
        label=_("Pain now, 0–10"),
        choices=[("", _("Not said")), *((number, number) for number in range(11))],
        coerce=int,
        empty_value=None,
        required=False,
    )
    trend = forms.ChoiceField(
        label=_("Compared with yesterday"), choices=[_UNSAID, *Trend.choices], required=False
    )
    able = forms.ChoiceField(label=_("Everyday things"), choices=[_UNSAID, *Able.choices], required=False)
    medicine = forms.ChoiceField(
        label=_("Taken for the pain"), choices=[_UNSAID, *PainMedicine.choices], required=False
    )
    note = forms.CharField(
        label=_("In their own words"),
        required=False,
        max_length=NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    source = forms.ChoiceField(
        label=_("How we learnt of it"),
        choices=[(one.value, one.label) for one in (Source.PHONE, Source.PAPER, Source.TABLET)],
    )

    def __init__(self, data: QueryDict | None, *, rules: RecoveryRules, language: str) -> None:
        super().__init__(data, initial={"key": new_id(), "source": Source.PHONE})
        ordered = sorted(rules.red_flags, key=lambda flag: not flag.emergency)
        flags = self.fields["red_flags"]
        assert isinstance(flags, forms.MultipleChoiceField)  # noqa: S101 - for the type checker
        flags.choices = [(flag.code, words_of(flag.words, language)) for flag in ordered]

    def layout(self) -> Layout:
        return Layout(
            "key",
            "red_flags",
            Section(_("How it is"), Row("pain", "trend"), Row("able", "medicine"), "note"),
            "source",
        )

    @property
    def said(self) -> CheckInData:
        return _data(self.cleaned_data, tuple(self.cleaned_data["red_flags"]))


def words_of(words: Mapping[str, str], language: str) -> str:
    """In this language; else in English; else in whatever there is."""
    return words.get(language) or words.get("en") or next(iter(words.values()), "")


def _data(said: Mapping[str, Any], ticked: tuple[str, ...]) -> CheckInData:
    return CheckInData(said["pain"], said["trend"], said["able"], said["medicine"], ticked, said["note"])
