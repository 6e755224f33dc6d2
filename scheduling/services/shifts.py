"""Moving a visit by its block on the grid: in time, to another clinician, to another room or device."""

import datetime as dt
from collections.abc import Mapping
from uuid import UUID

from django.utils.translation import gettext as _

from clinic.actors import Actor
from clinic.exceptions import NotFound
from scheduling.enums import Told
from scheduling.exceptions import SlotTaken
from scheduling.models import Allocation, Appointment, Resource
from scheduling.rules import Override
from scheduling.services import moves, occupancy
from scheduling.services.availability import TeamMember
from scheduling.services.plans import VisitPlan, VisitRequest


def shift(
    *,
    appointment_id: UUID,
    start: dt.datetime,
    by: Actor,
    version: int | None = None,
    instead_of: UUID | None = None,
    resource_id: UUID | None = None,
    told: Told = Told.MAIL,
    override: Override | None = None,
) -> Appointment:
    """Move the visit to `start`; where a block was dropped on another column, `resource_id` serves `instead_of`.

    The leading clinician stays unless their own block was dropped on a colleague. A visit that stays with its
    people keeps its whole team where it can, so that a move by a quarter of an hour does not change rooms;
    where part of it is taken, the rest of the team is chosen anew. Raises what `moves.move` raises.
    """
    held = list(Allocation.objects.filter(appointment_id=appointment_id, active=True))
    row = Appointment.objects.filter(pk=appointment_id).first()
    if row is None:
        raise NotFound(_("There is no such visit."))
    lead = next((each.resource_id for each in held if each.is_lead), None)
    swapped = {instead_of: resource_id} if instead_of and resource_id else {}
    lead_id = swapped.get(lead, lead) if lead else None
    request = VisitRequest(
        row.patient_id, row.visit_type_id, row.site_id, start, lead_id, row.purpose, told=told
    )
    team = _team(row, swapped)
    if team:
        try:
            return moves.move_to(
                appointment_id=appointment_id,
                plan=VisitPlan(request, team),
                by=by,
                version=version,
                override=override,
            )
        except SlotTaken:
            if swapped and lead not in swapped:
                # A nurse, a room or a device was chosen by hand: another one would not be what was meant.
                raise
    return moves.move(
        appointment_id=appointment_id,
        start=start,
        by=by,
        version=version,
        lead_id=lead_id,
        told=told,
        override=override,
    )


def _team(row: Appointment, swapped: Mapping[UUID, UUID]) -> tuple[TeamMember, ...]:
    """Today's team with one of it replaced; the locks and the checks come with the move."""
    chosen = Resource.objects.in_bulk(swapped.values())
    return tuple(
        TeamMember.of(chosen[swapped[member.resource_id]], member.requirement)
        if swapped.get(member.resource_id) in chosen
        else member
        for member in occupancy.team_of(row)
    )
