"""How the outbox does: what is due, held back, failed or uncertain, at the sites of one person."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Min, Q, QuerySet

from clinic import clock
from clinic.enums import MessageState
from clinic.models import Message, Pace, Pause, Site

LOOK_BACK = dt.timedelta(days=7)
_LATE = dt.timedelta(minutes=1)
_WAITING = (MessageState.PENDING, MessageState.LEASED, MessageState.SENDING)


@dataclass(frozen=True, slots=True)
class Standing:
    """One site's outbox. `oldest`: since when the oldest due mail waits; `late`: it waits longer than a minute;
    `this_minute`: how many it took in hand in this minute of the clock, of at most `pace`."""

    site: Site
    due: int
    oldest: dt.datetime | None
    late: bool
    failed: int
    uncertain: int
    missed: int
    this_minute: int
    pace: int


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A pause in force, and how many due mails of these sites it holds."""

    pause: Pause
    held: int


def standings(site_ids: Sequence[UUID]) -> list[Standing]:
    """Each site in use, by name. Four queries."""
    now = clock.now()
    due = {
        row["site_id"]: row
        for row in Message.objects.filter(site__in=site_ids, state__in=_WAITING, next_at__lte=now)
        .order_by()
        .values("site_id")
        .annotate(due=Count("pk"), oldest=Min("next_at"))
    }
    ended = Message.objects.filter(
        ~Q(state__in=_WAITING), site__in=site_ids, planned_for__gte=now - LOOK_BACK, planned_for__lte=now
    )
    bad = {
        (row["site_id"], row["state"]): row["count"]
        for row in ended.filter(state__in=["failed", "uncertain", "missed"])
        .order_by()
        .values("site_id", "state")
        .annotate(count=Count("pk"))
    }
    minute = now.replace(second=0, microsecond=0)
    taken = dict(Pace.objects.filter(site__in=site_ids, minute=minute).values_list("site_id", "taken"))
    return [
        _standing(site, due.get(site.pk, {}), bad, taken.get(site.pk, 0), now)
        for site in Site.objects.filter(pk__in=site_ids, is_active=True).order_by("name")
    ]


def _standing(
    site: Site, due: Mapping[str, Any], bad: Mapping[tuple[UUID, str], int], taken: int, now: dt.datetime
) -> Standing:
    oldest: dt.datetime | None = due.get("oldest")
    return Standing(
        site=site,
        due=due.get("due", 0),
        oldest=oldest,
        late=oldest is not None and oldest < now - _LATE,
        failed=bad.get((site.pk, "failed"), 0),
        uncertain=bad.get((site.pk, "uncertain"), 0),
        missed=bad.get((site.pk, "missed"), 0),
        this_minute=taken,
        pace=settings.MAILS_PER_MINUTE,
    )


def pauses(site_ids: Sequence[UUID]) -> list[HeldBack]:
    """The pauses in force at these sites or everywhere, the latest first. Two queries."""
    rows = list(_of(site_ids).filter(resumed_at=None).select_related("site", "paused_by"))
    if not rows:
        return []
    due = Message.objects.filter(
        site__in=site_ids, state=MessageState.PENDING, next_at__lte=clock.now()
    ).order_by()
    counts = due.values("site_id", "kind").annotate(count=Count("pk"))
    by_scope = {(row["site_id"], row["kind"]): row["count"] for row in counts}
    return [HeldBack(row, sum(n for scope, n in by_scope.items() if _holds(row, scope))) for row in rows]


def past_pauses(site_ids: Sequence[UUID], *, limit: int = 20) -> QuerySet[Pause]:
    """Those that are over, the latest first."""
    rows = _of(site_ids).filter(resumed_at__isnull=False)
    return rows.select_related("site", "paused_by", "resumed_by").order_by("-resumed_at")[:limit]


def _of(site_ids: Sequence[UUID]) -> QuerySet[Pause]:
    return Pause.objects.filter(Q(site__in=site_ids) | Q(site=None))


def _holds(row: Pause, scope: tuple[UUID, str]) -> bool:
    site_id, kind = scope
    return row.site_id in (None, site_id) and row.kind in ("", kind)
