"""The facts that a session's readiness rests on, for many sessions at once in a constant number of queries."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from clinic import clock
from clinic.models import Site
from scheduling.enums import AppointmentStatus
from scheduling.models import Appointment
from treatments import clinical_rules
from treatments.clinical_rules import ClinicalRules
from treatments.enums import OPEN_COURSE, SessionStatus
from treatments.models import (
    Consent,
    Course,
    Medicine,
    MedicineCheck,
    PrescriberDecision,
    ProtocolRules,
    ScreeningAnswer,
    ScreeningRuling,
    Session,
    SessionBooking,
)
from treatments.policies import readiness, screening
from treatments.policies.medicines import Taken
from treatments.policies.readiness import ConsentFact, Facts, Given, Readiness, Ruled

TO_DO = (SessionStatus.PLANNED, SessionStatus.CLEARED)
_COMING = (
    AppointmentStatus.PROVISIONAL,
    AppointmentStatus.BOOKED,
    AppointmentStatus.CONFIRMED,
    AppointmentStatus.ARRIVED,
    AppointmentStatus.IN_PROGRESS,
)


@dataclass(frozen=True, slots=True)
class Checked:
    """One session, the day for which it is judged, and what was found."""

    session: Session
    day: dt.date
    visit: Appointment | None
    facts: Facts
    readiness: Readiness


def rules_of(versions: Collection[UUID]) -> dict[UUID, ClinicalRules]:
    """The clinical rules of protocol versions. One query."""
    rows = ProtocolRules.objects.filter(version__in=versions).values_list("version_id", "document")
    return {key: clinical_rules.load(document) for key, document in rows}


def checked(sessions: Sequence[Session], *, days: Mapping[UUID, dt.date] | None = None) -> list[Checked]:
    """Each session judged for the day of its visit, else for `days`, else for today. Eight queries."""
    if not sessions:
        return []
    courses = {session.course_id: session.course for session in sessions}
    keys = {session.pk for session in sessions}
    rules = rules_of({course.protocol_version_id for course in courses.values()})
    visits = _visits(keys)
    booking, day_answers = _answers(courses.keys(), keys)
    taken = taken_by_course(courses.values())
    asked = set(MedicineCheck.objects.filter(course__in=courses).values_list("course_id", flat=True))
    consents = _consents(courses.values())
    rulings = _rulings(courses.keys())
    found: list[Checked] = []
    for session in sessions:
        course, zone = session.course, session.site.zone
        visit = visits.get(session.pk)
        today = clock.today(zone)
        day = _day(session, visit, (days or {}).get(session.pk), today, zone)
        version = rules[course.protocol_version_id]
        extended: dt.datetime | None = course.extended_at
        facts = Facts(
            rules=version,
            session_key=session.pk.hex,
            session_day=day,
            today=today,
            booking=booking.get(course.pk, {}),
            day=day_answers.get(session.pk, {}),
            taken=taken.get(course.pk, ()),
            medicines_asked=course.pk in asked,
            consent=consents.get(course.pk),
            consent_since=extended if version.consent.fresh_on_extension else None,
            rulings=rulings.get(course.pk, ()),
            sex=course.patient.sex,
            diagnosis_code=course.diagnosis_code,
        )
        found.append(Checked(session, day, visit, facts, screening.judge(facts)))
    return found


def with_context(rows: QuerySet[Session]) -> QuerySet[Session]:
    return rows.select_related(
        "site", "course__patient", "course__site", "course__protocol_version__protocol", "course__physician"
    )


def session_checked(session_id: UUID) -> Checked | None:
    """One session, or None where there is none."""
    row = with_context(Session.objects.filter(pk=session_id)).first()
    return checked([row])[0] if row is not None else None


def next_session(course: Course) -> Session | None:
    """The session of the course that is to be done next, else its last one."""
    rows = list(with_context(course.sessions.all()).order_by("number"))
    waiting = [row for row in rows if row.status in TO_DO]
    return next(iter(waiting or rows[-1:]), None)


def not_ready(*, site: Site, days: int) -> list[Checked]:
    """Sessions booked from today to so many days ahead of which something can and should be settled now.

    Of today's, all that keeps them from being cleared; of later ones what can be settled before the day.
    """
    start, _end = clock.day_bounds(clock.today(site.zone), site.zone)
    end = start + dt.timedelta(days=days + 1)
    booked = SessionBooking.objects.filter(
        is_open=True,
        appointment__site=site,
        appointment__status__in=_COMING,
        appointment__period__startswith__gte=start,
        appointment__period__startswith__lt=end,
    )
    rows = with_context(
        Session.objects.filter(bookings__in=booked, status__in=TO_DO, course__status__in=OPEN_COURSE)
    )
    found = [one for one in checked(list(rows)) if missing(one)]
    return sorted(found, key=lambda one: one.visit.period.lower if one.visit else end)


def missing(one: Checked) -> list[readiness.Line]:
    """What is to be settled now: everything once the patient is here, before that what can be settled early."""
    here = one.visit is not None and one.visit.arrived_at is not None
    if here or one.facts.session_day <= one.facts.today:
        return one.readiness.standing
    return one.readiness.early


def open_for_light(one: Checked) -> bool:
    """Whether the desk's light is not green: before the patient is here only for what could be settled early."""
    here = one.visit is not None and one.visit.arrived_at is not None
    return bool(one.readiness.standing if here else one.readiness.early)


def taken_by_course(courses: Iterable[Course]) -> dict[UUID, tuple[Taken, ...]]:
    """What the patients of these courses take, with the decisions of the prescribers for each course. Two queries."""
    courses = list(courses)
    by_patient: dict[UUID, list[Medicine]] = {}
    rows = Medicine.objects.filter(patient__in={course.patient_id for course in courses}, ended_on=None)
    for row in rows:
        by_patient.setdefault(row.patient_id, []).append(row)
    decided = (
        set(PrescriberDecision.objects.filter(course__in=courses).values_list("course_id", "medicine_id"))
        if by_patient
        else set()
    )
    return {
        course.pk: tuple(
            as_taken(row, is_decided=(course.pk, row.pk) in decided)
            for row in by_patient.get(course.patient_id, [])
        )
        for course in courses
    }


def as_taken(row: Medicine, *, is_decided: bool) -> Taken:
    return Taken(row.pk, row.version, row.name, row.group, row.last_dose_on, row.plan, is_decided)


def _visits(session_ids: Collection[UUID]) -> dict[UUID, Appointment]:
    rows = SessionBooking.objects.filter(session__in=session_ids, is_open=True).select_related("appointment")
    return {row.session_id: row.appointment for row in rows}


def _day(
    session: Session, visit: Appointment | None, wanted: dt.date | None, today: dt.date, zone: dt.tzinfo
) -> dt.date:
    if session.injected_at is not None:
        return session.injected_at.astimezone(zone).date()
    if visit is not None:
        start: dt.datetime = visit.period.lower
        return start.astimezone(zone).date()
    return wanted or today


def _answers(
    courses: Collection[UUID], sessions: Collection[UUID]
) -> tuple[dict[UUID, dict[str, Given]], dict[UUID, dict[str, Given]]]:
    """The newest answer to each rule: of the booking's list by course, of the day's by session."""
    booking: dict[UUID, dict[str, Given]] = {}
    day: dict[UUID, dict[str, Given]] = {}
    rows = (
        ScreeningAnswer.objects.filter(course__in=courses)
        .filter(Q(session=None) | Q(session__in=sessions))
        .order_by("course_id", "session_id", "code", "-answered_at", "-pk")
        .distinct("course_id", "session_id", "code")
        .select_related("answered_by")
    )
    for row in rows:
        given = Given(
            key=row.pk.hex,
            value=row.value,
            number=row.number,
            measured_on=row.measured_on,
            note=row.note,
            by=str(row.answered_by),
            at=row.answered_at,
        )
        if row.session_id is None:
            booking.setdefault(row.course_id, {})[row.code] = given
        else:
            day.setdefault(row.session_id, {})[row.code] = given
    return booking, day


def _rulings(courses: Collection[UUID]) -> dict[UUID, list[Ruled]]:
    found: dict[UUID, list[Ruled]] = {}
    for row in ScreeningRuling.objects.filter(course__in=courses).select_related("ruled_by"):
        found.setdefault(row.course_id, []).append(
            Ruled(row.code, row.basis, row.reason, str(row.ruled_by), row.ruled_at)
        )
    return found


def _consents(courses: Iterable[Course]) -> dict[UUID, ConsentFact]:
    """The newest consent of each course."""
    by_key = {course.pk: course for course in courses}
    rows = (
        Consent.objects.filter(course__in=by_key)
        .order_by("course_id", "-given_at", "-pk")
        .distinct("course_id")
        .annotate(is_withdrawn=Exists(Consent.objects.filter(pk=OuterRef("pk"), withdrawal__isnull=False)))
        .values_list("course_id", "pk", "given_at", "is_withdrawn")
    )
    return {
        course_id: ConsentFact(
            key.hex, given_at.astimezone(by_key[course_id].site.zone).date(), given_at, is_withdrawn
        )
        for course_id, key, given_at, is_withdrawn in rows
    }
