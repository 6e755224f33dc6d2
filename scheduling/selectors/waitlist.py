"""Reads of the waitlist: who waits, what is free, what is offered. Each in a constant number of queries."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet

from clinic import tokens
from clinic.models import Contact, Site
from scheduling.enums import OfferStatus, WaitStatus
from scheduling.models import FreedSlot, Offer, WaitlistEntry

LIVE = (WaitStatus.WAITING, WaitStatus.OFFERED)


def with_parts(rows: QuerySet[WaitlistEntry]) -> QuerySet[WaitlistEntry]:
    """All that a list or a match asks of an entry: patient, phones, type, clinician, visit, whether mails reach somebody."""
    mailed = Contact.objects.filter(patient=OuterRef("patient"), gets_mails=True, ended_at=None).exclude(
        email=""
    )
    return (
        rows.select_related("patient", "visit_type", "lead", "appointment", "site")
        .prefetch_related("patient__phones")
        .annotate(contact_has_mail=Exists(mailed))
    )


def waiting(
    *, site: Site, visit_type_id: UUID | None = None, urgency: int | None = None
) -> QuerySet[WaitlistEntry]:
    """Who waits, in the order in which offers go out: urgency, then waiting time."""
    rows = WaitlistEntry.objects.filter(site=site, status__in=LIVE)
    if visit_type_id is not None:
        rows = rows.filter(visit_type_id=visit_type_id)
    if urgency is not None:
        rows = rows.filter(urgency=urgency)
    lapsed = Count("offers", filter=Q(offers__status=OfferStatus.EXPIRED))
    return with_parts(rows).annotate(lapsed=lapsed).order_by("urgency", "created_at", "pk")


def candidates(*, site_id: UUID) -> list[WaitlistEntry]:
    """Those to whom a freed time may be offered, best first. Whoever considers an offer is not asked another one."""
    rows = WaitlistEntry.objects.filter(site_id=site_id, status=WaitStatus.WAITING)
    return list(with_parts(rows).order_by("urgency", "created_at", "pk"))


def entry(entry_id: UUID) -> WaitlistEntry | None:
    return with_parts(WaitlistEntry.objects.filter(pk=entry_id)).first()


def of_patient(*, patient_id: UUID, site_ids: Sequence[UUID] | frozenset[UUID]) -> list[WaitlistEntry]:
    """What the patient waits for now."""
    rows = WaitlistEntry.objects.filter(patient_id=patient_id, site__in=site_ids, status__in=LIVE)
    return list(rows.select_related("visit_type", "lead", "site").order_by("created_at"))


def open_offers(*, site: Site) -> list[Offer]:
    """Offers that wait for an answer, those that end first on top."""
    rows = Offer.objects.filter(site=site, status=OfferStatus.OPEN)
    return list(_with_entry(rows).order_by("expires_at", "pk"))


def offer(offer_id: UUID) -> Offer | None:
    return _with_entry(Offer.objects.filter(pk=offer_id)).first()


def offer_of(token: str) -> Offer | None:
    """The offer that a link speaks of, whatever became of it. Looked up by the token's hash."""
    rows = Offer.objects.filter(token_hash=tokens.digest(token))
    return _with_entry(rows).first()


def only_site() -> Site | None:
    """The clinic's site where it has one."""
    found = list(Site.objects.filter(is_active=True)[:2])
    return found[0] if len(found) == 1 else None


def freed(*, site: Site, until: dt.datetime, now: dt.datetime) -> list[FreedSlot]:
    """Freed times that are still to be had, soonest first, each with its open offer (`standing`)."""
    rows = FreedSlot.objects.filter(site=site, closed_at__isnull=True, period__endswith__gt=now)
    return list(_with_offers(rows.filter(period__startswith__lt=until)).order_by("period", "pk"))


def freed_and_closed(*, site: Site, since: dt.datetime) -> list[FreedSlot]:
    """What became of the times that were freed since then, newest first."""
    rows = FreedSlot.objects.filter(site=site, closed_at__gte=since, freed_at__gte=since)
    return list(_with_offers(rows).order_by("-closed_at", "pk"))


def due(*, now: dt.datetime, limit: int = 200) -> list[FreedSlot]:
    """Freed times whose grace is over and that nobody considers now, soonest first."""
    considered = Offer.objects.filter(freed=OuterRef("pk"), status=OfferStatus.OPEN)
    rows = FreedSlot.objects.filter(closed_at__isnull=True, offer_from__lte=now, period__endswith__gt=now)
    return list(
        rows.exclude(Exists(considered))
        .select_related("site", "lead", "visit_type")
        .order_by("period", "pk")[:limit]
    )


def expired(*, now: dt.datetime, limit: int = 200) -> list[UUID]:
    rows = Offer.objects.filter(status=OfferStatus.OPEN, expires_at__lte=now)
    return list(rows.order_by("expires_at").values_list("pk", flat=True)[:limit])


def slot(slot_id: UUID) -> FreedSlot | None:
    return _with_offers(FreedSlot.objects.filter(pk=slot_id)).first()


def _with_entry(rows: QuerySet[Offer]) -> QuerySet[Offer]:
    return rows.select_related(
        "site",
        "entry__patient",
        "entry__visit_type",
        "entry__appointment",
        "hold__lead",
        "freed",
        "appointment",
    ).prefetch_related("entry__patient__phones")


def _with_offers(rows: QuerySet[FreedSlot]) -> QuerySet[FreedSlot]:
    asked = Offer.objects.select_related("entry__patient").order_by("created_at")
    return rows.select_related("site", "lead", "visit_type", "source", "filled_by__patient").prefetch_related(
        Prefetch("offers", queryset=asked, to_attr="asked")
    )
