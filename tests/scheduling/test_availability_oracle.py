"""The search for starts against a naive reading of the definitions, and against one statement of multiranges."""

import datetime as dt
from typing import Any

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from clinic import clock
from clinic.models import Patient
from scheduling import intervals
from scheduling.enums import HoldReason
from scheduling.intervals import instant
from scheduling.models import (
    Allocation,
    Appointment,
    Closure,
    ExtraHours,
    Hold,
    Qualification,
    Requirement,
    Resource,
    TimeOff,
    VisitType,
    WorkingHours,
)
from scheduling.selectors import calendar as calendars
from scheduling.services import availability
from tests import multiranges
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import House
from tests.scheduling.naive import Naive

# Days around the changes of clock, of an hour and of half an hour, on both halves of the globe, and ordinary ones.
PLACES = [
    ("Europe/Berlin", dt.date(2031, 3, 30)),
    ("Europe/Berlin", dt.date(2031, 10, 26)),
    ("Europe/Berlin", dt.date(2031, 6, 11)),
    ("America/New_York", dt.date(2031, 3, 9)),
    ("America/New_York", dt.date(2031, 11, 2)),
    ("Australia/Lord_Howe", dt.date(2031, 4, 6)),
    ("Australia/Lord_Howe", dt.date(2031, 10, 5)),
    ("Asia/Kolkata", dt.date(2031, 6, 11)),
]
Window = tuple[int, int]
"""Minutes since local midnight and a length, or two times of the day."""

minutes = st.one_of(st.integers(0, 95).map(lambda quarter: quarter * 15), st.integers(0, 1439))
lengths = st.one_of(st.sampled_from([20, 30, 60, 120, 300]), st.integers(1, 400))
spans = st.tuples(minutes, lengths)
short = st.tuples(minutes, st.integers(5, 60))
# Long windows more often than short ones, or hardly anything would ever be free.
validity = st.sampled_from([(-1, 1), (-1, -1), (0, 0), (1, 1)])
"""First and last day on which hours count, from the day that is looked at."""
hours = st.tuples(st.integers(0, 10 * 60), st.integers(6 * 60, 14 * 60))
who = st.integers(0, 20)
# One of a kind each: only what is scarce shows whether a minute more or less is kept free.
scarce = st.sampled_from(["procedure_room", "centrifuge", "recovery_bay", "consulting_room"])
worlds = st.fixed_dictionaries(
    {
        "place": st.sampled_from(PLACES),
        "grid": st.sampled_from([5, 15, 15, 20, 45, 60]),
        "opening": st.lists(hours, min_size=1, max_size=2),
        "working": st.lists(st.tuples(st.integers(0, 3), hours, validity), min_size=1, max_size=3),
        "extra": st.lists(st.tuples(st.none() | who, spans), max_size=2),
        "closures": st.lists(spans, max_size=1),
        "away": st.lists(st.tuples(who, spans), max_size=2),
        "taken": st.lists(
            st.tuples(scarce, short, st.sampled_from(["visit", "ended", "held", "expired"])),
            min_size=1,
            max_size=6,
        ),
        "patient": st.lists(spans, max_size=1),
        "kept_free": st.lists(
            st.tuples(scarce, st.sampled_from([0, 7, 25]), st.sampled_from([0, 12, 25])),
            min_size=2,
            max_size=3,
        ),
        "qualified": st.lists(st.integers(0, 3), max_size=2, unique=True),
        "also": st.booleans(),
        "second_nurse": st.none() | st.tuples(st.integers(0, 60), st.sampled_from([1, 2])),
    }
)


class AvailabilityProperty(HypothesisTestCase):
    house: House
    patient: Patient

    @classmethod
    def setUpTestData(cls) -> None:
        cls.house = factory.house(physicians=2, nurses=2, rooms=1, chairs=2, centrifuges=1, bays=1)
        cls.patient = clinic.patient()
        VisitType.objects.update(horizon_days=10_000)

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(world=worlds)
    def test_starts_equal_the_oracle_by_both_methods(self, world: dict[str, Any]) -> None:
        zone_name, day = world["place"]
        self._build(zone_name, day, world)
        now = clock.now()
        for code in ("prp_session", "consultation"):
            visit_type = VisitType.objects.select_related("site").get(pk=self.house.visit(code).pk)
            naive = Naive(visit_type, day, now=now)
            low, high = naive.days[day][0], naive.days[day][-1] + dt.timedelta(minutes=1)
            asked: dict[str, Any] = {
                "visit_type_id": visit_type.pk,
                "site_id": visit_type.site_id,
                "earliest": low,
                "latest": high,
                "patient_id": self.patient.pk,
            }
            expected = naive.starts(patient_id=self.patient.pk)
            found = availability.openings(**asked)
            assert found.starts == expected
            for physician in self.house.resources["physician"]:
                led = naive.starts(lead_id=physician.pk, patient_id=self.patient.pk)
                assert found.by_lead.get(physician.pk, []) == led
            self._check_teams(naive, availability.free_starts(**asked), expected)
            calendar = calendars.load(**asked, now=now)
            on_grid = [
                start
                for part in multiranges.starts(calendar, now=now)
                for start in map(instant, range(*part))
                if calendar.rules.is_on_grid(start.astimezone(calendar.zone))
            ]
            if world["second_nurse"] is None or code == "consultation":
                assert sorted(on_grid) == expected
            else:
                assert set(on_grid) >= set(expected)

    def _check_teams(self, naive: Naive, slots: list[availability.Slot], expected: list[dt.datetime]) -> None:
        """Each start comes with a team that the definitions accept."""
        assert [slot.start for slot in slots] == expected
        resources = {resource.pk: resource for resource in naive.resources}
        for slot in slots:
            team = tuple(resources[member.resource_id] for member in slot.team)
            assert [member.requirement.pk for member in slot.team] == [need.pk for need in naive.needs]
            assert all(
                naive.serves(one, need, slot.start) for one, need in zip(team, naive.needs, strict=True)
            )
            assert naive.is_apart(team)

    def _build(self, zone_name: str, day: dt.date, world: dict[str, Any]) -> None:
        house = self.house
        site = house.site
        site.time_zone = zone_name
        site.save()
        clinicians = house.resources["physician"] + house.resources["nurse"]
        everybody = [resource for kind in house.resources.values() for resource in kind]
        midnight = clock.local(day, dt.time(0), site.zone)

        def period(span: Window) -> DateTimeTZRange:
            low = midnight + dt.timedelta(minutes=span[0])
            return DateTimeTZRange(low, low + dt.timedelta(minutes=span[1]))

        def anybody(index: int) -> Resource:
            return everybody[index % len(everybody)]

        VisitType.objects.update(grid_minutes=world["grid"])
        WorkingHours.objects.filter(resource=None).delete()
        if world["working"]:
            WorkingHours.objects.filter(
                resource__in={clinicians[index].pk for index, _window, _valid in world["working"]}
            ).delete()
        rules = [(None, window, (-1, 1)) for window in world["opening"]]
        rules += [(clinicians[index], window, valid) for index, window, valid in world["working"]]
        WorkingHours.objects.bulk_create(
            WorkingHours(
                site=site,
                resource=resource,
                weekday=day.weekday(),
                opens=dt.time(low // 60, low % 60),
                closes=dt.time(*divmod(min(low + length, 24 * 60 - 1), 60)),
                valid_from=day + dt.timedelta(days=first),
                valid_until=day + dt.timedelta(days=last),
            )
            for resource, (low, length), (first, last) in rules
        )
        ExtraHours.objects.bulk_create(
            ExtraHours(site=site, resource=None if index is None else anybody(index), period=period(span))
            for index, span in world["extra"]
        )
        Closure.objects.bulk_create(
            Closure(site=site, name="Works", period=period(span)) for span in world["closures"]
        )
        TimeOff.objects.bulk_create(
            TimeOff(resource=anybody(index), period=period(span)) for index, span in world["away"]
        )
        for kind, setup, turnover in world["kept_free"]:
            Resource.objects.filter(kind=kind).update(setup_minutes=setup, turnover_minutes=turnover)
        Qualification.objects.bulk_create(
            Qualification(resource=clinicians[index], visit_type=house.visit("prp_session"))
            for index in world["qualified"]
        )
        if world["also"]:
            Requirement.objects.filter(kind="procedure_room").update(also_kinds=["consulting_room"])
        if world["second_nurse"] is not None:
            offset, count = world["second_nurse"]
            Requirement.objects.create(
                visit_type=house.visit("prp_session"), kind_id="nurse", offset=offset, minutes=10, count=count
            )
        for span in world["patient"]:
            self._visit(self.patient, period(span))
        self._take([(house.one(kind), period(span), how) for kind, span, how in world["taken"]])

    def _take(self, wanted: list[tuple[Resource, DateTimeTZRange, str]]) -> None:
        """What the constraint would let in, in the order given."""
        held: dict[Any, list[DateTimeTZRange]] = {}
        now = clock.now()
        for resource, period, how in wanted:
            active = how != "ended"
            others = held.setdefault(resource.pk, [])
            if active and any(p.lower < period.upper and period.lower < p.upper for p in others):
                continue
            others += [period] if active else []
            hold = visit = None
            if how in ("held", "expired"):
                hold = Hold.objects.create(
                    site=self.house.site,
                    reason=HoldReason.PENCIL,
                    visit_type=self.house.visit("review"),
                    period=period,
                    expires_at=now + dt.timedelta(minutes=30 if how == "held" else -1),
                    created_at=now,
                )
            else:
                visit = self._visit(clinic.patient(), period)
            Allocation.objects.create(
                site=self.house.site,
                resource=resource,
                appointment=visit,
                hold=hold,
                period=period,
                blocks=period,
                active=active,
            )

    def _visit(self, patient: Patient, period: DateTimeTZRange) -> Appointment:
        return Appointment.objects.create(
            site=self.house.site,
            patient=patient,
            visit_type=self.house.visit("review"),
            period=period,
            created_at=clock.now(),
        )


@pytest.mark.django_db
@pytest.mark.parametrize("days", [1, 30, 365])
@pytest.mark.parametrize("many", [False, True])
def test_calendar_is_read_in_three_queries_whatever_the_numbers(
    days: int,
    many: bool,
    django_assert_num_queries: Any,
) -> None:
    counts = dict.fromkeys(
        ("physicians", "nurses", "rooms", "chairs", "centrifuges", "bays"), 6 if many else 1
    )
    house = factory.house(**counts)
    start = clock.now()
    if many:
        factory.hours(house.site, house.one("centrifuge"))
        for number in range(30):
            low = start + dt.timedelta(hours=number)
            period = DateTimeTZRange(low, low + dt.timedelta(minutes=20))
            Closure.objects.create(site=house.site, name="Works", period=period)
            TimeOff.objects.create(resource=house.one("nurse"), period=period)
            ExtraHours.objects.create(site=house.site, resource=house.one("nurse"), period=period)
            visit = Appointment.objects.create(
                site=house.site,
                patient=clinic.patient(),
                visit_type=house.visit("review"),
                period=period,
                created_at=start,
            )
            Allocation.objects.create(
                site=house.site, resource=house.one("nurse"), appointment=visit, period=period, blocks=period
            )
    # The fourth is the look at the clock, which in tests can be moved.
    for ask in (availability.openings, availability.free_starts):
        with django_assert_num_queries(4):
            ask(
                visit_type_id=house.visit("prp_session").pk,
                site_id=house.site.pk,
                earliest=start,
                latest=start + dt.timedelta(days=days),
            )


def test_minute_rounds_outwards() -> None:
    instant = dt.datetime(2031, 1, 1, 0, 0, 30, tzinfo=dt.UTC)
    assert intervals.minute_up(instant) - intervals.minute(instant) == 1
