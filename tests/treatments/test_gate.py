"""The gate by the version's own thresholds; escalation, extension, grave events, approval anew; the whole course by Hypothesis."""

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic import clock
from clinic.exceptions import DomainError, IllegalMove, InvalidInput
from clinic.models import Message, Task
from tests.factories import treatments as factory
from tests.factories.scheduling import BY
from tests.factories.treatments import Ward
from treatments.clinical_rules import ConsentRules, GateRules, TargetRule
from treatments.data import EventData
from treatments.enums import COURSE_TRANSITIONS, Decision
from treatments.models import Course, Review
from treatments.policies import gate, targets
from treatments.policies.gate import Evidence, Fired
from treatments.policies.targets import UsedUp
from treatments.selectors import reviews as reads
from treatments.services import events, gate_watch, orders, outcomes, reviews, sessions

GAIN = Evidence(Decimal(8), Decimal(5), Decimal(15), Decimal(10), Decimal(3), injected=2, left=2)


@pytest.mark.parametrize(
    ("rules", "fired"),
    [
        (GateRules(), Fired.SOME_GAIN),
        (GateRules(nrs_some=40, rmdq_points=6), Fired.NO_GAIN),
        (GateRules(nrs_some=40, rmdq_points=6, reevaluate_after=3), Fired.EARLY),
        (GateRules(nrs_some=20, nrs_substantial=35, rmdq_some=30, pgic_good=3), Fired.TARGET_MET),
        (GateRules(nrs_substantial=35, rmdq_some=90, rmdq_recovered=10, pgic_good=3), Fired.TARGET_MET),
    ],
)
def test_suggestion_follows_the_versions_thresholds(rules: GateRules, fired: Fired) -> None:
    assert gate.suggest(GAIN, rules).fired == fired


def test_what_blocks_the_next_session_suggests_to_stop_while_there_is_one() -> None:
    blocked = dataclasses.replace(GAIN, contraindications=("Pregnant.", "Fever."))
    found = gate.suggest(blocked)
    assert (found.decision, found.fired) == (Decision.STOP, Fired.CONTRAINDICATION)
    assert found.rule.endswith("Pregnant. Fever.")
    assert gate.suggest(dataclasses.replace(blocked, grave_event=True)).fired == Fired.GRAVE_EVENT
    assert gate.suggest(dataclasses.replace(blocked, left=0)).fired != Fired.CONTRAINDICATION


def test_responder_at_the_end_may_be_extended_where_sessions_are_left_by_the_protocol() -> None:
    at_end = Evidence(Decimal(8), Decimal(5), injected=4, left=0, extra=1)
    assert gate.suggest(at_end).decision == Decision.EXTEND
    assert gate.possible(at_end) == (Decision.EXTEND, Decision.COMPLETE, Decision.STOP)
    assert gate.possible(Evidence(injected=5)) == (Decision.COMPLETE, Decision.STOP)


scores = st.none() | st.integers(0, 10).map(Decimal)
ticks = st.none() | st.integers(0, 24).map(Decimal)


@given(
    evidence=st.builds(
        Evidence,
        scores,
        scores,
        ticks,
        ticks,
        st.none() | st.integers(1, 7).map(Decimal),
        st.integers(0, 5),
        st.integers(0, 4),
        st.booleans(),
        st.integers(0, 2),
    ),
    some=st.integers(0, 60),
)
def test_suggestion_is_possible_stops_for_grave_events_only_and_names_what_is_missing(
    evidence: Evidence, some: int
) -> None:
    if evidence.left:
        evidence = Evidence(**{name: getattr(evidence, name) for name in Evidence.__slots__} | {"extra": 0})
    rules = GateRules(nrs_some=some, nrs_substantial=60)
    found = gate.suggest(evidence, rules)
    assert (found.decision == Decision.STOP) == evidence.grave_event
    assert found.decision is None or found.decision in gate.possible(evidence)
    if found.decision is None:
        assert "nrs" in evidence.missing or evidence.nrs_before == 0  # no pain that could have fallen
    if found.fired == Fired.TARGET_MET:
        assert gate.some_gain(evidence, GateRules(nrs_some=60))


def test_level_is_used_up_only_where_the_protocol_says_how_often() -> None:
    rules = [
        TargetRule(structure="disc", ml_low=Decimal(1), ml_high=Decimal(3), most_per_course=1),
        TargetRule(structure="facet", ml_low=Decimal(1), ml_high=Decimal(2)),
    ]
    counts = {("disc", "L4-L5"): 1, ("facet", "L4-L5"): 3, ("disc", "L5-S1"): 0}
    used = UsedUp("disc", "L4-L5", 1, 1)
    assert targets.used_up(rules, counts) == [used]
    assert targets.again(rules, counts, [("disc", "L4-L5"), ("facet", "L4-L5")]) == [used]
    assert targets.again(rules, counts, [("disc", "L5-S1")]) == []


@pytest.fixture
def ward() -> Ward:
    return factory.ward()


@pytest.fixture
def treated(ward: Ward) -> Course:
    """The first session is done; the second, kept free, is in 21 days."""
    order, _visits = factory.booked(ward, first=1, apart=20)
    factory.inject(ward, order.course, at=clock.now() - dt.timedelta(days=12))
    return Course.objects.get(pk=order.course_id)


def at_end(ward: Ward, **fields: Any) -> Course:
    """A course of one session, which is done."""
    order, _visits = factory.booked(ward, first=1, placed=factory.order(ward, sessions=1, **fields))
    factory.inject(ward, order.course, at=clock.now() - dt.timedelta(days=2))
    reviews.open_due(by=BY)
    return Course.objects.get(pk=order.course_id)


def answer(ward: Ward, course: Course, point: str, pain: int) -> None:
    outcomes.record_response(
        by=ward.nurse, course_id=course.pk, instrument="nrs", time_point=point, answers={"value": pain}
    )


def decide(ward: Ward, course: Course, decision: Decision, number: int = 2, **more: Any) -> Review:
    return reviews.decide(
        by=ward.physician, course_id=course.pk, before_session=number, decision=decision, **more
    )


def grave(ward: Ward, course: Course, **fields: Any) -> None:
    today = clock.today(ward.house.site.zone)
    data = EventData(**({"code": "infection", "grade": 3, "started_on": today} | fields))
    events.record(by=ward.nurse, course_id=course.pk, data=data)


in_database = pytest.mark.django_db


@in_database
def test_decision_keeps_evidence_thresholds_and_their_version(ward: Ward, treated: Course) -> None:
    factory.rewrite_protocol(ward, rules={"gate": GateRules(nrs_some=60, nrs_substantial=80)})
    for point, pain in (("baseline", 8), ("before_2", 4)):
        answer(ward, treated, point, pain)

    kept = decide(ward, treated, Decision.CONTINUE).evidence

    assert kept["rule"] == "early"
    assert (kept["seen"]["nrs_before"], kept["seen"]["nrs_now"]) == ("8.000", "4.000")
    assert (kept["thresholds"]["nrs_some"], kept["protocol_number"]) == (60, 1)
    assert kept["missing"] == ["rmdq", "pgic"]
    assert kept["protocol_version"] == str(treated.protocol_version_id)


@in_database
def test_undecided_gate_goes_to_the_physician_then_to_the_manager_and_the_patient_hears_nothing(
    ward: Ward, treated: Course
) -> None:
    """Review lead 12, preparation 10, escalation 3 days: the visit, in 21, must be released in 11."""
    seen = []
    for days in (7, 10, 10, 12, 12):
        clock.set_offset(dt.timedelta(days=days))
        reviews.open_due(by=BY)
        gate_watch.escalate_due(by=BY)
        seen.append(sorted(Task.objects.values_list("kind", flat=True)))

    assert seen == [
        [],
        ["decide_gate"],
        ["decide_gate"],
        ["decide_gate", "gate_overdue"],
        ["decide_gate", "gate_overdue"],
    ]
    assert sorted(Task.objects.values_list("role", flat=True)) == ["manager", "physician"]
    visit = factory.session(treated, 2).bookings.get().appointment
    assert not Message.objects.filter(about=f"appointment:{visit.pk}").exists()


@in_database
def test_decision_after_the_late_time_still_tells_the_patient_at_once(ward: Ward, treated: Course) -> None:
    visit = factory.session(treated, 2).bookings.get().appointment
    clock.set_offset(dt.timedelta(days=19))
    reviews.open_due(by=BY)
    gate_watch.escalate_due(by=BY)
    gate_watch.escalate_due(by=BY)

    decide(ward, treated, Decision.CONTINUE)

    due = dict(Message.objects.filter(about=f"appointment:{visit.pk}").values_list("kind", "planned_for"))
    assert due["appointment.confirmation"] <= clock.now() + dt.timedelta(minutes=5)
    assert "appointment.reminder_1d" in due
    assert "appointment.reminder_3d" not in due
    assert list(Task.objects.order_by("kind").values_list("kind", "state")) == [
        ("decide_gate", "done"),
        ("gate_overdue", "done"),
    ]


@in_database
def test_grave_event_stops_the_course_at_its_gate_and_makes_a_task(ward: Ward, treated: Course) -> None:
    decide(ward, treated, Decision.CONTINUE)
    grave(ward, treated)

    treated.refresh_from_db()
    assert treated.status == "review_due"
    assert Task.objects.get(kind="grave_event").role == "physician"
    visit = factory.session(treated, 2).bookings.get().appointment
    assert visit.status == "booked"
    with pytest.raises(InvalidInput, match="needs a reason"):
        decide(ward, treated, Decision.CONTINUE)

    decide(ward, treated, Decision.STOP, reason="Infection after session 1")

    assert [review.superseded_at is None for review in reads.decided(treated)] == [False, True]
    assert Task.objects.get(kind="grave_event").state == "done"
    visit.refresh_from_db()
    assert visit.status == "cancelled"


@in_database
@pytest.mark.parametrize(
    ("fields", "stopped"),
    [
        ({"grade": 2}, False),
        ({"grade": 3}, True),
        ({"grade": 1, "seriousness": "hospital"}, True),
    ],
)
def test_event_stops_by_grade_or_seriousness(
    ward: Ward, treated: Course, fields: dict[str, Any], stopped: bool
) -> None:
    grave(ward, treated, **fields)
    treated.refresh_from_db()
    assert (treated.status == "review_due") is stopped


@in_database
def test_session_is_not_cleared_while_its_gate_is_undecided(ward: Ward, treated: Course) -> None:
    grave(ward, treated)
    second = factory.session(treated, 2)
    with pytest.raises(IllegalMove, match="has not decided"):
        sessions.clear(by=ward.nurse, session_id=second.pk)

    decide(ward, treated, Decision.CONTINUE, reason="Superficial, healed")

    sessions.clear(by=ward.nurse, session_id=second.pk)


@in_database
def test_gate_of_the_third_session_waits_for_the_second(ward: Ward) -> None:
    """Sessions every 9 days, a review lead of 12: the second is released, the third comes into the lead."""
    factory.rewrite_protocol(ward, interval_warn_days=7)
    order, _visits = factory.booked(ward, first=1, apart=9)
    factory.inject(ward, order.course, at=clock.now() - dt.timedelta(days=2))
    course = Course.objects.get(pk=order.course_id)
    decide(ward, course, Decision.CONTINUE)
    clock.set_offset(dt.timedelta(days=8))
    assert reviews.open_due(by=BY) == 0

    factory.inject(ward, course, 2, at=clock.now() - dt.timedelta(hours=1))

    assert reviews.open_due(by=BY) == 1


@in_database
def test_grade_that_stops_is_the_versions(ward: Ward, treated: Course) -> None:
    factory.rewrite_protocol(ward, rules={"gate": GateRules(grave_grade=4)})
    grave(ward, treated)
    treated.refresh_from_db()
    assert treated.status == "active"


@in_database
def test_extension_adds_a_session_for_the_desk_asks_for_consent_and_happens_once(ward: Ward) -> None:
    course = at_end(ward)
    decide(ward, course, Decision.EXTEND, sessions=2, reason="Half better, wants to go on")

    course.refresh_from_db()
    assert (course.status, course.extended, course.planned_sessions) == ("active", True, 3)
    assert list(course.sessions.order_by("number").values_list("status", flat=True)) == [
        "injected",
        "planned",
        "planned",
    ]
    assert (course.order.status, course.order.sessions) == ("open", 3)
    assert Task.objects.get(kind="fresh_consent").role == "nurse"

    _order, visits = factory.booked(ward, first=10, placed=course.order, apart=20)
    assert [visit.status for visit in visits] == ["booked", "provisional"]
    with pytest.raises(IntegrityError, match="extended once"), transaction.atomic():
        Course.objects.filter(pk=course.pk).update(planned_sessions=5)


@in_database
def test_extension_without_the_consent_rule_asks_for_none(ward: Ward) -> None:
    factory.rewrite_protocol(ward, rules={"consent": ConsentRules(fresh_on_extension=False)})
    decide(ward, at_end(ward), Decision.EXTEND, reason="Better")
    assert not Task.objects.filter(kind="fresh_consent").exists()


@in_database
def test_extension_beyond_the_most_or_before_the_end_is_refused(ward: Ward, treated: Course) -> None:
    with pytest.raises(InvalidInput, match="leave this decision open"):
        decide(ward, treated, Decision.EXTEND, reason="Wants more")
    with pytest.raises(InvalidInput, match="4 more at most"):
        decide(ward, at_end(ward), Decision.EXTEND, sessions=5, reason="Wants more")


@in_database
def test_course_in_follow_up_is_extended_and_its_closing_decision_superseded(ward: Ward) -> None:
    course = at_end(ward)
    decide(ward, course, Decision.COMPLETE)
    decide(ward, course, Decision.EXTEND, reason="Pain came back in part")
    course.refresh_from_db()
    assert course.status == "active"
    assert [review.superseded_at is None for review in reads.decided(course)] == [False, True]


@in_database
def test_continuing_a_course_without_a_session_left_is_refused(ward: Ward) -> None:
    with pytest.raises(InvalidInput, match="leave this decision open"):
        decide(ward, at_end(ward), Decision.CONTINUE)


@in_database
def test_hold_needs_a_reason_reminds_on_its_day_and_ends_with_resuming(ward: Ward, treated: Course) -> None:
    with pytest.raises(InvalidInput, match="Say why"):
        reviews.hold(by=ward.physician, course_id=treated.pk, reason=" ")
    with pytest.raises(InvalidInput, match="has passed"):
        reviews.hold(by=ward.physician, course_id=treated.pk, reason="Flu", until=ward.day(-1))
    reviews.hold(by=ward.physician, course_id=treated.pk, reason="Flu", until=ward.day(5))
    treated.refresh_from_db()
    assert (treated.hold_reason, treated.held_until, treated.held_by_id) == (
        "Flu",
        ward.day(5),
        ward.physician.user_id,
    )
    assert Task.objects.get(kind="course_held").due_at.astimezone(ward.house.site.zone).date() == ward.day(5)

    reviews.resume(by=ward.physician, course_id=treated.pk)

    treated.refresh_from_db()
    assert (treated.status, treated.hold_reason, treated.held_until) == ("active", "", None)
    assert Task.objects.get(kind="course_held").state == "done"


@in_database
def test_lapsed_approval_is_renewed_by_new_screening(ward: Ward) -> None:
    order = factory.order(ward)
    clock.set_offset(dt.timedelta(days=200))
    with pytest.raises(DomainError, match="approval lapses"):
        factory.booked(ward, placed=order)

    reviews.renew_approval(by=ward.physician, course_id=order.course_id)

    assert len(factory.booked(ward, placed=order)[1]) == 4


@in_database
@pytest.mark.parametrize("count", [1, 30])
def test_list_of_gates_takes_constant_queries(ward: Ward, count: int) -> None:
    for _number in range(count):
        order = factory.order(ward, sessions=1)
        Course.objects.filter(pk=order.course_id).update(status="active")
        Course.objects.filter(pk=order.course_id).update(status="review_due")
    with CaptureQueriesContext(connection) as queries:
        found = reads.waiting(site=ward.house.site)
        assert [one.suggestion.fired for one in found] == [Fired.NOT_ASKED] * count
    # The clock of the tests asks the database at every look; that of production does not.
    assert sum("clinic_clockoffset" not in query["sql"] for query in queries) == 15


ACTS = st.sampled_from(
    [
        "fit",
        "unfit",
        "inject",
        "open",
        "continue",
        "complete",
        "stop",
        "extend",
        "hold",
        "resume",
        "end",
        "close",
        "grave",
    ]
)


@in_database
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACTS, min_size=4, max_size=10))
def test_course_walks_only_along_its_table(ward: Ward, acts: list[str]) -> None:
    """Whatever is tried in whatever order: a refusal changes nothing, a success is a move of the table."""
    course = factory.order(ward, sessions=2, screening_complete=False).course
    for act in acts:
        before = Course.objects.get(pk=course.pk)
        try:
            _do(ward, before, act)
        except DomainError:
            after = Course.objects.get(pk=course.pk)
            assert (after.status, after.version) == (before.status, before.version)
            continue
        after = Course.objects.get(pk=course.pk)
        assert after.status == before.status or _reachable(before.status, after.status), act
        assert (after.ended_at is not None) == (not COURSE_TRANSITIONS[after.status])


def _reachable(old: str, new: str) -> bool:
    """In one move, or in the two that a decision outside an open gate is."""
    ways = COURSE_TRANSITIONS[old]
    return new in ways or any(new in COURSE_TRANSITIONS[way] for way in ways)


def _do(ward: Ward, course: Course, act: str) -> None:
    by, key = ward.physician, course.pk
    match act:
        case "fit" | "unfit":
            orders.finish_screening(by=by, course_id=key, fit=act == "fit", reason="Anaemia")
        case "inject":
            waiting = course.sessions.filter(status="planned").first()
            if waiting is None or course.status not in ("approved", "active"):
                raise IllegalMove("no session")
            at = clock.now() - dt.timedelta(days=30) + dt.timedelta(days=7 * waiting.number)
            factory.inject(ward, course, waiting.number, at=at)
        case "open":
            reviews.open_due(by=BY)
        case "hold":
            reviews.hold(by=by, course_id=key, reason="Away")
        case "resume":
            reviews.resume(by=by, course_id=key)
        case "end":
            reviews.discontinue(by=by, course_id=key, reason="Withdrew")
        case "close":
            reviews.close(by=by, course_id=key)
        case "grave":
            grave(ward, course)
        case _:
            number = reads.next_number(course)
            decide(ward, course, Decision(act), number, reason="Because")
