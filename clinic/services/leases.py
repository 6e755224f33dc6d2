"""The outbox's moves between states, each one statement that is right under READ COMMITTED with many senders.

A sender addresses its rows by id and lease token. Whoever cancels a row or finds its lease over takes the
token away, so that a late sender's statement meets no row.
"""

import datetime as dt
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection
from django.db.models import Model
from psycopg.types.json import Jsonb

from clinic import clock
from clinic.enums import MessageState
from clinic.transactions import constraint_of

ATTEMPTS = 8
LAPSES = 5
"""How many senders may die over a row before it is set aside."""
LONGEST_SEND = dt.timedelta(seconds=60)
"""A mail is started only while its lease outlasts this."""
SERVER_TIMEOUT = dt.timedelta(minutes=10)
"""How long a mail server may take over the final dot: what is uncertain is not judged before."""

_MAY_START = """lease_token = %(token)s AND lease_until > %(soonest)s AND expires_at > %(now)s
    AND NOT EXISTS (
        SELECT FROM clinic_pause pause WHERE resumed_at IS NULL
        AND (pause.site_id IS NULL OR pause.site_id = message.site_id)
        AND (pause.kind = '' OR pause.kind = message.kind)
    )
    AND NOT EXISTS (
        SELECT FROM clinic_message other
        WHERE message.id = %(carrier)s AND other.counted_on = %(day)s::date AND other.patient_id = message.patient_id
        AND other.contact_id IS NOT DISTINCT FROM message.contact_id AND other.id <> message.id
    )"""
_START_ALONE = f"""
    UPDATE clinic_message message SET state = 'sending', started_at = %(now)s, text_id = (%(texts)s::bigint[])[1],
        snapshot = (%(snapshots)s::jsonb[])[1], counted_on = %(day)s::date, carried_by_id = NULL
    WHERE id = %(carrier)s AND {_MAY_START}"""  # noqa: S608 - the parts are the literals above
_START_TOGETHER = f"""
    WITH wanted AS MATERIALIZED (
        SELECT * FROM unnest(%(ids)s::uuid[], %(texts)s::bigint[], %(snapshots)s::jsonb[]) row(id, text_id, snapshot)
    ), held AS MATERIALIZED (
        SELECT message.id FROM clinic_message message
        WHERE id = ANY(%(ids)s) AND {_MAY_START}
        FOR NO KEY UPDATE OF message SKIP LOCKED
    )
    UPDATE clinic_message message SET state = 'sending', started_at = %(now)s, text_id = wanted.text_id,
        snapshot = wanted.snapshot,
        counted_on = CASE WHEN message.id = %(carrier)s THEN %(day)s::date END,
        carried_by_id = CASE WHEN message.id <> %(carrier)s THEN %(carrier)s::uuid END
    FROM wanted WHERE wanted.id = message.id AND (SELECT count(*) FROM held) = %(count)s"""  # noqa: S608


class Watch:
    """The database's clock, asked once, and carried on by this machine's monotonic one."""

    def __init__(self) -> None:
        self._read = clock.database_now()
        self._since = time.monotonic()

    def now(self) -> dt.datetime:
        return self._read + dt.timedelta(seconds=time.monotonic() - self._since)


@dataclass(frozen=True, slots=True)
class Start:
    """One row of a mail that is about to be handed over: the text that it says, and what fills it."""

    key: UUID
    text: Model
    snapshot: Mapping[str, Any]


def start(
    carrier: Start, riders: Sequence[Start] = (), *, token: UUID, now: dt.datetime, day: dt.date | None = None
) -> bool:
    """Mark that the mail is about to be handed over, with everything that goes in it, or nothing of it.

    False: one of them was cancelled, is paused or out of date, the lease is too short, or the person has had the one
    mail of that `day`. A row that somebody is cancelling is not waited for, so that nobody waits for the other in turn.
    """
    rows = [carrier, *riders]
    values = {
        "carrier": carrier.key,
        "ids": [row.key for row in rows],
        "texts": [row.text.pk for row in rows],
        "snapshots": [Jsonb(dict(row.snapshot)) for row in rows],
        "count": len(rows),
        "token": token,
        "now": now,
        "soonest": now + LONGEST_SEND,
        "day": day,
    }
    try:
        return _execute(_START_ALONE if not riders else _START_TOGETHER, **values) == len(rows)
    except IntegrityError as error:
        if constraint_of(error) != "one_mail_a_day":
            raise
        return False  # another sender was faster with this person's mail of the day


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
    """Take back what dead senders hold: unstarted rows are due again, each taken alone from now on, and set aside when
    sender after sender died; started ones may have been sent."""
    return _execute(
        """
        WITH over AS MATERIALIZED (
            SELECT id FROM clinic_message
            WHERE state IN ('leased', 'sending') AND lease_until <= %(now)s
            ORDER BY lease_until LIMIT 1000 FOR NO KEY UPDATE SKIP LOCKED
        )
        UPDATE clinic_message message
        SET state = CASE WHEN state = 'sending' THEN 'uncertain' WHEN lapses + 1 >= %(lapses)s THEN 'failed' ELSE 'pending' END,
            reason = CASE WHEN state = 'leased' AND lapses + 1 >= %(lapses)s THEN 'set_aside' ELSE reason END,
            next_at = CASE WHEN state = 'sending' THEN %(judged)s ELSE next_at END,
            ended_at = CASE WHEN state = 'leased' AND lapses + 1 >= %(lapses)s THEN %(now)s ELSE ended_at END,
            lapses = CASE WHEN state = 'leased' THEN lapses + 1 ELSE lapses END,
            lease_token = NULL, lease_until = NULL
        FROM over WHERE message.id = over.id
        """,
        now=now,
        lapses=LAPSES,
        judged=now + SERVER_TIMEOUT,
    )


def _ending(
    state: MessageState, reason: str, code: int | None, next_at: dt.datetime | None, now: dt.datetime
) -> dict[str, Any]:
    goes_on = state in (MessageState.PENDING, MessageState.UNCERTAIN)
    return {
        # It may be in the mailbox: it keeps its place of the day, and the mail that carried it.
        "went": state in (MessageState.SENT, MessageState.UNCERTAIN),
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
            counted_on = CASE WHEN %(went)s OR %(reason)s = 'resent' THEN counted_on END,
            carried_by_id = CASE WHEN %(went)s THEN carried_by_id END,
            lease_token = NULL, lease_until = NULL
        WHERE {where}
        """,  # noqa: S608
        **values,
    )


def _execute(statement: str, **values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)
