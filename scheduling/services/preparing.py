"""When a patient begins to prepare for a visit, and the sentence that says so. What to do stands behind the mail's link."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from clinic import clock
from scheduling import purposes
from scheduling.models import Appointment

REMINDER_TIME = dt.time(10, 0)
_PROMPT = {
    "en": "Getting ready for this visit begins some days before it. Please read now what to do, or call us on {phone}.",
    "es": "La preparación para esta visita empieza unos días antes. Lea ahora qué debe hacer, o llámenos al {phone}.",
}
EXAMPLES = {code: words.format(phone="+49 30 5550100") for code, words in _PROMPT.items()}


def at(appointment: Appointment, lead: int) -> dt.datetime:
    """So many days before the visit, in the morning on the site's wall clock."""
    zone = appointment.site.zone
    start: dt.datetime = appointment.period.lower
    return clock.local(start.astimezone(zone).date() - dt.timedelta(days=lead), REMINDER_TIME, zone)


def begun(visits: Sequence[Appointment]) -> set[UUID]:
    """The visits for which a patient should be preparing by now. One query, where any has a purpose."""
    leads = purposes.leads([visit.purpose for visit in visits])
    now = clock.now()
    return {
        visit.pk
        for visit in visits
        if visit.purpose is not None and (lead := leads.get(visit.purpose)) and at(visit, lead) <= now
    }


def prompt(language: str, phone: str) -> str:
    """In the reader's language, neutral."""
    return _PROMPT.get(language, _PROMPT["en"]).format(phone=phone)
