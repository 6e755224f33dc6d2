"""A course as rows: from its story, the planner and today's date. History and what is to come by the same rules."""

import datetime as dt
import random
from dataclasses import dataclass, field

from clinic import clock
from clinic.models import Patient
from scheduling.enums import AppointmentStatus
from scheduling.models import Resource
from treatments.demo import clinical
from treatments.demo.outcomes import AFTER, AT_GATE, BASELINE, FOLLOW_UP
from treatments.demo.outcomes import Patient as Reporting
from treatments.demo.place import Place
from treatments.demo.planner import Placed, Planner
from treatments.demo.rows import Rows
from treatments.demo.stories import CONSULTED_BEFORE, INTERVAL, NEVER_BOOKED, Fate, Story
from treatments.demo.visits import Visit, Visits
from treatments.enums import CourseStatus, Decision, OrderStatus, SessionStatus, Urgency
from treatments.models import AdverseEvent, Course, Order, Review, Session, SessionBooking, Target

_EVENING = dt.time(19, 20)
_DAY = dt.timedelta(days=1)
_REASONS = {
    Decision.CONTINUE: "The patient wishes to finish the planned series.",
    Decision.RE_EVALUATE: "Examined again, imaging reviewed; the targets stay the same.",
    Decision.COMPLETE: "The patient is content and wishes to stop here.",
    Decision.STOP: "No benefit so far; other options were discussed.",
}
_NOTES = (
    "",
    "",
    "Tolerated well.",
    "Tolerated well, walked unaided.",
    "Some soreness during the injection, settled at once.",
)


@dataclass
class Gate:
    """What is known of the gate before a repeat."""

    decided_at: dt.datetime | None
    review: Review | None


@dataclass
class Courses:
    """Makes courses one after the other; each sees the time that the ones before have taken."""

    rng: random.Random
    now: dt.datetime
    place: Place
    planner: Planner
    visits: Visits
    rows: Rows
    to_sign: list[Session] = field(default_factory=list)
    made: list[Course] = field(default_factory=list)

    @property
    def today(self) -> dt.date:
        return self.now.astimezone(self.place.site.zone).date()

    def make(self, story: Story, patient: Patient) -> Course | None:
        """Place the story's visits and write what follows from them. None when its day has no room left."""
        physician = self._physician(story)
        placed = self._sessions(story, patient, physician)
        if placed is None:
            return None
        first = self._local(story.first_day, story.at) if not placed else placed[0].start
        consulted = self._consultation(story, patient, physician, first)
        course = self._open(story, patient, physician, consulted)
        if story.fate in NEVER_BOOKED:
            self._never_treated(story, course)
            return course
        self._treat(story, course, placed)
        return course

    def _local(self, day: dt.date, at: dt.time) -> dt.datetime:
        return clock.local(day, at, self.place.site.zone)

    def _day(self, moment: dt.datetime) -> dt.date:
        return moment.astimezone(self.place.site.zone).date()

    def _physician(self, story: Story) -> Resource:
        there = [one for one in self.place.physicians if self.planner.works(one, story.anchor)]
        return self.rng.choice(there or self.place.physicians)

    def _sessions(self, story: Story, patient: Patient, lead: Resource) -> list[Placed] | None:
        """The sessions' visits, the anchor first because its day is the one that matters."""
        if story.fate in NEVER_BOOKED:
            return []
        anchored = None
        for physician in [lead, *(one for one in self.place.physicians if one is not lead)]:
            anchored = self.planner.place(
                "prp_session", patient.pk, story.anchor, at=story.at, lead=physician, drift=60
            )
            if anchored is not None:
                lead = physician
                break
        if anchored is None and story.anchor != self.today:
            anchored = self.planner.near(
                "prp_session",
                patient.pk,
                story.anchor,
                at=story.at,
                lead=lead,
                latest=self.today - _DAY if story.anchor < self.today else None,
            )
        if anchored is None:
            return None
        found = {story.number: anchored}
        last = story.number if story.fate in (Fate.EARLY, Fate.STOPPED) else story.planned
        for number in [*range(story.number - 1, 0, -1), *range(story.number + 1, last + 1)]:
            step = -1 if number < story.number else 1
            day = self._day(found[number - step].start) + dt.timedelta(days=step * INTERVAL)
            limits = (
                {"latest": self.today - _DAY}
                if day < self.today or step < 0
                else {"earliest": self.today + _DAY}
            )
            visit = self.planner.near(
                "prp_session", patient.pk, day, at=story.at, lead=lead, reach=9, **limits
            )
            if visit is None:
                return None
            found[number] = visit
        return [found[number] for number in sorted(found)]

    def _consultation(
        self, story: Story, patient: Patient, lead: Resource, first: dt.datetime
    ) -> dt.datetime:
        """The visit at which the course was agreed; returns its end."""
        day = min(self._day(first) - dt.timedelta(days=CONSULTED_BEFORE), self.today - _DAY)
        at = dt.time(self.rng.choice((9, 10, 11, 14, 15)))
        placed = self.planner.near(
            "consultation", patient.pk, day, at=at, lead=lead, latest=self.today - _DAY, reach=9
        )
        if placed is None:
            return self._local(day, dt.time(15))
        asked = max(patient.created_at, placed.start - dt.timedelta(days=self.rng.randrange(2, 9)))
        visit = self.visits.add(placed, patient, booked_at=min(asked, placed.start - dt.timedelta(hours=1)))
        return visit.ended("consultation") or placed.end

    def _open(self, story: Story, patient: Patient, physician: Resource, at: dt.datetime) -> Course:
        chosen = clinical.profile(self.rng, sessions=story.planned)
        course = Course(
            site=self.place.site,
            patient=patient,
            protocol_version=self.place.protocol,
            physician=physician,
            diagnosis_code=chosen.code,
            diagnosis=chosen.words,
            status=CourseStatus.APPROVED,
            planned_sessions=story.planned,
            created_at=at,
            version=3,
        )
        self.rows.add(course)
        self.made.append(course)
        for target in clinical.targets(self.rng, chosen):
            target.course = course
            self.rows.add(target)
        self.rows.add(
            Order(
                site=course.site,
                patient=patient,
                course=course,
                sessions=story.planned,
                urgency=self.rng.choices(Urgency.values, (8, 27, 65))[0],
                note_for_desk=self.rng.choice(
                    ("", "", "", "Please in the morning.", "Not on Fridays.", "Brings a companion.")
                ),
                status=OrderStatus.BOOKED,
                ordered_by=physician.user,
                created_at=at,
            )
        )
        return course

    def _order(self) -> Order:
        order: Order = self.rows.of[Order][-1]
        return order

    def _never_treated(self, story: Story, course: Course) -> None:
        status, order, reason = {
            Fate.DECLINED: (
                CourseStatus.DECLINED,
                OrderStatus.WITHDRAWN,
                "Platelets below the clinic’s limit.",
            ),
            Fate.CANCELLED: (
                CourseStatus.CANCELLED,
                OrderStatus.WITHDRAWN,
                "The patient decided against it.",
            ),
            Fate.SCREENING: (CourseStatus.SCREENING, OrderStatus.OPEN, ""),
            Fate.DRAFT: (CourseStatus.DRAFT, OrderStatus.OPEN, ""),
            Fate.TO_BOOK: (CourseStatus.APPROVED, OrderStatus.OPEN, ""),
        }[story.fate]
        course.status, course.end_reason, self._order().status = status, reason, order
        if reason:
            course.ended_at = course.created_at + dt.timedelta(days=self.rng.randrange(1, 9))
        for number in range(1, story.planned + 1):
            self.rows.add(
                Session(
                    site=course.site,
                    course=course,
                    number=number,
                    status=SessionStatus.DROPPED if reason else SessionStatus.PLANNED,
                )
            )

    def _treat(self, story: Story, course: Course, placed: list[Placed]) -> None:
        booked_at = min(
            course.created_at + dt.timedelta(hours=self.rng.uniform(0.3, 5)),
            placed[0].start - dt.timedelta(hours=2),
            self.now,
        )
        reporting = Reporting(self.rng, course, story.gain, placed[0].start)
        reporting.answer(
            BASELINE, "baseline", min(placed[0].start - dt.timedelta(days=3), course.created_at), rate=0.97
        )
        targets = [row for row in self.rows.of[Target] if row.course is course]
        freed = False
        waiting_gate = False
        injected = 0
        for number, visit_plan in enumerate(placed, 1):
            session = self.rows.add(Session(site=course.site, course=course, number=number))
            gate = (
                self._gate(course, number, visit_plan, reporting, story)
                if number > 1
                else Gate(booked_at, None)
            )
            waiting_gate = waiting_gate or (
                gate.decided_at is None
                and self.today
                >= self._day(visit_plan.start) - dt.timedelta(days=self.place.protocol.review_lead_days)
            )
            if story.fate == Fate.FREED and not freed and visit_plan.start > self.now:
                freed = True
                self._free(session, visit_plan, booked_at, released=gate.decided_at)
                continue
            visit = self.visits.add(
                visit_plan,
                course.patient,
                booked_at=booked_at,
                purpose=session.pk,
                provisional=number > 1,
                released_at=gate.decided_at if number > 1 else None,
            )
            self.rows.add(SessionBooking(session=session, appointment=visit.row))
            if self._record(session, visit, targets, reporting):
                injected += 1
        dropped = range(len(placed) + 1, story.planned + 1)
        for number in dropped:
            self.rows.add(
                Session(site=course.site, course=course, number=number, status=SessionStatus.DROPPED)
            )
        self.rows.extend([])
        self._settle(story, course, placed, reporting, injected=injected, waiting_gate=waiting_gate)
        self.rows.extend(reporting.given)

    def _gate(self, course: Course, number: int, placed: Placed, reporting: Reporting, story: Story) -> Gate:
        """The answers before the repeat, the review visit where there is one, the decision where it was taken."""
        day = self._day(placed.start)
        lead = self.place.protocol.review_lead_days
        asked = self._local(day - dt.timedelta(days=lead + 1), _EVENING)
        if asked < self.now:
            reporting.answer(AT_GATE, f"before_{number}", asked, rate=0.95)
        wished = day - dt.timedelta(days=self.rng.randrange(2, lead - 1))
        decided_at = self._local(wished, dt.time(12, 40))
        if self.rng.random() < 0.6 and wished <= self.today + dt.timedelta(days=24):
            decided_at = self._review_visit(course, wished, day, placed) or decided_at
        if day <= self.today:
            decided_at = min(decided_at, self._local(self.today - _DAY, dt.time(16)))
        if decided_at > self.now:
            return Gate(None, None)
        suggestion = reporting.suggestion(
            decided_at, injected=number - 1, left=course.planned_sessions - number + 1
        )
        going_on = suggestion.decision in (Decision.CONTINUE, Decision.RE_EVALUATE)
        decision = Decision(suggestion.decision) if going_on and suggestion.decision else Decision.CONTINUE
        needed = suggestion.decision is not None and (
            decision == Decision.RE_EVALUATE or decision != suggestion.decision
        )
        return Gate(
            decided_at,
            self._review(
                course, number, decided_at, decision, reporting, reason=_REASONS[decision] if needed else ""
            ),
        )

    def _review_visit(
        self, course: Course, wished: dt.date, before: dt.date, session: Placed
    ) -> dt.datetime | None:
        """When the review visit ends, as planned or as it was."""
        limits = (
            {"latest": self.today - _DAY}
            if wished < self.today
            else {"earliest": wished if wished == self.today else self.today, "latest": before - _DAY}
        )
        at = dt.time(self.rng.choice((8, 9, 10, 11, 13, 14, 15, 16)), self.rng.choice((0, 15, 30, 45)))
        placed = self.planner.near(
            "review", course.patient_id, wished, at=at, lead=session.lead, reach=2, **limits
        )
        if placed is None:
            return None
        booked = min(self.now, placed.start - dt.timedelta(days=14)) - dt.timedelta(
            hours=self.rng.uniform(1, 30)
        )
        visit = self.visits.add(placed, course.patient, booked_at=max(booked, course.created_at))
        return visit.ended("review") or placed.end

    def _review(
        self,
        course: Course,
        number: int,
        at: dt.datetime,
        decision: Decision,
        reporting: Reporting,
        *,
        reason: str,
    ) -> Review:
        suggestion = reporting.suggestion(at, injected=number - 1, left=course.planned_sessions - number + 1)
        return self.rows.add(
            Review(
                course=course,
                before_session=number,
                suggestion=suggestion.decision or "",
                suggestion_rule=suggestion.rule,
                decision=decision,
                reason=reason,
                decided_by=course.physician.user,
                decided_at=at,
            )
        )

    def _free(
        self, session: Session, placed: Placed, booked_at: dt.datetime, *, released: dt.datetime | None
    ) -> None:
        """The patient called the visit off; nobody has booked the session again yet."""
        visit = self.visits.add_ended(
            placed,
            session.course.patient,
            booked_at=booked_at,
            status=AppointmentStatus.CANCELLED,
            ended_at=self.now - dt.timedelta(hours=self.rng.uniform(2, 20)),
            purpose=session.pk,
            provisional=session.number > 1 and released is None,
            reason="patient_cannot_come",
        )
        self.rows.add(SessionBooking(session=session, appointment=visit.row, is_open=False))

    def _record(self, session: Session, visit: Visit, targets: list[Target], reporting: Reporting) -> bool:
        """What the staff have written down by now. Returns whether the session was injected."""
        if visit.row.arrived_at is None or visit.ended("check_in") is None:
            return False
        session.status = SessionStatus.CLEARED
        session.pain_before = reporting.pain_on(visit.row.arrived_at)
        prepared = visit.ended("separation")
        if prepared is None:
            return False
        attempt = 1
        if self.rng.random() < 0.015:
            self.rows.add(
                clinical.failed_preparation(self.rng, session, ready_at=prepared - dt.timedelta(minutes=9))
            )
            attempt = 2
        made = self.rows.add(clinical.preparation(self.rng, session, ready_at=prepared, attempt=attempt))
        finished = visit.ended("injection")
        if finished is None:
            return False
        start = visit.steps["injection"].started_at or finished
        session.status, session.injected_at = (
            SessionStatus.INJECTED,
            min(finished, start + dt.timedelta(minutes=6)),
        )
        session.note = self.rng.choice(_NOTES)
        session.version = 4
        self.rows.extend(
            clinical.injections(
                self.rng, session, targets, at=session.injected_at, product_ml=made.product_ml
            )
        )
        day = self._day(session.injected_at)
        if self.rng.random() < 0.06:
            event = self.rows.add(clinical.adverse_event(self.rng, session, day=day, today=self.today))
            session.complications = f"{event.term}, mild." if event.term == "Vasovagal reaction" else ""
        if self._is_signed(day):
            self.to_sign.append(session)
        return True

    def _is_signed(self, day: dt.date) -> bool:
        age = (self.today - day).days
        return self.rng.random() < {0: 0.15, 1: 0.5, 2: 0.8}.get(age, 0.992)

    def _settle(
        self,
        story: Story,
        course: Course,
        placed: list[Placed],
        reporting: Reporting,
        *,
        injected: int,
        waiting_gate: bool,
    ) -> None:
        """The course's state, as the rules would have left it."""
        done = injected == len(placed)
        if not injected:
            course.status = CourseStatus.APPROVED
        elif not done:
            course.status = CourseStatus.REVIEW_DUE if waiting_gate else CourseStatus.ACTIVE
            if story.fate == Fate.HELD:
                course.status, course.status_before_hold = CourseStatus.ON_HOLD, course.status
        else:
            self._close(story, course, placed[-1], reporting, injected=injected)
        course.version = 2 + 2 * injected

    def _close(
        self, story: Story, course: Course, last: Placed, reporting: Reporting, *, injected: int
    ) -> None:
        """After the last session: the closing decision, the follow-up, the end."""
        decided_at = self._local(
            self._day(last.start) + dt.timedelta(days=self.rng.randrange(14, 29)), dt.time(16, 50)
        )
        if decided_at > self.now:
            course.status = CourseStatus.REVIEW_DUE
        for time_point, days in FOLLOW_UP:
            at = self._local(
                self._day(last.start) + dt.timedelta(days=days + self.rng.randrange(-2, 3)), _EVENING
            )
            if at < self.now and not (story.fate == Fate.STOPPED and at > decided_at):
                reporting.answer(AFTER, time_point, at, rate=0.84)
        if decided_at > self.now:
            return
        decision = Decision.STOP if story.fate == Fate.STOPPED else Decision.COMPLETE
        suggestion = reporting.suggestion(
            decided_at, injected=injected, left=course.planned_sessions - injected
        )
        reason = (
            _REASONS[decision]
            if decision == Decision.STOP or suggestion.decision not in (decision, None)
            else ""
        )
        self._review(course, injected + 1, decided_at, decision, reporting, reason=reason)
        if decision == Decision.STOP:
            course.status, course.ended_at, course.end_reason = CourseStatus.DISCONTINUED, decided_at, reason
            return
        course.status = CourseStatus.FOLLOW_UP
        ends = self._local(
            self._day(last.start) + dt.timedelta(days=self.rng.randrange(185, 380)), dt.time(11)
        )
        if ends < self.now:
            course.status, course.ended_at = CourseStatus.COMPLETED, ends
