"""To whom a letter goes."""

from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.forms.base import ClinicForm


class LetterForm(ClinicForm):
    """The referring doctor. Nothing of it is kept."""

    submit_label = _("Make the letter (PDF)")
    recipient = forms.CharField(label=_("Name of the doctor"), max_length=120)
    address = forms.CharField(
        label=_("Address"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    greeting = forms.CharField(
        label=_("Greeting"), max_length=120, required=False, help_text=_("Such as: Dear Dr. Weber,")
    )
    remark = forms.CharField(
        label=_("Your assessment"), max_length=3000, required=False, widget=forms.Textarea(attrs={"rows": 5})
    )
