"""The gate before a repeat: the answers, the review visit where there is one, the decision where it was taken."""

import datetime as dt

from treatments.demo.outcomes import AT_GATE
from treatments.demo.outcomes import Patient as Reporting
from treatments.demo.planner import Placed
from treatments.demo.world import DAY, World
from treatments.enums import Decision
from treatments.models import Course, Review
from treatments.policies import gate

EVENING = dt.time(19, 20)
REASONS = {
    Decision.CONTINUE: "The patient wishes to finish the planned series.",
    Decision.RE_EVALUATE: "Examined again, imaging reviewed; the targets stay the same.",
    Decision.COMPLETE: "The patient is content and wishes to stop here.",
    Decision.STOP: "No benefit so far; other options were discussed.",
}
_GOES_ON = (Decision.CONTINUE, Decision.RE_EVALUATE)
_REVIEW_BOOKED_AHEAD = dt.timedelta(days=24)


def pass_through(
    world: World, course: Course, number: int, placed: Placed, reporting: Reporting
) -> dt.datetime | None:
    """When session `number` was let go ahead, or None where the physician has not decided yet."""
    day = world.day_of(placed.start)
    lead = world.place.protocol.review_lead_days
    asked = world.local(day - dt.timedelta(days=lead + 1), EVENING)
    if asked < world.now:
        reporting.answer(AT_GATE, f"before_{number}", asked, rate=0.95)
    wished = day - dt.timedelta(days=world.rng.randrange(2, lead - 1))
    decided_at = world.local(wished, dt.time(12, 40))
    if world.rng.random() < 0.6 and wished <= world.today + _REVIEW_BOOKED_AHEAD:
        decided_at = _review_visit(world, course, wished, placed) or decided_at
    if day <= world.today:
        decided_at = min(decided_at, world.local(world.yesterday, dt.time(16)))
    if decided_at > world.now:
        return None
    suggested = reporting.suggestion(
        decided_at, injected=number - 1, left=course.planned_sessions - number + 1
    ).decision
    decision = suggested if suggested in _GOES_ON else Decision.CONTINUE
    needs_reason = decision == Decision.RE_EVALUATE or suggested not in (decision, None)
    decide(
        world,
        course,
        number,
        Decision(decision),
        reporting,
        at=decided_at,
        reason=REASONS[decision] if needs_reason else "",
    )
    return decided_at


def decide(
    world: World,
    course: Course,
    number: int,
    decision: Decision,
    reporting: Reporting,
    *,
    at: dt.datetime,
    reason: str,
) -> None:
    """Write a decision beside what the rule would have suggested at that time."""
    left = course.planned_sessions - number + 1
    suggestion = reporting.suggestion(at, injected=number - 1, left=left)
    version = world.place.protocol
    world.rows.add(
        Review(
            course=course,
            before_session=number,
            suggestion=suggestion.decision or "",
            suggestion_rule=suggestion.rule,
            evidence=gate.snapshot(
                reporting.evidence(at, injected=number - 1, left=left),
                suggestion,
                version.clinical.gate,
                protocol_version=str(version.pk),
                number=version.number,
            ),
            decision=decision,
            reason=reason,
            decided_by=course.physician.user,
            decided_at=at,
        )
    )


def _review_visit(world: World, course: Course, wished: dt.date, session: Placed) -> dt.datetime | None:
    """When the review visit ends, as planned or as it was."""
    rng, past = world.rng, wished < world.today
    placed = world.planner.near(
        "review",
        course.patient_id,
        wished,
        at=dt.time(rng.choice((8, 9, 10, 11, 13, 14, 15, 16)), rng.choice((0, 15, 30, 45))),
        lead=session.lead,
        reach=2,
        latest=world.yesterday if past else world.day_of(session.start) - DAY,
        earliest=None if past else world.today,
    )
    if placed is None:
        return None
    booked = min(world.now, placed.start - dt.timedelta(days=14)) - dt.timedelta(hours=rng.uniform(1, 30))
    visit = world.visits.add(
        placed, course.patient, booked_at=max(world.at_the_desk(booked), course.created_at)
    )
    return visit.ended("review") or placed.end
