"""A real SMTP server for tests, which keeps what it is given as parsed messages."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class MailServer:
    """Accepts every mail, or answers DATA with `answer` when a test sets it ("451 try later")."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.answer = ""
        self.host = "127.0.0.1"
        self.port = _free_port()

    @property
    def url(self) -> str:
        return f"smtp://{self.host}:{self.port}"

    def clear(self) -> None:
        self.messages.clear()
        self.answer = ""

    def to(self, address: str) -> list[EmailMessage]:
        """The messages that arrived for this address, in order."""
        return [message for message in list(self.messages) if address in str(message["To"])]

    def wait_for(self, count: int, *, seconds: float = 20) -> list[EmailMessage]:
        """The messages once there are as many; AssertionError when they do not come in time."""
        until = time.monotonic() + seconds
        while len(self.messages) < count:
            assert time.monotonic() < until, f"{len(self.messages)} of {count} mails came within {seconds} s"
            time.sleep(0.05)
        return list(self.messages)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        if self.answer:
            return self.answer
        content = envelope.original_content or b""
        self.messages.append(message_from_bytes(content, policy=policy.default))
        return "250 Message accepted for delivery"


@contextmanager
def running() -> Iterator[MailServer]:
    server = MailServer()
    controller = Controller(server, hostname=server.host, port=server.port)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
