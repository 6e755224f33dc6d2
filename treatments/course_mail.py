"""The mails that ask a patient to ring us about their course: a review before the next session, or a visit that nobody
has booked. Neutral as every mail: no treatment, no part of the body, no number of a session.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from clinic import messaging
from clinic.messaging import DefaultText, MessageKind
from clinic.models import Message
from treatments.selectors import invitations
from treatments.selectors.invitations import REVIEW, UNBOOKED

TEXTS = {
    REVIEW: {
        "en": DefaultText(
            "We would like to see you",
            "Hello {given_name},\n\nbefore your next visit we would like to talk with you about how you are.\n\n"
            "Please call us on {phone}. We will find a time that suits you.\n\n{clinic_name}",
        ),
        "es": DefaultText(
            "Nos gustaría verle",
            "Hola {given_name}:\n\nantes de su próxima visita nos gustaría hablar con usted de cómo está.\n\n"
            "Llámenos, por favor, al {phone}. Buscaremos una hora que le convenga.\n\n{clinic_name}",
        ),
    },
    UNBOOKED: {
        "en": DefaultText(
            "Your next visit is not booked yet",
            "Hello {given_name},\n\nyour next visit has no date yet.\n\n"
            "Please call us on {phone}. We will find a time that suits you. If you would rather not come again, "
            "please tell us that too.\n\n{clinic_name}",
        ),
        "es": DefaultText(
            "Su próxima visita aún no tiene fecha",
            "Hola {given_name}:\n\nsu próxima visita aún no tiene fecha.\n\n"
            "Llámenos, por favor, al {phone}. Buscaremos una hora que le convenga. Si prefiere no volver, "
            "díganoslo también.\n\n{clinic_name}",
        ),
    },
}


def recheck(messages: Sequence[Message]) -> Mapping[UUID, str]:
    """Reason codes for patients who are booked meanwhile, or whose course does not wait for it any more. Two queries."""
    wanted = invitations.still_wanted({message.about for message in messages})
    return {message.pk: "nothing_to_book" for message in messages if message.about not in wanted}


def placeholders(messages: Sequence[Message]) -> Mapping[UUID, Mapping[str, str]]:
    """Name, clinic and phone, which the outbox gives to every mail: nothing else is said."""
    return {message.pk: {} for message in messages}


def register() -> None:
    """Called once at start-up."""
    said = {
        REVIEW: (
            _("Invitation to a review"),
            _("Asks for a call to book the review that the protocol wants before the next session."),
            _("The morning after a review is due, unless one is booked."),
        ),
        UNBOOKED: (
            _("Next visit not booked"),
            _("Asks for a call where a course goes on and its next visit has no date."),
            _("Once, seven days after the course was approved or its last session."),
        ),
    }
    for key, (name, purpose, timing) in said.items():
        messaging.register(
            MessageKind(
                key=key,
                name=name,
                purpose=purpose,
                timing=timing,
                texts=TEXTS[key],
                recheck=recheck,
                placeholders=placeholders,
                resend_when_uncertain=False,
                group="reviews",
                rides=True,
                by_hand=False,  # the desk has a task of its own to ring
            )
        )
