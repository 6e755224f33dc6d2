"""Caught mails as files: one .eml each, named by the instant it came and a random part."""

import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

_KEY = re.compile(r"[0-9]{19}-[0-9a-f]{8}")
_LISTED = 500


@dataclass(frozen=True)
class Mail:
    key: str
    source: bytes
    message: EmailMessage

    def header(self, name: str) -> str:
        return str(self.message.get(name, ""))

    def body(self, kind: str) -> str:
        """The `plain` or `html` text; empty when the mail has none."""
        part = self.message.get_body((kind,))
        if part is None:
            return ""
        content = part.get_content()
        return content if isinstance(content, str) else ""

    def attachments(self) -> list[EmailMessage]:
        return [part for part in self.message.iter_attachments() if isinstance(part, EmailMessage)]


class Mailbox:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, source: bytes) -> None:
        """Write whole or not at all: a reader never sees half a mail."""
        key = f"{time.time_ns():019d}-{secrets.token_hex(4)}"
        half = self._folder / f".{key}"
        half.write_bytes(source)
        half.rename(self._folder / f"{key}.eml")

    def newest(self) -> Iterator[Mail]:
        for path in sorted(self._folder.glob("*.eml"), reverse=True)[:_LISTED]:
            mail = self.get(path.stem)
            if mail is not None:
                yield mail

    def get(self, key: str) -> Mail | None:
        if not _KEY.fullmatch(key):
            return None
        try:
            source = (self._folder / f"{key}.eml").read_bytes()
        except FileNotFoundError:
            return None
        return Mail(key, source, message_from_bytes(source, policy=policy.default))
