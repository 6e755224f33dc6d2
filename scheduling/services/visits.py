"""Inner steps that every change of a visit shares: lock and re-read it, move its status by the table."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import locks
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import NotFound, StaleVersion
from clinic.permissions import check
from scheduling import policies, rules
from scheduling.enums import AppointmentStatus
from scheduling.models import Appointment
from scheduling.services import changes
from scheduling.signals import appointment_changed


def locked(
    appointment_id: UUID,
    *,
    by: Actor,
    permission: Permission | None,
    version: int | None = None,
    key: UUID | None = None,
    resources: Iterable[UUID] = (),
    patient: bool = False,
    site: bool = False,
    patients: Iterable[UUID] = (),
    all_ids: Collection[UUID] = (),
) -> Appointment:
    """Lock a visit with all that its change touches, in the global order, and read it again.

    Without a `permission` the caller has checked the right.
    Raises NotFound for a missing or foreign visit, StaleVersion when it was saved since `version` was shown,
    unless by this very form, whose `key` the ledger then has.
    """
    ids = list(all_ids) or [appointment_id]
    rows = {row.pk: row for row in Appointment.objects.filter(pk__in=ids)}
    if appointment_id not in rows:
        raise NotFound(_("There is no such visit."))
    if permission is not None:
        check(by, permission, site_id=rows[appointment_id].site_id)
    locks.take(
        site=[rows[appointment_id].site_id] if site else [],
        resource=resources,
        patient=[*patients, *(row.patient_id for row in rows.values() if patient)],
        appointment=rows.keys(),
        **rules.lock_keys(row.purpose for row in rows.values()),
    )
    appointment = Appointment.objects.select_related("site", "patient", "visit_type").get(pk=appointment_id)
    if version is not None and appointment.version != version and not changes.made_by(appointment, key):
        raise StaleVersion(
            _(
                "Somebody else has changed this visit since you opened it. Look at it as it is now, then try again."
            ),
            current_version=appointment.version,
        )
    return appointment


def moved_to(
    appointment: Appointment, to: AppointmentStatus, *, extra: Sequence[str] = (), undo: bool = False
) -> None:
    """One move by the table, or one undo by the table of undos, saved. The caller holds the lock and writes the
    audit event."""
    policies.check_transition(AppointmentStatus(appointment.status), to, undo=undo)
    appointment.status = to
    appointment.version += 1
    appointment.save(update_fields=["status", "version", *extra])


def tell(appointments: Iterable[Appointment], change: str, by: Actor) -> None:
    """Let higher apps follow, inside the transaction and after the write."""
    for appointment in appointments:
        appointment_changed.send(sender=Appointment, appointment=appointment, change=change, by=by)
