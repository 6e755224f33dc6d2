"""The birth date as people write it on a phone: three fields, the month by its name."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.utils.dates import MONTHS

_MONTHS = [("", ""), *MONTHS.items()]


class BirthDateForm(forms.Form):
    """`born` is the day that was given, or None where it is none."""

    day = forms.IntegerField(min_value=1, max_value=31)
    month = forms.TypedChoiceField(choices=_MONTHS, coerce=int)
    year = forms.IntegerField(min_value=1900, max_value=2200)

    def __init__(self, *args: Any, words: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        number = {"inputmode": "numeric", "autocomplete": "off", "class": "form-control"}
        self.fields["day"].widget = forms.TextInput(attrs={**number, "maxlength": 2})
        self.fields["year"].widget = forms.TextInput(attrs={**number, "maxlength": 4})
        self.fields["month"].widget.attrs["class"] = "form-select"
        cast(forms.ChoiceField, self.fields["month"]).choices = [("", words["choose"]), *MONTHS.items()]
        for name, field in self.fields.items():
            field.label = words[name]

    @property
    def born(self) -> dt.date | None:
        if not self.is_valid():
            return None
        try:
            return dt.date(self.cleaned_data["year"], self.cleaned_data["month"], self.cleaned_data["day"])
        except ValueError:
            return None
