"""Loading a questionnaire with its licence."""

from typing import Any, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from clinic.forms import ClinicForm, DateField
from clinic.forms.fields import LineField
from treatments.instruments import DefinitionError
from treatments.instruments.definition import read

_LARGEST = 200_000


class LicenceForm(ClinicForm):
    submit_label = _("Save")
    licence = LineField(
        label=_("Licence"),
        max_length=200,
        help_text=_("Who allows it, and the number or date of the contract."),
    )
    licence_until = DateField(label=_("Ends on"), help_text=_("From the day after it is not asked any more."))
    is_active = forms.BooleanField(label=_("In use"), required=False, initial=True)


class LoadForm(ClinicForm):
    """A definition as JSON, from a file or pasted."""

    submit_label = _("Load")
    file = forms.FileField(label=_("File"), required=False, help_text=_("The definition as JSON."))
    document = forms.CharField(
        label=_("Or paste it"),
        required=False,
        max_length=_LARGEST,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
    )
    licence = LineField(
        label=_("Licence"),
        max_length=200,
        help_text=_("Who allows it, and the number or date of the contract."),
    )
    licence_until = DateField(label=_("Ends on"), help_text=_("From the day after it is not asked any more."))

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        given = cast("UploadedFile[bytes] | None", values.get("file"))
        text = values.get("document") or ""
        if given is not None:
            if given.size is not None and given.size > _LARGEST:
                self.add_error("file", _("This file is too large for a questionnaire."))
                return values
            text = given.read().decode("utf-8", errors="replace")
        if not text.strip():
            self.add_error("file", _("Choose a file, or paste the definition."))
            return values
        try:
            values["parsed"] = read(text)
        except DefinitionError as error:
            self.add_error("file" if given is not None else "document", str(error))
        return values
