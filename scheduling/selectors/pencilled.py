"""Reads of pencilled times. What has expired is none, whether or not a sweep has marked it."""

import datetime as dt
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from clinic.models import Site
from scheduling.enums import HoldReason
from scheduling.models import Allocation, Hold


def live(*, site: Site, now: dt.datetime) -> list[Hold]:
    """Kept at the site now, soonest to expire first."""
    return list(_live(now).filter(site=site).order_by("expires_at", "pk"))


def of_patient(*, patient_id: UUID, now: dt.datetime) -> list[Hold]:
    """Kept for one patient, soonest first."""
    return list(_live(now).filter(patient_id=patient_id).order_by("period"))


def one(hold_id: UUID) -> Hold | None:
    """A pencilled time in any state."""
    return _pencils().filter(pk=hold_id).first()


def _live(now: dt.datetime) -> QuerySet[Hold]:
    return _pencils().filter(released_at__isnull=True, expires_at__gt=now)


def _pencils() -> QuerySet[Hold]:
    leads = Allocation.objects.filter(is_lead=True).select_related("resource")
    return (
        Hold.objects.filter(reason=HoldReason.PENCIL)
        .select_related("patient", "visit_type", "site", "owner")
        .prefetch_related(Prefetch("allocations", queryset=leads, to_attr="leads"))
    )
