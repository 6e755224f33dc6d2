"""What several forms need of their fields: choices that depend on the site, on the patient, on what was chosen before."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from clinic.forms.choices import choice_field, rows_field

_YEARS = (2000, 2200)  # beyond them arithmetic on instants can overflow


class InstantField(forms.Field):
    """An instant with its offset from UTC, as the free starts carry it: 2026-11-24T09:30:00+01:00."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> dt.datetime | None:
        if not value:
            return None
        try:
            instant = parse_datetime(str(value))
        except ValueError:
            instant = None
        if instant is None or timezone.is_naive(instant) or not _YEARS[0] <= instant.year <= _YEARS[1]:
            raise forms.ValidationError(_("That is not a time. Choose one of those offered."))
        return instant


def rows_of(form: forms.BaseForm, name: str) -> QuerySet[Any]:
    """The rows that a field offers."""
    rows = rows_field(form, name).queryset
    assert rows is not None  # noqa: S101
    return rows


def offer_rows(form: forms.BaseForm, name: str, rows: QuerySet[Any]) -> None:
    rows_field(form, name).queryset = rows


def offer(form: forms.BaseForm, name: str, choices: Sequence[tuple[str, str]], initial: str) -> None:
    field = choice_field(form, name)
    field.choices = choices
    field.initial = initial
