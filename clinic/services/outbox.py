"""The outbox: mails to patients are planned, cancelled and retried here, as rows, inside the caller's transaction.

Whoever changes a fact cancels its messages in the same transaction. That is the guarantee that nothing
stale is started; the kind's re-check just before sending is a courtesy.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Case, F, Value, When
from django.utils.translation import gettext as _

from clinic import audit, clock, locks, messaging
from clinic.actors import Actor
from clinic.enums import MessageState, Permission
from clinic.exceptions import IllegalMove, InvalidInput, NotFound
from clinic.models import Contact, Link, Message, Patient
from clinic.permissions import check
from clinic.services import links
from clinic.services.preferences import PREFERENCES
from clinic.transactions import use_case

_WAITING = (MessageState.PENDING, MessageState.LEASED)
_MAY_COME_BACK = (MessageState.SENDING, MessageState.UNCERTAIN, MessageState.FAILED)


@dataclass(frozen=True)
class Plan:
    """One mail to plan: which kind, about which revision of which fact, due at `due`, never started from `expires` on."""

    kind: str
    about: str
    about_rev: int
    patient_id: UUID
    site_id: UUID
    due: datetime
    expires: datetime
    door: str = ""
    """Purpose of the link that goes with the mail, about the same fact; empty: none. Who gets the mail gets theirs."""
    door_until: datetime | None = None


@use_case
def plan(plans: Sequence[Plan], *, by: Actor, patients: Mapping[UUID, Patient] | None = None) -> None:
    """Write the rows of these mails, unless an earlier call wrote them: the key is kind, about, revision.

    `patients` are their rows, where the caller has read them in this transaction.
    A mail goes to the patient and to each contact who gets the mails. Where there is no address or no
    consent, one row says so, suppressed with its reason. Rows that exist keep their state: a fact that
    is to be told anew needs a higher `about_rev`. InvalidInput for a mail that expires before it is due.
    """
    for one in plans:
        messaging.get(one.kind)
        if one.due >= one.expires:
            raise InvalidInput(_("A message must be due before it expires."))
    patient_ids = {one.patient_id for one in plans}
    if not plans:
        return
    patients = patients or Patient.objects.in_bulk(patient_ids)
    contacts: dict[UUID, list[Contact]] = defaultdict(list)
    for contact in Contact.objects.filter(patient__in=patient_ids, gets_mails=True, ended_at=None).exclude(
        email=""
    ):
        contacts[contact.patient_id].append(contact)
    rows = [
        row
        for one in plans
        for row in _rows(one, patients[one.patient_id], contacts[one.patient_id], clock.now())
    ]
    Message.objects.bulk_create(rows, ignore_conflicts=True)
    _lay_out_links(plans, rows)
    if rows:
        about = sorted({one.about for one in plans})
        audit.record("clinic.messages.planned", by=by, patient_id=_only(patient_ids), detail={"about": about})


@use_case
def cancel(*, about: Collection[str], by: Actor, reason: str, kinds: Collection[str] | None = None) -> int:
    """Withdraw every mail about these facts that has not gone out; `reason` is a code.

    What waits is cancelled and loses its lease, so that no sender can start it. What is in a sender's
    hands, uncertain or failed is marked withdrawn: it may already be on its way, and is never started
    again. One statement, so that a row cannot slip from one state to another in between.
    Returns how many rows it withdrew.
    """
    rows = Message.objects.filter(about__in=about, state__in=[*_WAITING, *_MAY_COME_BACK])
    if kinds is not None:
        rows = rows.filter(kind__in=kinds)
    waiting = When(state__in=_WAITING, then=Value(reason))
    count = rows.update(
        state=Case(When(state__in=_WAITING, then=Value(MessageState.CANCELLED.value)), default=F("state")),
        reason=Case(waiting, default=F("reason")),
        withdrawn=Value(reason),
        lease_token=Case(When(state__in=_WAITING, then=None), default=F("lease_token")),
        lease_until=Case(When(state__in=_WAITING, then=None), default=F("lease_until")),
        ended_at=Case(When(state__in=_WAITING, then=Value(clock.now())), default=F("ended_at")),
    )
    if count:
        detail: dict[str, str | int | bool | list[str] | None] = {
            "about": sorted(about),
            "reason": reason,
            "count": count,
        }
        audit.record("clinic.messages.cancelled", by=by, detail=detail)
    return count


@use_case
def cancel_for_patient(
    *, patient_id: UUID, by: Actor, reason: str, kinds: Collection[str] | None = None
) -> int:
    """Withdraw every mail to this patient and their contacts that has not gone out, or those of some kinds."""
    waiting = Message.objects.filter(patient_id=patient_id, ended_at__isnull=True)
    if kinds is not None:
        waiting = waiting.filter(kind__in=kinds)
    about = set(waiting.exclude(state=MessageState.SENT).values_list("about", flat=True))
    return cancel(about=about, by=by, reason=reason, kinds=kinds) if about else 0


@use_case
def retry(*, message_id: UUID, by: Actor) -> Message:
    """Let a failed mail, or an uncertain one that nobody could reconcile, go out once more: due at once."""
    locks.take(message=[message_id])
    message = Message.objects.filter(pk=message_id).first()
    if message is None:
        raise NotFound(_("There is no such message at your site."))
    check(by, Permission.MANAGE_MESSAGES, site_id=message.site_id)
    if message.state not in (MessageState.FAILED, MessageState.UNCERTAIN):
        raise IllegalMove(_("Only a message that failed or is uncertain can be sent again."))
    if message.withdrawn:
        raise IllegalMove(_("What this message tells is no longer true. It stays unsent."))
    now = clock.now()
    if message.expires_at <= now:
        raise IllegalMove(_("This message is out of date. It stays unsent."))
    before = message.state
    message.state, message.reason, message.attempts, message.next_at = MessageState.PENDING, "", 0, now
    message.ended_at = None
    message.save(update_fields=["state", "reason", "attempts", "next_at", "ended_at"])
    audit.record("clinic.message.retried", by=by, about=[message], detail={"was": before})
    return message


def _lay_out_links(plans: Sequence[Plan], rows: Sequence[Message]) -> None:
    """For everybody who gets a mail with a link: that link, and one to what they want to be written to about."""
    until = {(one.door, one.about): one for one in plans if one.door and one.door_until}
    if not until:
        return
    people = {(row.about, row.patient_id, row.contact_id, row.site_id): row for row in rows if not row.reason}
    year = clock.now().year
    wanted: dict[tuple[str, str, UUID | None], Link] = {}
    for (door, about), one in until.items():
        for fact, patient_id, contact_id, site_id in people:
            if fact != about:
                continue
            wanted[door, about, contact_id] = links.build(
                door, about, site_id, patient_id, contact_id, one.door_until or one.expires
            )
            own = f"patient:{patient_id}:{site_id.hex[-8:]}:{year}"
            wanted[PREFERENCES, own, contact_id] = links.build(
                PREFERENCES, own, site_id, patient_id, contact_id, datetime(year + 2, 1, 1, tzinfo=UTC)
            )
    links.lay_out(list(wanted.values()))


def _rows(one: Plan, patient: Patient, contacts: Sequence[Contact], now: datetime) -> Iterator[Message]:
    reason = _refusal(one, patient, contacts)
    if reason or patient.email:
        yield _row(one, None, reason, now)
    if reason:
        return
    told = {patient.email.casefold()}
    for contact in contacts:
        if contact.email.casefold() not in told:
            told.add(contact.email.casefold())
            yield _row(one, contact, "", now)


def _refusal(one: Plan, patient: Patient, contacts: Sequence[Contact]) -> str:
    if not patient.is_active:
        return "patient_inactive"
    if messaging.get(one.kind).needs_consent and not patient.reminders_consent:
        return "no_consent"
    if not patient.email and not contacts:
        return "no_address"
    return ""


def _row(one: Plan, contact: Contact | None, reason: str, now: datetime) -> Message:
    key = f"{one.kind}:{one.about}:{one.about_rev}"
    return Message(
        site_id=one.site_id,
        patient_id=one.patient_id,
        contact=contact,
        kind=one.kind,
        about=one.about,
        about_rev=one.about_rev,
        idempotency_key=f"{key}:{contact.pk.hex}" if contact else key,
        state=MessageState.SUPPRESSED if reason else MessageState.PENDING,
        reason=reason,
        planned_for=one.due,
        next_at=one.due,
        expires_at=one.expires,
        ended_at=now if reason else None,
        created_at=now,
    )


def _only(ids: Collection[UUID]) -> UUID | None:
    return next(iter(ids)) if len(ids) == 1 else None
