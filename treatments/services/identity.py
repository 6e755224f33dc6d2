"""The check of two identifiers while the blood of more than one patient is in the house."""

import datetime as dt
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, clock
from clinic.actors import Actor
from clinic.exceptions import Conflict, InvalidInput
from clinic.transactions import use_case
from treatments.enums import IdentityStep
from treatments.models import IdentityCheck, Session
from treatments.selectors import tubes
from treatments.services import reading, writing


@use_case
def check(
    *, by: Actor, session_id: UUID, step: IdentityStep, record_number: str, birth_date: dt.date
) -> IdentityCheck:
    """Two identifiers, read from the patient or the tube, are this patient's. Kept with who and when.

    Raises InvalidInput, which says that they are another's and not whose.
    """
    session = writing.opened(session_id, by=by)
    patient = session.course.patient
    same = record_number.strip().casefold() == patient.record_number.casefold()
    if not same or birth_date != patient.birth_date:
        raise InvalidInput(
            _(
                "STOP: this is not the patient of this record. Nothing is noted. Compare tube, wristband and page."
            ),
            field="record_number",
        )
    row = IdentityCheck.objects.create(
        session=session, step=step, checked_at=clock.now(), checked_by_id=reading.person(by)
    )
    writing.touch(session)
    audit.record("treatments.identity.checked", by=by, about=[session], detail={"step": step.value})
    return row


def require(session: Session, *steps: IdentityStep) -> None:
    """An inner step: raise Conflict when a check is missing and other patients' blood is in the house."""
    missing = tubes.unchecked(session, steps)
    if missing:
        raise Conflict(
            _("Another patient's blood is in the house. Check record number and birth date first (%(step)s).")
            % {"step": IdentityStep(missing[0]).label}
        )
