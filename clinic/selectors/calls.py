"""Reads of calls, newest first."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import QuerySet

from clinic.models import Call


def of_patient(*, patient_id: UUID, site_ids: Collection[UUID], about: str = "") -> QuerySet[Call]:
    """A patient's calls at the person's sites; with `about`, those about one fact."""
    rows = Call.objects.filter(patient_id=patient_id, site_id__in=site_ids).select_related("by")
    return (rows.filter(about=about) if about else rows).order_by("-at", "-pk")


def latest_about(abouts: Collection[str]) -> dict[str, Call]:
    """The newest call about each of these facts. One query."""
    rows = Call.objects.filter(about__in=abouts).select_related("by")
    return {row.about: row for row in rows.order_by("about", "-at", "-pk").distinct("about")}
