"""The fields of a form whose choices depend on the site, on the patient or on what was chosen before, typed."""

from typing import Any

from django import forms


def choice_field(form: forms.BaseForm, name: str) -> forms.ChoiceField:
    """A field of the form that has choices."""
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)  # noqa: S101 - a programming error otherwise
    return field


def rows_field(form: forms.BaseForm, name: str) -> "forms.ModelChoiceField[Any]":
    """A field of the form whose choices are rows."""
    field = form.fields[name]
    assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - a programming error otherwise
    return field
