"""From filled-in words to a MIME message: text and HTML, neutral sender, headers that keep robots quiet.

The look comes from `templates/emails/base.{html,txt}`; the words are the message's. Subject and sender
name no treatment, because a mail is seen by whoever holds the phone.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formataddr, parseaddr
from typing import cast
from uuid import UUID

import css_inline
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import SafeMIMEMultipart, sanitize_address
from django.template.loader import render_to_string
from django.utils import translation

from clinic.messaging import Attachment
from clinic.models import Site

_BLANK_LINES = re.compile(r"\n\s*\n")
_PADDING = "\u034f\u200c\u00a0" * 60
"""Invisible: without it a mailbox goes on with the first words of the mail, which name the patient."""
_QUESTIONS = {"en": "Questions? Call us:", "es": "¿Preguntas? Llámenos:"}
_inliner = css_inline.CSSInliner(load_remote_stylesheets=False)


@dataclass(frozen=True)
class Words:
    """A mail's words with everything filled in."""

    language: str
    subject: str
    body: str
    button_url: str = ""
    button_label: str = ""
    preheader: str = ""


@dataclass(frozen=True)
class Rendered:
    """What a mailbox shows."""

    subject: str
    text: str
    html: str
    attachments: Sequence[Attachment] = field(default=())


@dataclass(frozen=True)
class Envelope:
    """What the mail server is told, and the bytes it is given (lines end in CRLF)."""

    sender: str
    recipient: str
    content: bytes


def render(
    words: Words,
    *,
    site: Mapping[str, str],
    attachments: Sequence[Attachment] = (),
    riders: Sequence[Words] = (),
) -> Rendered:
    """Lay the words out as text and as HTML; `site` gives clinic_name and phone.

    Those of `riders` follow under a line each, without what the mail says already, such as its greeting.
    """
    parts = _parts([words, *riders], sign=site["clinic_name"] if riders else "")
    paragraphs = parts[0].paragraphs
    context = {
        "parts": parts,
        "clinic_name": site["clinic_name"],
        "signed": paragraphs[-1:] == [site["clinic_name"]],  # a text may end with it: once is enough
        "phone": site["phone"],
        "questions": _QUESTIONS.get(words.language.partition("-")[0], _QUESTIONS["en"]),
        "preheader": words.preheader or preheader_of(site),
        "padding": _PADDING,
        "subject": words.subject,
        "language": words.language,
    }
    with translation.override(words.language):
        text = render_to_string("emails/base.txt", context)
        html = render_to_string("emails/base.html", context)
    return Rendered(
        subject=" ".join(words.subject.split()),
        text=text.strip() + "\n",
        html=_inliner.inline(html),
        attachments=attachments,
    )


def preheader_of(site: Mapping[str, str]) -> str:
    """What a mailbox shows beside the subject where a text says nothing of its own: who writes, and the phone."""
    return " · ".join(part for part in (site["clinic_name"], site["phone"]) if part)


@dataclass(frozen=True)
class _Part:
    paragraphs: list[str]
    button_url: str
    button_label: str


def _parts(all_words: Sequence[Words], *, sign: str) -> list[_Part]:
    """The paragraphs of each, without those that stand there before, and without `sign`: the mail ends with it."""
    said = {sign} if sign else set()
    parts = []
    for words in all_words:
        found = [part.strip() for part in _BLANK_LINES.split(words.body) if part.strip()]
        paragraphs = [paragraph for paragraph in found if paragraph not in said] if sign else found
        said.update(paragraphs)
        parts.append(_Part(paragraphs, words.button_url, words.button_label))
    return parts


def message_id(key: UUID) -> str:
    """The Message-ID of this message in every attempt, so that a mail sent twice is known as one."""
    return f"<{key}@{settings.MESSAGE_ID_DOMAIN}>"


def envelope(
    rendered: Rendered, *, key: UUID, site: Site, recipient: str, headers: Mapping[str, str] | None = None
) -> Envelope:
    """The mail as it goes over the wire, with further `headers`. ValueError when the address cannot be one."""
    sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    mail = EmailMultiAlternatives(
        subject=rendered.subject,
        body=rendered.text,
        from_email=formataddr((site.sender_name, sender)),
        to=[recipient],
        reply_to=[site.reply_to] if site.reply_to else None,
        headers={
            "Message-ID": message_id(key),
            "X-Correlation-Id": str(key),
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
            **(headers or {}),
        },
    )
    mail.attach_alternative(rendered.html, "text/html")
    for attachment in rendered.attachments:
        _attach(mail, attachment)
    return Envelope(
        sender=sanitize_address(sender, "utf-8"),
        recipient=_bare(recipient),
        content=cast(SafeMIMEMultipart, mail.message()).as_bytes(linesep="\r\n"),
    )


def _attach(mail: EmailMultiAlternatives, attachment: Attachment) -> None:
    """An alternative goes in twice: as another form of the text, which mailboxes act on, and as a file to open."""
    kind, _, rest = attachment.mimetype.partition(";")
    parameters = [part.strip() for part in rest.split(";") if part.strip() and "charset=" not in part.lower()]
    mimetype = "; ".join([kind.strip(), *parameters])
    content = attachment.content
    if isinstance(content, bytes) and mimetype.startswith("text/"):
        content = content.decode()
    if attachment.alternative:
        mail.attach_alternative(content, mimetype)
    mail.attach(attachment.filename, content, mimetype)


def _bare(recipient: str) -> str:
    address = str(sanitize_address(recipient, "utf-8"))
    if not address.isascii() or any(sign.isspace() for sign in address) or "@" not in address:
        raise ValueError("not an address that mail can be sent to")
    return address
