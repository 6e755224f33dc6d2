"""The mail that the rows of the outbox send: a reminder's words, and an invitation, without anything to be looked up."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from uuid import UUID

from clinic import messaging
from clinic.messaging import Attachment, MessageKind
from clinic.models import Message
from scheduling.invitations import invitation_to
from scheduling.messages import TEXTS


def _values(messages: Sequence[Message]) -> Mapping[UUID, Mapping[str, str]]:
    # What a later text asks for beside these has a value too, so that the row goes on measuring.
    names = {name for text in KIND.texts.values() for name in messaging.placeholders_of(text.body)}
    return {
        message.pk: {
            **dict.fromkeys(names - messaging.COMMON_PLACEHOLDERS, "–"),
            "first_name": message.patient.given_name,
            "day": "Monday, 5 July",
            "time": "10:00",
            "clinic": message.site.sender_name,
            "address": message.site.address,
            "bring": "Your papers, and comfortable clothes.",
        }
        for message in messages
    }


def _invitation(message: Message, values: Mapping[str, str]) -> Sequence[Attachment]:
    start = dt.datetime(2026, 7, 5, 8, tzinfo=dt.UTC)
    return [
        invitation_to(
            visit=str(message.pk),
            told_rev=1,
            start=start,
            end=start + dt.timedelta(hours=1),
            address=values["address"],
            is_off=False,
        )
    ]


KIND = MessageKind(
    key="bench.reminder",
    name="Bench",
    texts=TEXTS["appointment.confirmation"],
    recheck=lambda _messages: {},
    placeholders=_values,
    attachments=_invitation,
    needs_consent=False,
    ignores_quiet_hours=True,
    group="reminders",
)


@contextmanager
def known() -> Iterator[None]:
    """The kind, for a while."""
    messaging.register(KIND)
    try:
        yield
    finally:
        del messaging._kinds[KIND.key]
