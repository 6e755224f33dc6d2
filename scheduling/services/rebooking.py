"""Moving many visits in one action, all or none: what a leave, a closure or a broken device leaves behind."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor, Staff, System
from clinic.enums import Permission, TaskState
from clinic.exceptions import DomainError, InvalidInput, NotFound, StaleVersion
from clinic.models import Task
from clinic.permissions import check
from clinic.selectors.tasks import open_about
from clinic.services import tasks
from clinic.transactions import use_case
from scheduling import rules
from scheduling.enums import Told
from scheduling.exceptions import BookingRefused, SlotTaken
from scheduling.models import Appointment, Resource, VisitChange
from scheduling.rules import Override
from scheduling.selectors.disruption import REBOOK
from scheduling.services import availability, booking, moves, notices
from scheduling.services.availability import Slot
from scheduling.services.plans import VisitRequest
from scheduling.services.scarcity import resources_at
from scheduling.services.together import Together

_REACH = 14  # days around the old time in which nearest starts are looked for
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
    """Move every chosen visit, all or none; its task is finished by that, as by any other move.

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
    audit.record("scheduling.visits.rebooked", by=by, about=moved, detail={"visits": len(moved)})
    return moved


def _move_all(
    pairs: Sequence[tuple[Choice, Appointment]], *, by: Actor, told: Told, override: Override | None
) -> list[Appointment]:
    """One after the other; who does not fit yet is tried again once another has made room."""
    moved: list[Appointment] = []
    together = Together()
    waiting = list(pairs)
    while waiting:
        why: dict[UUID, str] = {}
        for choice, row in waiting:
            try:
                moved.append(_move(choice, row, by=by, told=told, override=override, together=together))
            except (SlotTaken, BookingRefused, InvalidInput, StaleVersion) as error:
                why[row.pk] = error.message
        if len(why) == len(waiting):
            raise RebookingFailed(why)
        waiting = [pair for pair in waiting if pair[1].pk in why]
    together.tell(by=by)
    return moved


def _move(
    choice: Choice,
    row: Appointment,
    *,
    by: Actor,
    told: Told,
    override: Override | None,
    together: Together,
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
        appointment_id=row.pk,
        plan=plans[0],
        by=by,
        version=choice.version,
        override=override,
        together=together,
    )


def settle(*, appointment: Appointment, by: Actor) -> None:
    """A visit that was moved or ended, on whichever page, is no longer to be moved. Inside the caller's transaction."""
    doer = by if isinstance(by, Staff) else System(job="scheduling.settle")
    for task_id in open_about(kind=REBOOK, abouts=[notices.about(appointment)]):
        tasks.finish(by=doer, task_id=task_id, outcome=appointment.get_status_display())


def settled_by(change: VisitChange) -> UUID | None:
    """The line of the call list that this change of a visit finished, if it finished one."""
    rows = Task.objects.filter(
        kind=REBOOK, about=f"appointment:{change.appointment_id}", state=TaskState.DONE
    )
    found: UUID | None = (
        rows.filter(ended_at__gte=change.at).order_by("-ended_at").values_list("pk", flat=True).first()
    )
    return found


def unsettle(*, task_id: UUID, by: Actor) -> None:
    """What moved the visit was taken back: it is to be moved again. Inside the caller's transaction."""
    doer = by if isinstance(by, Staff) else System(job="scheduling.unsettle")
    tasks.reopen(by=doer, task_id=task_id)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One place where a visit could go. At the same time, the patient need not be told."""

    start: dt.datetime
    lead: Resource | None
    same_time: bool
    same_lead: bool
    warnings: tuple[str, ...] = ()


def suggestions(visit: Appointment, *, lead_id: UUID | None, count: int = 3) -> list[Suggestion]:
    """Where it could go by all rules, its course's interval among them: at its own time with another team first, then
    the nearest starts with the same clinician, then with anybody who is qualified. Three searches, each of a constant
    number of queries."""

    def ask(around: dt.datetime, lead: UUID | None, **more: Any) -> list[Slot]:
        return availability.nearest(
            visit_type_id=visit.visit_type_id,
            site_id=visit.site_id,
            around=around,
            patient_id=visit.patient_id,
            lead_id=lead,
            purpose=visit.purpose,
            appointment_id=visit.pk,
            **more,
        )

    start = visit.period.lower
    now = clock.now()
    at_once = availability.free_starts(
        visit_type_id=visit.visit_type_id,
        site_id=visit.site_id,
        earliest=start,
        latest=start + dt.timedelta(minutes=1),
        patient_id=visit.patient_id,
        purpose=visit.purpose,
        appointment_id=visit.pk,
    )
    found = at_once[:1] if start > now else []
    found += ask(max(start, now), lead_id, count=count, days=_REACH) if lead_id else []
    found += ask(max(start, now), None, count=count, days=_REACH)
    first: dict[dt.datetime, Suggestion] = {}
    for slot in found:
        lead = slot.lead
        first.setdefault(
            slot.start,
            Suggestion(
                start=slot.start,
                lead=lead,
                same_time=slot.start == start,
                same_lead=lead is not None and lead.pk == lead_id,
                warnings=tuple(each.words for each in slot.warnings),
            ),
        )
    return list(first.values())
