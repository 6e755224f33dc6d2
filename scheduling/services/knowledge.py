"""What a patient knows of a visit by mail: read from what was sent, never from what was planned.

A mail tells one visit, or several of them; either way its snapshot keeps the starts that it named.
"""

import datetime as dt
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet

from clinic.enums import MessageState
from clinic.models import Message
from scheduling.enums import Notice
from scheduling.models import Appointment, NoticeLine

DOOR = "scheduling.visit"
"""Purpose of the links to a visit's page; each is about the visit's own key."""
FORMER = "former:"
TOGETHER = (Notice.SEVERAL, Notice.PLAN)
"""Kinds that tell of several visits: of changes, or of what was booked in one act."""
TELLING = (Notice.CONFIRMATION, Notice.MOVED)
SAID = "visits"
"""The value of a mail about several visits that keeps, as JSON, what it says of each of them."""
_OUT = (MessageState.SENDING, MessageState.SENT, MessageState.DELIVERED, MessageState.UNCERTAIN)


def about(appointment: Appointment) -> str:
    """The key under which every mail of this visit alone is filed."""
    return f"appointment:{appointment.pk}"


def about_former(appointment: Appointment) -> str:
    """The key of the mail to somebody for whom the visit was booked by mistake: later changes do not withdraw it."""
    return f"{FORMER}{appointment.pk}"


def visit_key(about: str) -> str:
    """The visit's key in what a mail is about, as text."""
    return about.rpartition(":")[2]


@dataclass(frozen=True, slots=True)
class Known:
    """What the last mail that left the house said of a visit: that it starts at `start`, or that it is off."""

    start: dt.datetime | None
    is_off: bool


@dataclass(frozen=True, slots=True)
class _Saying:
    visit: str
    told_rev: int
    known: Known


def last_told(appointment: Appointment) -> Known | None:
    """What the patient knows by mail. None: nothing. One query."""
    visit = str(appointment.pk)
    rows = _out([appointment.pk], keys=[about(appointment), about_former(appointment)])
    rows = rows.filter(patient_id=appointment.patient_id).order_by("-started_at")
    said = [one for row in rows for one in _sayings(row) if one.visit == visit]
    return max(said, key=lambda one: one.told_rev).known if said else None


def told_starts(cancellations: Sequence[Message]) -> dict[UUID, dt.datetime]:
    """For each mail that says a visit is off, the start that its reader was last told by mail. One query."""
    if not cancellations:
        return {}
    visits = {visit_key(one.about) for one in cancellations}
    rows = _out(
        [UUID(visit) for visit in visits],
        keys={f"{start}{visit}" for visit in visits for start in ("appointment:", FORMER)},
    )
    rows = rows.filter(patient_id__in={one.patient_id for one in cancellations}).order_by("started_at")
    said: dict[tuple[str, UUID], tuple[int, dt.datetime]] = {}
    for row in rows:
        for one in _sayings(row):
            at, key = one.known.start, (one.visit, row.patient_id)
            if not one.known.is_off and at is not None and one.told_rev >= said.get(key, (0, at))[0]:
                said[key] = one.told_rev, at
    keys = {one.pk: (visit_key(one.about), one.patient_id) for one in cancellations}
    return {pk: said[key][1] for pk, key in keys.items() if key in said}


def was_ever_mailed(appointment: Appointment) -> bool:
    """Whether a mail about the visit itself was ever planned for this patient, whatever became of it."""
    lines = NoticeLine.objects.filter(appointment=appointment, kind__in=TELLING).values("about")
    rows = Message.objects.filter(patient_id=appointment.patient_id)
    alone = Q(about=about(appointment), kind__in=TELLING)
    return rows.filter(alone | Q(kind__in=TOGETHER, about__in=lines)).exists()


def saying(*, visit: str, told_rev: int, start: dt.datetime, is_off: bool) -> dict[str, str | int | bool]:
    """What a mail about several visits keeps of one of them; `last_told` reads it back."""
    return {"visit": visit, "rev": told_rev, "start": start.isoformat(), "off": is_off}


def _out(visits: Collection[UUID], *, keys: Collection[str]) -> QuerySet[Message]:
    """The mails about these visits, alone or among others, that left the house, or may have."""
    lines = NoticeLine.objects.filter(appointment__in=visits).values("about")
    mine = Q(about__in=keys, kind__in=list(Notice)) | Q(kind__in=TOGETHER, about__in=lines)
    return Message.objects.filter(mine, state__in=_OUT)


def _sayings(row: Message) -> Iterator[_Saying]:
    values = (row.snapshot or {}).get("placeholders", {})
    if row.kind in TOGETHER:
        for one in json.loads(values.get(SAID) or "[]"):
            known = Known(dt.datetime.fromisoformat(one["start"]), one["off"])
            yield _Saying(one["visit"], one["rev"], known)
        return
    said = values.get("starts_at")
    start = dt.datetime.fromisoformat(said) if said else None
    yield _Saying(visit_key(row.about), row.about_rev, Known(start, row.kind == Notice.CANCELLED))
