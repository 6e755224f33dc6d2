"""What dead senders left behind: leases that ran out, and mails of which nobody knows whether they went out."""

import datetime as dt
from collections.abc import Mapping
from uuid import UUID

import structlog

from clinic import clock, messaging
from clinic.actors import Actor
from clinic.enums import MessageState, Permission
from clinic.models import Message
from clinic.permissions import check
from clinic.services import leases
from clinic.services.delivery import RESENT

log = structlog.get_logger(__name__)

PARKED = "parked"
"""The reason of an uncertain mail that waits for a person."""
_AT_ONCE = 200


def run(*, by: Actor) -> int:
    """Take back leases that are over, then judge what is uncertain and old enough. How many were judged."""
    check(by, Permission.MANAGE_MESSAGES)
    now = clock.database_now()
    if reaped := leases.reap(now):
        log.warning("leases ran out", count=reaped)
    rows = Message.objects.filter(state=MessageState.UNCERTAIN, next_at__lte=now).exclude(reason=PARKED)
    messages = list(rows.order_by("pk")[:_AT_ONCE])
    if not messages:
        return 0
    oracle = messaging.delivery_oracle
    accepted = oracle([_asked_for(message) for message in messages]) if oracle else None
    return sum(_settle(message, accepted, now) for message in messages)


def _settle(message: Message, accepted: Mapping[UUID, bool] | None, now: dt.datetime) -> bool:
    state, reason, next_at = _judged(message, accepted, now)
    done = leases.settle(
        message.pk, started_at=message.started_at, state=state, now=now, reason=reason, next_at=next_at
    )
    if done:
        log.info("uncertain message judged", message_id=str(message.pk), state=state.value, reason=reason)
    return done


def _judged(
    message: Message, accepted: Mapping[UUID, bool] | None, now: dt.datetime
) -> tuple[MessageState, str, dt.datetime]:
    """What the mail server's log says; where it cannot be asked, what the kind prefers: a double or a miss."""
    expired = message.expires_at <= now
    if accepted is not None:
        known = accepted.get(_asked_for(message))
        if known:
            return MessageState.SENT, "reconciled", now
        if known is False:
            return (
                (MessageState.MISSED, "expired", now)
                if expired
                else (MessageState.PENDING, "reconciled", now)
            )
        if not expired:
            return MessageState.UNCERTAIN, message.reason, now + leases.SERVER_TIMEOUT
    elif _may_double(message) and not expired:
        return MessageState.PENDING, RESENT, now
    return MessageState.UNCERTAIN, PARKED, now


def _asked_for(message: Message) -> UUID:
    """The mail server knows the mail that carried it."""
    return message.carried_by_id or message.pk


def _may_double(message: Message) -> bool:
    """Once, and with the same Message-ID, where the kind says that a double beats a miss."""
    kinds = {kind.key: kind for kind in messaging.all_kinds()}
    wanted = message.kind in kinds and kinds[message.kind].resend_when_uncertain
    return wanted and message.reason != RESENT and message.attempts < leases.ATTEMPTS
