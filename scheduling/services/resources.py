"""Clinicians, rooms and equipment: added, renamed, taken out of use."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Max
from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import InvalidInput
from clinic.permissions import check
from clinic.transactions import use_case
from scheduling.models import Appointment, Resource, ResourceKind
from scheduling.selectors import setup as reads
from scheduling.services import scarcity


@dataclass(frozen=True, slots=True)
class ResourceData:
    """A clinician, a room or a piece of equipment as the form says it."""

    kind: str
    name: str
    user_id: UUID | None = None
    setup_minutes: int = 0
    turnover_minutes: int = 0


@use_case
def save(*, by: Actor, site_id: UUID, data: ResourceData, resource_id: UUID | None = None) -> Resource:
    """Add a resource, or change one. Its kind is fixed once it exists: visits hold it as what it is.

    Minutes kept free count for visits booked from now on; those already booked block what they blocked.
    """
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    kind = ResourceKind.objects.filter(pk=data.kind).first()
    if kind is None:
        raise InvalidInput(_("Choose a kind."), field="kind")
    is_clinician = kind.category == "clinician"
    locks.take(resource=[resource_id] if resource_id else [])
    if resource_id:
        row = scarcity.resource_of(site_id, resource_id)
        if row.kind_id != kind.pk:
            raise InvalidInput(
                _("The kind of a resource cannot change: retire it and add a new one."), field="kind"
            )
    else:
        last = Resource.objects.filter(kind=kind).aggregate(last=Max("position"))["last"]
        site = None if is_clinician else site_id
        row = Resource(kind=kind, is_clinician=is_clinician, site_id=site, position=(last or 0) + 1)
    row.name, row.user_id = data.name, data.user_id if is_clinician else None
    if row.user_id and Resource.objects.filter(user=row.user_id).exclude(pk=row.pk).exists():
        raise InvalidInput(_("This account already belongs to another clinician."), field="user")
    row.setup_minutes, row.turnover_minutes = data.setup_minutes, data.turnover_minutes
    row.save()
    audit.record("scheduling.resource.saved", by=by, about=[row], site_id=site_id)
    return row


@use_case
def retire(*, by: Actor, site_id: UUID, resource_id: UUID, accept: bool = False) -> list[Appointment]:
    """Take a resource out of use. Returns the visits that hold it and now need another one."""
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    locks.take(resource=[resource_id])
    row = scarcity.resource_of(site_id, resource_id)
    visits = reads.visits_using(resource_ids=[resource_id], start=clock.now())
    scarcity.accept_or_refuse(visits, accept, by=by)
    row.is_active = False
    row.save(update_fields=["is_active"])
    audit.record(
        "scheduling.resource.retired", by=by, about=[row], site_id=site_id, detail={"visits": len(visits)}
    )
    return visits


@use_case
def restore(*, by: Actor, site_id: UUID, resource_id: UUID) -> Resource:
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    locks.take(resource=[resource_id])
    row = scarcity.resource_of(site_id, resource_id)
    row.is_active = True
    row.save(update_fields=["is_active"])
    audit.record("scheduling.resource.restored", by=by, about=[row], site_id=site_id)
    return row


@use_case
def move(*, by: Actor, site_id: UUID, resource_id: UUID, up: bool) -> None:
    """One place up or down among its kind: the order in which lists show them and equal choices are tried."""
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    found = scarcity.resource_of(site_id, resource_id)
    alike = reads.resources(site_id).filter(kind_id=found.kind_id, is_active=True)
    locks.take(resource=list(alike.values_list("pk", flat=True)))
    rows = list(alike)
    at = next((number for number, row in enumerate(rows) if row.pk == resource_id), None)
    to = None if at is None else at + (-1 if up else 1)
    if at is None or to is None or not 0 <= to < len(rows):
        return
    rows[at], rows[to] = rows[to], rows[at]
    for position, row in enumerate(rows):
        row.position = position
    Resource.objects.bulk_update(rows, ["position"])
    audit.record("scheduling.resource.moved", by=by, about=[rows[to]], site_id=site_id)
