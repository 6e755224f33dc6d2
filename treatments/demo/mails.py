"""The mails of the demo: sent ones with the words that were used, planned ones for what is to come, a failed one."""

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clinic import clock
from clinic.enums import MessageState
from clinic.models import Contact, Message, Patient, Site
from clinic.services import drafts, links
from scheduling.enums import AppointmentStatus, Notice, Told
from scheduling.models import Appointment
from scheduling.services.notices import DOOR, GRACE, about
from scheduling.services.preparing import REMINDER_TIME
from treatments.demo.visits import Visit
from treatments.models import Session
from treatments.policies import recovery

KEPT = dt.timedelta(days=400)
"""Older mails are left out, so that the demo loads quickly."""
_SERVER_TAKES = dt.timedelta(seconds=3)


@dataclass(frozen=True)
class Mail:
    """One fact to tell: planned at `known_at`, due, withdrawn when the fact changed before that."""

    kind: str
    about: str
    rev: int
    patient: Patient
    due: dt.datetime
    expires: dt.datetime
    known_at: dt.datetime
    withdrawn_at: dt.datetime | None = None
    withdrawn: str = ""
    needs_consent: bool = False


def of_visits(visits: Sequence[Visit], *, site: Site) -> Iterator[Mail]:
    """Confirmation, reminders, cancellation, as `scheduling.services.notices` plans them."""
    for visit in visits:
        if visit.told_at is not None:
            yield from _of_visit(visit, site)


def _of_visit(visit: Visit, site: Site) -> Iterator[Mail]:
    row, told_at = visit.row, visit.told_at
    assert told_at is not None  # noqa: S101 - the caller has sorted out the untold
    start: dt.datetime = row.period.lower
    day = start.astimezone(site.zone).date()
    three = clock.local(day - dt.timedelta(days=3), REMINDER_TIME, site.zone)
    one = clock.local(day - dt.timedelta(days=1), REMINDER_TIME, site.zone)
    off, why = visit.cancelled_at, str(row.status) if visit.cancelled_at else ""
    known = (about(row), 1, row.patient)
    if row.told == Told.MAIL and told_at + GRACE < start:
        yield Mail(Notice.CONFIRMATION, *known, told_at + GRACE, start, told_at, off, why)
    for kind, due, expires in (
        (Notice.REMINDER_3D, three, one),
        (Notice.REMINDER_1D, one, start - dt.timedelta(hours=2)),
    ):
        if told_at < due < expires:
            yield Mail(kind, *known, due, expires, told_at, off, why, needs_consent=True)
    if (
        row.status == AppointmentStatus.CANCELLED
        and row.told == Told.MAIL
        and off
        and told_at + GRACE < off < start - GRACE
    ):
        yield Mail(Notice.CANCELLED, about(row), row.told_rev, row.patient, off + GRACE, start, off)


def of_recovery(sessions: Sequence[Session], *, site: Site, days: Sequence[int]) -> Iterator[Mail]:
    """The recovery week from each first injection on."""
    for session in sessions:
        if session.injected_at is None:
            continue
        week = recovery.week(
            session.injected_at,
            days=days,
            zone=site.zone,
            quiet_from=site.quiet_from,
            now=session.injected_at,
        )
        for mail in week:
            yield Mail(
                mail.kind,
                recovery.about(session.pk, mail.day),
                2,
                session.course.patient,
                mail.due,
                mail.expires,
                session.injected_at,
                needs_consent=True,
            )


def write(mails: Sequence[Mail], *, rng: random.Random, site: Site, now: dt.datetime) -> int:
    """Write the rows in the states that the sender would have left by now. Needs the facts to be written."""
    contacts: dict[object, list[Contact]] = {}
    for contact in Contact.objects.filter(gets_mails=True, ended_at=None).exclude(email=""):
        contacts.setdefault(contact.patient_id, []).append(contact)
    recent = [mail for mail in mails if mail.due > now - KEPT]
    rows = [row for mail in recent for row in _rows(mail, contacts.get(mail.patient.pk, []), site, now)]
    _lay_out_links(rows, site=site, now=now)
    sent = [row for row in rows if row.state == MessageState.SENT]
    words = drafts.make(sent)
    for row in sent:
        draft = words[row.pk]
        row.text, row.snapshot = draft.text, draft.snapshot()
    _let_some_fail(rng, sent, now)
    Message.objects.bulk_create(rows, batch_size=1000)
    return len(rows)


def _lay_out_links(rows: Sequence[Message], *, site: Site, now: dt.datetime) -> None:
    """Who has mails about a visit to come holds its link, as the outbox lays it out with them."""
    to_come = Appointment.objects.filter(
        site=site,
        status__in=(AppointmentStatus.BOOKED, AppointmentStatus.CONFIRMED),
        period__startswith__gt=now,
    )
    ends = {about(visit): visit.period.upper for visit in to_come}
    people = {
        (row.about, row.patient_id, row.contact_id) for row in rows if row.about in ends and not row.reason
    }
    links.lay_out(
        [
            links.build(DOOR, fact, site.pk, patient, contact, ends[fact])
            for fact, patient, contact in sorted(people, key=str)
        ]
    )


def _rows(mail: Mail, contacts: Sequence[Contact], site: Site, now: dt.datetime) -> Iterator[Message]:
    reason = ""
    if mail.needs_consent and not mail.patient.reminders_consent:
        reason = "no_consent"
    elif not mail.patient.email and not contacts:
        reason = "no_address"
    if reason or mail.patient.email:
        yield _row(mail, None, reason, site, now)
    if not reason:
        for contact in contacts:
            yield _row(mail, contact, "", site, now)


def _row(mail: Mail, contact: Contact | None, reason: str, site: Site, now: dt.datetime) -> Message:
    key = f"{mail.kind}:{mail.about}:{mail.rev}"
    row = Message(
        site=site,
        patient=mail.patient,
        contact=contact,
        kind=mail.kind,
        about=mail.about,
        about_rev=mail.rev,
        idempotency_key=f"{key}:{contact.pk.hex}" if contact else key,
        planned_for=mail.due,
        next_at=mail.due,
        expires_at=mail.expires,
        created_at=mail.known_at,
    )
    due = _outside_quiet_hours(mail.due, site)
    if reason:
        row.state, row.reason, row.ended_at = MessageState.SUPPRESSED, reason, mail.known_at
    elif mail.withdrawn_at is not None and mail.withdrawn_at <= due:
        row.state, row.reason, row.withdrawn, row.ended_at = (
            MessageState.CANCELLED,
            mail.withdrawn,
            mail.withdrawn,
            mail.withdrawn_at,
        )
    elif due >= mail.expires and due <= now:
        row.state, row.reason, row.ended_at = MessageState.MISSED, "expired", mail.expires
    elif due <= now:
        row.state, row.attempts, row.smtp_code = MessageState.SENT, 1, 250
        row.started_at, row.ended_at = due, due + _SERVER_TAKES
    return row


def _outside_quiet_hours(due: dt.datetime, site: Site) -> dt.datetime:
    """When the sender gets to it: not in the quiet hours, which run over midnight."""
    local = due.astimezone(site.zone)
    if site.quiet_until <= local.time() < site.quiet_from:
        return due
    day = local.date() + dt.timedelta(days=1 if local.time() >= site.quiet_from else 0)
    return clock.local(day, site.quiet_until, site.zone)


def _let_some_fail(rng: random.Random, sent: Sequence[Message], now: dt.datetime) -> None:
    """One refused and two returned in the last days, a mailbox that changed long ago."""
    recent = [row for row in sent if now - dt.timedelta(days=4) < row.planned_for and row.expires_at > now]
    older = [row for row in sent if row.planned_for < now - dt.timedelta(days=20)]
    for row in rng.sample(recent, min(1, len(recent))):
        row.state, row.reason, row.smtp_code = MessageState.FAILED, "refused_by_server", 550
    for row in rng.sample(older, min(2, len(older))):
        row.state, row.reason, row.smtp_code = MessageState.BOUNCED, "mailbox_unavailable", 250
