"""Tiny message kinds for tests, and a way to have them for a while."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from clinic import messaging
from clinic.messaging import DefaultText, MessageKind
from clinic.models import Message

TEXTS = {
    "en": DefaultText("Your appointment", "Hello {given_name},\n\nthis is about {about}.\n\n{clinic_name}"),
    "es": DefaultText("Su cita", "Hola {given_name}:\n\nse trata de {about}.\n\n{clinic_name}"),
}


def stands(_messages: Sequence[Message]) -> Mapping[UUID, str]:
    return {}


def about(messages: Sequence[Message]) -> Mapping[UUID, Mapping[str, str]]:
    """Values for each message; one whose fact is called poison has none of the kind that its text needs."""
    return {
        message.pk: {"broken": "yes"} if "poison" in message.about else {"about": message.about}
        for message in messages
    }


def kind(key: str = "test.plain", **fields: Any) -> MessageKind:
    values: dict[str, Any] = {
        "name": "Test",
        "texts": TEXTS,
        "recheck": stands,
        "placeholders": about,
        "ignores_quiet_hours": True,
        "counts": False,
    }
    return MessageKind(key=key, **(values | fields))


PLAIN = kind()
QUIET = kind("test.quiet", ignores_quiet_hours=False)
PARKED = kind("test.parked", resend_when_uncertain=False)
ALL = (PLAIN, QUIET, PARKED)


@contextmanager
def known(*kinds: MessageKind) -> Iterator[None]:
    """Register the kinds, and forget them afterwards."""
    for one in kinds:
        messaging.register(one)
    try:
        yield
    finally:
        for one in kinds:
            del messaging._kinds[one.key]
