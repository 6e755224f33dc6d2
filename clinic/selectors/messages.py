"""Reads of the outbox."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet

from clinic import clock, messaging
from clinic.enums import MessageState
from clinic.models import Message

GROUPS: dict[str, tuple[MessageState, ...]] = {
    "waiting": (MessageState.PENDING, MessageState.LEASED, MessageState.SENDING),
    "attention": (MessageState.FAILED, MessageState.UNCERTAIN, MessageState.MISSED, MessageState.BOUNCED),
    "sent": (MessageState.SENT, MessageState.DELIVERED),
    "unsent": (MessageState.CANCELLED, MessageState.SUPPRESSED),
}
"""How the list divides the states."""

MOST_SHOWN = 1000
LOOK_BACK = dt.timedelta(days=30)
"""What ended earlier is read on the patient's page."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """How the outbox of a site keeps up: what is due and unsent, and since when the oldest of it."""

    due: int
    oldest: dt.datetime | None
    attention: int


def messages_of_group(*, site_id: UUID, group: str) -> QuerySet[Message]:
    """One group of a site's messages, at most MOST_SHOWN: what waits by when it goes, what ended the latest first."""
    rows = Message.objects.filter(site_id=site_id, state__in=GROUPS[group]).select_related(
        "patient", "contact"
    )
    if group == "waiting":
        return rows.order_by("next_at", "pk")[:MOST_SHOWN]
    ended = ~Q(state__in=GROUPS["waiting"])  # repeats what the states say, so that the partial index is found
    since = clock.now() - LOOK_BACK
    return rows.filter(ended, planned_for__gte=since).order_by("-planned_for", "pk")[:MOST_SHOWN]


def backlog(*, site_id: UUID) -> Backlog:
    """Two queries, each with an index of its own."""
    now = clock.now()
    rows = Message.objects.filter(site_id=site_id)
    due = rows.filter(state__in=GROUPS["waiting"], next_at__lte=now)
    counts = due.aggregate(due=Count("pk"), oldest=Min("next_at"))
    ended = rows.filter(~Q(state__in=GROUPS["waiting"]), planned_for__gte=now - LOOK_BACK)
    return Backlog(**counts, attention=ended.filter(state__in=GROUPS["attention"]).count())


def messages_of_patient(
    *, patient_id: UUID, site_ids: Collection[UUID], about: str = ""
) -> QuerySet[Message]:
    """A patient's messages at these sites, the latest first; with `about`, those alone that speak of it, also among
    others."""
    rows = Message.objects.filter(patient_id=patient_id, site_id__in=site_ids).select_related("contact")
    return (rows.filter(about__in=messaging.abouts_of(about)) if about else rows).order_by(
        "-planned_for", "-pk"
    )
