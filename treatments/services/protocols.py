"""The life of a protocol: versions drafted, signed off by a physician, retired. A signed version never changes."""

from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, clock
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import Conflict, DomainError, InvalidInput, NotFound, StaleVersion, joined
from clinic.permissions import check
from clinic.transactions import explain_constraint, use_case
from treatments.models import Course, Protocol, ProtocolRules, ProtocolVersion
from treatments.policies import protocol_checks
from treatments.selectors import instruments as instrument_reads
from treatments.selectors import protocols as reads
from treatments.services import reading

_COPIED = (
    "session_visit_id",
    "review_visit_id",
    "planned_sessions",
    "max_sessions",
    "interval_days",
    "interval_warn_days",
    "interval_block_days",
    "interval_max_days",
    "interval_overridable",
    "review_lead_days",
    "preparation_lead_days",
    "approval_days",
    "recovery_days",
    "evidence_note",
)


def _signed() -> DomainError:
    return Conflict(_("This version is signed off and is not changed any more. Start a new version."))


explain_constraint("signed_protocol_is_kept", _signed)


@use_case
def create(*, by: Actor, name: str, from_version_id: UUID) -> ProtocolVersion:
    """A protocol of its own, whose first draft is a copy of another version's rules. Raises InvalidInput without a name."""
    source = _version(from_version_id)
    check(by, Permission.EDIT_PROTOCOLS, site_id=source.protocol.site_id)
    _check_name(name, source.protocol.site_id)
    protocol = Protocol.objects.create(site_id=source.protocol.site_id, name=name.strip())
    audit.record("treatments.protocol.created", by=by, about=[protocol], site_id=protocol.site_id)
    return _copy(source, to=protocol, number=1, by=by)


@use_case
def start_draft(*, by: Actor, protocol_id: UUID) -> ProtocolVersion:
    """The next version, copied from the last one. Of two at once the second is handed the first one's draft."""
    protocol = _locked_protocol(protocol_id, by=by, permission=Permission.EDIT_PROTOCOLS)
    last = reads.versions(protocol.pk)[0]
    if last.signed_at is None:
        return last
    return _copy(last, to=protocol, number=last.number + 1, by=by)


@use_case
def sign(*, by: Actor, version_id: UUID, revision: int | None = None) -> ProtocolVersion:
    """The physician signs a draft off: from now on it is what new orders offer, and nothing changes it.

    Courses that run keep the version under which they were opened. Raises Conflict for one that is signed already or
    whose rules do not hold together, StaleVersion when the draft was changed since it was read.
    """
    version = locked_draft(version_id, by=by, permission=Permission.DECIDE_COURSE, revision=revision)
    problems = protocol_checks.problems(
        version, version.clinical, instruments=instrument_reads.at_site(version.protocol.site_id)
    )
    problems += protocol_checks.unsourced(version.evidence_note, version.clinical)
    if problems:
        raise Conflict(joined([problem.words for problem in problems]))
    version.signed_by_id, version.signed_at = reading.person(by), clock.now()
    version.save(update_fields=["signed_by", "signed_at"])
    audit.record(
        "treatments.protocol.signed",
        by=by,
        about=[version],
        site_id=version.protocol.site_id,
        detail={"number": version.number},
    )
    return version


@use_case
def discard(*, by: Actor, version_id: UUID) -> None:
    """Throw a draft away, and its protocol with it where nothing else is left of that. Not one that courses run under."""
    version = locked_draft(version_id, by=by, permission=Permission.EDIT_PROTOCOLS)
    refuse_in_use(version)
    protocol = version.protocol
    audit.record("treatments.protocol.discarded", by=by, about=[version], site_id=protocol.site_id)
    version.rules.delete()
    version.delete()
    if not protocol.versions.exists():
        protocol.delete()


@use_case
def set_in_use(*, by: Actor, protocol_id: UUID, in_use: bool) -> Protocol:
    """Retire a protocol, or take it up again. A retired one is offered to no new order; its courses go on."""
    protocol = _locked_protocol(protocol_id, by=by, permission=Permission.EDIT_PROTOCOLS)
    protocol.is_active = in_use
    protocol.save(update_fields=["is_active"])
    action = "taken_up" if in_use else "retired"
    audit.record(f"treatments.protocol.{action}", by=by, about=[protocol], site_id=protocol.site_id)
    return protocol


@use_case
def rename(*, by: Actor, protocol_id: UUID, name: str) -> Protocol:
    protocol = _locked_protocol(protocol_id, by=by, permission=Permission.EDIT_PROTOCOLS)
    _check_name(name, protocol.site_id, but=protocol.pk)
    protocol.name = name.strip()
    protocol.save(update_fields=["name"])
    audit.record("treatments.protocol.renamed", by=by, about=[protocol], site_id=protocol.site_id)
    return protocol


def locked_draft(
    version_id: UUID, *, by: Actor, permission: Permission, revision: int | None = None
) -> ProtocolVersion:
    """A draft, locked until the end of the use case. Protocols come after every rank of `clinic.locks`."""
    found = ProtocolVersion.objects.select_for_update(no_key=True, of=("self",)).filter(pk=version_id)
    version = found.select_related("protocol").first()
    if version is None:
        raise NotFound(_("There is no such protocol."))
    check(by, permission, site_id=version.protocol.site_id)
    if version.signed_at is not None:
        raise _signed()
    if revision is not None and version.revision != revision:
        raise StaleVersion(
            _("Somebody else has changed this draft since you opened it. Look at it again, then go on."),
            current_version=version.revision,
        )
    return version


def refuse_in_use(version: ProtocolVersion) -> None:
    """Courses from before sign-off was asked for may run under a draft: it is signed as it stands, not changed."""
    if Course.objects.filter(protocol_version=version).exists():
        raise Conflict(
            _("Courses run under this version: have it signed off as it stands, then start a new version.")
        )


def _copy(source: ProtocolVersion, *, to: Protocol, number: int, by: Actor) -> ProtocolVersion:
    version = ProtocolVersion.objects.create(
        protocol=to, number=number, based_on=source, **{name: getattr(source, name) for name in _COPIED}
    )
    ProtocolRules.objects.create(version=version, document=source.rules.document)
    audit.record(
        "treatments.protocol.drafted", by=by, about=[version], site_id=to.site_id, detail={"number": number}
    )
    return version


def _locked_protocol(protocol_id: UUID, *, by: Actor, permission: Permission) -> Protocol:
    protocol = Protocol.objects.select_for_update(no_key=True).filter(pk=protocol_id).first()
    if protocol is None:
        raise NotFound(_("There is no such protocol."))
    check(by, permission, site_id=protocol.site_id)
    return protocol


def _version(version_id: UUID) -> ProtocolVersion:
    found = ProtocolVersion.objects.select_related("protocol", "rules").filter(pk=version_id).first()
    if found is None:
        raise NotFound(_("There is no such protocol."))
    return found


def _check_name(name: str, site_id: UUID, *, but: UUID | None = None) -> None:
    if not name.strip() or "\x00" in name:
        raise InvalidInput(_("A protocol needs a name."), field="name")
    same = Protocol.objects.filter(site_id=site_id, name__iexact=name.strip())
    if (same if but is None else same.exclude(pk=but)).exists():
        raise InvalidInput(_("There is a protocol of this name already."), field="name")
