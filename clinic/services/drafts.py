"""What a message says: the text that applies, the values that fill it, the address it goes to.

Drafts are made in batches; where a batch fails, each message is tried alone, so that one that cannot be
rendered never holds up another.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError

from clinic import mailing, messaging
from clinic.mailing import Rendered, Words
from clinic.messaging import Attachment
from clinic.models import Message, MessageText
from clinic.selectors import preferences
from clinic.services import texts

log = structlog.get_logger(__name__)

V = TypeVar("V")
FALLBACK_LANGUAGE = "en"
AWAY = (OperationalError, InterfaceError)
"""The database is away or refuses for now: no message's fault."""


class CannotRender(Exception):
    """This message has no text, no values, or words that cannot be filled in."""


@dataclass(frozen=True)
class Draft:
    """A text version, and the values as they are now."""

    text: MessageText
    values: Mapping[str, str]
    address: str

    def snapshot(self) -> dict[str, Any]:
        """What the row keeps once it starts to be sent; with its text it shows the mail for ever, but for its secrets."""
        return {"address": self.address, "placeholders": messaging.masked(self.text.kind, self.values)}


def refusals(messages: Sequence[Message]) -> dict[UUID, str]:
    """Messages that must not go out any more, with a reason code: their kind's re-check, then consent and address."""
    refused: dict[UUID, str] = {}
    for kind, group in _by_kind(messages).items():
        asked, broken = _asked(messaging.get(kind).recheck, group)
        refused.update(asked)
        refused.update(dict.fromkeys(broken, "recheck_error"))
    declined = preferences.declined({message.patient_id for message in messages})
    for message in messages:
        if message.pk not in refused and (reason := _standing_refusal(message, declined)):
            refused[message.pk] = reason
    return refused


def make(messages: Sequence[Message]) -> dict[UUID, Draft]:
    """A draft for each message that has a text and values. Constant queries for a kind's whole batch."""
    grouped = _by_kind(messages)
    words = texts.current(list(grouped))
    drafts: dict[UUID, Draft] = {}
    for key, group in grouped.items():
        texts_of = {message.pk: _text_for(message, words) for message in group}
        read_in = [_read_in(message, texts_of[message.pk]) for message in group]
        values, _ = _asked(messaging.get(key).placeholders, read_in)
        for message in group:
            text = texts_of[message.pk]
            if text is not None and message.pk in values:
                filled = {**_common(message), **values[message.pk]}
                drafts[message.pk] = Draft(text, filled, address_of(message))
    return drafts


def _text_for(message: Message, words: Mapping[texts.Key, MessageText]) -> MessageText | None:
    own = words.get((message.kind, message.patient.language))
    return own or words.get((message.kind, FALLBACK_LANGUAGE))


def _read_in(message: Message, text: MessageText | None) -> Message:
    """The message for a reader of its text's language: where that fell back, days and buttons fall back with it."""
    if text is None or text.language == message.patient.language:
        return message
    read = copy(message)
    read.patient = copy(message.patient)
    read.patient.language = text.language
    return read


def rendered(
    message: Message,
    draft: Draft,
    *,
    riders: Sequence[tuple[Message, Draft]] = (),
    with_attachments: bool = True,
) -> Rendered:
    """The mail of a draft, with the words of others that go in it. CannotRender, with the reason chained, whatever the
    kind or the text did wrong."""
    try:
        attachments = [
            attachment
            for one, made in [(message, draft), *riders]
            if with_attachments
            for attachment in _attachments(one, made)
        ]
        return mailing.render(
            words_of(draft),
            site=draft.values,
            attachments=attachments,
            riders=[words_of(rider) for _message, rider in riders],
        )
    except AWAY:
        raise
    except Exception as error:
        raise CannotRender(type(error).__name__) from error


def words_of(draft: Draft) -> Words:
    """The words of a draft, filled in. TextError where they cannot be."""
    values = draft.values
    return Words(
        language=draft.text.language,
        subject=messaging.fill(draft.text.subject, values),
        body=messaging.fill(draft.text.body, values),
        button_url=values.get("button_url", ""),
        button_label=values.get("button_label", ""),
        preheader=draft.text.preheader,
    )


def _attachments(message: Message, draft: Draft) -> Sequence[Attachment]:
    attach = messaging.get(message.kind).attachments
    return attach(message, draft.values) if attach else ()


def address_of(message: Message) -> str:
    return message.contact.email if message.contact else message.patient.email


def _standing_refusal(message: Message, declined: Collection[tuple[UUID, UUID | None, str]]) -> str:
    patient, contact = message.patient, message.contact
    kind = messaging.get(message.kind)
    if message.withdrawn:
        return message.withdrawn
    if not patient.is_active:
        return "patient_inactive"
    if contact is not None and (contact.ended_at is not None or not contact.gets_mails):
        return "contact_ended"
    if kind.needs_consent and not patient.reminders_consent:
        return "no_consent"
    if kind.group and (message.patient_id, message.contact_id, kind.group) in declined:
        return "declined"
    return "" if address_of(message) else "no_address"


def _common(message: Message) -> dict[str, str]:
    site = message.site
    return {"given_name": message.patient.given_name, "clinic_name": site.sender_name, "phone": site.phone}


def _by_kind(messages: Sequence[Message]) -> dict[str, list[Message]]:
    grouped: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        grouped[message.kind].append(message)
    return grouped


def _asked(
    ask: Callable[[Sequence[Message]], Mapping[UUID, V]], group: Sequence[Message]
) -> tuple[dict[UUID, V], list[UUID]]:
    """The kind's answers, and the messages for which it raised an error of its own."""
    try:
        return dict(ask(group)), []
    except AWAY:
        raise
    except Exception as error:
        if len(group) == 1:
            log.exception(
                "message kind raised",
                message_id=str(group[0].pk),
                kind=group[0].kind,
                error=type(error).__name__,
            )
            return {}, [group[0].pk]
    answers: dict[UUID, V] = {}
    broken: list[UUID] = []
    for message in group:
        answer, failed = _asked(ask, [message])
        answers.update(answer)
        broken += failed
    return answers, broken
