"""Forms about staff and the site."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import available_timezones

from crispy_forms.layout import Layout
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from clinic.enums import Role
from clinic.forms.base import ClinicForm, Row, Section, TimeField
from clinic.forms.choices import rows_field
from clinic.forms.fields import LineField
from clinic.models import Site, User
from clinic.policies import phones
from clinic.services.sites import EDITABLE
from clinic.services.staff import StaffData


class StaffForm(ClinicForm):
    submit_label = _("Save")

    full_name = LineField(label=_("Full name"), max_length=150)
    email = forms.EmailField(label=_("E-mail"), max_length=254, help_text=_("What they sign in with."))
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)
    sites = forms.ModelMultipleChoiceField(
        label=_("Works at"), queryset=Site.objects.none(), widget=forms.CheckboxSelectMultiple
    )
    is_active = forms.BooleanField(
        label=_("May sign in"),
        required=False,
        initial=True,
        help_text=_("Without this they are signed out everywhere at once."),
    )

    def __init__(self, *args: Any, sites: Sequence[Site], **options: Any) -> None:
        super().__init__(*args, **options)
        rows_field(self, "sites").queryset = Site.objects.filter(pk__in=[site.pk for site in sites])
        if len(sites) == 1:
            self.initial.setdefault("sites", [sites[0].pk])

    def layout(self) -> Layout:
        return Layout(Row("full_name", "email"), "role", "sites", "is_active")

    @property
    def data_now(self) -> StaffData:
        cleaned = self.cleaned_data
        return StaffData(
            full_name=cleaned["full_name"],
            email=cleaned["email"],
            role=cleaned["role"],
            site_ids=[site.pk for site in cleaned["sites"]],
            is_active=cleaned["is_active"],
        )


def staff_initial(user: User) -> dict[str, Any]:
    return {
        "full_name": user.full_name,
        "email": user.email,
        "role": user.role,
        "sites": [site.pk for site in user.sites.all()],
        "is_active": user.is_active,
    }


PATIENT_NOTICE = 24  # hours


class SiteForm(ClinicForm):
    submit_label = _("Save")

    name = LineField(label=_("Name"), max_length=120)
    sender_name = LineField(
        label=_("Sender name"),
        max_length=120,
        help_text=_(
            "What patients see as the sender of mails. Neutral: it names no treatment and no part of the body."
        ),
    )
    address = LineField(label=_("Address"), max_length=250)
    directions = forms.CharField(
        label=_("How to get there"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "For patients: bus and train, parking, the entrance, the lift. They read it on their phone."
        ),
    )
    phone = LineField(label=_("Phone"), max_length=32)
    emergency_phone = LineField(label=_("Emergency number"), max_length=32)
    on_call_phone = LineField(
        label=_("On-call number"),
        max_length=32,
        required=False,
        help_text=_("What patients are told to call while nobody is there. May stay empty."),
    )
    reply_to = forms.EmailField(label=_("Replies go to"), required=False)
    country = LineField(
        label=_("Country"), max_length=2, min_length=2, help_text=_("Two letters, such as DE or US.")
    )
    region = LineField(
        label=_("Region"),
        max_length=40,
        required=False,
        help_text=_("For its public holidays, such as NY or Bayern. May stay empty."),
    )
    time_zone = LineField(label=_("Time zone"), max_length=64, help_text=_("Such as Europe/Berlin."))
    quiet_from = TimeField(label=_("No mails from"))
    quiet_until = TimeField(label=_("No mails until"))
    patient_notice_hours = forms.IntegerField(
        label=_("Patients move their visits until (hours before)"),
        min_value=0,
        max_value=720,
        initial=PATIENT_NOTICE,
        required=False,
        help_text=_("Through the link in their mail. Nearer than that they ask, and the desk calls them."),
    )

    def __init__(self, data: Any = None, *, is_new: bool, **options: Any) -> None:
        """The clock of a site that exists has a page of its own, since visits may stand in its way."""
        super().__init__(data, **options)
        if not is_new:
            del self.fields["time_zone"]

    def layout(self) -> Layout:
        where = [name for name in ("country", "region", "time_zone") if name in self.fields]
        return Layout(
            Section(
                _("The place"),
                "name",
                "address",
                Row("phone", "emergency_phone"),
                "on_call_phone",
                "directions",
            ),
            Section(_("Mails"), "sender_name", "reply_to", Row("quiet_from", "quiet_until")),
            Section(_("Visits"), "patient_notice_hours"),
            Section(_("Where it is"), Row(*where)),
        )

    def clean_directions(self) -> str:
        return str(self.cleaned_data["directions"]).replace("\r\n", "\n").strip()

    def clean_patient_notice_hours(self) -> int:
        given: int | None = self.cleaned_data["patient_notice_hours"]
        return PATIENT_NOTICE if given is None else given

    def clean_time_zone(self) -> str:
        name: str = self.cleaned_data["time_zone"]
        if name not in available_timezones():
            raise ValidationError(
                _("Not a time zone: it takes a name such as Europe/Berlin."), code="time_zone"
            )
        return name

    def clean_country(self) -> str:
        code: str = self.cleaned_data["country"].upper()
        if code not in phones.COUNTRIES:
            raise ValidationError(_("Not a country: it takes two letters, such as DE or US."), code="country")
        return code

    @property
    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in EDITABLE if name in self.fields}
