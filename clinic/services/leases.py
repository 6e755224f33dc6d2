"""The outbox's moves between states, each one statement that is right under READ COMMITTED with many senders.

A sender addresses its rows by id and lease token. Whoever cancels a row or finds its lease over takes the
token away, so that a late sender's statement meets no row.
"""

import datetime as dt
import time
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Model
from psycopg.types.json import Jsonb

from clinic import clock
from clinic.enums import MessageState

BATCH = 50
ATTEMPTS = 8
LEASE = dt.timedelta(minutes=5)
LONGEST_SEND = dt.timedelta(seconds=60)
"""A mail is started only while its lease outlasts this."""
SERVER_TIMEOUT = dt.timedelta(minutes=10)
"""How long a mail server may take over the final dot: what is uncertain is not judged before."""


class Watch:
    """The database's clock, asked once, and carried on by this machine's monotonic one."""

    def __init__(self) -> None:
        self._read = clock.database_now()
        self._since = time.monotonic()

    def now(self) -> dt.datetime:
        return self._read + dt.timedelta(seconds=time.monotonic() - self._since)


def expire(now: dt.datetime) -> int:
    """What was never started and now never may be is missed. Of any kind, also one that no app knows any more."""
    return _execute(
        """
        WITH late AS MATERIALIZED (
            SELECT id FROM clinic_message
            WHERE state = 'pending' AND next_at <= %(now)s AND expires_at <= %(now)s
            ORDER BY next_at LIMIT 1000 FOR NO KEY UPDATE SKIP LOCKED
        )
        UPDATE clinic_message message SET state = 'missed', reason = 'expired', ended_at = %(now)s
        FROM late WHERE message.id = late.id
        """,
        now=now,
    )


def claim(*, token: UUID, kinds: Sequence[str], now: dt.datetime, limit: int = BATCH) -> list[UUID]:
    """Lease up to `limit` due rows to this token. MATERIALIZED, or the planner may run the LIMIT once per row."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH due AS MATERIALIZED (
                SELECT id FROM clinic_message
                WHERE state = 'pending' AND next_at <= %(now)s AND expires_at > %(now)s AND kind = ANY(%(kinds)s)
                ORDER BY next_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
            )
            UPDATE clinic_message message
            SET state = 'leased', attempts = attempts + 1, lease_token = %(token)s, lease_until = %(until)s
            FROM due WHERE message.id = due.id
            RETURNING message.id
            """,
            {"now": now, "kinds": list(kinds), "limit": limit, "token": token, "until": now + LEASE},
        )
        return [row[0] for row in cursor.fetchall()]


def start(key: UUID, *, token: UUID, now: dt.datetime, text: Model, snapshot: Mapping[str, Any]) -> bool:
    """Mark that the mail is about to be handed over. False: cancelled, out of date, or the lease is too short."""
    return bool(
        _execute(
            """
            UPDATE clinic_message
            SET state = 'sending', started_at = %(now)s, text_id = %(text)s, snapshot = %(snapshot)s
            WHERE id = %(id)s AND lease_token = %(token)s AND lease_until > %(soonest)s AND expires_at > %(now)s
            """,
            id=key,
            token=token,
            now=now,
            soonest=now + LONGEST_SEND,
            text=text.pk,
            snapshot=Jsonb(dict(snapshot)),
        )
    )


def finish(
    key: UUID,
    *,
    token: UUID,
    started_at: dt.datetime,
    state: MessageState,
    now: dt.datetime,
    reason: str = "",
    code: int | None = None,
    next_at: dt.datetime | None = None,
) -> bool:
    """Write what became of a started mail, also when its lease ran out meanwhile: its sender knows best.

    One that would be tried again but was withdrawn in the sender's hands is cancelled instead.
    """
    values = _ending(state, reason, code, next_at, now)
    mine = "id = %(id)s AND lease_token = %(token)s"
    reaped = "id = %(id)s AND state = 'uncertain' AND started_at = %(started_at)s"
    return bool(
        _end(mine, id=key, token=token, **values) or _end(reaped, id=key, started_at=started_at, **values)
    )


def settle(
    key: UUID,
    *,
    started_at: dt.datetime | None,
    state: MessageState,
    now: dt.datetime,
    reason: str,
    next_at: dt.datetime | None = None,
) -> bool:
    """Judge an uncertain mail. False when it has moved on since it was read."""
    values = _ending(state, reason, None, next_at or now, now)
    return bool(
        _end(
            "id = %(id)s AND state = 'uncertain' AND started_at = %(started_at)s",
            id=key,
            started_at=started_at,
            **values,
        )
    )


def end_unstarted(reasons: Mapping[UUID, str], *, token: UUID, state: MessageState, now: dt.datetime) -> None:
    """End rows of ours that are not to be started."""
    for key, reason in reasons.items():
        _end(
            "id = %(id)s AND lease_token = %(token)s",
            id=key,
            token=token,
            **_ending(state, reason, None, None, now),
        )


def put_back(key: UUID, *, token: UUID, next_at: dt.datetime) -> None:
    """Give up a row that could not be tried now; it does not count as an attempt."""
    _execute(
        """
        UPDATE clinic_message SET state = 'pending', attempts = attempts - 1, next_at = %(next_at)s,
            lease_token = NULL, lease_until = NULL
        WHERE id = %(id)s AND lease_token = %(token)s
        """,
        id=key,
        token=token,
        next_at=next_at,
    )


def release(keys: Sequence[UUID], *, token: UUID) -> None:
    """Give back, untouched, the rows of a batch that were not started."""
    _execute(
        """
        UPDATE clinic_message SET state = 'pending', attempts = attempts - 1, lease_token = NULL, lease_until = NULL
        WHERE id = ANY(%(ids)s) AND lease_token = %(token)s AND state = 'leased'
        """,
        ids=list(keys),
        token=token,
    )


def reap(now: dt.datetime) -> int:
    """Take back what dead senders hold: unstarted rows are due again, started ones may have been sent."""
    return _execute(
        """
        WITH over AS MATERIALIZED (
            SELECT id FROM clinic_message
            WHERE state IN ('leased', 'sending') AND lease_until <= %(now)s
            ORDER BY lease_until LIMIT 1000 FOR NO KEY UPDATE SKIP LOCKED
        )
        UPDATE clinic_message message
        SET state = CASE WHEN state = 'sending' THEN 'uncertain' WHEN attempts >= %(attempts)s THEN 'failed' ELSE 'pending' END,
            reason = CASE WHEN state = 'leased' AND attempts >= %(attempts)s THEN 'too_many_attempts' ELSE reason END,
            next_at = CASE WHEN state = 'sending' THEN %(judged)s ELSE next_at END,
            ended_at = CASE WHEN state = 'leased' AND attempts >= %(attempts)s THEN %(now)s ELSE ended_at END,
            lease_token = NULL, lease_until = NULL
        FROM over WHERE message.id = over.id
        """,
        now=now,
        attempts=ATTEMPTS,
        judged=now + SERVER_TIMEOUT,
    )


def _ending(
    state: MessageState, reason: str, code: int | None, next_at: dt.datetime | None, now: dt.datetime
) -> dict[str, Any]:
    goes_on = state in (MessageState.PENDING, MessageState.UNCERTAIN)
    return {
        "state": state.value,
        "reason": reason,
        "code": code,
        "next_at": next_at,
        "ended": None if goes_on else now,
        "now": now,
    }


def _end(where: str, **values: Any) -> int:
    # `where` is one of the literals above; every value is a parameter.
    return _execute(
        f"""
        UPDATE clinic_message
        SET state = CASE WHEN %(state)s::text = 'pending' AND withdrawn <> '' THEN 'cancelled' ELSE %(state)s::text END,
            reason = CASE WHEN %(state)s::text = 'pending' AND withdrawn <> '' THEN withdrawn ELSE %(reason)s::text END,
            ended_at = CASE WHEN %(state)s::text = 'pending' AND withdrawn <> '' THEN %(now)s ELSE %(ended)s::timestamptz END,
            smtp_code = COALESCE(%(code)s::smallint, smtp_code),
            next_at = COALESCE(%(next_at)s::timestamptz, next_at),
            lease_token = NULL, lease_until = NULL
        WHERE {where}
        """,  # noqa: S608
        **values,
    )


def _execute(statement: str, **values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)
