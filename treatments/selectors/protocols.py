"""Protocols and their versions: lists, what new orders may offer."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, OuterRef, Prefetch, Q, QuerySet, Subquery

from clinic.models import Site
from treatments.enums import OPEN_COURSE
from treatments.models import Protocol, ProtocolVersion


@dataclass(frozen=True, slots=True)
class Listed:
    """One protocol of the list: the version in force, a draft where there is one, how many courses run under it."""

    protocol: Protocol
    in_force: ProtocolVersion | None
    draft: ProtocolVersion | None
    older: list[ProtocolVersion]
    running: int


def listed(*, site: Site) -> list[Listed]:
    """The site's protocols, those in use first. Two queries."""
    versions = ProtocolVersion.objects.select_related("signed_by").order_by("-number")
    running = Count("versions__courses", filter=Q(versions__courses__status__in=OPEN_COURSE), distinct=True)
    rows = (
        Protocol.objects.filter(site=site)
        .annotate(running=running)
        .prefetch_related(Prefetch("versions", queryset=versions, to_attr="all_versions"))
        .order_by("-is_active", "name", "pk")
    )
    return [_listed(row) for row in rows]


def _listed(row: Protocol) -> Listed:
    every: list[ProtocolVersion] = row.all_versions  # type: ignore[attr-defined]  # prefetched above
    signed = [version for version in every if version.signed_at is not None]
    draft = next((version for version in every if version.signed_at is None), None)
    return Listed(row, signed[0] if signed else None, draft, signed[1:], row.running)  # type: ignore[attr-defined]


def versions(protocol_id: UUID) -> list[ProtocolVersion]:
    """A protocol's versions, the newest first, with their rules."""
    rows = ProtocolVersion.objects.filter(protocol_id=protocol_id)
    return list(rows.select_related("protocol", "rules", "signed_by").order_by("-number"))


def version(version_id: UUID) -> ProtocolVersion | None:
    """One version with all that its page shows. One query."""
    rows = ProtocolVersion.objects.select_related(
        "protocol__site", "rules", "signed_by", "session_visit", "review_visit", "based_on__protocol"
    )
    return rows.filter(pk=version_id).first()


def comparable(version: ProtocolVersion) -> list[ProtocolVersion]:
    """Every version of the site that another can be compared with: its own protocol's first, the newest before older."""
    rows = ProtocolVersion.objects.filter(protocol__site=version.protocol.site_id).exclude(pk=version.pk)
    found = rows.select_related("protocol", "rules").order_by("protocol__name", "-number")
    return sorted(found, key=lambda each: each.protocol_id != version.protocol_id)


def in_force(site: Site) -> QuerySet[ProtocolVersion]:
    """What new orders offer: the newest signed version of each protocol in use at the site."""
    newest = (
        ProtocolVersion.objects.filter(protocol=OuterRef("protocol"), signed_at__isnull=False)
        .order_by("-number")
        .values("pk")[:1]
    )
    rows = ProtocolVersion.objects.filter(protocol__site=site, protocol__is_active=True, pk=Subquery(newest))
    return rows.select_related("protocol").order_by("protocol__name")


def is_in_force(version: ProtocolVersion) -> bool:
    """Whether a new order may be opened under this version. One query."""
    return in_force(version.protocol.site).filter(pk=version.pk).exists()
