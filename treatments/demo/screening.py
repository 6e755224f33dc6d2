"""Checklists, medicines and consents of the open courses, as far as each has come: most ready, some not, one blocked."""

import datetime as dt
import random
from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from django.db.models import Q

from clinic.actors import Actor
from clinic.models import Site, User
from scheduling.models import VisitStage
from treatments.clinical_rules import ClinicalRules, Moment
from treatments.consent_words import DEFAULTS
from treatments.enums import OPEN_COURSE, Answer, CourseStatus, MedicinePlan, SessionStatus
from treatments.models import (
    Consent,
    ConsentText,
    Course,
    Medicine,
    MedicineCheck,
    PrescriberDecision,
    ScreeningAnswer,
    ScreeningRuling,
    Session,
    SessionBooking,
)
from treatments.policies import checklist
from treatments.policies.readiness import State
from treatments.selectors import screening as reads
from treatments.services import medicines

_TAKEN = (
    ("Ibuprofen", "nsaid", "400 mg when needed", 0.2),
    ("Naproxen", "nsaid", "500 mg twice a day", 0.08),
    ("Paracetamol", "allowed", "1 g when needed", 0.3),
    ("Apixaban", "anticoagulant", "5 mg twice a day", 0.06),
    ("Clopidogrel", "antiplatelet", "75 mg a day", 0.03),
    ("Metformin", "other", "1 g twice a day", 0.1),
)
_PRESCRIBED = ("anticoagulant", "antiplatelet")
_OFTEN = {"tobacco": 0.12, "allergy": 0.03, "cancer": 0.02, "implant": 0.04, "no_escort_planned": 0.05}
_LIKELY = {
    "platelets_critical": (165, 340, 0),
    "haemoglobin_low": (118, 158, 1),
    "temperature": (362, 371, 1),
    "glucose": (82, 140, 0),
    "inr": (10, 13, 1),
}
"""Lowest, highest and how many of the digits stand behind the point."""
_NOT_ASKED = 0.1
_SIGNATURE = ((60, 210), (140, 80), (180, 220), (260, 120), (300, 200), (420, 130), (520, 210), (760, 150))


def write(*, rng: random.Random, site: Site, nurses: Sequence[User], by: Actor, now: dt.datetime) -> int:
    """Write what is known of every open course. Returns how many answers there are."""
    opened = now - dt.timedelta(days=739)
    texts = {
        language: ConsentText.objects.create(
            site=site, language=language, number=1, title=title, body=body, written_at=opened
        )
        for language, (title, body) in DEFAULTS.items()
    }
    courses = list(
        Course.objects.filter(site=site, status__in=OPEN_COURSE)
        .select_related("patient", "physician__user")
        .order_by("created_at", "pk")
    )
    rules = reads.rules_of({course.protocol_version_id for course in courses})
    sessions = list(Session.objects.filter(course__in=courses).order_by("course", "number"))
    starts = {
        row.session_id: row.appointment.period.lower
        for row in SessionBooking.objects.filter(session__in=sessions, is_open=True).select_related(
            "appointment"
        )
    }
    checked_in = set(
        VisitStage.objects.filter(
            appointment__purpose__in=starts, code="check_in", ended_at__isnull=False
        ).values_list("appointment__purpose", flat=True)
    )
    answers: list[ScreeningAnswer] = []
    for course in courses:
        nurse = rng.choice(list(nurses))
        known = rules[course.protocol_version_id]
        its = [session for session in sessions if session.course_id == course.pk]
        been = [session for session in its if session.injected_at is not None or session.pk in checked_in]
        if course.status == CourseStatus.SCREENING and not been and rng.random() < 0.5:
            continue
        asked = course.created_at + dt.timedelta(minutes=rng.randrange(10, 50))
        groups = _medicines(rng, course, nurse, asked, now, sure=bool(been))
        answers += _booking(rng, course, known, nurse, asked, starts, its, now, sure=bool(been))
        if been:
            text = texts.get(course.patient.language, texts["en"])
            first = min(session.injected_at or starts[session.pk] for session in been)
            _consent(rng, course, text, nurse, first - dt.timedelta(minutes=4))
        for session in been:
            at = (session.injected_at or starts[session.pk]) - dt.timedelta(minutes=rng.randrange(3, 6))
            answers += _list(rng, known, Moment.DAY, course, session, nurse, min(at, now), groups=groups)
    ScreeningAnswer.objects.bulk_create(answers, batch_size=1000)
    _rulings(courses, now)
    asked_for = Medicine.objects.filter(group__in=_PRESCRIBED).values_list("patient_id", flat=True)
    for patient_id in sorted(set(asked_for)):
        medicines.follow_tasks(patient_id, by=by)
    _block_one(site, nurses[0], now)
    return len(answers)


def _medicines(
    rng: random.Random, course: Course, nurse: User, asked: dt.datetime, now: dt.datetime, *, sure: bool
) -> set[str]:
    if not sure and rng.random() < _NOT_ASKED:
        return set()
    groups: set[str] = set()
    for name, group, dose, often in _TAKEN:
        if rng.random() >= often:
            continue
        groups.add(group)
        last = now.date() - dt.timedelta(days=rng.randrange(8, 20)) if sure or rng.random() < 0.6 else None
        row = Medicine.objects.create(
            patient=course.patient,
            name=name,
            group=group,
            dose=dose,
            prescriber="Dr Behrens" if group in _PRESCRIBED else "",
            last_dose_on=last if group == "nsaid" else None,
            plan=MedicinePlan.TABLE,
            recorded_by=nurse,
            recorded_at=asked,
        )
        if group in _PRESCRIBED and (sure or rng.random() < 0.5):
            at = min(now, asked + dt.timedelta(days=2))
            PrescriberDecision.objects.create(
                site_id=course.site_id,
                course=course,
                medicine=row,
                word="stop",
                words="Pauses it as agreed with the patient by phone.",
                decided_by="Dr Behrens",
                decided_on=at.date(),
                recorded_by=nurse,
                recorded_at=at,
            )
    MedicineCheck.objects.create(site_id=course.site_id, course=course, checked_by=nurse, checked_at=asked)
    return groups


def _booking(
    rng: random.Random,
    course: Course,
    rules: ClinicalRules,
    nurse: User,
    asked: dt.datetime,
    starts: dict[UUID, dt.datetime],
    its: Sequence[Session],
    now: dt.datetime,
    *,
    sure: bool,
) -> list[ScreeningAnswer]:
    """The list of the booking, with a blood count that is fresh for the next session of most."""
    if not sure and rng.random() < _NOT_ASKED:
        return []
    found = _list(rng, rules, Moment.BOOKING, course, None, nurse, min(asked, now))
    coming = [starts[one.pk] for one in its if one.injected_at is None and one.pk in starts]
    if coming and (sure or rng.random() < 0.85):
        count_on = min(now, min(coming) - dt.timedelta(days=rng.randrange(2, 9)))
        if count_on > asked:
            fresh = _list(rng, rules, Moment.BOOKING, course, None, nurse, count_on)
            found += [row for row in fresh if row.value == Answer.NUMBER]
    return found


def _list(
    rng: random.Random,
    rules: ClinicalRules,
    moment: Moment,
    course: Course,
    session: Session | None,
    nurse: User,
    at: dt.datetime,
    *,
    groups: set[str] | frozenset[str] = frozenset(),
) -> list[ScreeningAnswer]:
    rows: list[ScreeningAnswer] = []
    for measure in checklist.measures(rules, moment):
        rule = measure[0]
        if rule.only_if is not None and rule.only_if not in groups:
            continue
        value, number = Answer.NO, None
        if rule.unit:
            low, high, digits = _LIKELY.get(rule.code, (1, 9, 0))
            value, number = Answer.NUMBER, Decimal(rng.randrange(low, high)).scaleb(-digits)
        elif rng.random() < _OFTEN.get(rule.code, 0):
            value = Answer.YES
        rows.append(
            ScreeningAnswer(
                site_id=course.site_id,
                course=course,
                session=session,
                code=rule.code,
                value=value,
                number=number,
                measured_on=at.date(),
                answered_by=nurse,
                answered_at=at,
            )
        )
    return rows


def _consent(rng: random.Random, course: Course, text: ConsentText, nurse: User, at: dt.datetime) -> None:
    strokes = [[(x + rng.randrange(-12, 12), y + rng.randrange(-18, 18)) for x, y in _SIGNATURE]]
    Consent.objects.create(
        site_id=course.site_id,
        course=course,
        text=text,
        signer=course.patient.full_name,
        method="drawn",
        strokes=strokes,
        given_at=at,
        recorded_by=nurse,
        recorded_at=at,
    )


def _rulings(courses: Sequence[Course], now: dt.datetime) -> None:
    """The physician's words on what fired in courses that have begun."""
    begun = Session.objects.filter(course__in=courses).filter(
        Q(injected_at__isnull=False) | Q(status=SessionStatus.CLEARED)
    )
    rows: list[ScreeningRuling] = []
    known: set[tuple[str, str]] = set()
    for one in reads.checked(list(reads.with_context(begun).order_by("course", "number"))):
        physician = one.session.course.physician.user
        for line in one.readiness.standing:
            if line.state != State.FIRED or (line.code, line.basis) in known or physician is None:
                continue
            known.add((line.code, line.basis))
            rows.append(
                ScreeningRuling(
                    site_id=one.session.site_id,
                    course_id=one.session.course_id,
                    session=one.session,
                    code=line.code,
                    basis=line.basis,
                    level=str(line.level),
                    reason="Spoken about with the patient; no objection.",
                    ruled_by=physician,
                    ruled_at=min(now, (one.session.injected_at or now) - dt.timedelta(minutes=2)),
                )
            )
    ScreeningRuling.objects.bulk_create(rows)


def _block_one(site: Site, nurse: User, now: dt.datetime) -> None:
    """Somebody who is here today has new weakness in a leg: the board does not let them go on to the draw."""
    here = Session.objects.filter(
        site=site,
        status__in=[SessionStatus.PLANNED, SessionStatus.CLEARED],
        bookings__is_open=True,
        bookings__appointment__status__in=["arrived", "in_progress"],
    ).exclude(
        bookings__appointment__stages__code="draw",
        bookings__appointment__stages__started_at__isnull=False,
    )
    session = here.order_by("pk").first()
    if session is None:
        return
    ScreeningAnswer.objects.create(
        site=site,
        course_id=session.course_id,
        session=session,
        code="new_deficit",
        value=Answer.YES,
        measured_on=now.date(),
        answered_by=nurse,
        answered_at=now,
    )
    Session.objects.filter(pk=session.pk).update(status=SessionStatus.PLANNED)
