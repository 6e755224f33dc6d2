"""A visit as asked for, and as it could be served."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from scheduling.enums import AppointmentStatus, Told
from scheduling.models import VisitType
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

    @property
    def resource_ids(self) -> set[UUID]:
        """What is locked: the team, and a clinician on whom the visit is only queued."""
        queued = {self.request.squeezed_on} if self.request.squeezed_on else set()
        return {member.resource_id for member in self.team} | queued
