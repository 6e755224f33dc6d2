"""Which clinicians serve which kinds of visit."""

from collections.abc import Collection
from uuid import UUID

from clinic import audit, clock
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.permissions import check
from clinic.transactions import use_case
from scheduling.models import Appointment, Qualification
from scheduling.selectors import setup as reads
from scheduling.services import scarcity

Pair = tuple[UUID, UUID]
"""A clinician and a kind of visit."""


@use_case
def save(*, by: Actor, site_id: UUID, pairs: Collection[Pair], accept: bool = False) -> list[Appointment]:
    """Write who is ticked for what at this site. Where nobody of a kind is ticked, everybody of it may serve.

    Takes the locks of a booking. Raises VisitsInTheWay with the visits booked with somebody who could serve them
    before and could no longer; ticking the first of a kind shuts out the others. Returns those visits, accepted.
    """
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    scarcity.lock(site_id, None)
    matrix = reads.qualification_matrix(site_id)
    shown = {(row.pk, kind.pk) for row in matrix.clinicians for kind in matrix.visit_types}
    wanted = {pair for pair in pairs if pair in shown}
    before = set(matrix.named)
    gone = _shut_out(matrix, (before - shown) | wanted) - _shut_out(matrix, before)
    visits = reads.visits_held(gone, start=clock.now())
    scarcity.accept_or_refuse(visits, accept, by=by)
    for resource_id, visit_type_id in (before & shown) - wanted:
        Qualification.objects.filter(resource_id=resource_id, visit_type_id=visit_type_id).delete()
    Qualification.objects.bulk_create(
        Qualification(resource_id=resource_id, visit_type_id=visit_type_id)
        for resource_id, visit_type_id in sorted(wanted - before)
    )
    audit.record(
        "scheduling.qualifications.saved",
        by=by,
        site_id=site_id,
        detail={
            "added": len(wanted - before),
            "removed": len((before & shown) - wanted),
            "visits": len(visits),
        },
    )
    return visits


def _shut_out(matrix: reads.Matrix, named: Collection[Pair]) -> set[Pair]:
    """Clinicians who may not serve a kind of visit because others of their kind are named for it."""
    limited = {(matrix.kind_of[resource], visit_type) for resource, visit_type in named}
    return {
        (row.pk, kind.pk)
        for row in matrix.clinicians
        for kind in matrix.visit_types
        if (row.kind_id, kind.pk) in limited and (row.pk, kind.pk) not in named
    }
