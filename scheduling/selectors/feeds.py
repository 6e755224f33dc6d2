"""What a clinician's calendar feed holds, in seven queries whatever the numbers, and nothing that names a patient.

One entry a visit and span of the clinician's own time (a nurse may come twice into one visit). A visit that has left
the clinician, by a cancellation, a no-show or a move to a colleague, stays for a while as cancelled: a subscriber that
drops what is missing and one that keeps it both learn of it.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from clinic import ids, tokens
from clinic.models import Site
from scheduling.enums import OCCUPYING, AppointmentStatus, ChangeKind, ResourceCategory
from scheduling.models import Allocation, Appointment, Feed, Hold, Resource, TimeOff, VisitChange

BACK, AHEAD = dt.timedelta(days=30), dt.timedelta(days=365)
CANCELLED_FOR = dt.timedelta(days=14)
"""So long a visit that has left the calendar is still shown as cancelled."""

COUNTS = (
    ChangeKind.MOVED,
    ChangeKind.CANCELLED,
    ChangeKind.NO_SHOW,
    ChangeKind.NOT_DONE,
    ChangeKind.RELEASED,
    ChangeKind.UNDONE,
)
"""Changes after which an entry may read otherwise: each raises its SEQUENCE by one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the calendar. `kind` is visit, squeeze, hold or away; `busy` is whether it takes the time."""

    uid: str
    kind: str
    start: dt.datetime
    end: dt.datetime
    changed_at: dt.datetime
    sequence: int = 0
    busy: bool = True
    cancelled: bool = False
    tentative: bool = False
    place: str = ""
    site: Site | None = None
    appointment_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Contents:
    """Entries in time order, and when any of them, or the window itself, last changed."""

    entries: Sequence[Entry]
    changed_at: dt.datetime


@dataclass(slots=True)
class _Told:
    """What the ledger says of one visit."""

    count: int
    at: dt.datetime
    ended: list[set[int]]


def feed_of(token: str) -> Feed | None:
    """The live feed behind an address, looked up by the hash of its secret: the time taken says nothing about it.

    The address of a clinician who has left, or whose account is closed, answers no more.
    """
    rows = Feed.objects.filter(token_hash=tokens.digest(token), revoked_at__isnull=True)
    rows = rows.filter(Q(resource__user__isnull=True) | Q(resource__user__is_active=True))
    return rows.filter(resource__is_active=True).select_related("resource").first()


def clinicians() -> list[tuple[Resource, Feed | None]]:
    """Every clinician in use with their live feed, for the page of addresses."""
    people = list(Resource.objects.filter(is_clinician=True, is_active=True).select_related("kind", "user"))
    feeds = Feed.objects.filter(resource__in=people, revoked_at__isnull=True)
    live = {feed.resource_id: feed for feed in feeds}
    return [(person, live.get(person.pk)) for person in people]


def contents(resource: Resource, *, now: dt.datetime) -> Contents:
    """Everything from 30 days back to 365 ahead. The window moves at midnight UTC, so that an answer holds for a day."""
    today = now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    window = (today - BACK, today + AHEAD)
    visits, changed = _visits(resource, window, now)
    holds, ended = _holds(resource, window, now)
    entries = [*visits, *holds, *_away(resource, window)]
    entries.sort(key=lambda entry: (entry.start, entry.uid))
    moments = [today, *changed, *ended, *(entry.changed_at for entry in entries)]
    gone = TimeOff.objects.filter(resource=resource, ended_at__isnull=False).order_by("-ended_at")
    moments += [moment for moment in gone.values_list("ended_at", flat=True)[:1] if moment is not None]
    return Contents(entries, max(moment for moment in moments if moment <= now))


def _visits(
    resource: Resource, window: tuple[dt.datetime, dt.datetime], now: dt.datetime
) -> tuple[list[Entry], list[dt.datetime]]:
    rows = Allocation.objects.filter(resource=resource, appointment__isnull=False, period__overlap=window)
    mine: dict[UUID, list[Allocation]] = defaultdict(list)
    visits: dict[UUID, Appointment] = {}
    for row in rows.select_related("appointment__site").order_by("period", "pk"):
        assert row.appointment is not None  # noqa: S101 - filtered
        visits[row.appointment.pk] = row.appointment
        mine[row.appointment.pk].append(row)
    squeezed = Appointment.objects.filter(squeezed_on=resource, period__overlap=window).select_related("site")
    extra = {visit.pk: visit for visit in squeezed if visit.pk not in visits}
    told = _told([*visits.values(), *extra.values()])
    rooms = _rooms([*visits, *extra])
    entries = []
    for key, visit in visits.items():
        spans, gone = _spans(visit, mine[key], told[key])
        if gone and told[key].at < now - CANCELLED_FOR:
            continue
        entries += [
            _visit(visit, low, high, n, told[key], rooms, gone) for n, (low, high) in enumerate(spans)
        ]
    for visit in extra.values():
        gone = visit.status not in OCCUPYING
        if not gone or told[visit.pk].at >= now - CANCELLED_FOR:
            span = visit.period
            entries.append(_visit(visit, span.lower, span.upper, 0, told[visit.pk], rooms, gone, "squeeze"))
    ends = [each.at + CANCELLED_FOR for each in told.values()]
    return entries, [each.at for each in told.values()] + [end for end in ends if end <= now]


def _visit(
    visit: Appointment,
    start: dt.datetime,
    end: dt.datetime,
    number: int,
    told: _Told,
    rooms: dict[UUID, str],
    gone: bool,
    kind: str = "visit",
) -> Entry:
    return Entry(
        uid=f"visit-{visit.pk}-{number + 1}",
        kind=kind,
        start=start,
        end=end,
        changed_at=told.at,
        sequence=told.count,
        busy=kind == "visit" and not gone,
        cancelled=gone,
        tentative=visit.status == AppointmentStatus.PROVISIONAL,
        place=rooms.get(visit.pk, ""),
        site=visit.site,
        appointment_id=visit.pk,
    )


def _spans(
    visit: Appointment, rows: Sequence[Allocation], told: _Told
) -> tuple[list[tuple[dt.datetime, dt.datetime]], bool]:
    """The clinician's own times in the visit, adjoining ones joined; and whether they have left it."""
    held = [row for row in rows if row.active]
    gone = not held or visit.status not in OCCUPYING
    if not held:
        # What a subscriber saw last: the newest of our rows that a change ended.
        mine = {row.pk for row in rows}
        last = next((ended & mine for ended in told.ended if ended & mine), {max(mine)})
        held = [row for row in rows if row.pk in last]
    spans: list[tuple[dt.datetime, dt.datetime]] = []
    for row in sorted(held, key=lambda row: (row.period.lower, row.pk)):
        if spans and row.period.lower <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], row.period.upper))
        else:
            spans.append((row.period.lower, row.period.upper))
    return spans, gone


def _told(visits: Sequence[Appointment]) -> dict[UUID, _Told]:
    found = {visit.pk: _Told(0, visit.created_at, []) for visit in visits}
    changes = VisitChange.objects.filter(appointment__in=list(found), kind__in=COUNTS).order_by("-at", "-pk")
    for key, at, ended in changes.values_list("appointment", "at", "old_allocations"):
        told = found[key]
        told.count += 1
        told.at = max(told.at, at)
        told.ended.append(set(ended))
    return found


def _rooms(visits: Iterable[UUID]) -> dict[UUID, str]:
    """The room of each visit that has one: the last, where the clinicians come together."""
    rows = Allocation.objects.filter(
        appointment__in=list(visits), active=True, resource__kind__category=ResourceCategory.ROOM
    ).order_by("period", "pk")
    return dict(rows.values_list("appointment", "resource__name"))


def _holds(
    resource: Resource, window: tuple[dt.datetime, dt.datetime], now: dt.datetime
) -> tuple[list[Entry], list[dt.datetime]]:
    rows = Allocation.objects.filter(resource=resource, hold__isnull=False, period__overlap=window)
    rows = rows.filter(Q(hold__released_at__isnull=True) | Q(hold__released_at__gte=now - CANCELLED_FOR))
    entries, ended = [], []
    for row in rows.select_related("hold__site").order_by("period", "pk"):
        hold = row.hold
        assert isinstance(hold, Hold)  # noqa: S101 - filtered
        if hold.released_at is not None or hold.expires_at <= now or not row.active:
            ended.append(hold.released_at or min(hold.expires_at, now))
            continue
        entries.append(
            Entry(
                uid=f"hold-{hold.pk}-{row.pk}",
                kind="hold",
                start=row.period.lower,
                end=row.period.upper,
                changed_at=hold.created_at,
                busy=False,
                tentative=True,
                site=hold.site,
            )
        )
    return entries, ended


def _away(resource: Resource, window: tuple[dt.datetime, dt.datetime]) -> list[Entry]:
    rows = TimeOff.objects.filter(resource=resource, ended_at__isnull=True, period__overlap=window)
    return [
        Entry(
            uid=f"away-{row.pk}",
            kind="away",
            start=row.period.lower,
            end=row.period.upper,
            changed_at=ids.made_at(row.pk),
        )
        for row in rows
    ]
