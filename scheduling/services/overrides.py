"""What the start rules say to a booking, and who may go ahead all the same. What was accepted, and why, is kept."""

from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit
from clinic.actors import Actor
from clinic.exceptions import InvalidInput
from clinic.permissions import can
from scheduling import policies, rules
from scheduling.exceptions import BookingRefused
from scheduling.rules import Override, Refusal, StartRequest
from scheduling.services.plans import VisitRequest

REASON_LENGTH = 300


def ask_rules(
    requests: Sequence[VisitRequest],
    *,
    by: Actor,
    override: Override | None,
    appointment_id: UUID | None = None,
    appointment_ids: Sequence[UUID] = (),
) -> list[Refusal]:
    """Every refusal must be covered by the override, from somebody who may; BookingRefused holds the others.

    `appointment_ids` are the visits that the requests move, one each. Returns those that were accepted.
    """
    if override is not None and len(override.reason) > REASON_LENGTH:
        raise InvalidInput(_("Give the reason in at most 300 letters."), field="reason")
    planned = {request.purpose: request.start for request in requests if request.purpose is not None}
    asked = [
        StartRequest(
            request.site_id,
            request.visit_type_id,
            (request.start,),
            request.patient_id,
            appointment_ids[index] if appointment_ids else appointment_id,
            request.purpose,
            override,
            planned,
        )
        for index, request in enumerate(requests)
    ]
    refusals = rules.ask(asked)
    standing = [refusal for refusal in refusals if not _covered(refusal, by, override)]
    if standing:
        raise BookingRefused(standing)
    return refusals


def reason(accepted: Sequence[Refusal], override: Override | None) -> str:
    """The words to keep with the visit; empty when nothing had to be accepted."""
    return override.reason.strip() if accepted and override else ""


def detail(accepted: Sequence[Refusal], override: Override | None) -> audit.Detail:
    """The codes for the audit event."""
    return {"overrode": sorted({refusal.code for refusal in accepted})} if accepted and override else {}


def _covered(refusal: Refusal, by: Actor, override: Override | None) -> bool:
    if override is None or not override.reason.strip() or refusal.code not in override.codes:
        return False
    return policies.may_be_overridden(refusal.level, refusal.overridable_by) and (
        refusal.overridable_by is None or can(by, refusal.overridable_by)
    )
