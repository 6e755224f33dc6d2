"""Offers of a freed time to one waiting patient at a time: a hold that blocks everybody else, an expiry, one answer.

A patient's offers are guarded by the lock on the patient, what an offer holds by the locks on its resources, and
each end by `offer_ends.claim`. Nothing is held while a patient chooses among times: an offer names one.
"""

import datetime as dt
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext as _

from clinic import audit, clock, locks, tokens
from clinic.actors import Actor, Patient, Staff
from clinic.enums import Permission, Role
from clinic.exceptions import DomainError, NotFound
from clinic.ids import new_id
from clinic.permissions import check
from clinic.policies.quiet_hours import quiet_end
from clinic.services import outbox, tasks
from clinic.services.outbox import Plan
from clinic.transactions import explain_constraint, use_case
from scheduling import rules, wishes
from scheduling.enums import HoldReason, Notice, OfferStatus, ReasonUse, Told, WaitStatus
from scheduling.exceptions import OfferClosed
from scheduling.models import Allocation, Appointment, ChangeReason, FreedSlot, Hold, Offer, WaitlistEntry
from scheduling.selectors import waitlist as reads
from scheduling.services import (
    booking,
    freed,
    looking,
    matching,
    moves,
    occupancy,
    offer_ends,
    overrides,
    waitlist,
)
from scheduling.services.matching import MAIL, PHONE
from scheduling.services.plans import VisitPlan, VisitRequest

EARLIER = "earlier_slot"


def token_of(offer_id: UUID) -> str:
    """The secret of the offer's link: derived anew for each mail, stored nowhere."""
    return tokens.derived("waitlist-offer", offer_id)


def make(
    *, entry_id: UUID, start: dt.datetime, by: Actor, freed_id: UUID | None = None, by_phone: bool = False
) -> Offer:
    """Offer a start to a waiting patient. `by_phone`: the desk has them on the phone or will ring, no mail goes out.

    Raises SlotTaken, BookingRefused (also for a warning: nobody is there to accept it), DomainError when the time
    is being offered already, the patient considers another one, or no time is left to answer.
    """
    entry = reads.entry(entry_id)
    if entry is None:
        raise NotFound(_("There is no such entry on the waitlist."))
    check(by, Permission.BOOK, site_id=entry.site_id)
    slot = FreedSlot.objects.filter(pk=freed_id, site_id=entry.site_id).first() if freed_id else None
    lead_id = slot.lead_id if slot else entry.lead_id
    request = VisitRequest(
        entry.patient_id, entry.visit_type_id, entry.site_id, start, lead_id, entry.purpose
    )
    plan = booking.plan([request], appointment_id=entry.appointment_id)[0]
    return make_for(entry_id=entry_id, plan=plan, by=by, freed_id=freed_id, by_phone=by_phone)


@use_case
def make_for(
    *, entry_id: UUID, plan: VisitPlan, by: Actor, freed_id: UUID | None = None, by_phone: bool = False
) -> Offer:
    """The same with its team chosen: hold the whole team, write the offer, plan one mail or a call."""
    row = WaitlistEntry.objects.filter(pk=entry_id).first()
    if row is None:
        raise NotFound(_("There is no such entry on the waitlist."))
    check(by, Permission.BOOK, site_id=row.site_id)
    slot = FreedSlot.objects.filter(pk=freed_id, site_id=row.site_id).first() if freed_id else None
    locks.take(
        resource=plan.resource_ids,
        patient=[row.patient_id],
        appointment={key for key in (row.appointment_id, slot and slot.source_id) if key is not None},
        **rules.lock_keys([row.purpose]),
    )
    now, request = clock.now(), plan.request
    entry = reads.entry(entry_id)
    assert entry is not None  # noqa: S101 - entries are never deleted
    wishes.check_wait_move(WaitStatus(entry.status), WaitStatus.OFFERED)
    _check_slot(freed_id, now)
    channel = _channel(entry, now, by_phone=by_phone)
    until = wishes.check_can_be_offered(
        wishes.expiry(
            start=request.start,
            now=now,
            lasts=matching.lasts_of(entry),
            notice=matching.notice_of(entry, by_phone=by_phone),
            by_phone=by_phone,
        )
    )
    booking.active_patients([request])
    occupancy.release_expired_holds(resource_ids=plan.resource_ids, now=now)
    looking.check_free([plan], now=now, appointment_id=entry.appointment_id)
    team = booking.confirmed_team(plan, now=now, appointment_id=entry.appointment_id)
    overrides.ask_rules([request], by=by, override=None, appointment_id=entry.appointment_id)

    hold = occupancy.insert_hold(hold=_hold(entry, request, until, now, by), team=team)
    key = new_id()
    offer = Offer.objects.create(
        pk=key,
        site_id=entry.site_id,
        entry=entry,
        freed_id=freed_id,
        hold=hold,
        start=request.start,
        expires_at=until,
        token_hash=tokens.digest(token_of(key)),
        created_at=now,
    )
    entry.status, entry.version = WaitStatus.OFFERED, entry.version + 1
    entry.save(update_fields=["status", "version"])
    audit.record(
        "scheduling.offer.made",
        by=by,
        about=[offer],
        patient_id=entry.patient_id,
        detail={"channel": channel},
    )
    _tell(offer, entry, channel, by=by)
    return offer


@use_case
def accept(*, offer_id: UUID, by: Actor) -> Appointment:
    """Yes: the visit is booked, or the one they have is moved, with the very team that was held, in this transaction.

    Of two answers at once one wins; the other, like a late one, gets OfferClosed. BookingRefused or SlotTaken when
    something has changed that the hold does not guard, such as the course; the offer then stands until it expires.
    """
    offer = _locked(offer_id, by=by)
    entry, hold = offer.entry, offer.hold
    wishes.check_can_answer(expires_at=offer.expires_at, now=clock.now())
    team = occupancy.team_of_hold(hold)
    if not team:
        raise OfferClosed(_("What was held for this offer has been released."))
    offer_ends.claim(offer, OfferStatus.ACCEPTED)
    request = VisitRequest(
        patient_id=entry.patient_id,
        visit_type_id=entry.visit_type_id,
        site_id=offer.site_id,
        start=offer.start,
        lead_id=hold.lead_id,
        purpose=entry.purpose,
        told=Told.MAIL if matching.reach(entry) == MAIL else Told.PHONE,
        request_key=offer.pk,
    )
    plan = VisitPlan(request, team)
    if entry.appointment_id is not None:
        visit = moves.move_to(
            appointment_id=entry.appointment_id, plan=plan, by=by, reason=_reason(), permission=None
        )
    else:
        visit = booking.book_many(plans=[plan], by=by, permission=None)[0]
    offer.appointment = visit
    offer.save(update_fields=["appointment"])
    waitlist.served_by_offer(entry)
    if offer.freed_id is not None:
        freed.close(offer.freed_id, filled_by=visit)
    offer_ends.settle(offer, by=by)
    audit.record("scheduling.offer.accepted", by=by, about=[offer], patient_id=entry.patient_id)
    return visit


@use_case
def decline(*, offer_id: UUID, by: Actor, leave: bool = False) -> Offer:
    """No: the time goes to the next; the patient waits on, or with `leave` is taken off the list."""
    offer = _locked(offer_id, by=by)
    wishes.check_can_answer(expires_at=offer.expires_at, now=clock.now())
    offer_ends.end(offer, OfferStatus.DECLINED, by=by)
    if leave:
        waitlist.left(offer.entry_id, by=by)
    return offer


@use_case
def withdraw(*, offer_id: UUID, by: Actor) -> Offer:
    """The desk takes an offer back."""
    offer = _locked(offer_id, by=by)
    offer_ends.end(offer, OfferStatus.WITHDRAWN, by=by)
    return offer


@use_case
def expire(*, offer_id: UUID, by: Actor) -> bool:
    """Time is up. Returns False when somebody was first, or it is not up yet."""
    offer = _locked(offer_id, by=by)
    if offer.status != OfferStatus.OPEN or clock.now() < offer.expires_at:
        return False
    offer_ends.end(offer, OfferStatus.EXPIRED, by=by)
    return True


def _locked(offer_id: UUID, *, by: Actor) -> Offer:
    """Lock all that an answer touches, in the global order, and read the offer again.

    Staff need the permission at the site; a patient the link of this very offer. Foreign ones look like none.
    """
    row = Offer.objects.select_related("entry").filter(pk=offer_id).first()
    if row is None:
        raise NotFound(_("There is no such offer."))
    _check_right(row, by)
    entry, visit = row.entry, row.entry.appointment_id
    held = set(Allocation.objects.filter(hold=row.hold_id).values_list("resource", flat=True))
    locks.take(
        resource=held | (occupancy.resource_ids_of(visit) if visit else set()),
        patient=[entry.patient_id],
        appointment=[visit] if visit else [],
        **rules.lock_keys([entry.purpose]),
    )
    offer = reads.offer(offer_id)
    assert offer is not None  # noqa: S101 - offers are never deleted
    return offer


def _reason() -> str | None:
    """The coded reason of such a move, while the manager keeps it in use."""
    known = ChangeReason.objects.filter(pk=EARLIER, is_active=True, used_for__contains=[ReasonUse.MOVE])
    return EARLIER if known.exists() else None


def _check_right(offer: Offer, by: Actor) -> None:
    if isinstance(by, Patient):
        if by.link_id != offer.pk or by.patient_id != offer.entry.patient_id:
            raise NotFound(_("There is no such offer."))
        return
    check(by, Permission.BOOK, site_id=offer.site_id)


def _check_slot(freed_id: UUID | None, now: dt.datetime) -> None:
    if freed_id is None:
        return
    slot = FreedSlot.objects.filter(pk=freed_id).first()
    if slot is None or slot.closed_at is not None:
        raise DomainError(_("This time is not free any more."))
    if now < slot.offer_from:
        raise DomainError(_("This time was freed a moment ago. Wait until it cannot be taken back any more."))
    if Offer.objects.filter(freed=slot, status=OfferStatus.OPEN).exists():
        raise _being_offered()


def _channel(entry: WaitlistEntry, now: dt.datetime, *, by_phone: bool) -> str:
    """Mail where it reaches them and may go out now; else a call. Nobody is offered anything by mail at night."""
    if not by_phone and matching.reach(entry) == MAIL and quiet_end(entry.site, now + wishes.LEAST) is None:
        return MAIL
    return PHONE


def _hold(
    entry: WaitlistEntry, request: VisitRequest, until: dt.datetime, now: dt.datetime, by: Actor
) -> Hold:
    length = dt.timedelta(minutes=entry.visit_type.minutes)
    return Hold(
        site_id=entry.site_id,
        reason=HoldReason.OFFER,
        patient_id=entry.patient_id,
        visit_type_id=entry.visit_type_id,
        period=DateTimeTZRange(request.start, request.start + length),
        owner_id=by.user_id if isinstance(by, Staff) else None,
        lead_id=request.lead_id,
        purpose=entry.purpose,
        expires_at=until,
        created_at=now,
    )


def _tell(offer: Offer, entry: WaitlistEntry, channel: str, *, by: Actor) -> None:
    if channel == MAIL:
        plan = Plan(
            kind=Notice.OFFER,
            about=offer_ends.about(offer),
            about_rev=1,
            patient_id=entry.patient_id,
            site_id=offer.site_id,
            due=offer.created_at,
            expires=offer.expires_at,
        )
        outbox.plan([plan], by=by)
    elif not isinstance(by, Staff):
        tasks.open_task(
            by=by,
            site_id=offer.site_id,
            kind=offer_ends.CALL,
            about=offer_ends.about(offer),
            title=_("Ring: an earlier time is held for this patient"),
            role=Role.FRONT_DESK,
            due_at=offer.created_at,
            patient_id=entry.patient_id,
        )


def _being_offered() -> DomainError:
    return DomainError(_("This time is being offered to another patient."))


explain_constraint("one_open_offer_per_slot", _being_offered)
explain_constraint(
    "one_open_offer_per_entry", lambda: DomainError(_("This patient is considering another offer."))
)
