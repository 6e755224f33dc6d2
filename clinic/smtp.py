"""One reused connection to the mail server, spoken step by step so that a failure says what it means.

Before the final dot of DATA the server has accepted nothing: every failure is a safe retry. Between the
dot and its answer neither side knows (RFC 1047): the mail may have been accepted.
"""

import re
import smtplib
import socket
import ssl
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from django.conf import settings
from django.core.mail.utils import DNS_NAME

from clinic.mailing import Envelope

LONGEST_SEND = 50.0  # seconds for one mail, all steps together; a lease outlasts it
_AT_DOT = re.compile(rb"(?m)^\.")
_SERVICE_CLOSING = 421
_FRESH = 2.0  # seconds after which a connection is asked whether it still stands


class Outcome(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"  # for good: the server says 5xx about this recipient or this content
    TRY_LATER = "try_later"  # 4xx, or the connection broke before the final dot
    UNCERTAIN = "uncertain"  # the connection broke after the final dot


@dataclass(frozen=True)
class Result:
    """`by_connection`: not this mail's fault; several in a row mean that the server is away."""

    outcome: Outcome
    code: int | None = None
    by_connection: bool = False


class Unreachable(Exception):
    """The mail server cannot be reached or does not let us in."""


class Channel:
    """A connection that is opened when needed and kept for the next mail. Not for several threads."""

    def __init__(self) -> None:
        self._client: smtplib.SMTP | None = None
        self._used = 0.0

    def connect(self) -> None:
        """Make sure that the connection stands; Unreachable when it cannot."""
        if self._client is not None and (
            time.monotonic() < self._used + _FRESH or self._answers(self._client)
        ):
            return
        self.close()
        try:
            self._client = _open()
            self._used = time.monotonic()
        except (OSError, smtplib.SMTPException) as error:
            raise Unreachable(type(error).__name__) from error

    def send(self, envelope: Envelope) -> Result:
        """Hand over one mail on the open connection. Takes at most about LONGEST_SEND seconds; failures are results."""
        if self._client is None:
            raise RuntimeError("connect() comes first")
        conversation = _Conversation(self._client)
        try:
            result = conversation.hand_over(envelope)
        except (OSError, smtplib.SMTPException):
            self.close()
            outcome = Outcome.UNCERTAIN if conversation.dot_sent else Outcome.TRY_LATER
            return Result(outcome, by_connection=True)
        self._used = time.monotonic()
        if result.code == _SERVICE_CLOSING:
            self.close()
        elif result.outcome != Outcome.ACCEPTED:
            self._reset()
        return result

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _answers(self, client: smtplib.SMTP) -> bool:
        try:
            if client.sock is not None:
                client.sock.settimeout(settings.EMAIL_TIMEOUT)
            return client.noop()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False

    def _reset(self) -> None:
        try:
            if self._client is not None:
                self._client.rset()
        except (OSError, smtplib.SMTPException):
            self.close()


class _Conversation:
    """MAIL, RCPT, DATA, content, dot: each with what is left of the time for one mail."""

    def __init__(self, client: smtplib.SMTP) -> None:
        self._client = client
        self._until = time.monotonic() + LONGEST_SEND
        self.dot_sent = False

    def hand_over(self, envelope: Envelope) -> Result:
        eight_bit = ["BODY=8BITMIME"] if self._client.has_extn("8bitmime") else []
        self._hurry()
        code, _ = self._client.mail(envelope.sender, eight_bit)
        if code != 250:
            # It is our sender that is refused, not this patient: every mail would meet the same answer.
            return Result(Outcome.TRY_LATER, code, by_connection=True)
        self._hurry()
        code, _ = self._client.rcpt(envelope.recipient)
        if code not in (250, 251):
            return _refused(code)
        self._hurry()
        code, _ = self._client.docmd("DATA")
        if code != 354:
            return _refused(code)
        self._hurry()
        self._client.send(_quoted(envelope.content))
        self._hurry(LONGEST_SEND)
        self.dot_sent = True
        self._client.send(b".\r\n")
        code, _ = self._client.getreply()
        return Result(Outcome.ACCEPTED, code) if code == 250 else _refused(code)

    def _hurry(self, longest: float | None = None) -> None:
        """The next step may take EMAIL_TIMEOUT or `longest`, and never more than what is left for this mail."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the mail server is too slow")
        if self._client.sock is not None:
            self._client.sock.settimeout(min(left, longest or settings.EMAIL_TIMEOUT))


def _refused(code: int) -> Result:
    """A definite answer: nothing was accepted. A code outside 4xx and 5xx is no SMTP and is tried again."""
    outcome = Outcome.REFUSED if 500 <= code < 600 else Outcome.TRY_LATER
    return Result(outcome, code, by_connection=code == _SERVICE_CLOSING)


def _quoted(content: bytes) -> bytes:
    """The content with a dot doubled at each line's start and one line end at the end (RFC 5321, 4.5.2)."""
    quoted = _AT_DOT.sub(b"..", content)
    return quoted if quoted.endswith(b"\r\n") else quoted + b"\r\n"


def _open() -> smtplib.SMTP:
    context = ssl.create_default_context()
    name, timeout = DNS_NAME.get_fqdn(), settings.EMAIL_TIMEOUT
    host, port = cast(str, settings.EMAIL_HOST), cast(int, settings.EMAIL_PORT)
    client: smtplib.SMTP
    if settings.EMAIL_USE_SSL:
        client = smtplib.SMTP_SSL(host, port, local_hostname=name, timeout=timeout, context=context)
    else:
        client = smtplib.SMTP(host, port, local_hostname=name, timeout=timeout)
    try:
        if settings.EMAIL_USE_TLS:
            client.starttls(context=context)
        if settings.EMAIL_HOST_USER:
            client.login(cast(str, settings.EMAIL_HOST_USER), cast(str, settings.EMAIL_HOST_PASSWORD))
        client.ehlo_or_helo_if_needed()
        if client.sock is not None:
            # The final dot must not wait for the server's delayed acknowledgement of the content: 40 ms a mail.
            client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except (OSError, smtplib.SMTPException):
        client.close()
        raise
    return client
