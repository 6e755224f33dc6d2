"""A course as rows: from its story, the calendar and today's date. What was and what is to come by the same rules."""

import datetime as dt

from clinic.models import Patient
from scheduling.models import Resource
from treatments.demo import attempts, clinical, endings, gates, records, series
from treatments.demo.outcomes import BASELINE
from treatments.demo.outcomes import Patient as Reporting
from treatments.demo.planner import Placed
from treatments.demo.stories import NEVER_BOOKED, Fate, Story
from treatments.demo.world import World
from treatments.enums import CourseStatus, OrderStatus, SessionStatus, Urgency
from treatments.models import Course, Order, Session, SessionBooking, Target

_IN_VAIN = 0.07
"""The part of sessions that needed a second booking."""
_DESK_NOTES = ("", "", "", "Please in the morning.", "Not on Fridays.", "Brings a companion.")
_NEVER = {
    Fate.DECLINED: (CourseStatus.DECLINED, OrderStatus.WITHDRAWN, "Platelets below the clinic’s limit."),
    Fate.CANCELLED: (CourseStatus.CANCELLED, OrderStatus.WITHDRAWN, "The patient decided against it."),
    Fate.SCREENING: (CourseStatus.SCREENING, OrderStatus.OPEN, ""),
    Fate.DRAFT: (CourseStatus.DRAFT, OrderStatus.OPEN, ""),
    Fate.TO_BOOK: (CourseStatus.APPROVED, OrderStatus.OPEN, ""),
}


def make(world: World, story: Story, patient: Patient) -> Course | None:
    """Place the story's visits and gather all that follows from them. None when its day has no room left."""
    physician = series.physician_of(world, story)
    placed = series.sessions(world, story, patient, physician)
    if placed is None:
        return None
    lead = placed[0].lead if placed else physician
    first = placed[0].start if placed else world.local(story.first_day, story.at)
    consulted = series.consultation(world, patient, lead, first=first)
    status, order, reason = _NEVER.get(story.fate, (CourseStatus.APPROVED, OrderStatus.BOOKED, ""))
    course = _open(world, story, patient, lead, consulted, status=status, order=order)
    if story.fate not in NEVER_BOOKED:
        _treat(world, story, course, placed)
        return course
    if reason:
        course.end_reason, course.ended_at = (
            reason,
            min(world.now, consulted + dt.timedelta(days=world.rng.randrange(1, 9))),
        )
    for number in range(1, story.planned + 1):
        waits = SessionStatus.DROPPED if reason else SessionStatus.PLANNED
        world.rows.add(Session(site=course.site, course=course, number=number, status=waits))
    return course


def _open(
    world: World,
    story: Story,
    patient: Patient,
    physician: Resource,
    at: dt.datetime,
    *,
    status: CourseStatus,
    order: OrderStatus,
) -> Course:
    chosen = clinical.profile(world.rng, sessions=story.planned)
    course = world.rows.add(
        Course(
            site=world.place.site,
            patient=patient,
            protocol_version=world.place.protocol,
            physician=physician,
            diagnosis_code=chosen.code,
            diagnosis=chosen.words,
            status=status,
            planned_sessions=story.planned,
            created_at=at,
            approved_at=at if status == CourseStatus.APPROVED else None,
            version=3,
        )
    )
    world.courses.append(course)
    for target in clinical.targets(world.rng, chosen):
        target.course = course
        world.rows.add(target)
    world.rows.add(
        Order(
            site=course.site,
            patient=patient,
            course=course,
            sessions=story.planned,
            urgency=world.rng.choices(Urgency.values, (15, 30, 55))[0],
            note_for_desk=world.rng.choice(_DESK_NOTES),
            status=order,
            ordered_by=physician.user,
            created_at=at,
        )
    )
    return course


def _treat(world: World, story: Story, course: Course, placed: list[Placed]) -> None:
    """Session by session: the gate before it, its visit, its record; then the state in which that leaves the course."""
    first = placed[0].start
    booked_at = min(
        course.created_at + dt.timedelta(hours=world.rng.uniform(0.2, 1.2)),
        first - dt.timedelta(hours=2),
        world.now,
    )
    reporting = Reporting(world.rng, course, story.gain, first)
    reporting.answer(BASELINE, "baseline", min(first - dt.timedelta(days=3), course.created_at), rate=0.97)
    targets = [row for row in world.rows.of[Target] if row.course is course]
    injected, gate_is_open, called_off = 0, False, False
    for number, visit_plan in enumerate(placed, 1):
        session = world.rows.add(Session(site=course.site, course=course, number=number))
        released = (
            gates.pass_through(world, course, number, visit_plan, reporting) if number > 1 else booked_at
        )
        gate_is_open = gate_is_open or (released is None and _gate_is_near(world, visit_plan))
        if story.fate == Fate.FREED and not called_off and visit_plan.start > world.now:
            called_off = True
            attempts.called_off(world, session, visit_plan, booked_at=booked_at, untold=released is None)
            continue
        if story.fate == Fate.MISSED and number == story.number:
            attempts.missed(world, session, visit_plan, booked_at=booked_at)
            continue
        again = None
        if visit_plan.start < world.now and world.rng.random() < _IN_VAIN:
            again = attempts.in_vain(world, session, visit_plan, booked_at=released or booked_at)
        visit = world.visits.add(
            visit_plan,
            course.patient,
            booked_at=again or booked_at,
            purpose=session.pk,
            provisional=number > 1 and again is None,
            released_at=released if number > 1 and again is None else None,
        )
        world.rows.add(SessionBooking(session=session, appointment=visit.row))
        injected += records.write(world, session, visit, targets, reporting)
    for number in range(len(placed) + 1, story.planned + 1):
        world.rows.add(Session(site=course.site, course=course, number=number, status=SessionStatus.DROPPED))
    endings.settle(world, story, course, placed, reporting, injected=injected, gate_is_open=gate_is_open)
    world.rows.extend(reporting.given)


def _gate_is_near(world: World, placed: Placed) -> bool:
    return placed.start <= world.now + dt.timedelta(days=world.place.protocol.review_lead_days)
