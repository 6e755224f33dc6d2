"""A session's record, as far as its visit has come: cleared, prepared, injected, signed."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from treatments.demo import clinical
from treatments.demo.outcomes import Patient as Reporting
from treatments.demo.visits import Visit
from treatments.demo.world import World
from treatments.enums import EventTerm, SessionStatus
from treatments.models import Session, Target

_NOTES = (
    "",
    "",
    "Tolerated well.",
    "Tolerated well, walked unaided.",
    "Some soreness during the injection, settled at once.",
)
_SIGNED_BY_AGE = {0: 0.15, 1: 0.5, 2: 0.8}
_SIGNED_LATER = 0.98
_ALL_SIGNED_AFTER = 45
_KIT_FAILS = 0.015
_ADVERSE = 0.06


def write(
    world: World, session: Session, visit: Visit, targets: Sequence[Target], reporting: Reporting
) -> bool:
    """What the staff have written down by now. Returns whether the session was injected."""
    if visit.row.arrived_at is None or visit.ended("check_in") is None:
        return False
    session.status, session.version = SessionStatus.CLEARED, 2
    session.pain_before = reporting.pain_on(visit.row.arrived_at)
    prepared = visit.ended("separation")
    if prepared is None:
        return False
    attempt = 1
    if world.rng.random() < _KIT_FAILS:
        failed_at = prepared - dt.timedelta(minutes=9)
        world.rows.extend(clinical.failed_blood(world.rng, session, ready_at=failed_at))
        attempt = 2
    drawn, made = clinical.blood(world.rng, session, ready_at=prepared, attempt=attempt)
    world.rows.extend([drawn, made])
    finished = visit.ended("injection")
    if finished is None:
        return False
    begun = visit.steps["injection"].started_at or finished
    at = min(finished, begun + dt.timedelta(minutes=6))
    session.status, session.injected_at, session.version = SessionStatus.INJECTED, at, 4
    session.note = world.rng.choice(_NOTES)
    world.rows.extend(
        clinical.injections(world.rng, session, targets, at=at, product_ml=made.product_ml or Decimal(0))
    )
    day = world.day_of(at)
    if world.rng.random() < _ADVERSE:
        event = world.rows.add(clinical.adverse_event(world.rng, session, day=day, today=world.today))
        session.complications = f"{event.name}, mild." if event.code == EventTerm.VASOVAGAL else ""
    age = (world.today - day).days
    if age > _ALL_SIGNED_AFTER or world.rng.random() < _SIGNED_BY_AGE.get(age, _SIGNED_LATER):
        world.to_sign.append(session)
    return True


def sign(world: World) -> None:
    """Close the records, last of all: what hangs on a signed session cannot be written any more."""
    for session in world.to_sign:
        done = session.injected_at or world.now
        session.status, session.signed_by = SessionStatus.SIGNED, session.course.physician.user
        session.signed_at = min(world.now, done + dt.timedelta(minutes=world.rng.randrange(12, 300)))
        session.version += 1
    Session.objects.bulk_update(
        world.to_sign, ["status", "signed_by", "signed_at", "version"], batch_size=500
    )
