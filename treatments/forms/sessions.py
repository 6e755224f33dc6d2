"""Stopping a session, and correcting a signed record."""

from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.forms import ClinicForm
from treatments.enums import RecordSection


class AmendForm(ClinicForm):
    """A further statement about a signed record."""

    submit_label = _("Add amendment")
    section = forms.ChoiceField(
        label=_("Part of the record"),
        choices=[("", _("The whole record")), *RecordSection.choices],
        required=False,
    )
    text = forms.CharField(
        label=_("What is to be corrected"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    reason = forms.CharField(label=_("Why"), max_length=300)


class StopForm(ClinicForm):
    submit_label = _("Stop session")
    danger = True
    reason = forms.CharField(label=_("What happened?"), max_length=500)
