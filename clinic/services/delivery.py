"""One mail: rendered, marked as started, handed over, and written down as what became of it.

No transaction is open while the mail server is spoken to.
"""

import datetime as dt
import random
import time
from collections.abc import Callable, Mapping, Sequence
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
from clinic.policies.parcels import Parcel
from clinic.policies.quiet_hours import quiet_end
from clinic.services import drafts, leases, unsubscribing
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

    def deliver(self, parcel: Parcel, drafted: Mapping[UUID, Draft], *, token: UUID, watch: Watch) -> None:
        """Render, connect, mark as started, hand over, write. Where a row of it was cancelled meanwhile, nothing goes
        out: what still stands goes with the next batch."""
        carrier, draft = parcel.carrier, drafted.get(parcel.carrier.pk)
        riders = _renderable(parcel.riders, drafted, token=token, watch=watch)
        envelope = _envelope(carrier, draft, riders)
        if draft is None or envelope is None:
            reason = {carrier.pk: "render_error"}
            leases.end_unstarted(reason, token=token, state=MessageState.FAILED, now=watch.now())
            return
        try:
            self.channel.connect()
        except Unreachable as error:
            self.breaker.note(failed=True)
            log.warning("mail server unreachable", error=str(error), failures=self.breaker.failures)
            for message in (carrier, *(rider for rider, _draft in riders)):
                leases.put_back(message.pk, token=token, next_at=watch.now() + _with_jitter(BACKOFF[0]))
            return
        now = watch.now()
        if quiet_end(carrier.site, now) and not messaging.get(carrier.kind).ignores_quiet_hours:
            return  # they began while the batch was worked through; the next batch defers it
        if not leases.start(
            _started(carrier, draft),
            [_started(rider, made) for rider, made in riders],
            token=token,
            now=now,
            day=now.astimezone(carrier.site.zone).date() if parcel.counts else None,
        ):
            return
        result = self.channel.send(envelope)
        self.breaker.note(failed=result.by_connection)
        for message in (carrier, *(rider for rider, _draft in riders)):
            _write(message, result, token=token, started_at=now, now=watch.now())
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


def _renderable(
    riders: Sequence[Message], drafted: Mapping[UUID, Draft], *, token: UUID, watch: Watch
) -> list[tuple[Message, Draft]]:
    """The riders that have their words; one that cannot be rendered ends as failed and holds up nobody."""
    found = []
    for message in riders:
        draft = drafted.get(message.pk)
        if draft is not None and _envelope(message, draft, ()) is not None:
            found.append((message, draft))
        else:
            reason = {message.pk: "render_error"}
            leases.end_unstarted(reason, token=token, state=MessageState.FAILED, now=watch.now())
    return found


def _started(message: Message, draft: Draft) -> leases.Start:
    return leases.Start(message.pk, draft.text, draft.snapshot())


def _envelope(
    message: Message, draft: Draft | None, riders: Sequence[tuple[Message, Draft]]
) -> Envelope | None:
    """The mail, or None where this message cannot be rendered, whatever went wrong: it must not hold up the others."""
    if draft is None:
        log.error("message without text or values", message_id=str(message.pk), kind=message.kind)
        return None
    try:
        rendered = drafts.rendered(message, draft, riders=riders)
        return mailing.envelope(
            rendered,
            key=message.pk,
            site=message.site,
            recipient=draft.address,
            headers=_declining([message, *(rider for rider, _draft in riders)]),
        )
    except AWAY:
        raise
    except Exception as error:
        # The error's own text may carry values, hence people's data: only its type is logged.
        cause = type(error.__cause__ or error).__name__
        log.error("message cannot be rendered", message_id=str(message.pk), kind=message.kind, error=cause)  # noqa: TRY400
        return None


def _declining(messages: Sequence[Message]) -> dict[str, str]:
    """By one POST the mailbox declines what may be declined of this mail (RFC 8058): the first such of what is in it."""
    address = next((found for one in messages if (found := unsubscribing.address_of(one))), "")
    if not address:
        return {}
    return {"List-Unsubscribe": f"<{address}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


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
