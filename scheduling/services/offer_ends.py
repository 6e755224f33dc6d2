"""How an offer ends: answered, expired, withdrawn. Each end is claimed by one UPDATE of the open row, so that of two
at once exactly one wins, whatever locks either holds."""

from clinic import audit, clock
from clinic.actors import Actor
from clinic.enums import TaskState
from clinic.models import Task
from clinic.services import outbox, tasks
from scheduling import wishes
from scheduling.enums import OfferStatus, WaitStatus
from scheduling.models import Offer, WaitlistEntry
from scheduling.services import occupancy

CALL = "waitlist.call"
"""The task for the desk: ring somebody who gets no mails."""


def about(offer: Offer) -> str:
    """The key under which the offer's mail is filed."""
    return f"offer:{offer.pk}"


def claim(offer: Offer, to: OfferStatus) -> None:
    """End an open offer, or raise OfferClosed with what became of it. First the hold, then the offer, then the entry:
    everybody in this order, so that nobody waits in a ring."""
    now = clock.now()
    occupancy.free_holds([offer.hold_id], now=now)
    won = Offer.objects.filter(pk=offer.pk, status=OfferStatus.OPEN).update(status=to, answered_at=now)
    if not won:
        became = Offer.objects.values_list("status", flat=True).get(pk=offer.pk)
        wishes.check_offer_move(OfferStatus(became), to)
    offer.status, offer.answered_at = to, now


def end(offer: Offer, to: OfferStatus, *, by: Actor) -> None:
    """Without a visit: what was held is free, the mail is withdrawn, the patient waits again."""
    claim(offer, to)
    entry = WaitlistEntry.objects.get(pk=offer.entry_id)
    if entry.status == WaitStatus.OFFERED:
        entry.status = WaitStatus.WAITING
        entry.version += 1
        entry.save(update_fields=["status", "version"])
    settle(offer, by=by)
    audit.record(f"scheduling.offer.{to}", by=by, about=[offer], patient_id=entry.patient_id)


def settle(offer: Offer, *, by: Actor) -> None:
    """What was to tell the patient of the offer, a mail or a call, is not needed any more."""
    outbox.cancel(about=[about(offer)], by=by, reason=f"offer_{offer.status}")
    calls = Task.objects.filter(kind=CALL, about=about(offer), state=TaskState.OPEN)
    for task_id in calls.values_list("pk", flat=True):
        tasks.drop(by=by, task_id=task_id, outcome=str(OfferStatus(offer.status).label))


def withdraw_open(entry: WaitlistEntry, *, by: Actor) -> None:
    """The open offer of an entry, if there is one, stands no longer. `entry` is read again."""
    offer = Offer.objects.filter(entry=entry, status=OfferStatus.OPEN).first()
    if offer is not None:
        end(offer, OfferStatus.WITHDRAWN, by=by)
        entry.refresh_from_db(fields=["status", "version"])
