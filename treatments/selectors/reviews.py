"""Gates: which are due, and what the physician sees at one."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from django.db.models import Count, Exists, F, Min, OuterRef, Q

from clinic.models import Site, Task
from scheduling.enums import AppointmentStatus
from treatments.clinical_rules import ClinicalRules, GateRules, Level
from treatments.enums import CourseStatus, Decision, SessionStatus
from treatments.models import AdverseEvent, Course, Injection, Review, Session, SessionBooking
from treatments.policies import gate, targets
from treatments.policies.gate import Evidence, Suggestion
from treatments.policies.readiness import State
from treatments.policies.targets import Place, UsedUp
from treatments.selectors import courses, screening

_WAITING = (SessionStatus.PLANNED, SessionStatus.CLEARED)


@dataclass(frozen=True, slots=True)
class Gate:
    """One course at its gate: the next session, when its visit is meant to be, what the evidence says.

    `release_by`: when the visit must be released so that its preparation can begin. `standing`: the decision that was
    taken already, if one was. `used_up`: levels that are not injected again in this course.
    """

    course: Course
    number: int
    visit_start: dt.datetime | None
    evidence: Evidence
    suggestion: Suggestion
    rules: GateRules
    is_provisional: bool = False
    events: tuple[AdverseEvent, ...] = ()
    used_up: tuple[UsedUp, ...] = ()

    @property
    def release_by(self) -> dt.datetime | None:
        if self.visit_start is None or not self.is_provisional:
            return None
        return self.visit_start - dt.timedelta(days=self.course.protocol_version.preparation_lead_days)

    @property
    def possible(self) -> tuple[Decision, ...]:
        return gate.possible(self.evidence)

    @property
    def pain_met(self) -> bool | None:
        return gate.pain_met(self.evidence, self.rules)

    @property
    def function_met(self) -> bool | None:
        return gate.function_met(self.evidence, self.rules)

    @property
    def impression_met(self) -> bool | None:
        return gate.impression_met(self.evidence, self.rules)

    @property
    def snapshot(self) -> dict[str, object]:
        """What is kept with the decision."""
        version = self.course.protocol_version
        return gate.snapshot(
            self.evidence,
            self.suggestion,
            self.rules,
            protocol_version=str(version.pk),
            number=version.number,
        )


class Step(StrEnum):
    """Who hears of a gate that nobody decides."""

    PHYSICIAN = "decide_gate"
    MANAGER = "gate_overdue"


@dataclass(frozen=True, slots=True)
class Escalation:
    """A gate to hand on: to whom, and by when its visit must be released."""

    kind: Step
    number: int
    release_by: dt.datetime


def due(*, now: dt.datetime, course_id: UUID | None = None) -> list[UUID]:
    """Active courses whose next session is kept free within the review lead, or that have no session left.

    The gate before a repeat opens once nothing before it is left to do: where sessions lie closer than the lead, that
    of session 3 waits until session 2 was treated.
    """
    rows = Course.objects.filter(status=CourseStatus.ACTIVE)
    if course_id is not None:
        rows = rows.filter(pk=course_id)
    to_do = Session.objects.filter(status__in=_WAITING)
    waiting = to_do.filter(course=OuterRef("pk"))
    provisional = SessionBooking.objects.filter(
        session__course=OuterRef("pk"), is_open=True, appointment__status=AppointmentStatus.PROVISIONAL
    )
    soon = provisional.annotate(lead=F("session__course__protocol_version__review_lead_days")).filter(
        appointment__period__startswith__lte=now + F("lead") * dt.timedelta(days=1)
    )
    earlier = to_do.filter(course=OuterRef("session__course"), number__lt=OuterRef("session__number"))
    soon = soon.exclude(Exists(earlier))
    found = rows.filter(Q(Exists(soon)) | ~Q(Exists(waiting)))
    return list(found.order_by("pk").values_list("pk", flat=True))


def next_number(course: Course) -> int:
    """The number of the session that the open gate stands before: the lowest still to do, or one past the last."""
    first = course.sessions.filter(status__in=_WAITING).aggregate(first=Min("number"))["first"]
    return int(first) if first is not None else course.planned_sessions + 1


def to_escalate(*, now: dt.datetime, course_id: UUID | None = None) -> dict[UUID, Escalation]:
    """Open gates that somebody should hear of and has not: each step once a gate. A constant number of queries.

    The physician hears `escalate_days` before the visit must be released, and of a gate without a visit once it has
    been open for as long; the manager when that time has passed.
    """
    rows = Course.objects.filter(status=CourseStatus.REVIEW_DUE)
    if course_id is not None:
        rows = rows.filter(pk=course_id)
    found: dict[UUID, Escalation] = {}
    opened = gates(list(rows.select_related("protocol_version__rules", "site")))
    said = set(
        Task.objects.filter(kind__in=list(Step), about__in=[_about(one) for one in opened]).values_list(
            "kind", "about"
        )
    )
    for one in opened:
        warning = dt.timedelta(days=one.rules.escalate_days)
        by = one.release_by or now + warning
        for step, is_due in ((Step.PHYSICIAN, now >= by - warning), (Step.MANAGER, now >= by)):
            if is_due and (str(step), _about(one)) not in said:
                found[one.course.pk] = Escalation(step, one.number, by)
                break
    return found


def _about(one: Gate) -> str:
    return f"course:{one.course.pk}:gate:{one.number}"


def waiting(*, site: Site) -> list[Gate]:
    """Gates that wait for a decision at this site, the nearest visit first. A constant number of queries."""
    rows = list(
        Course.objects.filter(site=site, status=CourseStatus.REVIEW_DUE).select_related(
            "patient", "physician", "protocol_version__protocol", "protocol_version__rules", "site"
        )
    )
    return sorted(gates(rows), key=lambda one: (one.visit_start is None, one.visit_start, one.course.pk))


def gates(rows: list[Course]) -> list[Gate]:
    """The gate of each course, with its evidence and the screening of the session that it stands before.

    Fifteen queries, where the versions' rules were selected with the courses.
    """
    found = courses.evidence(rows)
    waiting = screening.with_context(Session.objects.filter(course__in=rows, status__in=_WAITING))
    following: dict[UUID, Session] = {}
    for session in waiting.order_by("course", "number"):
        following.setdefault(session.course_id, session)
    numbers = {key: session.number for key, session in following.items()}
    blocked = _blocked(list(following.values()))
    visits = {
        (booking.session.course_id, booking.session.number): booking.appointment
        for booking in SessionBooking.objects.filter(session__course__in=rows, is_open=True).select_related(
            "session", "appointment"
        )
    }
    events = _events(rows)
    injected = _injected(rows)
    every = []
    for course in rows:
        number = numbers.get(course.pk, course.planned_sessions + 1)
        clinical: ClinicalRules = course.protocol_version.clinical
        visit = visits.get((course.pk, number))
        evidence = _weighed(found[course.pk], course, events.get(course.pk, ()), clinical.gate)
        evidence = replace(evidence, contraindications=blocked.get(course.pk, ()))
        every.append(
            Gate(
                course,
                number,
                visit.period.lower if visit is not None else None,
                evidence,
                gate.suggest(evidence, clinical.gate),
                clinical.gate,
                visit is not None and visit.status == AppointmentStatus.PROVISIONAL,
                events.get(course.pk, ()),
                tuple(targets.used_up(clinical.targets, injected.get(course.pk, {}))),
            )
        )
    return every


def is_grave(event: AdverseEvent, rules: GateRules) -> bool:
    """Whether an event stops the course: serious, or of the protocol's grade."""
    return event.is_serious or event.grade >= rules.grave_grade


def _weighed(
    evidence: Evidence, course: Course, events: Collection[AdverseEvent], rules: GateRules
) -> Evidence:
    """The evidence by this version's own rules: which events are grave, how far the course can be extended."""
    extra = 0 if course.extended else max(0, course.protocol_version.max_sessions - evidence.injected)
    return replace(
        evidence,
        grave_event=any(is_grave(event, rules) for event in events),
        extra=extra if evidence.left == 0 and evidence.injected else 0,
    )


def _blocked(sessions: Sequence[Session]) -> dict[UUID, tuple[str, ...]]:
    """What stands against each session by its screening: lines that block, fired, and were not overridden."""
    return {
        one.session.course_id: words
        for one in screening.checked(sessions)
        if (
            words := tuple(
                line.words
                for line in one.readiness.standing
                if line.state == State.FIRED and line.level == Level.BLOCK
            )
        )
    }


def _events(rows: Collection[Course]) -> Mapping[UUID, tuple[AdverseEvent, ...]]:
    """The courses' events, the gravest first. One query."""
    found: dict[UUID, tuple[AdverseEvent, ...]] = {}
    for event in AdverseEvent.objects.filter(course__in=rows).order_by(
        "-is_serious", "-grade", "-started_on"
    ):
        found[event.course_id] = (*found.get(event.course_id, ()), event)
    return found


def _injected(rows: Collection[Course]) -> Mapping[UUID, dict[Place, int]]:
    """In how many sessions each level was injected. One query."""
    counted = (
        Injection.objects.filter(session__course__in=rows)
        .values_list("session__course", "structure", "level")
        .annotate(count=Count("session", distinct=True))
    )
    found: dict[UUID, dict[Place, int]] = {}
    for course_id, structure, level, count in counted.order_by("session__course"):
        found.setdefault(course_id, {})[structure, level] = count
    return found


def injected_besides(session: Session) -> Mapping[Place, int]:
    """In how many other sessions of the course each level was injected. One query."""
    rows = Injection.objects.filter(session__course=session.course_id).exclude(session=session)
    counted = rows.values_list("structure", "level").annotate(count=Count("session", distinct=True))
    return {(structure, level): count for structure, level, count in counted.order_by("structure")}


def decided(course: Course) -> list[Review]:
    """The decisions taken at a course's gates, first ones first."""
    return list(course.reviews.select_related("decided_by").order_by("decided_at"))
