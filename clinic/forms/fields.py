"""Fields for what people are called and how they are reached."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from clinic.policies import phones, text


def refuse_control_characters(value: str) -> None:
    if text.has_control_characters(value):
        raise ValidationError(_("Line breaks and control characters cannot be part of this."), code="control")


class LineField(forms.CharField):
    """One line of text as it may stand in a mail header: composed, single spaces, no control characters."""

    default_validators = [refuse_control_characters]

    def to_python(self, value: Any) -> str:
        return text.tidy(super().to_python(value) or "")


class PhoneField(forms.CharField):
    """A phone number as written in the site's country. Cleans to E.164; shows as people at home write it."""

    widget = forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"})
    country: str | None = None

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": 40, **options})

    def clean(self, value: Any) -> str:
        written = super().clean(value)
        if not written:
            return ""
        try:
            return phones.parse(written, country=self.country).e164
        except phones.NotAPhone:
            raise ValidationError(
                _("Not a phone number: check the digits, or start with + and the country code."),
                code="phone",
            ) from None

    def prepare_value(self, value: Any) -> Any:
        return (
            phones.shown(value, country=self.country)
            if isinstance(value, str) and value.startswith("+")
            else value
        )


def set_country(form: forms.BaseForm, country: str) -> None:
    """Let every phone field of the form read numbers as they are written in this country."""
    for field in form.fields.values():
        if isinstance(field, PhoneField):
            field.country = country
