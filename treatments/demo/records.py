"""A session's record, as far as its visit has come: cleared, prepared, injected, signed."""

import datetime as dt
import random
from collections.abc import Sequence
from decimal import Decimal

from treatments import classification
from treatments.demo import bedside, bench, clinical
from treatments.demo.outcomes import Patient as Reporting
from treatments.demo.rows import BATCH
from treatments.demo.visits import Visit
from treatments.demo.world import World
from treatments.enums import EventTerm, RecordSection, SessionStatus
from treatments.models import Derivation, Session, Target
from treatments.selectors import record_rows
from treatments.services import derivations

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
    habits = random.Random(f"{len(world.courses)} {session.course.diagnosis}")  # noqa: S311 - invented data
    rng = random.Random(f"{len(world.courses)} {session.number}")  # noqa: S311 - beside the story's own numbers
    nurse = rng.choice(world.place.bench.nurses)
    day = world.day_of(visit.row.arrived_at)
    world.rows.add(bedside.recipient(habits, session, session.course, day=day))
    drawn_at = visit.ended("draw")
    by_nurse = [(RecordSection.RECIPIENT, nurse, "check_in")]
    prepared = visit.ended("separation")
    if prepared is None or drawn_at is None:
        world.rows.extend(bedside.saved(session, visit, by_nurse))
        return False
    attempt = 1
    if world.rng.random() < _KIT_FAILS:
        failed_at = prepared - dt.timedelta(minutes=9)
        blood = clinical.failed_blood(world.rng, session, ready_at=failed_at)
        world.rows.extend([*blood, *bench.complete(rng, world.place.bench, *blood, drawn_at=drawn_at)])
        attempt = 2
    drawn, made = clinical.blood(world.rng, session, ready_at=prepared, attempt=attempt)
    world.rows.extend([drawn, made, *bench.complete(rng, world.place.bench, drawn, made, drawn_at=drawn_at)])
    by_nurse += [(RecordSection.DRAW, nurse, "draw"), (RecordSection.PREPARATION, nurse, "separation")]
    world.rows.extend(bedside.saved(session, visit, by_nurse))
    finished = visit.ended("injection")
    if finished is None:
        return False
    begun = visit.steps["injection"].started_at or finished
    at = min(finished, begun + dt.timedelta(minutes=6))
    session.status, session.injected_at, session.version = SessionStatus.INJECTED, at, 4
    session.note = world.rng.choice(_NOTES)
    given = clinical.injections(world.rng, session, targets, at=at, product_ml=made.product_ml or Decimal(0))
    limit = session.course.protocol_version.clinical.limits.product_minutes
    bedside.needle(rng, given, ready_at=prepared, limit=limit)
    physician = session.course.physician.user or nurse
    time_out = min(begun + dt.timedelta(minutes=2), at)
    world.rows.extend([*given, *bedside.readying(rng, session, at=time_out, by=physician)])
    by_physician = [
        (RecordSection.READYING, physician, "injection"),
        (RecordSection.INJECTIONS, physician, "injection"),
    ]
    left = visit.ended("recovery")
    if left is not None:
        world.rows.add(bedside.discharge(rng, session, left_at=left, pain=session.pain_before))
        by_physician.append((RecordSection.DISCHARGE, nurse, "recovery"))
    world.rows.extend(bedside.saved(session, visit, by_physician))
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


def derive(world: World) -> int:
    """What follows from each record, as the services keep it. Returns of how many records."""
    keys = [row.pk for row in Session.objects.filter(course__in=world.courses, injected_at__isnull=False)]
    for at in range(0, len(keys), BATCH):
        found = record_rows.of(keys[at : at + BATCH])
        Derivation.objects.bulk_create(
            Derivation(
                session=rows.session,
                algorithm=classification.VERSION,
                computed_at=rows.session.injected_at or world.now,
                **derivations.computed(rows),
            )
            for rows in found.values()
        )
    return len(keys)
