"""What can be chosen when a visit is booked: kinds of visit, clinicians, reasons."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from scheduling.enums import ReasonUse
from scheduling.models import ChangeReason, Requirement, Resource, VisitType, WorkingHours


def bookable_visit_types(site_id: UUID) -> QuerySet[VisitType]:
    """Kinds of visit that need no physician's order."""
    return VisitType.objects.filter(site_id=site_id, is_active=True, needs_order=False)


def leads(site_id: UUID, *, visit_type_id: UUID | None = None) -> QuerySet[Resource]:
    """Clinicians who can lead a visit (of this type) and have hours at the site."""
    leading = Requirement.objects.filter(
        visit_type__site_id=site_id, is_lead=True, kind_id=OuterRef("kind_id")
    )
    if visit_type_id is not None:
        leading = leading.filter(visit_type_id=visit_type_id)
    here = WorkingHours.objects.filter(site_id=site_id, resource_id=OuterRef("pk"))
    return Resource.objects.filter(Exists(leading), Exists(here), is_clinician=True, is_active=True)


def resources_in_order(keys: Sequence[UUID]) -> list[Resource]:
    """These resources, each once, in the order given."""
    found = Resource.objects.select_related("kind").in_bulk(set(keys))
    return [found[key] for key in dict.fromkeys(keys) if key in found]


def change_reasons(use: ReasonUse) -> QuerySet[ChangeReason]:
    """The coded reasons in use for one kind of change."""
    return ChangeReason.objects.filter(is_active=True, used_for__contains=[use])
