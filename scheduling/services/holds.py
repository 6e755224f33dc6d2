"""Pencil holds ("I'll ask my daughter"): a whole team kept for a patient until a time, by a person, and never for choosing.

A live hold blocks everybody else as a booking does. One that has expired blocks nobody: whoever books next ends it
by themselves, and the sweep only tidies.
"""

import datetime as dt
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor, Staff
from clinic.enums import Permission
from clinic.exceptions import NotFound
from clinic.permissions import check
from clinic.transactions import use_case
from scheduling import rules
from scheduling.enums import HoldReason, RefusalLevel, Told
from scheduling.exceptions import BookingRefused, HoldEnded, SlotTaken
from scheduling.models import Allocation, Appointment, Hold, VisitType
from scheduling.rules import Override, StartRequest
from scheduling.services import booking, looking, occupancy
from scheduling.services.plans import VisitPlan, VisitRequest


def pencil(*, request: VisitRequest, until: dt.datetime, by: Actor) -> Hold:
    """Keep a team for the start that was asked for, at most until that start. The form's key makes one hold.

    Raises SlotTaken when no team is left, BookingRefused where a rule forbids the start to everybody; what can be
    accepted is asked when it is booked.
    """
    for attempt in range(booking.TEAMS_TRIED):
        if known := _known(request.request_key, by=by):
            return known
        plan = booking.plan([request], turn=booking.turn_of(attempt))[0]
        try:
            return hold_team(plan=plan, until=until, by=by)
        except SlotTaken as error:
            lost = error
    raise lost


@use_case
def hold_team(*, plan: VisitPlan, until: dt.datetime, by: Actor) -> Hold:
    """The same with its team chosen."""
    request = plan.request
    check(by, Permission.BOOK, site_id=request.site_id)
    locks.take(resource=plan.resource_ids, patient=[request.patient_id], **rules.lock_keys([request.purpose]))
    if known := _known(request.request_key, by=by):
        return known
    now = clock.now()
    looking.check_free([plan], now=now)
    booking.active_patients([request])
    occupancy.release_expired_holds(resource_ids=plan.resource_ids, now=now)
    team = booking.confirmed_team(plan, now=now)
    _check_not_forbidden(request)
    length = dt.timedelta(minutes=VisitType.objects.get(pk=request.visit_type_id).minutes)
    hold = Hold(
        site_id=request.site_id,
        reason=HoldReason.PENCIL,
        patient_id=request.patient_id,
        visit_type_id=request.visit_type_id,
        period=DateTimeTZRange(request.start, request.start + length),
        owner_id=by.user_id if isinstance(by, Staff) else None,
        lead_id=request.lead_id,
        purpose=request.purpose,
        note=request.note,
        expires_at=min(until, request.start),
        created_at=now,
    )
    if request.request_key is not None:
        hold.pk = request.request_key
    occupancy.insert_hold(hold=hold, team=team)
    audit.record("scheduling.hold.pencilled", by=by, about=[hold])
    return hold


@use_case
def release(*, hold_id: UUID, by: Actor) -> Hold:
    """The patient will not have it: free at once. Released twice, or expired meanwhile, it stays as it is."""
    hold = _locked(hold_id, by=by)
    if hold.released_at is None:
        occupancy.free_holds([hold.pk], now=clock.now())
        audit.record("scheduling.hold.released", by=by, about=[hold])
        hold.refresh_from_db()
    return hold


@use_case
def book_held(
    *, hold_id: UUID, by: Actor, told: Told = Told.MAIL, override: Override | None = None
) -> Appointment:
    """The pencilled time becomes a visit with the very team that was kept, in one transaction; sent twice, one visit.

    Raises HoldEnded when it was released or has expired (the time may still be free: book it as any other),
    BookingRefused when a start rule speaks against it; the hold stands then.
    """
    hold = _locked(hold_id, by=by)
    if booked := Appointment.objects.filter(request_key=hold.pk).first():
        return booked
    now = clock.now()
    if hold.released_at is not None or hold.expires_at <= now:
        raise HoldEnded(_("This time is not pencilled in any more."))
    if hold.patient_id is None:
        raise NotFound(_("There is no such patient."))
    request = VisitRequest(
        patient_id=hold.patient_id,
        visit_type_id=hold.visit_type_id,
        site_id=hold.site_id,
        start=hold.period.lower,
        lead_id=hold.lead_id,
        purpose=hold.purpose,
        told=told,
        note=hold.note,
        request_key=hold.pk,
    )
    team = occupancy.team_of_hold(hold)
    occupancy.free_holds([hold.pk], now=now)
    audit.record("scheduling.hold.booked", by=by, about=[hold])
    return booking.book_many(plans=[VisitPlan(request, team)], by=by, override=override)[0]


@use_case
def tidy(*, by: Actor) -> int:
    """Mark expired holds as released. Nothing depends on this having run."""
    expired = list(
        Hold.objects.filter(released_at__isnull=True, expires_at__lte=clock.now()).select_for_update(
            skip_locked=True
        )
    )
    if expired:
        occupancy.lapse_holds([hold.pk for hold in expired], now=clock.now())
        audit.record("scheduling.hold.expired", by=by, about=expired)
    return len(expired)


def _locked(hold_id: UUID, *, by: Actor) -> Hold:
    """Lock what the hold keeps, in the global order, and read it again. An offer's hold is the waitlist's."""
    row = Hold.objects.filter(pk=hold_id, reason=HoldReason.PENCIL).first()
    if row is None:
        raise NotFound(_("There is no such pencilled time."))
    check(by, Permission.BOOK, site_id=row.site_id)
    locks.take(
        resource=Allocation.objects.filter(hold=row).values_list("resource", flat=True),
        patient=[row.patient_id] if row.patient_id else [],
        **rules.lock_keys([row.purpose]),
    )
    row.refresh_from_db()
    return row


def _known(key: UUID | None, *, by: Actor) -> Hold | None:
    """What an earlier sending of the same form holds."""
    row = Hold.objects.filter(pk=key).first() if key is not None else None
    if row is not None:
        check(by, Permission.BOOK, site_id=row.site_id)
    return row


def _check_not_forbidden(request: VisitRequest) -> None:
    asked = StartRequest(
        request.site_id, request.visit_type_id, (request.start,), request.patient_id, None, request.purpose
    )
    forbidden = [
        refusal
        for refusal in rules.ask([asked])
        if refusal.level == RefusalLevel.BLOCK and refusal.overridable_by is None
    ]
    if forbidden:
        raise BookingRefused(forbidden)
