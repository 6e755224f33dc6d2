"""A real SMTP server that tests can stop at any step. Its log of accepted mails is the truth they compare with."""

import asyncio
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

STEPS = ("EHLO", "MAIL", "RCPT", "DATA")


class Sink:
    """Answers each step with 250 unless told otherwise; `hold` keeps a client waiting there for ever."""

    def __init__(self) -> None:
        self.port = 0
        self.clear()

    def clear(self) -> None:
        self.accepted: list[EmailMessage] = []
        self.connections = 0
        self.answers: dict[str, list[str]] = {step: [] for step in STEPS}
        self.held: dict[str, bool] = {}
        self.reached = threading.Event()
        self.cut: set[str] = set()
        self.pause = 0.0

    def answer(self, step: str, *replies: str) -> None:
        """The next replies at this step; after them all is well again."""
        self.answers[step] = list(replies)

    def hold(self, step: str, *, accepting: bool = False) -> None:
        """The next client waits here for ever; with `accepting`, its mail has been taken by then."""
        self.reached = threading.Event()
        self.held = {step: accepting}

    def hang_up(self, step: str, *, accepting: bool = False) -> None:
        """Cut the next connection at this step instead of answering; with `accepting`, the mail has been taken."""
        self.cut = {step, "accepting"} if accepting else {step}

    def ids(self) -> Counter[str]:
        """How often each Message-ID was accepted."""
        return Counter(str(message["Message-ID"]) for message in list(self.accepted))

    def wait_for(self, count: int, seconds: float = 25) -> None:
        until = time.monotonic() + seconds
        while len(self.accepted) < count:
            assert time.monotonic() < until, f"{len(self.accepted)} of {count} mails came within {seconds} s"
            time.sleep(0.02)

    async def handle_EHLO(
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        await self._step("EHLO", _server)
        return responses

    async def handle_MAIL(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = await self._step("MAIL", _server)
        if reply.startswith("2"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return reply

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        reply = await self._step("RCPT", _server)
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        message = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        taken = self.held.get("DATA", False) or (self.cut >= {"DATA", "accepting"})
        if taken:
            self.accepted.append(message)
        if self.pause:
            await asyncio.sleep(self.pause)
        reply = await self._step("DATA", _server)
        if reply.startswith("2") and not taken:
            self.accepted.append(message)
        return reply

    async def _step(self, step: str, server: Any) -> str:
        if step in self.held:
            self.held = {}
            self.reached.set()
            await asyncio.sleep(3600)
        if step in self.cut:
            self.cut = set()
            server.transport.abort()
            await asyncio.sleep(3600)
        return self.answers[step].pop(0) if self.answers[step] else "250 OK"


@contextmanager
def running() -> Iterator[Sink]:
    sink = Sink()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        sink.port = probe.getsockname()[1]
    controller = Controller(sink, hostname="127.0.0.1", port=sink.port)
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()
