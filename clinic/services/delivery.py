"""One mail: rendered, marked as started, handed over, and written down as what became of it.

No transaction is open while the mail server is spoken to.
"""

import datetime as dt
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar
from uuid import UUID

import structlog
from django.db import connection

from clinic import mailing, messaging
from clinic.enums import MessageState
from clinic.mailing import Envelope
from clinic.models import Message
from clinic.policies.quiet_hours import quiet_end
from clinic.services import drafts, leases
from clinic.services.drafts import AWAY, Draft
from clinic.services.leases import Watch
from clinic.smtp import Channel, Outcome, Result, Unreachable

log = structlog.get_logger(__name__)

T = TypeVar("T")
BACKOFF = (dt.timedelta(minutes=1), dt.timedelta(minutes=5), dt.timedelta(minutes=15), dt.timedelta(hours=1))
BREAKER_LIMIT = 5
RESENT = "resent"
"""The reason of a mail that goes out once more because nobody could say whether it had."""
_PAUSES = (0.1, 1.0, 3.0)  # seconds between attempts to write to a database that is away


@dataclass
class Breaker:
    """Opens after five connection failures in a row: the server is away, and the rest can wait untouched."""

    failures: int = 0

    @property
    def is_open(self) -> bool:
        return self.failures >= BREAKER_LIMIT

    def note(self, *, failed: bool) -> None:
        self.failures = self.failures + 1 if failed else 0


@dataclass
class Courier:
    """Hands mails over one reused connection and counts what it did."""

    channel: Channel = field(default_factory=Channel)
    breaker: Breaker = field(default_factory=Breaker)
    sent: int = 0

    def deliver(self, message: Message, draft: Draft | None, *, token: UUID, watch: Watch) -> None:
        """Render, connect, mark as started, hand over, write. A row that was cancelled meanwhile is left alone."""
        envelope = _envelope(message, draft)
        if draft is None or envelope is None:
            reason = {message.pk: "render_error"}
            leases.end_unstarted(reason, token=token, state=MessageState.FAILED, now=watch.now())
            return
        try:
            self.channel.connect()
        except Unreachable as error:
            self.breaker.note(failed=True)
            log.warning("mail server unreachable", error=str(error), failures=self.breaker.failures)
            leases.put_back(message.pk, token=token, next_at=watch.now() + _with_jitter(BACKOFF[0]))
            return
        started_at = watch.now()
        if quiet_end(message.site, started_at) and not messaging.get(message.kind).ignores_quiet_hours:
            return  # they began while the batch was worked through; the next batch defers it
        snapshot = draft.snapshot()
        if not leases.start(message.pk, token=token, now=started_at, text=draft.text, snapshot=snapshot):
            return
        result = self.channel.send(envelope)
        self.breaker.note(failed=result.by_connection)
        _write(message, result, token=token, started_at=started_at, now=watch.now())
        self.sent += result.outcome == Outcome.ACCEPTED


def persist(write: Callable[[], T]) -> T:
    """Write what only this process knows, over a new connection if the database dropped the old one.

    Repeating is harmless: once written, the statement meets no row. Should it fail for good, the lease says what is left.
    """
    for pause in _PAUSES:
        try:
            return write()
        except AWAY as error:
            log.warning("database away", error=type(error).__name__)
            connection.close()
            time.sleep(pause)
    return write()


def _envelope(message: Message, draft: Draft | None) -> Envelope | None:
    """The mail, or None where this message cannot be rendered, whatever went wrong: it must not hold up the others."""
    if draft is None:
        log.error("message without text or values", message_id=str(message.pk), kind=message.kind)
        return None
    try:
        rendered = drafts.rendered(message, draft)
        return mailing.envelope(rendered, key=message.pk, site=message.site, recipient=draft.address)
    except AWAY:
        raise
    except Exception as error:
        # The error's own text may carry values, hence people's data: only its type is logged.
        cause = type(error.__cause__ or error).__name__
        log.error("message cannot be rendered", message_id=str(message.pk), kind=message.kind, error=cause)  # noqa: TRY400
        return None


def _write(
    message: Message, result: Result, *, token: UUID, started_at: dt.datetime, now: dt.datetime
) -> None:
    resent = RESENT if message.reason == RESENT else ""
    state, reason, next_at = MessageState.SENT, resent, None
    if result.outcome == Outcome.REFUSED:
        state, reason = MessageState.FAILED, "refused_by_server"
    elif result.outcome == Outcome.UNCERTAIN:
        state, next_at = MessageState.UNCERTAIN, now + leases.SERVER_TIMEOUT
    elif result.outcome == Outcome.TRY_LATER:
        next_at = now + _with_jitter(BACKOFF[min(message.attempts, len(BACKOFF)) - 1])
        if message.attempts >= leases.ATTEMPTS:
            state, reason = MessageState.FAILED, "too_many_attempts"
        elif next_at >= message.expires_at:
            state, reason = MessageState.MISSED, "expired"
        else:
            state = MessageState.PENDING
    finish = partial(leases.finish, message.pk, token=token, started_at=started_at, state=state)
    written = persist(partial(finish, now=now, reason=reason, code=result.code, next_at=next_at))
    write = log.info if written else log.error
    write(
        "message handed over",
        message_id=str(message.pk),
        kind=message.kind,
        outcome=result.outcome.value,
        code=result.code,
        written=written,
    )


def _with_jitter(pause: dt.timedelta) -> dt.timedelta:
    return pause * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, no secret
