"""The dispatcher: claims what is due, asks once more whether it stands, and hands it to the mail server.

Every step commits before the next begins. A dispatcher that dies at any point leaves a lease behind, which
`reconcile` turns into "due again" or "uncertain". Any number of dispatchers may run at once.
"""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID, uuid4

import structlog

from clinic import messaging
from clinic.actors import Actor
from clinic.enums import MessageState, Permission
from clinic.models import Message
from clinic.permissions import check
from clinic.policies.quiet_hours import quiet_end
from clinic.services import drafts, leases
from clinic.services.delivery import Courier, persist
from clinic.services.drafts import AWAY
from clinic.services.leases import Watch

log = structlog.get_logger(__name__)

RUN_SECONDS = 50.0


@dataclass
class Run:
    """One call of `run`: who carries its mails, when it must end, and what it did."""

    until: float
    should_stop: Callable[[], bool]
    courier: Courier = field(default_factory=Courier)

    @property
    def sent(self) -> int:
        return self.courier.sent

    @property
    def server_is_away(self) -> bool:
        return self.courier.breaker.is_open

    @property
    def is_over(self) -> bool:
        return self.server_is_away or time.monotonic() >= self.until or self.should_stop()


def run(*, by: Actor, seconds: float = RUN_SECONDS, should_stop: Callable[[], bool] = lambda: False) -> Run:
    """Send what is due until nothing is, the time is up or the mail server is away. Not for use inside a transaction."""
    check(by, Permission.MANAGE_MESSAGES)
    this = Run(time.monotonic() + seconds, should_stop)
    with closing(this.courier.channel):
        while not this.is_over and _batch(this):
            pass
    if this.server_is_away:
        log.warning("mail server away", failures=this.courier.breaker.failures)
    return this


def _batch(this: Run) -> int:
    """Claim one batch and work through it; what was not started goes back untouched. How many were claimed.

    After an error of our own the leases stay and run out instead: each such attempt counts, so that a
    message which breaks the dispatcher ends as failed and cannot do it for ever.
    """
    watch, token = Watch(), uuid4()
    leases.expire(watch.now())
    kinds = [kind.key for kind in messaging.all_kinds()]
    keys = leases.claim(token=token, kinds=kinds, now=watch.now())
    if not keys:
        return 0
    give_back = partial(leases.release, keys, token=token)
    try:
        _work_through(this, keys, token, watch)
    except AWAY:
        persist(give_back)
        raise
    persist(give_back)
    return len(keys)


def _work_through(this: Run, keys: list[UUID], token: UUID, watch: Watch) -> None:
    rows = Message.objects.filter(pk__in=keys, lease_token=token)
    messages = list(rows.select_related("site", "patient", "contact").order_by("next_at"))
    refused = drafts.refusals(messages)
    leases.end_unstarted(refused, token=token, state=MessageState.SUPPRESSED, now=watch.now())
    standing = [message for message in messages if message.pk not in refused]
    waiting = _outside_quiet_hours(standing, token, watch)
    drafted = drafts.make(waiting)
    for message in waiting:
        if this.is_over:
            return
        this.courier.deliver(message, drafted.get(message.pk), token=token, watch=watch)


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
            missed = {message.pk: "quiet_hours"}
            leases.end_unstarted(missed, token=token, state=MessageState.MISSED, now=now)
    return may_go
