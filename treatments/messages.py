"""The mails of the recovery week: their words, and the question asked just before sending.

Neutral on purpose: no treatment, no part of the body, no drug. One idea a sentence, the phone number always there.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from clinic import messaging
from clinic.messaging import DefaultText, Example, MessageKind
from clinic.models import Message, Site
from treatments.enums import CourseStatus, SessionStatus
from treatments.models import Session
from treatments.policies import recovery

_HELP_EN = (
    "If you feel unwell, or something worries you, call us on {phone}. In an emergency call {emergency}."
)
_HELP_ES = (
    "Si se siente mal o algo le preocupa, llámenos al {phone}. En una emergencia, llame al {emergency}."
)

TEXTS: dict[int, dict[str, DefaultText]] = {
    0: {
        "en": DefaultText(
            "How to look after yourself today",
            "Hello {given_name},\n\nthank you for coming today. Please rest this evening. Do not drive today. "
            "You may take a shower. Please wait until tomorrow with baths and swimming.\n\n"
            "Some soreness is normal in the first days.\n\n" + _HELP_EN + "\n\n{clinic_name}",
        ),
        "es": DefaultText(
            "Cómo cuidarse hoy",
            "Hola {given_name}:\n\ngracias por venir hoy. Descanse esta tarde. Hoy no conduzca. "
            "Puede ducharse. Para bañarse o nadar, espere hasta mañana.\n\n"
            "Es normal sentir molestias los primeros días.\n\n" + _HELP_ES + "\n\n{clinic_name}",
        ),
    },
    1: {
        "en": DefaultText(
            "How are you today?",
            "Hello {given_name},\n\nwe hope you slept well. Feeling sore today is normal. Short walks are good for you. "
            "Please do not lift heavy things. Do not sit for a long time without a break.\n\n"
            + _HELP_EN
            + "\n\n{clinic_name}",
        ),
        "es": DefaultText(
            "¿Cómo está hoy?",
            "Hola {given_name}:\n\nesperamos que haya dormido bien. Es normal tener molestias hoy. Los paseos cortos le vienen bien. "
            "No levante cosas pesadas. No esté mucho tiempo sentado sin descanso.\n\n"
            + _HELP_ES
            + "\n\n{clinic_name}",
        ),
    },
    3: {
        "en": DefaultText(
            "Three days later",
            "Hello {given_name},\n\nby now the soreness should be getting less. If it is getting more, please call us today. "
            "Keep taking short walks. From tomorrow you can do a little more each day.\n\n"
            + _HELP_EN
            + "\n\n{clinic_name}",
        ),
        "es": DefaultText(
            "Tres días después",
            "Hola {given_name}:\n\nlas molestias deberían ir a menos. Si van a más, llámenos hoy. "
            "Siga con paseos cortos. Desde mañana puede hacer un poco más cada día.\n\n"
            + _HELP_ES
            + "\n\n{clinic_name}",
        ),
    },
    7: {
        "en": DefaultText(
            "One week later",
            "Hello {given_name},\n\na week has passed. Most people can do their usual daily things again now. "
            "Go slowly with sport and heavy work. It can take some weeks before you notice a change.\n\n"
            "If you get a fever, or it hurts more and more, call us. This is true for the next weeks too.\n\n"
            + _HELP_EN
            + "\n\n{clinic_name}",
        ),
        "es": DefaultText(
            "Una semana después",
            "Hola {given_name}:\n\nha pasado una semana. La mayoría de las personas ya puede hacer su vida diaria. "
            "Vaya despacio con el deporte y el trabajo pesado. Puede tardar unas semanas en notar un cambio.\n\n"
            "Si tiene fiebre o le duele cada vez más, llámenos. Esto vale también para las próximas semanas.\n\n"
            + _HELP_ES
            + "\n\n{clinic_name}",
        ),
    },
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
    """The site's emergency number; name, clinic and phone come from the outbox. One query."""
    sites = Site.objects.in_bulk({message.site_id for message in messages})
    return {message.pk: {"emergency": sites[message.site_id].emergency_phone} for message in messages}


def register() -> None:
    """Called once at start-up."""
    names = {
        0: _("Recovery, the same day"),
        1: _("Recovery, day 1"),
        3: _("Recovery, day 3"),
        7: _("Recovery, day 7"),
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
                # That of the same day answers to the visit, after whatever went out that morning.
                counts=day != 0,
                purpose=_("Says how to look after oneself, and whom to call."),
                timing=_(
                    "On that day of the recovery week, at 09:00; on the first day two hours after the visit."
                ),
            )
        )
