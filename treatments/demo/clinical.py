"""Believable contents of records: diagnoses with their targets, what was made from the blood, what was injected."""

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from clinic import clock
from treatments.enums import Anticoagulant, EventOutcome, EventTerm, Guidance, Level, Side, Structure
from treatments.models import AdverseEvent, Draw, Injection, Preparation, Session, Target


@dataclass(frozen=True)
class Profile:
    """A diagnosis (ICD-10-CM) and the structures that are treated for it; volumes in mL, from and to."""

    code: str
    words: str
    structures: tuple[Structure, ...]


PROFILES = (
    Profile("M47.816", "Spondylosis without myelopathy or radiculopathy, lumbar region", (Structure.FACET,)),
    Profile("M47.816", "Lumbar facet joint pain", (Structure.FACET, Structure.MULTIFIDUS)),
    Profile("M46.1", "Sacroiliac joint pain", (Structure.SI_JOINT, Structure.SI_LIGAMENT)),
    Profile("M53.3", "Sacroiliac ligament pain", (Structure.SI_LIGAMENT, Structure.ILIOLUMBAR)),
    Profile("M54.59", "Chronic low back pain, myofascial", (Structure.MULTIFIDUS, Structure.FASCIA)),
    Profile("M54.50", "Chronic low back pain", (Structure.FACET, Structure.SUPRASPINOUS)),
)
DISC = Profile("M51.360", "Lumbar disc degeneration with discogenic back pain", (Structure.DISC,))
"""At most once a level and course, and so only for courses of one session."""

_ML = {
    Structure.FACET: (0.5, 1.0),
    Structure.SI_JOINT: (2.0, 3.0),
    Structure.SI_LIGAMENT: (0.5, 1.0),
    Structure.DISC: (1.0, 2.0),
    Structure.ILIOLUMBAR: (0.5, 1.0),
    Structure.SUPRASPINOUS: (0.5, 1.0),
    Structure.MULTIFIDUS: (1.0, 1.5),
    Structure.FASCIA: (1.0, 1.5),
}
_MIDLINE = (Structure.DISC, Structure.SUPRASPINOUS)
_SACRAL = (Structure.SI_JOINT, Structure.SI_LIGAMENT)
_BY_X_RAY = (Structure.DISC, Structure.SI_JOINT)
_MILD = (
    (EventTerm.PAIN_FLARE, 1, 3),
    (EventTerm.PAIN_FLARE, 1, 5),
    (EventTerm.HAEMATOMA, 1, 6),
    (EventTerm.VASOVAGAL, 1, 0),
    (EventTerm.VASOVAGAL, 2, 0),
    (EventTerm.HEADACHE, 1, 1),
)


def profile(rng: random.Random, *, sessions: int) -> Profile:
    return DISC if sessions == 1 else rng.choice(PROFILES)


def targets(rng: random.Random, chosen: Profile) -> list[Target]:
    """One or two structures at one or two levels, on one side or both."""
    found: list[Target] = []
    sides = rng.choices(([Side.LEFT], [Side.RIGHT], [Side.LEFT, Side.RIGHT]), (30, 30, 40))[0]
    levels = rng.choices(
        ([Level.L4_L5], [Level.L5_S1], [Level.L4_L5, Level.L5_S1], [Level.L3_L4]), (35, 30, 25, 10)
    )[0]
    for structure in chosen.structures:
        at = [Level.SACRUM] if structure in _SACRAL else levels
        on = [Side.MIDLINE] if structure in _MIDLINE else sides
        found += [Target(structure=structure, level=level, side=side) for level in at for side in on]
    for position, target in enumerate(found[:6]):
        target.position = position
    return found[:6]


def blood(
    rng: random.Random, session: Session, *, ready_at: dt.datetime, attempt: int = 1
) -> tuple[Draw, Preparation]:
    """52 or 30 mL of blood; recovery of 55 to 85 % of its platelets. Not every clinic day measures every count."""
    volume, anticoagulant, product = rng.choices(
        (
            (Decimal("52.0"), Decimal("8.0"), Decimal("6.5")),
            (Decimal("30.0"), Decimal("4.0"), Decimal("5.0")),
        ),
        (75, 25),
    )[0]
    product += Decimal(rng.randrange(-5, 9)) / 10
    baseline = min(390, max(155, round(rng.gauss(238, 45))))
    white = Decimal(rng.randrange(44, 92)) / 10
    platelets = round(baseline * float(volume / product) * rng.uniform(0.55, 0.85))
    rich = rng.random() < 0.6
    measured, all_counts = rng.random() < 0.86, rng.random() < 0.8
    drawn = Draw(
        session=session,
        attempt=attempt,
        blood_ml=volume,
        anticoagulant=Anticoagulant.ACD_A,
        anticoagulant_ml=anticoagulant,
        baseline_platelets=baseline if measured or rng.random() < 0.5 else None,
        baseline_leucocytes=white if all_counts else None,
    )
    made = Preparation(
        session=session,
        attempt=attempt,
        draw=drawn,
        plasma_removed_ml=(volume * Decimal("0.42")).quantize(Decimal("0.1")),
        product_ml=product,
        product_platelets=platelets if measured else None,
        product_leucocytes=(
            white * Decimal(str(round(rng.uniform(1.5, 3.2) if rich else rng.uniform(0.1, 0.5), 2)))
        ).quantize(Decimal("0.1"))
        if measured and all_counts
        else None,
        kit_lot=f"K{ready_at:%y}-{rng.randrange(1000, 9999)}",
        kit_expires_on=ready_at.date().replace(day=1) + dt.timedelta(days=31 * rng.randrange(5, 18)),
        ready_at=ready_at,
    )
    return drawn, made


def failed_blood(rng: random.Random, session: Session, *, ready_at: dt.datetime) -> tuple[Draw, Preparation]:
    """A kit that clotted: kept beside the one that was then used."""
    drawn, made = blood(rng, session, ready_at=ready_at)
    made.failed, made.failure, made.product_ml = True, "The blood clotted in the kit.", None
    made.product_platelets = made.product_leucocytes = made.plasma_removed_ml = None
    return drawn, made


def injections(
    rng: random.Random, session: Session, planned: Sequence[Target], *, at: dt.datetime, product_ml: Decimal
) -> list[Injection]:
    """One row a target, together no more than there was."""
    rows: list[Injection] = []
    left = product_ml
    for target in planned:
        structure = Structure(target.structure)
        low, high = _ML[structure]
        volume = min(left, Decimal(rng.randrange(round(low * 2), round(high * 2) + 1)) / 2)
        if volume <= 0:
            break
        left -= volume
        rows.append(
            Injection(
                session=session,
                target=target,
                position=len(rows),
                structure=structure,
                level=target.level,
                side=target.side,
                volume_ml=volume,
                guidance=Guidance.FLUOROSCOPY if structure in _BY_X_RAY else Guidance.ULTRASOUND,
                injected_at=at,
            )
        )
    return rows


def adverse_event(rng: random.Random, session: Session, *, day: dt.date, today: dt.date) -> AdverseEvent:
    """Mild, and over within days."""
    term, grade, lasted = rng.choice(_MILD)
    over = day + dt.timedelta(days=lasted)
    return AdverseEvent(
        site=session.site,
        course=session.course,
        session=session,
        code=term,
        grade=grade,
        started_on=day,
        outcome=EventOutcome.RESOLVED if over <= today else EventOutcome.RECOVERING,
        recorded_at=clock.local(day, dt.time(16), session.site.zone),
        resolved_on=over if over <= today else None,
        note={0: "Settled in the recovery bay."}.get(lasted, "Settled without treatment.")
        if over <= today
        else "",
    )
