"""What the patient, and each contact who gets the mails, wants to be written to about."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from crispy_forms.layout import Layout
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.enums import MessageGroup
from clinic.forms.base import ClinicForm
from clinic.models import Patient
from clinic.selectors import preferences as reads
from clinic.services.preferences import GROUPS, Choice

Person = tuple[UUID | None, str]
"""A contact's key, or None for the patient, and the name."""


class WishesForm(ClinicForm):
    """One list of groups a person."""

    submit_label = _("Save")

    def __init__(
        self, data: Any = None, *, patient: Patient, people: Sequence[Person], **options: Any
    ) -> None:
        super().__init__(data, **options)
        self._names: dict[UUID | None, str] = {}
        declined = reads.declined([patient.pk])
        for key, name in people:
            off = {group for _patient, contact, group in declined if contact == key}
            wanted = GROUPS - off if patient.reminders_consent or key is not None else set()
            field = f"wanted_{key.hex}" if key else "wanted"
            self._names[key] = field
            self.fields[field] = forms.MultipleChoiceField(
                label=name,
                choices=MessageGroup.choices,
                required=False,
                widget=forms.CheckboxSelectMultiple,
                initial=sorted(wanted),
            )

    def layout(self) -> Layout:
        return Layout(*self._names.values())

    def choices(self) -> dict[UUID | None, Choice]:
        """By contact; None is the patient."""
        return {key: Choice(frozenset(self.cleaned_data[field])) for key, field in self._names.items()}
