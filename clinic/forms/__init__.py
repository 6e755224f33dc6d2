"""The forms' base, under the name that every app uses; the clinic app's own forms stand in modules beside it."""

from clinic.forms.base import (
    ClinicForm,
    ClinicFormMixin,
    ClinicHelper,
    ClinicModelForm,
    DateField,
    DateInput,
    Row,
    Section,
    TimeField,
    TimeInput,
)

__all__ = [
    "ClinicForm",
    "ClinicFormMixin",
    "ClinicHelper",
    "ClinicModelForm",
    "DateField",
    "DateInput",
    "Row",
    "Section",
    "TimeField",
    "TimeInput",
]
