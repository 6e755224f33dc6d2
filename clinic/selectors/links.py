"""Links by their secret, and those that wait for a member of staff."""

from collections.abc import Collection
from uuid import UUID

from clinic import tokens
from clinic.models import Link
from clinic.models.link import MOST_TRIES


def opened_by(token: str) -> Link | None:
    """The link with this secret, with its patient, contact and site, whatever its state. One query."""
    return (
        Link.objects.select_related("patient", "contact", "site")
        .filter(token_hash=tokens.digest(token))
        .first()
    )


def of_facts(*, purpose: str, about: Collection[str]) -> list[Link]:
    """Links about these facts that were not revoked. One query."""
    return list(Link.objects.filter(purpose=purpose, about__in=about, revoked_at=None))


def of_same_person(link: Link, *, purpose: str) -> Link | None:
    """Another link of the same person at the same site, for this purpose: the one that lasts longest. One query."""
    rows = Link.objects.filter(
        purpose=purpose, patient=link.patient_id, contact=link.contact_id, site=link.site_id, revoked_at=None
    )
    return rows.order_by("-expires_at").first()


def locked_of(patient_id: UUID) -> list[Link]:
    """Links of this patient that are locked after wrong birth dates."""
    return list(Link.objects.filter(patient_id=patient_id, tries__gte=MOST_TRIES, revoked_at=None))
