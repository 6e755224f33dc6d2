"""The kinds of messages, registered by the apps that know the facts, and the strict filling-in of their words.

A kind says in which words a fact is told, whether it still stands, and what goes into the words. The
outbox asks it in batches and knows nothing else about appointments or sessions.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from clinic.enums import MessageGroup
from clinic.models import Message

StrOrPromise = str | Promise

LANGUAGES = ("en", "es")
"""Languages in which the software comes complete; a clinic adds others by `settings.LANGUAGES` and writes their texts."""
GROUPS = tuple(MessageGroup.values)
"""What a patient may decline, each by itself."""
COMMON_PLACEHOLDERS = frozenset({"given_name", "clinic_name", "phone"})
"""Filled in by the outbox for every kind: the patient's given name, the site's sender name and phone."""
BUTTON_PLACEHOLDERS = frozenset({"button_url", "button_label"})
"""Values that a kind may give beside those of its text: the mail then carries one button."""
_NOT_IN_SUBJECTS = frozenset({"given_name", "family_name", "patient_name", "full_name"})
MASK = "#"
"""What stands in the place of a secret where a mail is kept or shown."""
_LONGEST_KEY = 40
_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")


class TextError(ValueError):
    """Words that cannot be filled in: an unknown placeholder, or a brace that belongs to none."""


@dataclass(frozen=True)
class DefaultText:
    """A kind's words in one language as they come with the software: `{placeholders}`, paragraphs by blank lines.

    `preheader` is the line that a mailbox shows beside the subject; without one it shows the clinic's name and phone.
    """

    subject: str
    body: str
    preheader: str = ""


@dataclass(frozen=True)
class Attachment:
    """A file of a mail. An `alternative` is offered as another form of the text as well (RFC 6047 invitations)."""

    filename: str
    content: str | bytes
    mimetype: str
    alternative: bool = False


@dataclass(frozen=True)
class MessageKind:
    """One kind of mail.

    `recheck` gives, for the messages that must not go out any more, a reason code; `placeholders` gives
    each message's values, already in the patient's language and the site's zone. Both are called
    outside a transaction with all messages of a batch and need a constant number of queries. A message
    without an entry in what `placeholders` returns is a render error of its own.
    """

    key: str
    name: StrOrPromise
    texts: Mapping[str, DefaultText]
    recheck: Callable[[Sequence[Message]], Mapping[UUID, str]]
    placeholders: Callable[[Sequence[Message]], Mapping[UUID, Mapping[str, str]]]
    attachments: Callable[[Message, Mapping[str, str]], Sequence[Attachment]] | None = None
    needs_consent: bool = True
    resend_when_uncertain: bool = True
    ignores_quiet_hours: bool = False
    group: str = ""
    """What a patient may decline, one of GROUPS; empty: it is always sent."""
    counts: bool = True
    """At most one mail that counts goes to a person a day, in the site's zone. News of a change does not count."""
    rides: bool = False
    """Goes in the mail that goes to the person that day anyway, where there is one."""
    carries: bool = True
    """Others may go in this mail. Not in one that must stay short and clear, such as "we run late"."""
    purpose: StrOrPromise = ""
    """What the mail is for, in one sentence, for the person who edits its words."""
    timing: StrOrPromise = ""
    """When it goes out, in one sentence."""
    by_hand: bool = True
    """Whether a patient without an address is told by phone or letter instead; else another task does that."""
    button: Mapping[str, str] = field(default_factory=dict)
    """By language, what the mail's button says where it has one; for a preview with invented data."""
    secrets: frozenset[str] = frozenset()
    """Placeholders that go into the mail and nowhere else, such as a link that acts: neither kept nor shown to staff."""


@dataclass(frozen=True)
class Example:
    """What a placeholder stands for: its name for whoever edits a text, and an invented value by language."""

    label: StrOrPromise
    values: Mapping[str, str]

    def value(self, language: str) -> str:
        return self.values.get(language) or self.values["en"]


DeliveryOracle = Callable[[Sequence[UUID]], Mapping[UUID, bool]]
"""Asks the mail server's log or the provider: was the mail of this message accepted? No entry: not known yet."""

delivery_oracle: DeliveryOracle | None = None
_kinds: dict[str, MessageKind] = {}
_examples: dict[str, Example] = {
    "given_name": Example(_("given name"), {"en": "Ada"}),
    "first_name": Example(_("given name"), {"en": "Ada"}),
    "clinic_name": Example(_("name of the clinic"), {"en": "Lindenhof Practice"}),
    "clinic": Example(_("name of the clinic"), {"en": "Lindenhof Practice"}),
    "phone": Example(_("phone of the clinic"), {"en": "+49 30 5550100"}),
}
_wider: list[Callable[[str], Collection[str]]] = []


def register(kind: MessageKind) -> None:
    """Make a kind known. Called once for each kind in `AppConfig.ready()`."""
    if kind.key in _kinds:
        raise ValueError(f"the message kind {kind.key} is registered twice")
    if len(kind.key) > _LONGEST_KEY:
        raise ValueError(f"the key of the message kind {kind.key} is too long")
    if kind.group and kind.group not in GROUPS:
        raise ValueError(f"the message kind {kind.key} belongs to no known group: {kind.group}")
    missing = [language for language in LANGUAGES if language not in kind.texts]
    if missing:
        raise ValueError(f"the message kind {kind.key} has no text in {', '.join(missing)}")
    for text in kind.texts.values():
        placeholders_of(text.body)
        if placeholders_of(text.preheader):
            raise TextError("the line beside a subject is the same for everybody")
        if names := placeholders_of(text.subject) & _NOT_IN_SUBJECTS:
            raise TextError(f"a subject names nobody: {', '.join(sorted(names))}")
    _kinds[kind.key] = kind


def register_wider(wider: Callable[[str], Collection[str]]) -> None:
    """A way to find, for the key of one fact, the keys of mails that tell of it among others."""
    _wider.append(wider)


def abouts_of(about: str) -> list[str]:
    """Under which keys mails speak of this fact: its own, and those of mails about several."""
    return [about, *(key for wider in _wider for key in wider(about))]


def describe(examples: Mapping[str, Example]) -> None:
    """Say what placeholders stand for. Called at start-up; a name means the same in every kind."""
    _examples.update(examples)


def example(name: str) -> Example:
    """What is known of a placeholder; one that nobody described is shown by its name."""
    return _examples.get(name) or Example(name.replace("_", " "), {"en": f"‹{name}›"})


def get(key: str) -> MessageKind:
    """The kind with this key; KeyError when no app registered it."""
    return _kinds[key]


def masked(key: str, values: Mapping[str, str]) -> dict[str, str]:
    """The values of a mail of this kind without its secrets, as they may be kept and shown."""
    kind = _kinds.get(key)
    secrets = kind.secrets if kind is not None else frozenset()
    return {name: MASK if name in secrets and value else value for name, value in values.items()}


def all_kinds() -> list[MessageKind]:
    return [_kinds[key] for key in sorted(_kinds)]


def known_placeholders(kind: MessageKind) -> frozenset[str]:
    """The names that a text of this kind may use: those of its default texts and the common ones."""
    texts: Iterable[str] = [part for text in kind.texts.values() for part in (text.subject, text.body)]
    return COMMON_PLACEHOLDERS.union(*(placeholders_of(text) for text in texts))


def placeholders_of(text: str) -> frozenset[str]:
    """The names between braces; TextError when a brace belongs to no `{name}`."""
    rest = _PLACEHOLDER.sub("", text)
    if "{" in rest or "}" in rest:
        raise TextError("A brace that belongs to no {placeholder}.")
    return frozenset(_PLACEHOLDER.findall(text))


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with each `{name}` replaced by its value, once: braces inside a value stay as they are.

    Nothing else is evaluated: no attributes, no formats. TextError for a name without a value.
    """
    unknown = placeholders_of(text) - values.keys()
    if unknown:
        raise TextError(f"No value for {', '.join(sorted(unknown))}.")
    return _PLACEHOLDER.sub(lambda match: values[match[1]], text)
