"""How a patient's plain facts are worded on the page."""

from typing import Any

from django.conf import settings
from django.utils.html import format_html
from django.utils.translation import gettext as _

from clinic.enums import MessageGroup
from clinic.models import Patient, Site
from clinic.policies import phones
from clinic.selectors import preferences


def facts_of(patient: Patient, site: Site) -> list[tuple[str, Any]]:
    """(term, value) pairs; empty values are left out by the component. One query for what they declined."""
    numbers = {phone.position: phone.e164 for phone in patient.phones.all()}
    consent = _("Yes, agreed") if patient.reminders_consent else _("No")
    return [
        (_("Mobile"), phone_link(numbers.get(0, ""), site.country)),
        (_("Other phone"), phone_link(numbers.get(1, ""), site.country)),
        (_("E-mail"), format_html('<a href="mailto:{0}">{0}</a>', patient.email) if patient.email else ""),
        (_("Prefers"), patient.get_preferred_channel_display()),
        (_("Reminders"), consent),
        (_("Does not want"), ", ".join(_declined(patient))),
        (_("Language"), str(dict(settings.LANGUAGES).get(patient.language, patient.language))),
        (_("Sex"), patient.get_sex_display()),
    ]


def _declined(patient: Patient) -> list[str]:
    """What the patient declined, in words."""
    off = preferences.of_person((patient.pk, None))
    return [str(group.label) for group in MessageGroup if group in off]


def phone_link(e164: str, country: str) -> str:
    return (
        format_html('<a class="num" href="tel:{}">{}</a>', e164, phones.shown(e164, country=country))
        if e164
        else ""
    )


def warning_for(patient: Patient) -> str:
    """The one warning that matters most; empty when there is none."""
    if patient.erased_at is not None:
        return _("Erased: nothing can be booked, ordered or sent")
    if patient.deceased_on is not None:
        return _("Has died: nothing can be booked, ordered or sent")
    if not patient.email and not patient.phones.all():
        return _("No way to reach them: ask for a phone number")
    return ""
