"""The mail that asks for answers, and the one nudge. Neutral as every mail: no treatment, no part of the body, no score.

Each speaks of one day's questions of one patient and is withdrawn when nothing is open any more. Its button's link acts
for the patient, so it is neither kept with the message nor shown to staff.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from clinic import messaging
from clinic.messaging import DefaultText, Example, MessageKind
from clinic.models import Link, Message
from clinic.selectors import links as link_reads
from clinic.services import links
from treatments.enums import SheetStatus
from treatments.models import AnswerSheet
from treatments.selectors import time_points
from treatments.services.asking import DOOR
from treatments.services.sheets import NUDGE, QUESTIONNAIRE

TEXTS = {
    QUESTIONNAIRE: {
        "en": DefaultText(
            "A few questions for you",
            "Hello {given_name},\n\nhow are you? Please answer a few short questions. It takes about five minutes, and you can do it on your phone.\n\nYour answers help us to plan your next visit well.\n\n{how}\n\n{clinic_name}",
        ),
        "es": DefaultText(
            "Unas preguntas para usted",
            "Hola {given_name}:\n\n¿cómo está? Responda, por favor, a unas preguntas cortas. Se tarda unos cinco minutos y puede hacerlo con el móvil.\n\nSus respuestas nos ayudan a preparar bien su próxima visita.\n\n{how}\n\n{clinic_name}",
        ),
    },
    NUDGE: {
        "en": DefaultText(
            "We would still like to hear from you",
            "Hello {given_name},\n\na few days ago we sent you some short questions. Your answers would still help us. We do not ask again after this mail.\n\n{how}\n\n{clinic_name}",
        ),
        "es": DefaultText(
            "Todavía nos gustaría saber de usted",
            "Hola {given_name}:\n\nhace unos días le enviamos unas preguntas cortas. Sus respuestas todavía nos ayudarían. Después de este correo no volvemos a preguntar.\n\n{how}\n\n{clinic_name}",
        ),
    },
}
_BUTTON = {"en": "Answer now", "es": "Responder ahora"}
_HOW = {
    "en": "Use the button below. If you would rather talk, call us on {phone}.",
    "es": "Use el botón de abajo. Si prefiere hablar, llámenos al {phone}.",
}
_WITHOUT = {
    "en": "Please call us on {phone}: we ask the questions on the phone.",
    "es": "Llámenos al {phone}: le hacemos las preguntas por teléfono.",
}


def recheck(messages: Sequence[Message]) -> Mapping[UUID, str]:
    """Reason codes for patients of whom nothing is asked any more. One query."""
    open_for = set(
        AnswerSheet.objects.filter(
            course__patient__in={message.patient_id for message in messages},
            course__status__in=time_points.ASKED_IN,
            status=SheetStatus.OPEN,
        ).values_list("course__patient_id", "site_id")
    )
    return {
        message.pk: "nothing_to_ask"
        for message in messages
        if (message.patient_id, message.site_id) not in open_for
    }


def placeholders(messages: Sequence[Message]) -> Mapping[UUID, Mapping[str, str]]:
    """How to answer, and the link of whoever gets this mail. A contact who may not hear details has none. One query."""
    rows = link_reads.of_facts(purpose=DOOR, about={message.about for message in messages})
    found = {(row.about, row.contact_id): row for row in rows}
    values: dict[UUID, Mapping[str, str]] = {}
    for message in messages:
        language = message.patient.language if message.patient.language in _HOW else "en"
        link: Link | None = found.get((message.about, message.contact_id))
        told = {"how": (_HOW if link else _WITHOUT)[language].format(phone=message.site.phone)}
        if link is not None:
            told |= {"button_url": links.address_of(link), "button_label": _BUTTON[language]}
        values[message.pk] = told
    return values


def register() -> None:
    """Called once at start-up."""
    messaging.describe(
        {
            "how": Example(
                _("how to answer"),
                {code: words.format(phone="+49 30 5550100") for code, words in _HOW.items()},
            )
        }
    )
    timing = {
        QUESTIONNAIRE: _("When a time point of the protocol comes, at 09:00."),
        NUDGE: _("Once, some days later, where nothing was answered."),
    }
    names = {QUESTIONNAIRE: _("Questions to answer"), NUDGE: _("Questions: one nudge")}
    for key, name in names.items():
        messaging.register(
            MessageKind(
                key=key,
                name=name,
                purpose=_("Asks how the patient is, by questions behind a link."),
                timing=timing[key],
                button=_BUTTON,
                by_hand=False,  # a nurse has a task of her own to ask
                texts=TEXTS[key],
                recheck=recheck,
                placeholders=placeholders,
                resend_when_uncertain=False,
                group="questionnaires",
                rides=True,
                secrets=frozenset({"button_url"}),
            )
        )
