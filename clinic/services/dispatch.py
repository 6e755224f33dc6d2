"""The dispatcher: claims what is due, asks once more whether it stands, and hands it to the mail server.

Every step commits before the next begins, and no transaction is open while the mail server is spoken to. A
dispatcher that dies at any point leaves a lease behind, which `reconcile` turns into "due again" or "uncertain".
Any number of dispatchers may run at once.
"""

import datetime as dt
import random
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar
from uuid import UUID, uuid4

import structlog
from django.db import InterfaceError, OperationalError, connection

from clinic import clock, mailing, messaging
from clinic.actors import Actor
from clinic.enums import MessageState, Permission
from clinic.mailing import Envelope
from clinic.models import Message, Site
from clinic.permissions import check
from clinic.services import drafts, leases
from clinic.services.drafts import CannotRender, Draft
from clinic.services.leases import Watch
from clinic.smtp import Channel, Outcome, Result, Unreachable

log = structlog.get_logger(__name__)

T = TypeVar("T")

RUN_SECONDS = 50.0
BACKOFF = (dt.timedelta(minutes=1), dt.timedelta(minutes=5), dt.timedelta(minutes=15), dt.timedelta(hours=1))
BREAKER_LIMIT = 5
_PAUSES = (0.1, 1.0, 3.0)  # seconds between attempts to write to a database that is away
RESENT = "resent"
"""The reason of a mail that goes out once more because nobody could say whether it had."""


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
class Run:
    """One call of `run`: its connection, its breaker, when it must end, and what it did."""

    channel: Channel
    until: float
    should_stop: Callable[[], bool]
    breaker: Breaker = field(default_factory=Breaker)
    sent: int = 0

    @property
    def is_over(self) -> bool:
        return self.breaker.is_open or time.monotonic() >= self.until or self.should_stop()


def run(*, by: Actor, seconds: float = RUN_SECONDS, should_stop: Callable[[], bool] = lambda: False) -> Run:
    """Send what is due until nothing is, the time is up or the mail server is away. Not for use inside a transaction."""
    check(by, Permission.MANAGE_MESSAGES)
    with closing(Channel()) as channel:
        this = Run(channel, time.monotonic() + seconds, should_stop)
        while not this.is_over and _batch(this):
            pass
    if this.breaker.is_open:
        log.warning("mail server away", failures=this.breaker.failures)
    return this


def quiet_end(site: Site, now: dt.datetime) -> dt.datetime | None:
    """When the site's quiet hours end, if `now` lies in them. From and until at one time: there are none."""
    local = now.astimezone(site.zone)
    start, end, time_of_day = site.quiet_from, site.quiet_until, local.time()
    if start <= end:
        quiet, day = start <= time_of_day < end, local.date()
    else:
        quiet = time_of_day >= start or time_of_day < end
        day = local.date() + dt.timedelta(days=1) if time_of_day >= start else local.date()
    return clock.local(day, end, site.zone) if quiet else None


def _batch(this: Run) -> int:
    """Claim one batch and work through it; whatever was not started goes back untouched. How many were claimed."""
    watch, token = Watch(), uuid4()
    leases.expire(watch.now())
    kinds = [kind.key for kind in messaging.all_kinds()]
    keys = leases.claim(token=token, kinds=kinds, now=watch.now())
    if not keys:
        return 0
    try:
        _work_through(this, keys, token, watch)
    finally:
        _persist(partial(leases.release, keys, token=token))
    return len(keys)


def _work_through(this: Run, keys: list[UUID], token: UUID, watch: Watch) -> None:
    rows = Message.objects.filter(pk__in=keys, lease_token=token)
    messages = list(rows.select_related("site", "patient", "contact").order_by("next_at"))
    refused = drafts.refusals(messages)
    leases.end_unstarted(refused, token=token, state=MessageState.SUPPRESSED, now=watch.now())
    waiting = _outside_quiet_hours(
        [message for message in messages if message.pk not in refused], token, watch
    )
    drafted = drafts.make(waiting)
    for message in waiting:
        if this.is_over:
            return
        _deliver(this, message, drafted.get(message.pk), token, watch)


def _outside_quiet_hours(messages: list[Message], token: UUID, watch: Watch) -> list[Message]:
    """The messages that may go out now; the others wait for the morning, or are missed if that is too late."""
    now, may_go = watch.now(), []
    for message in messages:
        morning = None if messaging.get(message.kind).ignores_quiet_hours else quiet_end(message.site, now)
        if morning is None:
            may_go.append(message)
        elif morning < message.expires_at:
            leases.put_back(message.pk, token=token, next_at=morning)
        else:
            leases.end_unstarted({message.pk: "quiet_hours"}, token=token, state=MessageState.MISSED, now=now)
    return may_go


def _deliver(this: Run, message: Message, draft: Draft | None, token: UUID, watch: Watch) -> None:
    """Render, connect, mark as started, hand over, write what became of it."""
    envelope = _envelope(message, draft)
    if draft is None or envelope is None:
        reason = {message.pk: "render_error"}
        leases.end_unstarted(reason, token=token, state=MessageState.FAILED, now=watch.now())
        return
    try:
        this.channel.connect()
    except Unreachable as error:
        this.breaker.note(failed=True)
        log.warning("mail server unreachable", error=str(error), failures=this.breaker.failures)
        leases.put_back(message.pk, token=token, next_at=watch.now() + _with_jitter(BACKOFF[0]))
        return
    started_at = watch.now()
    if quiet_end(message.site, started_at) and not messaging.get(message.kind).ignores_quiet_hours:
        return
    if not leases.start(message.pk, token=token, now=started_at, text=draft.text, snapshot=draft.snapshot()):
        return
    result = this.channel.send(envelope)
    this.breaker.note(failed=result.by_connection)
    _write(message, result, token=token, started_at=started_at, now=watch.now())
    this.sent += result.outcome == Outcome.ACCEPTED


def _envelope(message: Message, draft: Draft | None) -> Envelope | None:
    if draft is None:
        log.error("message without text or values", message_id=str(message.pk), kind=message.kind)
        return None
    try:
        rendered = drafts.rendered(message, draft)
        return mailing.envelope(rendered, key=message.pk, site=message.site, recipient=draft.address)
    except (CannotRender, ValueError) as error:
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
    written = _persist(partial(finish, now=now, reason=reason, code=result.code, next_at=next_at))
    write = log.info if written else log.error
    write(
        "message handed over",
        message_id=str(message.pk),
        kind=message.kind,
        outcome=result.outcome,
        code=result.code,
        written=written,
    )


def _persist(write: Callable[[], T]) -> T:
    """Write what only this process knows, over a new connection if the database dropped the old one.

    Repeating is harmless: once written, the statement meets no row. Should it fail for good, the lease says what is left.
    """
    for pause in _PAUSES:
        try:
            return write()
        except (OperationalError, InterfaceError) as error:
            log.warning("database away", error=type(error).__name__)
            connection.close()
            time.sleep(pause)
    return write()


def _with_jitter(pause: dt.timedelta) -> dt.timedelta:
    return pause * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, no secret
