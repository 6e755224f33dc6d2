"""Giving a consent, withdrawing it, and writing its text."""

import json
from typing import Any, cast

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from clinic.forms import ClinicForm
from clinic.forms.fields import LineField
from clinic.models import Contact, Patient
from treatments.data import SignatureData
from treatments.enums import ConsentMethod
from treatments.policies.consents import LARGEST_PAGE


class ConsentForm(ClinicForm):
    """Who signs, how, and who else was there."""

    form_tag = False
    text = forms.UUIDField(widget=forms.HiddenInput)
    signer = forms.ChoiceField(label=_("Who signs?"), widget=forms.RadioSelect)
    method = forms.ChoiceField(
        label=_("How?"), choices=ConsentMethod.choices, initial=ConsentMethod.DRAWN, widget=forms.RadioSelect
    )
    strokes = forms.CharField(required=False, max_length=200_000, widget=forms.HiddenInput)
    page = forms.FileField(
        label=_("The signed page"),
        help_text=_("PDF or JPEG, at most 5 MB."),
        required=False,
        widget=forms.ClearableFileInput(attrs={"accept": "application/pdf,image/jpeg"}),
    )
    witness = LineField(label=_("Witness"), max_length=160, required=False)
    interpreter = LineField(label=_("Interpreter"), max_length=160, required=False)

    def __init__(self, *args: Any, patient: Patient, signers: list[Contact], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast(forms.ChoiceField, self.fields["signer"])
        people = [
            (str(row.pk), f"{row.name} ({row.relationship})" if row.relationship else row.name)
            for row in signers
        ]
        field.choices = [("patient", patient.full_name), *people]
        field.initial = "patient"

    def clean_strokes(self) -> Any:
        drawn = self.cleaned_data["strokes"]
        if not drawn:
            return None
        try:
            return json.loads(drawn)
        except (ValueError, RecursionError):
            raise forms.ValidationError(
                _("The signature could not be read: clear it and sign once more.")
            ) from None

    def clean_page(self) -> bytes | None:
        given = self.cleaned_data["page"]
        if not given:
            return None
        if given.size > LARGEST_PAGE:
            raise forms.ValidationError(_("This file is larger than 5 MB. Scan it in grey or at 150 dpi."))
        content: bytes = given.read()
        return content

    @property
    def signature(self) -> SignatureData:
        said = self.cleaned_data
        drawn, on_paper = said["method"] == ConsentMethod.DRAWN, said["method"] == ConsentMethod.PAPER
        return SignatureData(
            method=said["method"],
            contact_id=None if said["signer"] == "patient" else said["signer"],
            strokes=said["strokes"] if drawn else None,
            page=said["page"] if on_paper else None,
            witness=said["witness"],
            interpreter=said["interpreter"],
        )


class WithdrawForm(ClinicForm):
    submit_label = _("Withdraw the consent")
    danger = True
    reason = LineField(label=_("What was said?"), max_length=300)


class TextForm(ClinicForm):
    """A new version of a consent text. `based_on` is the version that the writer has read."""

    submit_label = _("Make this the new version")
    language = forms.ChoiceField(choices=settings.LANGUAGES, widget=forms.HiddenInput)
    based_on = forms.IntegerField(min_value=0, max_value=10**4, widget=forms.HiddenInput)
    title = LineField(label=_("Title"), max_length=120)
    body = forms.CharField(
        label=_("Text"),
        max_length=6000,
        widget=forms.Textarea(attrs={"rows": 22}),
        help_text=_(
            "An empty line begins a new paragraph. Promise nothing: say what is known and what is not."
        ),
    )
