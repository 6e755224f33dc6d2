"""The parts of invented records beside the blood: the patient on the day, skin and time-out, how the patient left."""

import datetime as dt
import random
from collections.abc import Iterable
from decimal import Decimal

from clinic.models import User
from treatments.demo.visits import Visit
from treatments.enums import (
    AnaestheticUse,
    Guidance,
    LocalAnaesthetic,
    RecordSection,
    SkinAgent,
    Smoking,
    TimeOutItem,
)
from treatments.models import (
    Anaesthetic,
    Course,
    Discharge,
    Injection,
    Readying,
    Recipient,
    SectionVersion,
    Session,
)
from treatments.policies import bedside
from treatments.policies.processing import age_minutes

_BEFORE = ("Physiotherapy", "Physiotherapy, facet injection with steroid", "Exercise at home", "")
_ILL = ("", "", "", "High blood pressure", "Diabetes type 2", "Underactive thyroid")
_TAKES = ("None", "None", "Lisinopril 10 mg, this morning", "Paracetamol 1 g, last evening")


def recipient(rng: random.Random, session: Session, course: Course, *, day: dt.date) -> Recipient:
    """The same height and habits in every session of a course: `rng` is seeded by the course."""
    patient = course.patient
    height = rng.randrange(154, 190)
    weight = Decimal(round(height * rng.uniform(0.38, 0.54))) + Decimal(rng.randrange(0, 9)) / 10
    born = patient.birth_date
    return Recipient(
        session=session,
        age_years=day.year - born.year - ((day.month, day.day) < (born.month, born.day)),
        sex=patient.sex,
        height_cm=height,
        weight_kg=weight,
        bmi=bedside.bmi(height_cm=height, weight_kg=weight),
        comorbidity=rng.choice(_ILL),
        smoking=rng.choices(list(Smoking), (60, 28, 12))[0],
        medicines=rng.choice(_TAKES),
        haemoglobin=Decimal(rng.randrange(122, 158)) / 10,
        diagnosis_code=course.diagnosis_code,
        diagnosis=course.diagnosis,
        imaging_on=course.created_at.date() - dt.timedelta(days=rng.randrange(10, 90)),
        imaging="MRI of the lumbar spine",
        prior_treatment=rng.choice(_BEFORE),
    )


def readying(
    rng: random.Random, session: Session, *, at: dt.datetime, by: User
) -> tuple[Readying, Anaesthetic]:
    skin = Readying(
        session=session,
        skin_agent=rng.choices((SkinAgent.CHLORHEXIDINE, SkinAgent.IODINE), (85, 15))[0],
        time_out_at=at,
        time_out_by=by,
        checked=list(TimeOutItem.values),
    )
    line = Anaesthetic(
        session=session,
        agent=LocalAnaesthetic.LIDOCAINE,
        percent=Decimal(1),
        ml=Decimal(rng.randrange(4, 12)) / 2,
        use=AnaestheticUse.SKIN,
    )
    return skin, line


def needle(
    rng: random.Random, rows: Iterable[Injection], *, ready_at: dt.datetime | None, limit: int
) -> None:
    """Needle and pictures of each injection, and how old the product was."""
    for row in rows:
        row.needle_gauge, row.needle_mm = rng.choice((22, 22, 25)), 90
        row.image_saved = True
        if row.guidance == Guidance.FLUOROSCOPY:
            row.approach = "posterior"
            row.contrast_ml, row.fluoro_seconds = Decimal("0.5"), rng.randrange(8, 45)
        row.product_minutes = age_minutes(ready_at, row.injected_at)
        row.product_stale = None if row.product_minutes is None else row.product_minutes > limit


def discharge(rng: random.Random, session: Session, *, left_at: dt.datetime, pain: int | None) -> Discharge:
    return Discharge(
        session=session,
        systolic=rng.randrange(112, 148),
        diastolic=rng.randrange(64, 90),
        pulse=rng.randrange(58, 88),
        saturation=rng.randrange(96, 100),
        pain_after=None if pain is None else max(0, pain - rng.randrange(0, 3)),
        fit=True,
        escort=rng.choice(("Daughter", "Husband", "Wife", "Neighbour", "Taxi, with a friend")),
        left_at=left_at,
        instructions_given=True,
    )


def saved(
    session: Session, visit: Visit, sections: Iterable[tuple[RecordSection, User, str]]
) -> list[SectionVersion]:
    """Who saved which part last, at the end of the stage in which it was written."""
    found = []
    for section, person, stage in sections:
        at = visit.ended(stage) or visit.steps[stage].started_at
        if at is not None:
            found.append(
                SectionVersion(session=session, section=section, version=1, saved_by=person, saved_at=at)
            )
    return found
