"""The words of a mail in one language, and whose data they are tried with."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from clinic.forms.base import ClinicForm
from clinic.messaging import DefaultText
from clinic.policies.mail_words import LONGEST_BODY, LONGEST_SUBJECT


class TextForm(ClinicForm):
    """`based_on` is the version that the writer has before them. What may be said, the service decides."""

    form_tag = False
    language = forms.ChoiceField(choices=settings.LANGUAGES, widget=forms.HiddenInput)
    based_on = forms.IntegerField(min_value=0, max_value=10**6, widget=forms.HiddenInput)
    subject = forms.CharField(label=_("Subject"), max_length=LONGEST_SUBJECT)
    preheader = forms.CharField(
        label=_("Beside the subject"),
        max_length=LONGEST_SUBJECT,
        required=False,
        help_text=_(
            "What a mailbox shows before the mail is opened. Left empty: the clinic’s name and phone."
        ),
    )
    body = forms.CharField(
        label=_("Text"),
        max_length=LONGEST_BODY,
        widget=forms.Textarea(attrs={"rows": 16}),
        help_text=_("An empty line begins a new paragraph."),
    )
    sample = forms.CharField(
        label=_("Try it with the data of"),
        required=False,
        max_length=40,
        widget=forms.TextInput(
            attrs={"list": "samples", "autocomplete": "off", "placeholder": _("an invented patient")}
        ),
        help_text=_("Record number of a patient who gets this mail. It is noted who looked."),
    )

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, of: str, initial: dict[str, Any] | None = None
    ) -> None:
        super().__init__(data, auto_id=f"{of}-%s", initial=initial)

    @property
    def words(self) -> DefaultText:
        data = self.cleaned_data
        return DefaultText(data["subject"], data["body"], data["preheader"])


class RestoreForm(ClinicForm):
    """An earlier version to stand again, and the one that was the newest on the page."""

    language = forms.ChoiceField(choices=settings.LANGUAGES)
    version = forms.IntegerField(min_value=1, max_value=10**6)
    based_on = forms.IntegerField(min_value=0, max_value=10**6)
