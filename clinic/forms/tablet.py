"""Taking a device back from a patient."""

from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.forms.base import ClinicForm


class TakeBackForm(ClinicForm):
    submit_label = _("Take it back")
    password = forms.CharField(
        label=_("Your password"),
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
