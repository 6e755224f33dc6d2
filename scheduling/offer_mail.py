"""The mail that offers a freed time. Neutral as every mail: day, time and place, no treatment, no part of the body.

It speaks of one offer, expires with it and is withdrawn when that is answered. Its button's link acts for the patient,
so it is neither kept with the message nor shown to staff.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from clinic import clock, messaging
from clinic.days import long_day
from clinic.messaging import DefaultText, Example, MessageKind
from clinic.models import Message
from scheduling.enums import Notice, OfferStatus
from scheduling.models import Offer
from scheduling.services import offers

TEXTS = {
    "en": DefaultText(
        "A time has become free",
        "Hello {first_name},\n\na time has become free that may suit you.\n\n{day} at {time}\n{clinic}, {address}\n\nWe keep this time for you until {until}. Would you like it? Please answer with the button below, or call us on {phone}.\n\n{have}",
    ),
    "es": DefaultText(
        "Ha quedado libre una hora",
        "Hola {first_name}:\n\nha quedado libre una hora que quizá le convenga.\n\n{day} a las {time}\n{clinic}, {address}\n\nLe guardamos esta hora hasta {until}. ¿La quiere? Responda con el botón de abajo o llámenos al {phone}.\n\n{have}",
    ),
}
_BUTTON = {"en": "Yes or no", "es": "Sí o no"}
_HAVE = {
    "en": "If you say yes, it takes the place of your appointment on {day} at {time}. If you say no, that appointment stays as it is.",
    "es": "Si dice que sí, sustituye a su cita del {day} a las {time}. Si dice que no, esa cita sigue igual.",
}
_HAVE_NOT = {
    "en": "If you say no, or do not answer, you keep your place on our list.",
    "es": "Si dice que no, o no responde, conserva su lugar en nuestra lista.",
}
_UNTIL = {"en": "{day}, {time}", "es": "el {day} a las {time}"}


def recheck(messages: Sequence[Message]) -> Mapping[UUID, str]:
    """Reason codes for offers that cannot be accepted any more. One query."""
    found, now = _offers(messages), clock.now()
    refused: dict[UUID, str] = {}
    for message in messages:
        offer = found.get(message.about)
        if offer is None or offer.status != OfferStatus.OPEN:
            refused[message.pk] = "offer_closed"
        elif offer.expires_at <= now:
            refused[message.pk] = "offer_expired"
    return refused


def placeholders(messages: Sequence[Message]) -> Mapping[UUID, Mapping[str, str]]:
    """Day, time and end of the offer as the patient reads them, and the link. One query.

    A contact who gets the mails but may not book is told, without the button.
    """
    found = _offers(messages)
    values: dict[UUID, Mapping[str, str]] = {}
    for message in messages:
        offer = found.get(message.about)
        if offer is None:
            continue
        entry, zone = offer.entry, offer.site.zone
        language = entry.patient.language if entry.patient.language in TEXTS else "en"
        start, until = offer.start.astimezone(zone), offer.expires_at.astimezone(zone)
        with translation.override(language):
            day = long_day(start, comma=True)
            told = {
                "first_name": entry.patient.given_name,
                "day": day,
                "time": f"{start:%H:%M}",
                "until": _UNTIL[language].format(day=long_day(until, year=False), time=f"{until:%H:%M}"),
                "clinic": offer.site.sender_name,
                "address": offer.site.address,
                "phone": offer.site.phone,
                "have": _have(offer, language),
            }
        if message.contact is None or message.contact.may_book:
            told |= {"button_url": link_of(offer.pk), "button_label": _BUTTON[language]}
        values[message.pk] = told
    return values


def link_of(offer_id: UUID) -> str:
    """The address in the mail. Its token is derived, never read from a row."""
    return settings.PUBLIC_URL + reverse("scheduling:offer", args=[offers.token_of(offer_id)])


def register() -> None:
    """Called once at start-up."""
    messaging.describe(
        {
            "until": Example(
                _("how long it is kept"),
                {"en": "Tuesday 24 November, 12:00", "es": "el martes 24 de noviembre a las 12:00"},
            ),
            "have": Example(_("what becomes of a visit they have"), _HAVE_NOT),
        }
    )
    messaging.register(
        MessageKind(
            key=Notice.OFFER,
            name=_("Offer of a free time"),
            purpose=_("Offers a waiting patient a time that has become free."),
            timing=_("At once, to one patient at a time."),
            button=_BUTTON,
            by_hand=False,  # offered to those alone whom a mail reaches; the desk rings the others from the waitlist
            texts=TEXTS,
            recheck=recheck,
            placeholders=placeholders,
            needs_consent=True,
            resend_when_uncertain=False,
            counts=False,
            carries=False,
            secrets=frozenset({"button_url"}),
        )
    )


def _have(offer: Offer, language: str) -> str:
    visit = offer.entry.appointment
    if visit is None:
        return _HAVE_NOT[language]
    start = visit.period.lower.astimezone(offer.site.zone)
    return _HAVE[language].format(day=long_day(start, comma=True), time=f"{start:%H:%M}")


def _offers(messages: Sequence[Message]) -> dict[str, Offer]:
    keys = {message.about.removeprefix("offer:") for message in messages}
    rows = Offer.objects.filter(pk__in=keys).select_related("site", "entry__patient", "entry__appointment")
    return {f"offer:{row.pk}": row for row in rows}
