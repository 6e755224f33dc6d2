"""The protocols of the invented site: one that courses run under, its next version in draft, one for a single joint."""

import dataclasses
import datetime as dt

from msgspec.structs import replace

from clinic.actors import Actor
from clinic.models import Site, User
from treatments.clinical_rules import Mark, MedicineGroup, MedicineHold
from treatments.models import ProtocolVersion
from treatments.policies.protocol_compare import basis_of
from treatments.policies.protocol_sections import PLAN_FIELDS
from treatments.services import defaults, protocol_edits, protocols
from treatments.services.protocol_edits import PlanData

_SIGNED_BEFORE = dt.timedelta(days=740)
_JOINT = "PRP, sacroiliac joint"


def write(site: Site, physician: User, *, now: dt.datetime, by: Actor) -> ProtocolVersion:
    """Returns the version in force, signed before the oldest course of the demo."""
    protocol = defaults.create_for_site(site_id=site.pk, by=by)
    protocol.signed_by, protocol.signed_at = physician, now - _SIGNED_BEFORE
    protocol.save(update_fields=["signed_by", "signed_at"])
    _draft(protocol, by=by)
    _joint(protocol, physician, by=by)
    return protocol


def _draft(protocol: ProtocolVersion, *, by: Actor) -> None:
    """What the clinic is about to change: three lines and one number."""
    draft = protocols.start_draft(by=by, protocol_id=protocol.protocol_id)
    note = "Longer interval after the audit of two years; celecoxib is asked about; re-evaluate after three sessions."
    draft = _plan(draft, by=by, interval_days=35, interval_max_days=63, change_note=note)
    celecoxib = MedicineHold(
        name="Celecoxib", group=MedicineGroup.NSAID, stop_days=3, mark=Mark.MEMORY, source="5 half-lives"
    )
    draft = protocol_edits.put_line(
        by=by, version_id=draft.pk, revision=draft.revision, section="medicines", line=celecoxib
    )
    gate = replace(draft.clinical.gate, reevaluate_after=3)
    protocol_edits.put_line(
        by=by, version_id=draft.pk, revision=draft.revision, section="gate", line=gate, at=0
    )


def _joint(like: ProtocolVersion, physician: User, *, by: Actor) -> None:
    """A shorter course for one joint, signed."""
    made = protocols.create(by=by, name=_JOINT, from_version_id=like.pk)
    made = _plan(
        made, by=by, planned_sessions=2, max_sessions=3, change_note="Two sessions, a third at most."
    )
    protocols.sign(by=physician.actor(), version_id=made.pk)


def _plan(version: ProtocolVersion, *, by: Actor, **changed: object) -> ProtocolVersion:
    names = [each.name for each in dataclasses.fields(PlanData)]
    kept = PlanData(**{name: getattr(version, name) for name in names})
    return protocol_edits.put_plan(
        by=by,
        version_id=version.pk,
        revision=version.revision,
        plan=dataclasses.replace(kept, **changed),  # type: ignore[arg-type]  # names of its fields
        session_visit_id=version.session_visit_id,
        review_visit_id=version.review_visit_id,
        basis=[basis_of(version.clinical, field.name) for field in PLAN_FIELDS],
    )
