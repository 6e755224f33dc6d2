"""The plan for a whole course: within the protocol, near the interval, around what a person decided."""

import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic import clock
from clinic.models import Site
from scheduling.enums import DayPart
from scheduling.models import Closure, TimeOff
from scheduling.services import away, booking
from scheduling.services.plans import VisitRequest
from tests.factories import treatments as factory
from tests.factories.treatments import Ward
from treatments.enums import Urgency
from treatments.models import Order, ProtocolVersion
from treatments.services import alternatives, planning, proposing
from treatments.services.horizon import Choice, Wishes
from treatments.services.proposals import CoursePlan, Wanted

pytestmark = pytest.mark.django_db


@pytest.fixture
def ward() -> Ward:
    return factory.ward()


@pytest.fixture
def at_fixed_time() -> Iterator[Callable[[dt.datetime], None]]:
    """Put the clock to an instant."""

    def put(instant: dt.datetime) -> None:
        clock.set_offset(dt.timedelta(0))
        clock.set_offset(instant - clock.now())

    yield put
    clock.set_offset(dt.timedelta(0))


def propose(ward: Ward, order: Order, first: dt.datetime, **said: Any) -> CoursePlan:
    wishes = Wishes(first, **{key: said.pop(key) for key in ("lead_id", "part", "not_on") if key in said})
    return proposing.propose(by=ward.desk, order_id=order.pk, wishes=wishes, wanted=Wanted(**said))


def local(plan: CoursePlan) -> list[dt.datetime]:
    return [start.astimezone(plan.order.site.zone) for start in plan.starts]


def gaps(plan: CoursePlan) -> list[int]:
    return [(b.date() - a.date()).days for a, b in itertools.pairwise(local(plan))]


def take(ward: Ward, start: dt.datetime, lead_id: UUID | None = None) -> None:
    """Somebody else books a consultation."""
    request = VisitRequest(
        patient_id=factory.clinic.patient().pk,
        visit_type_id=ward.house.visit("consultation").pk,
        site_id=ward.house.site.pk,
        start=start,
        lead_id=lead_id,
    )
    booking.book(request=request, by=ward.desk)


def test_plan_keeps_interval_weekday_wall_time_and_clinician(ward: Ward) -> None:
    order = factory.order(ward)
    plan = propose(ward, order, ward.at(3, 14, 30))
    assert plan.is_complete
    assert local(plan)[0] == ward.at(3, 14, 30)
    assert gaps(plan) == [28, 28, 28]
    assert {start.time() for start in local(plan)} == {dt.time(14, 30)}
    assert {step.chosen.lead_id for step in plan.steps if step.chosen} == {order.course.physician_id}
    assert [step.refusals for step in plan.steps] == [()] * 4


def test_plan_is_the_same_each_time(ward: Ward) -> None:
    order = factory.order(ward)
    first = propose(ward, order, ward.at(3))
    assert propose(ward, order, ward.at(3)) == first


def test_wished_clinician_leads_every_session(ward: Ward) -> None:
    lead = ward.house.resources["physician"][1]
    plan = propose(ward, factory.order(ward), ward.at(3), lead_id=lead.pk)
    assert {step.lead for step in plan.steps} == {lead}


def test_mornings_only_and_not_on_some_days(ward: Ward) -> None:
    not_on = frozenset({ward.day(3).weekday(), ward.day(4).weekday()})
    plan = propose(ward, factory.order(ward), ward.at(3, 14), part=DayPart.MORNING, not_on=not_on)
    assert local(plan)[0].date() == ward.day(5)
    assert all(start.time() < dt.time(12) for start in local(plan))
    assert not {start.weekday() for start in local(plan)} & not_on


def test_afternoon_is_the_nearest_to_the_usual_time(ward: Ward) -> None:
    plan = propose(ward, factory.order(ward), ward.at(3), part=DayPart.AFTERNOON)
    assert {start.time() for start in local(plan)} == {dt.time(12)}


def test_taken_time_costs_half_an_hour_rather_than_a_day(ward: Ward) -> None:
    order = factory.order(ward, sessions=2)
    for physician in ward.house.resources["physician"]:
        take(ward, ward.at(31, 15), physician.pk)
    plan = propose(ward, order, ward.at(3, 14, 30))
    second = local(plan)[1]
    assert second.date() == ward.day(31)
    assert second.time() != dt.time(14, 30)


def test_days_away_and_closures_are_planned_around(ward: Ward) -> None:
    order = factory.order(ward, sessions=2)
    away.add(patient_id=order.patient_id, first_day=ward.day(29), last_day=ward.day(40), by=ward.desk)
    Closure.objects.create(site=ward.house.site, period=(ward.at(24, 0), ward.at(29, 0)), name="Works")
    physician = ward.house.one("physician").pk
    plan = propose(ward, order, ward.at(3), pinned={1: Choice(ward.at(3), physician)})
    assert [start.date() for start in local(plan)] == [ward.day(3), ward.day(23)]


def test_urgent_first_session_does_not_wait_for_a_better_interval(ward: Ward) -> None:
    for urgency, first in ((Urgency.URGENT, ward.day(3)), (Urgency.ROUTINE, ward.day(13))):
        order = factory.order(ward, sessions=2, urgency=urgency)
        away.add(patient_id=order.patient_id, first_day=ward.day(24), last_day=ward.day(40), by=ward.desk)
        assert local(propose(ward, order, ward.at(3)))[0].date() == first


def test_clinician_on_leave_is_waited_for_some_days_not_for_weeks(ward: Ward) -> None:
    first, second = ward.house.resources["physician"]
    order = factory.order(ward, sessions=2)
    TimeOff.objects.create(resource=first, period=(ward.at(30, 0), ward.at(32, 0)), reason="Leave")
    plan = propose(ward, order, ward.at(3))
    assert [step.lead for step in plan.steps] == [first, first]
    TimeOff.objects.create(resource=first, period=(ward.at(12, 0), ward.at(80, 0)), reason="Leave")
    plan = propose(ward, order, ward.at(3))
    assert [step.lead for step in plan.steps] == [second, second]
    assert gaps(plan) == [28]


def test_pinned_session_stays_and_the_rest_is_planned_around_it(ward: Ward) -> None:
    order = factory.order(ward)
    physician = ward.house.one("physician").pk
    plan = propose(ward, order, ward.at(3), pinned={3: Choice(ward.at(70, 11), physician)})
    assert plan.starts[2] == ward.at(70, 11)
    assert [step.is_pinned for step in plan.steps] == [False, False, True, False]
    assert all(14 <= gap <= 56 for gap in gaps(plan))
    assert {start.time() for start in local(plan)} == {dt.time(11)}


def test_pins_too_close_together_are_kept_and_objected_to(ward: Ward) -> None:
    order = factory.order(ward)
    physician = ward.house.one("physician").pk
    pinned = {2: Choice(ward.at(40), physician), 3: Choice(ward.at(45), physician)}
    plan = propose(ward, order, ward.at(3), pinned=pinned)
    assert plan.starts[1:3] == [ward.at(40), ward.at(45)]
    words = [[refusal.code for refusal in step.refusals] for step in plan.steps]
    assert words == [[], ["interval_blocked"], ["interval_blocked"], []]


def test_pin_that_was_taken_is_said_and_planned_anew(ward: Ward) -> None:
    order = factory.order(ward)
    physician = ward.house.one("physician").pk
    take(ward, ward.at(31, 9, 45), physician)
    plan = propose(ward, order, ward.at(3), pinned={2: Choice(ward.at(31), physician)})
    assert plan.steps[1].note == "The time chosen before is not free any more."
    assert plan.is_complete


def test_another_day_is_given_the_best_start_on_it(ward: Ward) -> None:
    order = factory.order(ward)
    plan = propose(ward, order, ward.at(3, 10), days={2: ward.day(36)})
    assert local(plan)[1] == ward.at(36, 10)
    assert plan.steps[1].is_pinned
    assert gaps(plan)[1:] == [28, 28]


def test_another_day_with_nothing_free_is_said(ward: Ward) -> None:
    order = factory.order(ward)
    Closure.objects.create(site=ward.house.site, period=(ward.at(36, 0), ward.at(37, 0)), name="Works")
    plan = propose(ward, order, ward.at(3), days={2: ward.day(36)})
    assert plan.steps[1].note == "Nothing is free on that day. This is the nearest that suits."
    assert plan.is_complete


def test_session_left_out_has_no_start_and_keeps_its_room(ward: Ward) -> None:
    plan = propose(ward, factory.order(ward), ward.at(3), left_out={2})
    assert [step.number for step in plan.to_book] == [1, 3, 4]
    assert gaps(plan) == [56, 28]
    assert plan.is_complete


def test_booked_and_done_sessions_are_fixed_points(ward: Ward) -> None:
    order, visits = factory.booked(ward, first=10)
    booking_of_three = visits[2]
    from scheduling.services import endings

    endings.cancel(appointment_id=booking_of_three.pk, reason="clinician_away", by=ward.desk)
    plan = propose(ward, order, ward.at(1))
    assert [step.number for step in plan.steps] == [3]
    assert local(plan) == [ward.at(66)]
    assert [past.number for past in plan.past] == [1, 2, 4]


def test_nothing_within_the_limits_goes_down_to_what_the_protocol_refuses(ward: Ward) -> None:
    order = factory.order(ward, sessions=2)
    Closure.objects.create(site=ward.house.site, period=(ward.at(12, 0), ward.at(80, 0)), name="Works")
    physician = ward.house.one("physician").pk
    plan = propose(ward, order, ward.at(3), pinned={1: Choice(ward.at(3), physician)})
    assert plan.is_complete
    assert (gaps(plan), plan.keeps_band) == ([7], False)
    assert [bool(step.refusals) for step in plan.steps] == [True, True]


def test_what_cannot_be_placed_is_left_open(ward: Ward) -> None:
    order = factory.order(ward, sessions=2)
    Closure.objects.create(site=ward.house.site, period=(ward.at(4, 0), ward.at(500, 0)), name="Works")
    plan = propose(ward, order, ward.at(3))
    assert [step.chosen is not None for step in plan.steps] == [True, False]
    assert not plan.is_complete


def test_offers_keep_the_limits_and_are_free(ward: Ward) -> None:
    plan = propose(ward, factory.order(ward), ward.at(3))
    for step in plan.steps:
        days = {choice.start.astimezone(plan.order.site.zone).date() for choice in step.others}
        assert len(days) == alternatives.OFFERED_DAYS
    starts = {step.number: choice.start for step in plan.steps if (choice := step.others[-1])}
    leads = {step.number: step.others[-1].lead_id for step in plan.steps}
    booked = planning.book_course(
        by=ward.desk, order_id=plan.order.pk, starts=starts, leads=leads, request_key=factory.uuid4()
    )
    assert len(booked) == 4


@pytest.mark.parametrize("sessions", [2, 5])
def test_plan_asks_the_same_number_of_questions_at_any_length(ward: Ward, sessions: int) -> None:
    order = factory.order(ward, sessions=sessions)
    for day in range(sessions * 3):
        take(ward, ward.at(3 + day, 9))
    with CaptureQueriesContext(connection) as queries:
        propose(ward, order, ward.at(3))
    asked = [query for query in queries.captured_queries if "clinic_clockoffset" not in query["sql"]]
    assert len(asked) == 14


@pytest.mark.parametrize(
    ("zone", "today", "change"),
    [
        ("Europe/Berlin", "2027-03-10T08:00:00+00:00", dt.date(2027, 3, 28)),
        ("Europe/Berlin", "2027-10-10T08:00:00+00:00", dt.date(2027, 10, 31)),
        ("America/New_York", "2027-03-01T15:00:00+00:00", dt.date(2027, 3, 14)),
    ],
)
def test_bug_11_series_keeps_wall_time_over_the_change_of_clocks(
    at_fixed_time: Callable[[dt.datetime], None], zone: str, today: str, change: dt.date
) -> None:
    """Bug 11 of others: the sessions before and after the spring gap and the autumn fold start at one wall time."""
    at_fixed_time(dt.datetime.fromisoformat(today))
    site = factory.clinic.site()
    Site.objects.filter(pk=site.pk).update(time_zone=zone)
    ward = factory.ward(site=Site.objects.get(pk=site.pk))
    plan = propose(ward, factory.order(ward), ward.at(3, 10))
    days = [start.date() for start in local(plan)]
    assert days[0] < change < days[-1]
    assert {start.time() for start in local(plan)} == {dt.time(10)}
    assert len({start.utcoffset() for start in local(plan)}) == 2
    assert gaps(plan) == [28, 28, 28]
    booked = planning.book_course(
        by=ward.desk,
        order_id=plan.order.pk,
        starts={step.number: step.chosen.start for step in plan.to_book if step.chosen},
        request_key=factory.uuid4(),
    )
    assert {visit.period.lower.astimezone(ward.house.site.zone).time() for visit in booked} == {dt.time(10)}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_plans_keep_the_limits_the_pins_and_what_was_left_out(ward: Ward, data: st.DataObject) -> None:
    """Over random wishes and random days on which the patient is away: every free gap within the protocol."""
    order = Order.objects.filter(site=ward.house.site).first() or factory.order(ward, sessions=5)
    version = ProtocolVersion.objects.get(pk=order.course.protocol_version_id)
    pin = data.draw(st.none() | st.tuples(st.integers(1, 5), st.integers(3, 220)))
    left_out = data.draw(st.sets(st.integers(1, 5), max_size=2)) - {pin[0] if pin else 0}
    physician = ward.house.one("physician").pk
    pinned = {pin[0]: Choice(ward.at(pin[1], 10), physician)} if pin else {}
    not_on = frozenset(data.draw(st.sets(st.integers(0, 6), max_size=4)))
    part = data.draw(st.sampled_from(list(DayPart)))
    plan = propose(ward, order, ward.at(3), pinned=pinned, left_out=left_out, part=part, not_on=not_on)
    chosen = {step.number: step.chosen.start for step in plan.to_book if step.chosen}
    assert not set(chosen) & left_out
    for number, choice in pinned.items():
        assert chosen.get(number) == choice.start
    for step in plan.to_book:
        if step.gap is not None and step.after is not None:
            steps = step.number - step.after
            least = version.interval_warn_days if plan.keeps_band else version.interval_block_days
            assert least * steps <= step.gap
            assert not plan.keeps_band or step.gap <= version.interval_max_days * steps
    if not pin:
        assert plan.is_complete
        assert plan.keeps_band
        assert not any(step.refusals for step in plan.steps)
    for number, start in chosen.items():
        wall = start.astimezone(plan.order.site.zone)
        if number not in pinned:
            assert wall.weekday() not in not_on
            assert part == DayPart.ANY or (wall.hour < 12) == (part == DayPart.MORNING)
    assert (
        propose(ward, order, ward.at(3), pinned=pinned, left_out=left_out, part=part, not_on=not_on) == plan
    )
