"""What the grid's address says, and what a drag sends."""

import datetime as dt
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from clinic import clock
from clinic.models import Patient
from scheduling.enums import Told
from scheduling.forms.booking import default_told
from scheduling.forms.fields import InstantField
from scheduling.rules import Override


class Columns(TextChoices):
    """Whose columns a day shows."""

    CLINICIANS = "clinicians", _("Clinicians")
    PLACES = "places", _("Rooms and equipment")
    ALL = "all", _("Everything")


class View(TextChoices):
    GRID = "grid", _("Day")
    LIST = "list", _("List")


class KeysField(forms.Field):
    """Any number of keys; what is none is left out."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> list[UUID]:
        keys = []
        for each in value or []:
            try:
                keys.append(UUID(str(each)))
            except ValueError:
                continue
        return keys


class WallTimeField(InstantField):
    """An instant; a time without an offset is read from the wall clock that is active, the site's."""

    def to_python(self, value: Any) -> dt.datetime | None:
        try:
            wall = parse_datetime(str(value)) if value else None
        except ValueError:
            wall = None
        if wall is not None and timezone.is_naive(wall) and 2000 <= wall.year <= 2200:
            zone = timezone.get_current_timezone()
            return clock.local(wall.date(), wall.time(), ZoneInfo(str(zone)))
        return super().to_python(value)


class GridForm(forms.Form):
    """A day's filter. Whatever is nonsense counts as not said."""

    columns = forms.ChoiceField(choices=Columns.choices, required=False)
    who = KeysField(required=False)
    cancelled = forms.BooleanField(required=False)
    view = forms.ChoiceField(choices=View.choices, required=False)


class MoveOnGridForm(forms.Form):
    """A visit dropped at a time, perhaps on another column. Who is told may be left to the desk's default."""

    start = WallTimeField()
    version = forms.IntegerField(min_value=1, max_value=2**31 - 1)
    instead_of = forms.UUIDField(required=False)
    resource = forms.UUIDField(required=False)
    told = forms.ChoiceField(choices=Told.choices, required=False)
    override_reason = forms.CharField(required=False, max_length=300)
    override_codes = forms.CharField(required=False, max_length=500)

    def told_to(self, patient: Patient) -> Told:
        """The choice, else the desk's default."""
        return Told(self.cleaned_data.get("told") or default_told(patient))

    @property
    def override(self) -> Override | None:
        reason = self.cleaned_data.get("override_reason", "").strip()
        codes = frozenset(self.cleaned_data.get("override_codes", "").split())
        return Override(reason=reason, codes=codes) if reason and codes else None
