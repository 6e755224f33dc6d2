"""A visit as asked for, and as it could be served."""

import datetime as dt
from dataclasses import dataclass, field
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from scheduling.enums import AppointmentStatus, Told
from scheduling.models import VisitType
from scheduling.selectors.facts import Setup
from scheduling.selectors.teams import TeamMember


@dataclass(frozen=True, slots=True)
class VisitRequest:
    """A visit as asked for. Without `lead_id` any clinician of the right kind will do."""

    patient_id: UUID
    visit_type_id: UUID
    site_id: UUID
    start: dt.datetime
    lead_id: UUID | None = None
    purpose: UUID | None = None
    status: AppointmentStatus = AppointmentStatus.BOOKED
    told: Told = Told.MAIL
    note: str = ""
    request_key: UUID | None = None
    squeezed_on: UUID | None = None
    """A squeeze-in: queued on this clinician, who is not held."""


@dataclass(frozen=True, slots=True)
class VisitPlan:
    """A request with the resources that would serve it."""

    request: VisitRequest
    team: tuple[TeamMember, ...]
    visit_type: VisitType | None = None
    """As it was read with its site when the team was chosen, where it was."""
    setup: Setup | None = field(default=None, compare=False, repr=False)
    """What was read of the site then, for choosing another team at once. Under the locks it is read anew."""

    @property
    def resource_ids(self) -> set[UUID]:
        """What is locked: the team, and a clinician on whom the visit is only queued."""
        queued = {self.request.squeezed_on} if self.request.squeezed_on else set()
        return {member.resource_id for member in self.team} | queued


def span_of(start: dt.datetime, offset: int, minutes: int) -> DateTimeTZRange:
    """So many minutes, from `offset` minutes after the start of the visit."""
    begin = start + dt.timedelta(minutes=offset)
    return DateTimeTZRange(begin, begin + dt.timedelta(minutes=minutes))


def blocks_of(start: dt.datetime, member: TeamMember) -> DateTimeTZRange:
    """What the member is kept free for, setting up and changing over included."""
    low, high = member.blocks
    return span_of(start, low, high - low)
