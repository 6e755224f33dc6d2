"""Who may send what now: which sites have mails due, and the lease on a batch of one site.

A batch is of one site, so that a storm at one never holds up another, a paused one costs nothing, and each site keeps
its own pace. Each function is one statement that is right under READ COMMITTED with many senders.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from django.conf import settings
from django.db import connection

from clinic import messaging
from clinic.models import Message, Pause

BATCH = 50
LEASE = dt.timedelta(minutes=5)


class Paused:
    """The pauses in force, read once."""

    def __init__(self) -> None:
        self._in_force = set(Pause.objects.filter(resumed_at=None).values_list("site_id", "kind"))

    def kinds_of(self, site_id: UUID) -> list[str]:
        """The kinds that may go out at this site; none where all of it is paused."""
        return [kind.key for kind in messaging.all_kinds() if not self.holds(site_id, kind.key)]

    def holds(self, site_id: UUID, kind: str) -> bool:
        scopes = {(None, ""), (None, kind), (site_id, ""), (site_id, kind)}
        return not self._in_force.isdisjoint(scopes)

    def sites(self, among: Iterable[UUID]) -> list[UUID]:
        """Those where anything may go out."""
        return [site_id for site_id in among if self.kinds_of(site_id)]


EXPIRED_AT_ONCE = 1000
"""Rows of one site that one call of `expire` ends."""


def expire(now: dt.datetime) -> int:
    """What was never started and now never may be is missed. Of any kind, also one that no app knows any more; what a
    pause held says so."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH late AS MATERIALIZED (
                SELECT found.id FROM clinic_site site CROSS JOIN LATERAL (
                    SELECT id FROM clinic_message
                    WHERE site_id = site.id AND state = 'pending' AND next_at <= %(now)s AND expires_at <= %(now)s
                    ORDER BY next_at LIMIT %(most)s FOR NO KEY UPDATE SKIP LOCKED
                ) found
            )
            UPDATE clinic_message message SET state = 'missed', ended_at = %(now)s,
                reason = CASE WHEN EXISTS (
                    SELECT FROM clinic_pause pause WHERE resumed_at IS NULL
                    AND (pause.site_id IS NULL OR pause.site_id = message.site_id)
                    AND (pause.kind = '' OR pause.kind = message.kind)
                ) THEN 'paused' ELSE 'expired' END
            FROM late WHERE message.id = late.id
            """,
            {"now": now, "most": EXPIRED_AT_ONCE},
        )
        return int(cursor.rowcount)


def due_sites(now: dt.datetime, paused: Paused) -> list[UUID]:
    """The sites that have something due and may send more this minute; whose oldest mail waits longest comes first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT site.id FROM clinic_site site CROSS JOIN LATERAL (
                SELECT next_at FROM clinic_message
                WHERE site_id = site.id AND state = 'pending' AND next_at <= %(now)s AND expires_at > %(now)s
                    AND kind = ANY(%(kinds)s)
                ORDER BY next_at LIMIT 1
            ) oldest
            LEFT JOIN clinic_pace pace ON pace.site_id = site.id AND pace.minute = %(minute)s
            WHERE COALESCE(pace.taken, 0) < %(pace)s
            ORDER BY oldest.next_at
            """,
            {
                "now": now,
                "minute": _minute(now),
                "pace": settings.MAILS_PER_MINUTE,
                "kinds": [kind.key for kind in messaging.all_kinds()],
            },
        )
        found = [row[0] for row in cursor.fetchall()]
    return paused.sites(found)


def grant(site_id: UUID, *, wanted: int, now: dt.datetime) -> int:
    """How many of `wanted` mails the site may take in hand in this minute of the clock; they count as taken."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO clinic_pace AS pace (site_id, minute, taken)
            VALUES (%(site)s, %(minute)s, LEAST(%(wanted)s, %(pace)s))
            ON CONFLICT (site_id) DO UPDATE SET minute = excluded.minute, taken = LEAST(%(pace)s,
                %(wanted)s + CASE WHEN pace.minute = excluded.minute THEN pace.taken ELSE 0 END)
            RETURNING new.taken - CASE WHEN old.minute = new.minute THEN old.taken ELSE 0 END
            """,
            {"site": site_id, "minute": _minute(now), "wanted": wanted, "pace": settings.MAILS_PER_MINUTE},
        )
        granted: int = cursor.fetchone()[0]
        return max(0, granted)


def give_back(site_id: UUID, *, unused: int, now: dt.datetime) -> None:
    """What was granted and not claimed may be taken by another in the same minute."""
    if unused > 0:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE clinic_pace SET taken = GREATEST(0, taken - %s) WHERE site_id = %s AND minute = %s",
                [unused, site_id, _minute(now)],
            )


def claim(
    site_id: UUID,
    *,
    token: UUID,
    kinds: Sequence[str],
    now: dt.datetime,
    limit: int = BATCH,
    since: dt.datetime | None = None,
) -> list[tuple[UUID, dt.datetime]]:
    """Lease up to `limit` due rows of the site to this token, with when each was due.

    `since` is a hint: nothing due earlier is looked for, which spares the dead entries of an index that an old snapshot
    keeps. MATERIALIZED, or the planner may run the LIMIT once per row. A row whose sender died is left to `suspect`.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH due AS MATERIALIZED (
                SELECT id FROM clinic_message
                WHERE site_id = %(site)s AND state = 'pending' AND next_at <= %(now)s AND expires_at > %(now)s
                    AND next_at >= %(since)s AND kind = ANY(%(kinds)s) AND lapses = 0
                ORDER BY next_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
            )
            UPDATE clinic_message message
            SET state = 'leased', attempts = attempts + 1, lease_token = %(token)s, lease_until = %(until)s
            FROM due WHERE message.id = due.id
            RETURNING message.id, message.next_at
            """,
            {
                "site": site_id,
                "now": now,
                "since": since or dt.datetime(1970, 1, 1, tzinfo=dt.UTC),
                "kinds": list(kinds),
                "limit": limit,
                "token": token,
                "until": now + LEASE,
            },
        )
        return list(cursor.fetchall())


def suspect(site_id: UUID, *, token: UUID, kinds: Sequence[str], now: dt.datetime) -> list[UUID]:
    """Lease one row whose sender died over it, alone: should it be what kills them, it takes no other with it."""
    rows = Message.objects.filter(
        site_id=site_id, state="pending", next_at__lte=now, expires_at__gt=now, kind__in=kinds, lapses__gt=0
    )
    first = rows.order_by("next_at").values_list("pk", flat=True).first()
    return _lease([first], token=token, now=now) if first else []


def companions(
    readers: Collection[tuple[UUID, UUID | None, bool]],
    *,
    site_id: UUID,
    token: UUID,
    kinds: Sequence[str],
    now: dt.datetime,
    until: dt.datetime,
) -> list[UUID]:
    """Lease what else goes to these people before `until`, the end of the site's day, so that it goes in one mail.

    A reader is patient, contact, and whether a mail that counts goes to them now: then every other one that counts comes
    along, else only what rides.
    """
    known = {kind.key: kind for kind in messaging.all_kinds()}
    riding = [key for key in kinds if known[key].rides]
    counting = [key for key in kinds if known[key].counts]
    if not readers or not counting:
        return []
    patients, contacts, counts = zip(*readers, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH mine AS MATERIALIZED (
                SELECT message.id
                FROM unnest(%(patients)s::uuid[], %(contacts)s::uuid[], %(counts)s::boolean[]) reader(patient, contact, counts)
                JOIN clinic_message message ON message.patient_id = reader.patient
                    AND message.contact_id IS NOT DISTINCT FROM reader.contact
                WHERE message.planned_for < %(until)s AND message.site_id = %(site)s AND message.state = 'pending'
                    AND message.next_at < %(until)s AND message.expires_at > %(now)s AND message.lapses = 0
                    AND (message.kind = ANY(%(riding)s) OR (reader.counts AND message.kind = ANY(%(counting)s)))
                FOR NO KEY UPDATE OF message SKIP LOCKED
            )
            UPDATE clinic_message message
            SET state = 'leased', attempts = attempts + 1, lease_token = %(token)s, lease_until = %(lease)s
            FROM mine WHERE message.id = mine.id
            RETURNING message.id
            """,
            {
                "patients": list(patients),
                "contacts": list(contacts),
                "counts": list(counts),
                "until": until,
                "site": site_id,
                "now": now,
                "riding": riding,
                "counting": counting,
                "token": token,
                "lease": now + LEASE,
            },
        )
        return [row[0] for row in cursor.fetchall()]


def _lease(keys: Sequence[UUID], *, token: UUID, now: dt.datetime) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE clinic_message
            SET state = 'leased', attempts = attempts + 1, lease_token = %(token)s, lease_until = %(until)s
            WHERE id = ANY(%(ids)s) AND state = 'pending' RETURNING id
            """,
            {"ids": list(keys), "token": token, "until": now + LEASE},
        )
        return [row[0] for row in cursor.fetchall()]


def in_other_hands(patients: Collection[UUID], *, token: UUID) -> dict[UUID, dt.datetime]:
    """For each of these patients of whom another sender holds a mail: when the earliest of those was planned for."""
    rows = Message.objects.filter(state__in=["leased", "sending"], patient__in=patients)
    found: dict[UUID, dt.datetime] = {}
    for patient, planned in rows.exclude(lease_token=token).values_list("patient_id", "planned_for"):
        found[patient] = min(planned, found.get(patient, planned))
    return found


def counted(
    patients: Collection[UUID], *, day: dt.date, but: Collection[UUID]
) -> set[tuple[UUID, UUID | None]]:
    """Which patients, or contacts of theirs, have had the one mail of that day, `but` for these messages: one that goes
    once more, because nobody knows whether it arrived, keeps its own place."""
    rows = Message.objects.filter(patient__in=patients, counted_on=day).exclude(pk__in=but)
    return set(rows.values_list("patient_id", "contact_id"))


def _minute(now: dt.datetime) -> dt.datetime:
    return now.replace(second=0, microsecond=0)
