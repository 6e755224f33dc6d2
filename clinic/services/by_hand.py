"""Patients whom no mail reaches: what a mail would have told them is told by phone, or by a printed letter.

Each such mail stands in the outbox as not sent for want of an address. It is asked like any other whether it is still
true, so what was moved or cancelled meanwhile is not told.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from clinic import audit, clock, messaging
from clinic.actors import Staff
from clinic.enums import HandWay, MessageState, Permission
from clinic.exceptions import Conflict, DomainError, InvalidInput, NotFound
from clinic.models import HandDelivery, Message
from clinic.permissions import check
from clinic.services import drafts
from clinic.transactions import explain_constraint, use_case

NO_ADDRESS = "no_address"
AHEAD = dt.timedelta(days=3)
"""A letter takes its time: what is due within this is told now."""
MOST = 100
_LOOK_BACK = dt.timedelta(days=30)
_WAITING = (MessageState.PENDING, MessageState.LEASED, MessageState.SENDING)


@dataclass(frozen=True)
class Letter:
    """One message as a letter: its subject, and the paragraphs of its text."""

    message: Message
    subject: str
    paragraphs: Sequence[str]


def to_tell(*, by: Staff, site_id: UUID) -> list[Message]:
    """What is to be told at this site by hand, the most urgent first, at most MOST. Constant queries for each kind."""
    check(by, Permission.VIEW_MESSAGES, site_id=site_id)
    now = clock.now()
    rows = Message.objects.filter(
        ~Q(state__in=_WAITING),  # repeats what the state says, so that the partial index is found
        site_id=site_id,
        state=MessageState.SUPPRESSED,
        reason=NO_ADDRESS,
        planned_for__range=(now - _LOOK_BACK, now + AHEAD),
        expires_at__gt=now,
        kind__in=[kind.key for kind in messaging.all_kinds() if kind.by_hand],
        hand_delivery=None,
    )
    found = list(rows.select_related("patient", "contact", "site").order_by("expires_at", "pk")[:MOST])
    refused = drafts.refusals(found)
    return [message for message in found if refused.get(message.pk) == NO_ADDRESS]


def letters(messages: Sequence[Message]) -> list[Letter]:
    """The messages as letters; one that cannot be filled in is left out."""
    made = drafts.make(messages)
    found = []
    for message in messages:
        if (draft := made.get(message.pk)) is None:
            continue
        body = messaging.fill(draft.text.body, messaging.masked(message.kind, draft.values))
        paragraphs = [part.strip() for part in body.split("\n\n") if part.strip()]
        found.append(Letter(message, messaging.fill(draft.text.subject, draft.values), paragraphs))
    return found


@use_case
def told(*, by: Staff, message_id: UUID, way: str) -> HandDelivery:
    """Write down that the patient was told, or need not be. Once: Conflict where a colleague was faster."""
    message = Message.objects.filter(pk=message_id).first()
    if message is None:
        raise NotFound(_("There is no such message at your site."))
    check(by, Permission.WORK_TASKS, site_id=message.site_id)
    if way not in HandWay.values:
        raise InvalidInput(_("Say how the patient was told."), field="way")
    if (message.state, message.reason) != (MessageState.SUPPRESSED, NO_ADDRESS):
        raise Conflict(_("This message is not told by hand."))
    row = HandDelivery(message=message, way=way, by_id=by.user_id, at=clock.now())
    row.save(force_insert=True)
    audit.record("clinic.message.told_by_hand", by=by, about=[message], detail={"way": way})
    return row


def _told_meanwhile() -> DomainError:
    return Conflict(_("A colleague has told this patient already."))


explain_constraint("clinic_handdelivery_pkey", _told_meanwhile)
