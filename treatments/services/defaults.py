"""What a new site starts with: one protocol, whose numbers its physician edits and signs off."""

from uuid import UUID

from clinic import audit
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.permissions import check
from clinic.transactions import use_case
from scheduling.models import VisitType
from treatments.models import Protocol, ProtocolRules, ProtocolVersion

NAME = "PRP, lower back"
SESSION_VISIT = "prp_session"
REVIEW_VISIT = "review"
EVIDENCE = "No published consensus on the number or spacing of sessions exists for the spine."


@use_case
def create_for_site(*, site_id: UUID, by: Actor) -> ProtocolVersion:
    """The default protocol: 1 session and 3 repeats 28 days apart, 5 at most. Safe to run again: what is there stays.

    Needs the site's visit types (`scheduling.services.defaults`).
    """
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    known = (
        ProtocolVersion.objects.filter(protocol__site_id=site_id)
        .order_by("protocol__name", "-number")
        .first()
    )
    if known is not None:
        return known
    visits = {
        visit.code: visit
        for visit in VisitType.objects.filter(site_id=site_id, code__in=[SESSION_VISIT, REVIEW_VISIT])
    }
    protocol = Protocol.objects.create(site_id=site_id, name=NAME)
    version = ProtocolVersion.objects.create(
        protocol=protocol,
        number=1,
        session_visit=visits[SESSION_VISIT],
        review_visit=visits.get(REVIEW_VISIT),
        evidence_note=EVIDENCE,
    )
    ProtocolRules.objects.create(version=version)
    audit.record("treatments.protocol.created", by=by, about=[protocol])
    return version
