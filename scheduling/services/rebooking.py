"""Moving many visits in one action, all or none: what a leave, a closure or a broken device leaves behind."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, locks
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import DomainError, InvalidInput, NotFound, StaleVersion
from clinic.permissions import check
from clinic.selectors.tasks import open_about
from clinic.services import tasks
from clinic.transactions import use_case
from scheduling import rules
from scheduling.enums import Told
from scheduling.exceptions import BookingRefused, SlotTaken
from scheduling.models import Appointment, Resource
from scheduling.rules import Override
from scheduling.services import booking, moves, notices
from scheduling.services.plans import VisitRequest
from scheduling.services.scarcity import REBOOK, resources_at

AT_MOST = 200
"""Visits in one action: more than any leave has met, and short enough to hold the site's locks for."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Where one visit is to go. The same start as now changes only who or what serves it."""

    appointment_id: UUID
    start: dt.datetime
    lead_id: UUID | None = None
    version: int | None = None


class RebookingFailed(DomainError):
    """Some of the chosen visits cannot go where they were to go, and so none was moved. `why` has a sentence each."""

    def __init__(self, why: Mapping[UUID, str]) -> None:
        super().__init__(_("Nothing was moved: not every visit can go where it was to go."))
        self.why = dict(why)


@use_case
def rebook(
    *,
    site_id: UUID,
    choices: Sequence[Choice],
    by: Actor,
    told: Told = Told.MAIL,
    override: Override | None = None,
) -> list[Appointment]:
    """Move every chosen visit, all or none, and finish its task.

    Takes every resource of the site at once, so that no booking can take a time between the planning of one visit
    and the moving of the next; a visit may go where another of the same action makes room. A visit that only
    changes who or what serves it tells its patient nothing; a patient of several moved visits gets one mail.
    Raises RebookingFailed with a sentence for each visit that cannot go, NotFound, InvalidInput.
    """
    check(by, Permission.BOOK, site_id=site_id)
    wanted = {choice.appointment_id: choice for choice in choices}
    if not wanted or len(wanted) < len(choices) or len(choices) > AT_MOST:
        raise InvalidInput(_("Choose a new time for at least one visit, and one for each."))
    rows = Appointment.objects.filter(pk__in=wanted, site_id=site_id)
    before = {row.pk: row for row in rows}
    if len(before) < len(wanted):
        raise NotFound(_("There is no such visit."))
    held = Resource.objects.filter(allocations__appointment__in=wanted, allocations__active=True)
    locks.take(
        resource={*resources_at(site_id), *held.values_list("pk", flat=True)},
        patient={row.patient_id for row in before.values()},
        appointment=wanted,
        **rules.lock_keys(row.purpose for row in before.values()),
    )
    before = {row.pk: row for row in rows.all()}
    moved = _move_all([(wanted[key], before[key]) for key in wanted], by=by, told=told, override=override)
    _finish_tasks(moved, by=by)
    audit.record("scheduling.visits.rebooked", by=by, about=moved, detail={"visits": len(moved)})
    return moved


def _move_all(
    pairs: Sequence[tuple[Choice, Appointment]], *, by: Actor, told: Told, override: Override | None
) -> list[Appointment]:
    """One after the other; who does not fit yet is tried again once another has made room."""
    moved: list[Appointment] = []
    waiting = list(pairs)
    while waiting:
        why: dict[UUID, str] = {}
        for choice, row in waiting:
            try:
                moved.append(_move(choice, row, by=by, told=told, override=override))
            except (SlotTaken, BookingRefused, InvalidInput, StaleVersion) as error:
                why[row.pk] = error.message
        if len(why) == len(waiting):
            raise RebookingFailed(why)
        waiting = [pair for pair in waiting if pair[1].pk in why]
    return moved


def _move(
    choice: Choice, row: Appointment, *, by: Actor, told: Told, override: Override | None
) -> Appointment:
    request = VisitRequest(
        row.patient_id,
        row.visit_type_id,
        row.site_id,
        choice.start,
        choice.lead_id,
        row.purpose,
        told=Told(row.told) if choice.start == row.period.lower else told,
    )
    plans = booking.plan([request], appointment_id=row.pk)
    return moves.move_to(
        appointment_id=row.pk, plan=plans[0], by=by, version=choice.version, override=override
    )


def _finish_tasks(moved: Sequence[Appointment], *, by: Actor) -> None:
    abouts = [notices.about(row) for row in moved]
    for task_id in open_about(kind=REBOOK, abouts=abouts):
        tasks.finish(by=by, task_id=task_id, outcome=_("Moved"))
