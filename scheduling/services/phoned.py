"""What a patient says on the phone about a visit: the call and its consequence are one act."""

from uuid import UUID

from clinic.actors import Actor
from clinic.models import Call
from clinic.services import calls
from clinic.services.calls import CallData
from clinic.transactions import use_case
from scheduling.models import Appointment
from scheduling.services import endings, notices


@use_case
def log(*, by: Actor, visit: Appointment, data: CallData) -> Call:
    """A call about a visit, kept with the visit's key."""
    about = notices.about(visit)
    return calls.log(by=by, site_id=visit.site_id, patient_id=visit.patient_id, data=data, about=about)


@use_case
def confirm(*, by: Actor, appointment_id: UUID, data: CallData, version: int | None = None) -> Appointment:
    """They said on the phone that they will come: the visit is confirmed and the call kept, both or neither.

    Raises IllegalMove for a visit that is not merely booked, StaleVersion when it was changed since.
    """
    appointment = endings.confirm(appointment_id=appointment_id, by=by, version=version)
    log(by=by, visit=appointment, data=data)
    return appointment
