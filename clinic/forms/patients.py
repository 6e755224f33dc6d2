"""Forms about patients and the people around them."""

import datetime as dt
from typing import Any
from uuid import UUID

from crispy_forms.layout import Layout
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from clinic.enums import Channel, Sex
from clinic.forms.base import ClinicForm, DateField, DateInput, Row, Section
from clinic.forms.fields import LineField, PhoneField, set_country
from clinic.models import Contact, Patient, Site
from clinic.policies import dates
from clinic.services.contacts import ContactData
from clinic.services.patients import PatientData


class PatientForm(ClinicForm):
    """Register or change a patient. `version` is the row's when the form was opened; 0 for a new record.

    `seen` are the likely duplicates that the person was shown, and `decision` what they said to them:
    "different", or "household:<key>".
    """

    submit_label = _("Save")
    form_attrs = {"id": "patient-form", "autocomplete": "off"}

    given_name = LineField(label=_("Given name"), max_length=80)
    family_name = LineField(label=_("Family name"), max_length=80)
    birth_date = DateField(label=_("Date of birth"))
    sex = forms.ChoiceField(label=_("Sex"), choices=Sex.choices, initial=Sex.UNKNOWN)
    mobile = PhoneField(label=_("Mobile phone"), required=False)
    other_phone = PhoneField(label=_("Other phone"), required=False)
    email = forms.EmailField(label=_("E-mail"), required=False, max_length=254)
    preferred_channel = forms.ChoiceField(label=_("Prefers"), choices=Channel.choices, initial=Channel.EMAIL)
    language = forms.ChoiceField(
        label=_("Language"), choices=settings.LANGUAGES, initial=settings.LANGUAGE_CODE
    )
    reminders_consent = forms.BooleanField(
        label=_("Agrees to reminders"),
        required=False,
        help_text=_("Ask: “May we remind you of your visits and ask how you are doing, by e-mail?”"),
    )
    notes = forms.CharField(
        label=_("Notes for the desk"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Such as “hard of hearing, please call after 5 pm”. Nothing clinical."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, initial=0, min_value=0, max_value=2**31 - 1)
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=800)
    decision = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)

    def __init__(self, *args: Any, site: Site, today: dt.date, **options: Any) -> None:
        super().__init__(*args, **options)
        self.today = today
        set_country(self, site.country)
        self.fields["birth_date"].widget = DateInput(attrs={"min": "1900-01-01", "max": today.isoformat()})

    def layout(self) -> Layout:
        return Layout(
            Section(_("Who"), Row("given_name", "family_name"), Row("birth_date", "sex")),
            Section(
                _("How to reach them"),
                Row("mobile", "other_phone"),
                "email",
                Row("preferred_channel", "language"),
                "reminders_consent",
            ),
            "notes",
            "version",
            "seen",
        )

    def clean_birth_date(self) -> dt.date:
        day: dt.date = self.cleaned_data["birth_date"]
        if not dates.is_plausible_birth(day, today=self.today):
            raise ValidationError(_("A date of birth lies between 1900 and today."), code="birth_date")
        return day

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("reminders_consent") and "email" in cleaned and not cleaned["email"]:
            self.add_error("email", _("Reminders go by e-mail: give an address, or leave the consent out."))
        return cleaned

    @property
    def data_now(self) -> PatientData:
        return PatientData(**{name: self.cleaned_data[name] for name in PatientData.__dataclass_fields__})

    @property
    def household_with(self) -> UUID | None:
        kind, _colon, key = self.cleaned_data["decision"].partition(":")
        try:
            return UUID(key) if kind == "household" else None
        except ValueError:
            return None

    def shown_anew(self, **hidden: str) -> None:
        """Remember in the page what it now shows (`seen` duplicates, the `version` compared), for the next answer."""
        self.data = {**self.data.dict(), **hidden}  # type: ignore[attr-defined]  # a QueryDict

    def differences(self, theirs: dict[str, Any]) -> list[tuple[str, str, str]]:
        """(field, saved by somebody else, typed here) where the two differ."""
        found = []
        for name, field in self.fields.items():
            if name in ("version", "seen", "decision"):
                continue
            saved, typed = theirs[name], self.cleaned_data.get(name, self.data.get(name, ""))
            if saved != typed:
                found.append((str(field.label), words_for(field, saved), words_for(field, typed)))
        return found

    def accepts(self, shown: set[str]) -> bool:
        """Whether the person has seen every one of these duplicates and said what they are."""
        return bool(self.cleaned_data["decision"]) and shown <= set(self.cleaned_data["seen"].split(","))


def initial_of(patient: Patient) -> dict[str, Any]:
    """A patient's record as the form's first values."""
    names = [name for name in PatientData.__dataclass_fields__ if name not in ("mobile", "other_phone")]
    phones = {phone.position: phone.e164 for phone in patient.phones.all()}
    return {
        **{name: getattr(patient, name) for name in names},
        "mobile": phones.get(0, ""),
        "other_phone": phones.get(1, ""),
        "version": patient.version,
    }


class ContactForm(ClinicForm):
    submit_label = _("Save")

    name = LineField(label=_("Name"), max_length=160)
    relationship = LineField(label=_("Relationship"), required=False, max_length=60)
    phone = PhoneField(label=_("Phone"), required=False)
    email = forms.EmailField(label=_("E-mail"), required=False, max_length=254)
    may_book = forms.BooleanField(label=_("May book, move and cancel visits"), required=False, initial=True)
    may_hear_details = forms.BooleanField(label=_("May hear details of the treatment"), required=False)
    gets_mails = forms.BooleanField(label=_("Gets the mails"), required=False)
    may_sign = forms.BooleanField(label=_("May sign for the patient"), required=False)

    def __init__(self, *args: Any, site: Site, **options: Any) -> None:
        super().__init__(*args, **options)
        set_country(self, site.country)

    def layout(self) -> Layout:
        rights = Section(
            _("What the patient allows"), "may_book", "may_hear_details", "gets_mails", "may_sign"
        )
        return Layout(Row("name", "relationship"), Row("phone", "email"), rights)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("gets_mails") and "email" in cleaned and not cleaned["email"]:
            self.add_error("email", _("Mails need an address."))
        return cleaned

    @property
    def data_now(self) -> ContactData:
        return ContactData(**{name: self.cleaned_data[name] for name in ContactData.__dataclass_fields__})


def contact_initial(contact: Contact) -> dict[str, Any]:
    return {name: getattr(contact, name) for name in ContactData.__dataclass_fields__}


class DeceasedForm(ClinicForm):
    submit_label = _("Record the death")

    on = DateField(label=_("Day of death"), help_text=_("The day you were told will do."))
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**31 - 1)


class EraseForm(ClinicForm):
    """Typing the record number stands for the second thought: what is erased cannot be brought back."""

    submit_label = _("Erase for ever")
    danger = True

    record_number = LineField(label=_("Type the record number to confirm"), max_length=20)

    def __init__(self, *args: Any, expected: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.expected = expected

    def clean_record_number(self) -> str:
        if self.cleaned_data["record_number"].upper() != self.expected:
            raise ValidationError(_("This is not the record number of this patient."), code="record_number")
        return self.expected


def words_for(field: forms.Field, value: Any) -> str:
    """A value as a person reads it."""
    if isinstance(field, forms.BooleanField):
        return str(_("Yes") if value else _("No"))
    if isinstance(field, forms.ChoiceField):
        return str(dict(field.choices).get(value, value))  # type: ignore[arg-type]  # flat choices
    if isinstance(field, PhoneField):
        return str(field.prepare_value(value))
    return str(value or "—")
