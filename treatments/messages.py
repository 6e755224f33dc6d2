"""The mails of the recovery week: their words, and the question asked just before sending.

Neutral on purpose: no treatment, no part of the body, no drug. What holds on which day is the protocol's, and stands on
the page behind the link. One idea a sentence, the phone number always there. The link acts for the patient, so it is
neither kept with the message nor shown to staff.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from clinic import messaging
from clinic.messaging import DefaultText, Example, MessageKind
from clinic.models import Message, Site
from clinic.selectors import links as link_reads
from clinic.services import links
from treatments.enums import CourseStatus, SessionStatus
from treatments.models import Session
from treatments.policies import recovery
from treatments.services.recovery_week import DOOR
from treatments.services.red_flags import about

_END_EN = "\n\n{how}\n\nIf you feel unwell, or something worries you, call us on {phone}. In an emergency call {emergency}.\n\n{clinic_name}"
_END_ES = "\n\n{how}\n\nSi se siente mal o algo le preocupa, llámenos al {phone}. En una emergencia, llame al {emergency}.\n\n{clinic_name}"

TEXTS: dict[int, dict[str, DefaultText]] = {
    0: {
        "en": DefaultText(
            "How to look after yourself today",
            "Hello {given_name},\n\nthank you for coming today. Please rest this evening. "
            "We have put together what is good for you in the next days." + _END_EN,
        ),
        "es": DefaultText(
            "Cómo cuidarse hoy",
            "Hola {given_name}:\n\ngracias por venir hoy. Descanse esta tarde. "
            "Hemos reunido lo que le conviene en los próximos días." + _END_ES,
        ),
    },
    1: {
        "en": DefaultText(
            "How are you today?",
            "Hello {given_name},\n\nwe hope you slept well. Please tell us how you are. It takes about a minute."
            + _END_EN,
        ),
        "es": DefaultText(
            "¿Cómo está hoy?",
            "Hola {given_name}:\n\nesperamos que haya dormido bien. Cuéntenos cómo está. Se tarda un minuto."
            + _END_ES,
        ),
    },
    3: {
        "en": DefaultText(
            "How are the days going?",
            "Hello {given_name},\n\nplease tell us how you are. It takes about a minute. "
            "If it hurts more each day instead of less, please call us today." + _END_EN,
        ),
        "es": DefaultText(
            "¿Cómo le van los días?",
            "Hola {given_name}:\n\ncuéntenos cómo está. Se tarda un minuto. "
            "Si le duele cada día más en lugar de menos, llámenos hoy." + _END_ES,
        ),
    },
    7: {
        "en": DefaultText(
            "How are you after the first days?",
            "Hello {given_name},\n\nthe first week is over. Please tell us how it went. It takes about a minute.\n\n"
            "If you get a fever, or it hurts more and more, call us. This is true for the next weeks too."
            + _END_EN,
        ),
        "es": DefaultText(
            "¿Cómo está después de los primeros días?",
            "Hola {given_name}:\n\nla primera semana ha pasado. Cuéntenos cómo ha ido. Se tarda un minuto.\n\n"
            "Si tiene fiebre o le duele cada vez más, llámenos. Esto vale también para las próximas semanas."
            + _END_ES,
        ),
    },
}
"""By the first day that each suits: every text is true on each day until the next one begins."""
_BUTTON = {"en": "Open my page", "es": "Abrir mi página"}
_HOW = {
    "en": "Use the button below. It opens your own page, also in the weeks to come.",
    "es": "Use el botón de abajo. Abre su página personal, también en las próximas semanas.",
}
_WITHOUT = {
    "en": "If you have questions about these days, we are glad to help on the phone.",
    "es": "Si tiene preguntas sobre estos días, le ayudamos con gusto por teléfono.",
}

_TREATED = (SessionStatus.INJECTED, SessionStatus.SIGNED, SessionStatus.STOPPED)


def recheck(messages: Sequence[Message]) -> Mapping[UUID, str]:
    """Reason codes for messages whose session was not treated after all, or whose course was cancelled. One query."""
    sessions = {
        str(row.pk): row
        for row in Session.objects.filter(
            pk__in={recovery.session_of(message.about) for message in messages}
        ).select_related("course")
    }
    refused: dict[UUID, str] = {}
    for message in messages:
        session = sessions.get(recovery.session_of(message.about))
        if session is None or session.injected_at is None or session.status not in _TREATED:
            refused[message.pk] = "not_treated"
        elif session.course.status == CourseStatus.CANCELLED:
            refused[message.pk] = "course_cancelled"
    return refused


def placeholders(messages: Sequence[Message]) -> Mapping[UUID, Mapping[str, str]]:
    """The emergency number, and the way to the page for whoever gets this mail. A contact who may not hear details has no
    link. Two queries."""
    sites = Site.objects.in_bulk({message.site_id for message in messages})
    sessions = {message.pk: about(UUID(recovery.session_of(message.about))) for message in messages}
    rows = link_reads.of_facts(purpose=DOOR, about=set(sessions.values()))
    found = {(row.about, row.contact_id): row for row in rows}
    values: dict[UUID, Mapping[str, str]] = {}
    for message in messages:
        language = message.patient.language if message.patient.language in _HOW else "en"
        link = found.get((sessions[message.pk], message.contact_id))
        told = {
            "emergency": sites[message.site_id].emergency_phone,
            "how": (_HOW if link else _WITHOUT)[language],
        }
        if link is not None:
            told |= {"button_url": links.address_of(link), "button_label": _BUTTON[language]}
        values[message.pk] = told
    return values


def register() -> None:
    """Called once at start-up."""
    names = {
        0: _("Recovery, the same day"),
        1: _("Recovery, days 1 and 2"),
        3: _("Recovery, days 3 to 6"),
        7: _("Recovery, from day 7 on"),
    }
    messaging.describe({"emergency": Example(_("emergency number"), {"en": "112"})})
    for day, key in recovery.KINDS.items():
        messaging.register(
            MessageKind(
                key=key,
                name=names[day],
                texts=TEXTS[day],
                recheck=recheck,
                placeholders=placeholders,
                group="recovery",
                secrets=frozenset({"button_url"}),
                # That of the same day answers to the visit, after whatever went out that morning.
                counts=day != 0,
                purpose=_("Says how to look after oneself, and whom to call."),
                timing=_(
                    "On that day of the recovery week, at 09:00; on the first day two hours after the visit."
                ),
            )
        )
