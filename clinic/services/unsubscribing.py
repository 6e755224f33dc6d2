"""The address by which a mailbox, or the person themselves, declines the group of a mail (RFC 8058).

Its secret is derived from the message and kept nowhere; it can do one thing, for the one person who got this mail. No
birth date is asked: a mailbox's one click cannot give one, and declining tells nothing about anybody.
"""

from hmac import compare_digest
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from clinic import messaging, tokens
from clinic.actors import Actor, Contact, Patient
from clinic.models import Message


def token_of(message_id: UUID) -> str:
    """The secret of the address."""
    return tokens.derived("unsubscribe", message_id)


def address_of(message: Message) -> str:
    """The whole address, for the header and the foot of this mail; empty where its kind cannot be declined."""
    if not group_of(message):
        return ""
    return settings.PUBLIC_URL + reverse("clinic:unsubscribe", args=[message.pk, token_of(message.pk)])


def group_of(message: Message) -> str:
    """Which mails are declined through it; empty where none are."""
    try:
        return messaging.get(message.kind).group
    except KeyError:
        return ""


def opened_by(message_id: UUID, token: str) -> Message | None:
    """The message of this address, with its patient, contact and site; None for a forged one. One query."""
    if not compare_digest(token_of(message_id).encode(), token.encode()):
        return None
    return Message.objects.select_related("patient", "contact", "site").filter(pk=message_id).first()


def actor_of(message: Message) -> Actor:
    """Who acts through it: whoever got the mail. The message stands in the place of a link."""
    if message.contact_id is not None:
        return Contact(message.contact_id, message.pk)
    return Patient(message.patient_id, message.pk)
