"""Who tells the patient of a change, decided again after it was saved."""

from uuid import UUID

from clinic import audit
from clinic.actors import Actor
from clinic.enums import MessageState, Permission
from clinic.models import Message
from clinic.transactions import use_case
from scheduling.enums import Notice, Told
from scheduling.models import Appointment
from scheduling.services import notices
from scheduling.services.together import waits_with_others
from scheduling.services.visits import locked

_NEWS = (Notice.CONFIRMATION, Notice.MOVED)


def mail_waits(appointment: Appointment) -> bool:
    """Whether the mail about the booking or the move has not gone out yet."""
    rows = Message.objects.filter(about=notices.about(appointment), kind__in=_NEWS, withdrawn="")
    alone = rows.filter(state__in=(MessageState.PENDING, MessageState.LEASED)).exists()
    return alone or waits_with_others(appointment)


@use_case
def by_phone(*, appointment_id: UUID, by: Actor) -> Appointment:
    """The desk rings the patient: the mail about the booking or the move that still waits does not go out.

    Reminders stay. One that has gone out already stays out: then the patient hears of it twice, never not at all.
    """
    appointment = locked(appointment_id, by=by, permission=Permission.BOOK, patient=True)
    notices.cancel_all(appointment=appointment, by=by, reason="told_by_phone", kinds=_NEWS)
    appointment.told = Told.PHONE
    appointment.version += 1
    appointment.save(update_fields=["told", "version"])
    audit.record("scheduling.appointment.told_by_phone", by=by, about=[appointment])
    return appointment
