"""What is asked when something breaks: who or what, until when, why; and where each visit is to go."""

import datetime as dt
from typing import Any
from uuid import UUID

from crispy_forms.layout import Layout
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from clinic import clock
from clinic.forms import ClinicForm, Row
from clinic.forms.base import DateField, TimeField
from clinic.forms.fields import LineField
from clinic.models import Site
from scheduling.forms.fields import InstantField, offer_rows
from scheduling.models import Resource
from scheduling.selectors import setup as reads
from scheduling.services.rebooking import Choice


class OutOfOrderForm(ClinicForm):
    """From this minute on. The end is today's closing unless said otherwise."""

    submit_label = _("Out from now on: show whom to ring")
    danger = True

    resource = forms.ModelChoiceField(queryset=Resource.objects.none(), label=_("Who or what"))
    until_day = DateField(label=_("Until"))
    until_time = TimeField(label=_("at"))
    reason = LineField(
        label=_("Note"),
        max_length=120,
        required=False,
        help_text=_("Everybody at the desk can read it: no illnesses."),
    )

    def __init__(self, data: Any = None, *, site: Site, **options: Any) -> None:
        first = {"until_day": clock.today(site.zone), "until_time": dt.time(23, 59)}
        super().__init__(data, **{**options, "initial": first | (options.get("initial") or {})})
        self.site = site
        offer_rows(self, "resource", reads.resources(site.pk).filter(is_active=True))

    def layout(self) -> Layout:
        return Layout("resource", Row("until_day", "until_time"), "reason")

    @property
    def until(self) -> dt.datetime:
        said = self.cleaned_data
        return clock.local(said["until_day"], said["until_time"], self.site.zone)


class ChoicesField(forms.Field):
    """Where visits are to go: of each that moves "visit|start|clinician|version"; those left as they are say nothing."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> list[Choice]:
        return [_choice(str(one)) for one in value or [] if one]


class RebookForm(forms.Form):
    go = ChoicesField(required=False)


def as_text(choice: Choice) -> str:
    """What `ChoicesField` reads."""
    return f"{choice.appointment_id}|{choice.start.isoformat()}|{choice.lead_id or ''}|{choice.version or ''}"


def _choice(text: str) -> Choice:
    try:
        visit, start, lead, version = text.split("|")
        instant = InstantField().clean(start)
        number = int(version) if version.isascii() and version.isdigit() and len(version) < 10 else None
        return Choice(UUID(visit), instant, UUID(lead) if lead else None, number)
    except ValueError:
        raise ValidationError(_("That is not a time. Choose one of those offered."), code="choice") from None
