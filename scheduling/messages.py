"""The kinds of mail about a visit: their words, the question asked just before sending, their placeholders.

Neutral on purpose: a mail names no treatment, no part of the body and no physician, and tells one time, when
to come.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from clinic import messaging
from clinic.days import long_day
from clinic.messaging import Attachment, DefaultText, Example, MessageKind, StrOrPromise
from clinic.models import Link, Message
from clinic.selectors import links as link_reads
from clinic.services import links
from scheduling.enums import AppointmentStatus, Notice
from scheduling.invitations import invitation_to
from scheduling.models import Appointment
from scheduling.services import notices, preparing

_STANDING = (AppointmentStatus.BOOKED, AppointmentStatus.CONFIRMED)

_WHEN_EN = "Please come on {day} at {time}.\n\n{clinic}, {address}"
_WHEN_ES = "Venga por favor el {day} a las {time}.\n\n{clinic}, {address}"
_CHANGE_EN = "If you cannot come, please call us on {phone}. Then somebody else can have your place."
_CHANGE_ES = "Si no puede venir, llámenos al {phone}. Así otra persona podrá usar su cita."

TEXTS: dict[str, dict[str, DefaultText]] = {
    Notice.CONFIRMATION: {
        "en": DefaultText(
            "Your appointment",
            f"Hello {{first_name}},\n\nyour appointment is booked.\n\n{_WHEN_EN}\n\n{{bring}}\n\n{{prepare}}\n\n{_CHANGE_EN}",
            "When to come, where, and what to bring.",
        ),
        "es": DefaultText(
            "Su cita",
            f"Hola {{first_name}}:\n\nsu cita está reservada.\n\n{_WHEN_ES}\n\n{{bring}}\n\n{{prepare}}\n\n{_CHANGE_ES}",
            "Cuándo venir, dónde y qué traer.",
        ),
    },
    Notice.MOVED: {
        "en": DefaultText(
            "Your appointment has moved",
            f"Hello {{first_name}},\n\nyour appointment has a new time. The old one no longer counts.\n\n{_WHEN_EN}\n\n{{bring}}\n\n{{prepare}}\n\n{_CHANGE_EN}",
            "The new time, and where to come.",
        ),
        "es": DefaultText(
            "Su cita ha cambiado",
            f"Hola {{first_name}}:\n\nsu cita tiene una nueva hora. La anterior ya no vale.\n\n{_WHEN_ES}\n\n{{bring}}\n\n{{prepare}}\n\n{_CHANGE_ES}",
            "La nueva hora y adónde venir.",
        ),
    },
    Notice.CANCELLED: {
        "en": DefaultText(
            "Your appointment is cancelled",
            "Hello {first_name},\n\nyour appointment on {day} at {time} is cancelled. You do not need to come.\n\nWould you like a new one? Please call us on {phone}.\n\n{clinic}",
        ),
        "es": DefaultText(
            "Su cita está cancelada",
            "Hola {first_name}:\n\nsu cita del {day} a las {time} está cancelada. No hace falta que venga.\n\n¿Quiere otra cita? Llámenos al {phone}.\n\n{clinic}",
        ),
    },
    Notice.PREPARATION: {
        "en": DefaultText(
            "Getting ready for your visit",
            f"Hello {{first_name}},\n\nwe look forward to seeing you.\n\n{_WHEN_EN}\n\n{{prepare}}\n\n{_CHANGE_EN}",
            "Some things are good to know some days before.",
        ),
        "es": DefaultText(
            "Cómo prepararse para su visita",
            f"Hola {{first_name}}:\n\nle esperamos pronto.\n\n{_WHEN_ES}\n\n{{prepare}}\n\n{_CHANGE_ES}",
            "Conviene saber algunas cosas unos días antes.",
        ),
    },
    Notice.REMINDER_3D: {
        "en": DefaultText(
            "A reminder from {clinic}",
            f"Hello {{first_name}},\n\nwe look forward to seeing you soon.\n\n{_WHEN_EN}\n\n{{bring}}\n\n{_CHANGE_EN}",
            "When to come, where, and what to bring.",
        ),
        "es": DefaultText(
            "Un recordatorio de {clinic}",
            f"Hola {{first_name}}:\n\nle esperamos pronto.\n\n{_WHEN_ES}\n\n{{bring}}\n\n{_CHANGE_ES}",
            "Cuándo venir, dónde y qué traer.",
        ),
    },
    Notice.REMINDER_1D: {
        "en": DefaultText(
            "A reminder from {clinic}",
            f"Hello {{first_name}},\n\nthis is a reminder of your appointment.\n\n{_WHEN_EN}\n\n{{bring}}\n\n{_CHANGE_EN}",
            "When to come, where, and what to bring.",
        ),
        "es": DefaultText(
            "Un recordatorio de {clinic}",
            f"Hola {{first_name}}:\n\nle recordamos su cita.\n\n{_WHEN_ES}\n\n{{bring}}\n\n{_CHANGE_ES}",
            "Cuándo venir, dónde y qué traer.",
        ),
    },
}


BUTTON = {"en": "Confirm or change it", "es": "Confirmar o cambiarla"}
_PREPARE = {"en": "How to get ready", "es": "Cómo prepararse"}
_WITH_LINK = (Notice.CONFIRMATION, Notice.MOVED, Notice.REMINDER_3D, Notice.REMINDER_1D, Notice.PREPARATION)


def recheck(messages: Sequence[Message]) -> Mapping[UUID, str]:
    """Reason codes for messages whose visit no longer stands as they tell it. One query."""
    visits = _visits(messages)
    refused: dict[UUID, str] = {}
    for message in messages:
        visit = visits.get(notices.visit_key(message.about))
        if visit is not None and message.about.startswith(notices.FORMER):
            if visit.patient_id == message.patient_id:
                refused[message.pk] = "visit_changed"
            continue
        wanted = (AppointmentStatus.CANCELLED,) if message.kind == Notice.CANCELLED else _STANDING
        if visit is None or visit.status not in wanted:
            refused[message.pk] = "visit_changed"
        elif visit.told_rev != message.about_rev:
            refused[message.pk] = "superseded"
    return refused


def placeholders(messages: Sequence[Message]) -> Mapping[UUID, Mapping[str, str]]:
    """Day and time as the patient reads them, in their language, in the site's zone, and the link of whoever gets the
    mail, which acts for them and is kept nowhere. Four queries at most.

    A cancellation names the time that they were last told of: they may never have heard of a later one.
    """
    visits = _visits(messages)
    doors = _links(messages)
    told = notices.told_starts([message for message in messages if message.kind == Notice.CANCELLED])
    begun = preparing.begun(list(visits.values()))
    values: dict[UUID, Mapping[str, str]] = {}
    for message in messages:
        visit = visits.get(notices.visit_key(message.about))
        if visit is None:
            continue
        begins = told.get(message.pk, visit.period.lower)
        start = begins.astimezone(visit.site.zone)
        reader = message.patient
        with translation.override(reader.language):
            day = long_day(start, comma=True)
        values[message.pk] = {
            "first_name": reader.given_name,
            "day": day,
            "time": f"{start:%H:%M}",
            "clinic": visit.site.sender_name,
            "address": visit.site.address,
            "phone": visit.site.phone,
            "bring": visit.visit_type.bring,
            "prepare": preparing.prompt(reader.language, visit.site.phone)
            if visit.pk in begun or message.kind == Notice.PREPARATION
            else "",
            # For the invitation only; never shown.
            "starts_at": begins.astimezone(dt.UTC).isoformat(),
            "ends_at": (begins + (visit.period.upper - visit.period.lower)).astimezone(dt.UTC).isoformat(),
        }
        link = doors.get((message.about, message.patient_id, message.contact_id))
        if link is not None and message.kind in _WITH_LINK:
            words = _PREPARE if message.kind == Notice.PREPARATION else BUTTON
            label = words.get(reader.language, words["en"])
            values[message.pk] = {
                **values[message.pk],
                "button_url": links.address_of(link),
                "button_label": label,
            }
    return values


def invitation(message: Message, values: Mapping[str, str]) -> Sequence[Attachment]:
    """The visit as iCalendar."""
    return [
        invitation_to(
            visit=notices.visit_key(message.about),
            told_rev=message.about_rev,
            start=dt.datetime.fromisoformat(values["starts_at"]),
            end=dt.datetime.fromisoformat(values["ends_at"]),
            address=values["address"],
            is_off=message.kind == Notice.CANCELLED,
        )
    ]


EXAMPLES = {
    "day": Example(
        _("day of the visit"), {"en": "Tuesday, 24 November 2026", "es": "martes, 24 de noviembre de 2026"}
    ),
    "time": Example(_("when to come"), {"en": "09:30"}),
    "address": Example(_("address of the clinic"), {"en": "Lindenstraße 4, 10969 Berlin"}),
    "prepare": Example(_("that it is time to get ready"), preparing.EXAMPLES),
    "bring": Example(
        _("what to bring"),
        {"en": "Please bring your insurance card.", "es": "Traiga su tarjeta sanitaria, por favor."},
    ),
}
_DUTIES: dict[str, tuple[StrOrPromise, StrOrPromise]] = {
    Notice.CONFIRMATION: (_("Tells that a visit is booked."), _("Three minutes after booking.")),
    Notice.MOVED: (_("Tells the new time."), _("Three minutes after a visit was moved.")),
    Notice.CANCELLED: (_("Tells that a visit is off."), _("Three minutes after it was cancelled.")),
    Notice.PREPARATION: (
        _("Says that it is time to get ready; what to do stands behind the link."),
        _("Ten days before, or as the protocol says, at 10:00; booked later, the confirmation says it."),
    ),
    Notice.REMINDER_3D: (_("Reminds of a visit."), _("Three days before, at 10:00.")),
    Notice.REMINDER_1D: (_("Reminds of a visit once more."), _("The day before, at 10:00.")),
}


def register() -> None:
    """Called once at start-up."""
    messaging.describe(EXAMPLES)
    names = {
        Notice.CONFIRMATION: _("Confirmation"),
        Notice.MOVED: _("New time"),
        Notice.CANCELLED: _("Cancellation"),
        Notice.PREPARATION: _("Preparation"),
        Notice.REMINDER_3D: _("Reminder, 3 days before"),
        Notice.REMINDER_1D: _("Reminder, 1 day before"),
    }
    for key, name in names.items():
        reminder = key in (Notice.REMINDER_3D, Notice.REMINDER_1D)
        ahead = reminder or key == Notice.PREPARATION
        messaging.register(
            MessageKind(
                key=key,
                name=name,
                purpose=_DUTIES[key][0],
                timing=_DUTIES[key][1],
                button={} if key not in _WITH_LINK else _PREPARE if key == Notice.PREPARATION else BUTTON,
                texts=TEXTS[key],
                recheck=recheck,
                placeholders=placeholders,
                attachments=None if ahead else invitation,
                needs_consent=reminder,
                group="reminders" if reminder else "preparation" if ahead else "",
                secrets=frozenset({"button_url"}),
                counts=ahead,
                carries=key != Notice.CANCELLED,
            )
        )


def _links(messages: Sequence[Message]) -> dict[tuple[str, UUID, UUID | None], Link]:
    """The links of these mails, each of the very person who gets it. One query, none where no mail has any."""
    facts = {message.about for message in messages if message.kind in _WITH_LINK}
    rows = link_reads.of_facts(purpose=notices.DOOR, about=facts) if facts else []
    return {(row.about, row.patient_id, row.contact_id): row for row in rows}


def _visits(messages: Sequence[Message]) -> dict[str, Appointment]:
    keys = {notices.visit_key(message.about) for message in messages}
    rows = Appointment.objects.filter(pk__in=keys).select_related("site", "visit_type")
    return {str(row.pk): row for row in rows}
