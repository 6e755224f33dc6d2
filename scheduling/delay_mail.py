"""The mail that says: we run late, please come a little later. Neutral like every mail, and short: it is read on the way."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from clinic import messaging
from clinic.messaging import DefaultText, Example, MessageKind
from clinic.models import Message
from scheduling.enums import AppointmentStatus
from scheduling.models import Appointment
from scheduling.selectors import delays

TEXTS = {
    "en": DefaultText(
        "Please come a little later today",
        "Hello {first_name},\n\nwe are running about {minutes} minutes late.\n\n"
        "Please come at {new_time} today. Your place is kept.\n\n"
        "Is that not possible for you? Please call us on {phone}.",
    ),
    "es": DefaultText(
        "Venga hoy un poco más tarde, por favor",
        "Hola {first_name}:\n\nvamos con unos {minutes} minutos de retraso.\n\n"
        "Venga hoy por favor a las {new_time}. Su lugar está reservado.\n\n"
        "¿No le es posible? Llámenos al {phone}.",
    ),
}
_STANDING = (AppointmentStatus.BOOKED, AppointmentStatus.CONFIRMED)


def recheck(messages: Sequence[Message]) -> Mapping[UUID, str]:
    """Reason codes for messages whose visit does not stand, has moved, or whose patient is here. One query."""
    visits = _visits(messages)
    refused: dict[UUID, str] = {}
    for message in messages:
        visit = visits.get(message.about)
        if visit is None or visit.status not in _STANDING or visit.patient_id != message.patient_id:
            refused[message.pk] = "visit_changed"
        elif delays.instant_of(message.about_rev) <= visit.period.lower:
            refused[message.pk] = "superseded"
    return refused


def placeholders(messages: Sequence[Message]) -> Mapping[UUID, Mapping[str, str]]:
    """The time as planned and the new one, on the site's wall clock. One query."""
    visits = _visits(messages)
    values: dict[UUID, Mapping[str, str]] = {}
    for message in messages:
        if (visit := visits.get(message.about)) is None:
            continue
        start = delays.instant_of(message.about_rev)
        values[message.pk] = {
            "first_name": visit.patient.given_name,
            "minutes": str(int((start - visit.period.lower).total_seconds()) // 60),
            "new_time": f"{start.astimezone(visit.site.zone):%H:%M}",
            "time": f"{visit.period.lower.astimezone(visit.site.zone):%H:%M}",
            "clinic": visit.site.sender_name,
            "phone": visit.site.phone,
        }
    return values


def register() -> None:
    """Called once at start-up. A double mail says the same; a missed one leaves somebody waiting."""
    messaging.describe(
        {
            "minutes": Example(_("minutes late"), {"en": "25"}),
            "new_time": Example(_("when to come now"), {"en": "09:55"}),
        }
    )
    messaging.register(
        MessageKind(
            key=delays.KIND,
            name=_("We run late"),
            purpose=_("Asks a patient who is expected today to come a little later."),
            timing=_("When the desk says so on the board."),
            by_hand=False,  # the board itself gives the desk the phone number
            texts=TEXTS,
            recheck=recheck,
            placeholders=placeholders,
            needs_consent=False,
            counts=False,
            carries=False,
        )
    )


def _visits(messages: Sequence[Message]) -> dict[str, Appointment]:
    keys = [message.about.removeprefix("delay:") for message in messages]
    rows = Appointment.objects.filter(pk__in=keys).select_related("patient", "site")
    return {delays.about(row.pk): row for row in rows}
