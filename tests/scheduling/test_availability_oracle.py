"""Availability against a brute-force oracle that asks, minute by minute and in instants, the plain question."""

import datetime as dt
import itertools
from uuid import UUID

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from clinic import clock
from scheduling import intervals
from scheduling.models import (
    Allocation,
    Appointment,
    Closure,
    Requirement,
    Resource,
    TimeOff,
    VisitType,
    WorkingHours,
)
from scheduling.services import availability
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import House

# Days around both changes of clock in Berlin, and an ordinary one.
DAYS = [dt.date(2031, 3, 30), dt.date(2031, 10, 26), dt.date(2031, 6, 11)]

Span = tuple[int, int]
minutes_of_day = st.tuples(st.integers(0, 22 * 4), st.integers(1, 24)).map(
    lambda pair: (pair[0] * 15, pair[1] * 15)
)


def periods(day: dt.date, house: House, spans: list[Span]) -> list[tuple[dt.datetime, dt.datetime]]:
    midnight = house.at(day, 0)
    return [
        (midnight + dt.timedelta(minutes=low), midnight + dt.timedelta(minutes=low + length))
        for low, length in spans
    ]


class Facts:
    """The rows, read once; every question is then asked of instants, one after the other."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.zone = house.site.zone
        self.taken = [
            (a.resource_id, a.blocks.lower, a.blocks.upper) for a in Allocation.objects.filter(active=True)
        ]
        self.closed = [(c.period.lower, c.period.upper) for c in Closure.objects.all()]
        self.away = [(t.resource_id, t.period.lower, t.period.upper) for t in TimeOff.objects.all()]
        self.windows = list(WorkingHours.objects.filter(site=house.site))

    def serves(self, resource: Resource, need: Requirement, start: dt.datetime) -> bool:
        begin = start + dt.timedelta(minutes=need.offset)
        end = begin + dt.timedelta(minutes=need.minutes)
        cleaned = end + dt.timedelta(minutes=need.turnover)
        if any(key == resource.pk and low < cleaned and begin < high for key, low, high in self.taken):
            return False
        if any(low < end and begin < high for low, high in self.closed):
            return False
        if any(key == resource.pk and low < end and begin < high for key, low, high in self.away):
            return False
        rules = [None, resource.pk] if resource.is_clinician else [None]
        return all(self._inside(rule, begin, end) for rule in rules)

    def _inside(self, rule: UUID | None, begin: dt.datetime, end: dt.datetime) -> bool:
        minute = begin
        while minute < end:
            day = minute.astimezone(self.zone).date()
            bounds = [
                (clock.local(day, window.opens, self.zone), clock.local(day, window.closes, self.zone))
                for window in self.windows
                if window.resource_id == rule and window.weekday == day.weekday()
            ]
            if not any(low <= minute < high for low, high in bounds):
                return False
            minute += dt.timedelta(minutes=5)
        return True


def oracle(facts: Facts, code: str, day: dt.date) -> set[dt.datetime]:
    """Every start on the grid of the local day at which an assignment of distinct free resources exists."""
    visit_type = facts.house.visit(code)
    needs = [need for need in Requirement.objects.filter(visit_type=visit_type) for _ in range(need.count)]
    start, end = clock.day_bounds(day, facts.zone)
    found = set()
    while start < end:
        choices = [
            [r for r in facts.house.resources[need.kind_id] if facts.serves(r, need, start)] for need in needs
        ]
        if any(_distinct(needs, team) for team in itertools.product(*choices)):
            found.add(start)
        start += dt.timedelta(minutes=visit_type.grid_minutes)
    return found


def _distinct(needs: list[Requirement], team: tuple[Resource, ...]) -> bool:
    for (one, a), (two, b) in itertools.combinations(zip(needs, team, strict=True), 2):
        meet = (
            one.offset < two.offset + two.minutes + two.turnover
            and two.offset < one.offset + one.minutes + one.turnover
        )
        if a == b and meet:
            return False
    return True


class AvailabilityProperty(HypothesisTestCase):
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(
        day=st.sampled_from(DAYS),
        opening=st.lists(minutes_of_day, min_size=1, max_size=2),
        taken=st.lists(st.tuples(st.integers(0, 20), minutes_of_day), max_size=6),
        closures=st.lists(minutes_of_day, max_size=1),
        away=st.lists(minutes_of_day, max_size=2),
    )
    def test_free_starts_equal_the_oracle(
        self,
        day: dt.date,
        opening: list[Span],
        taken: list[tuple[int, Span]],
        closures: list[Span],
        away: list[Span],
    ) -> None:
        house = factory.house(physicians=2, nurses=1, rooms=1, chairs=2, centrifuges=1, bays=1)
        WorkingHours.objects.filter(resource=None).delete()
        for low, length in opening:
            high = min(low + length, 24 * 60 - 1)
            WorkingHours.objects.create(
                site=house.site,
                weekday=day.weekday(),
                opens=dt.time(low // 60, low % 60),
                closes=dt.time(high // 60, high % 60),
            )
        for low, high in periods(day, house, closures):
            Closure.objects.create(site=house.site, period=DateTimeTZRange(low, high), name="Works")
        for low, high in periods(day, house, away):
            TimeOff.objects.create(resource=house.one("physician"), period=DateTimeTZRange(low, high))
        everything = [resource for kind in house.resources.values() for resource in kind]
        for index, span in taken:
            self._take(house, everything[index % len(everything)], periods(day, house, [span])[0])
        patient = clinic.patient()
        start, end = clock.day_bounds(day, house.site.zone)
        VisitType.objects.update(horizon_days=10000)
        facts = Facts(house)
        for code in ("prp_session", "consultation"):
            slots = availability.free_starts(
                visit_type_id=house.visit(code).pk,
                site_id=house.site.pk,
                earliest=start,
                latest=end,
                patient_id=patient.pk,
            )
            assert {slot.start for slot in slots} == oracle(facts, code, day)

    def _take(self, house: House, resource: Resource, span: tuple[dt.datetime, dt.datetime]) -> None:
        if Allocation.objects.filter(resource=resource, blocks__overlap=span).exists():
            return
        visit = Appointment.objects.create(
            site=house.site,
            patient=clinic.patient(),
            visit_type=house.visit("review"),
            period=DateTimeTZRange(*span),
            created_at=clock.now(),
        )
        Allocation.objects.create(
            site=house.site,
            resource=resource,
            appointment=visit,
            period=DateTimeTZRange(*span),
            blocks=DateTimeTZRange(*span),
        )


@pytest.mark.django_db
@pytest.mark.parametrize("days", [1, 30, 365])
def test_calendar_is_read_in_a_constant_number_of_queries(days: int, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    house = factory.house()
    start, patient = clock.now(), clinic.patient()
    with django_assert_num_queries(5):
        availability.free_starts(
            visit_type_id=house.visit("consultation").pk,
            site_id=house.site.pk,
            earliest=start,
            latest=start + dt.timedelta(days=days),
            patient_id=patient.pk,
        )


def test_minute_rounds_outwards() -> None:
    instant = dt.datetime(2031, 1, 1, 0, 0, 30, tzinfo=dt.UTC)
    assert intervals.minute_up(instant) - intervals.minute(instant) == 1
