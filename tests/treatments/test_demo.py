"""The demo clinic: loaded once into a database of its own, then asked whether the real rules agree with it."""

import datetime as dt
import itertools
import random
from collections import Counter
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.test import RequestFactory

from clinic import clock
from clinic.actors import System
from clinic.enums import CallOutcome, MessageState, Role
from clinic.exceptions import Conflict
from clinic.models import Call, Message, Patient, Site, Task, User
from clinic.policies import phones
from clinic.selectors.tasks import call_backs
from clinic.services import drafts
from scheduling.enums import AppointmentStatus
from scheduling.models import (
    Allocation,
    Appointment,
    Closure,
    ExtraHours,
    HolidayDecision,
    Qualification,
    Requirement,
    WorkingHours,
)
from scheduling.selectors import calendar, visits
from scheduling.services import availability, moves, notices
from tests.database import Database
from treatments.demo import people, place, seeding, stories
from treatments.demo.planner import Planner
from treatments.enums import CourseStatus, Instrument, OrderStatus, SessionStatus
from treatments.models import Course, Injection, Order, Preparation, Response, Session, SessionBooking
from treatments.policies import record
from treatments.selectors import reviews

BY = System("tests")
COMING = (AppointmentStatus.PROVISIONAL, AppointmentStatus.BOOKED, AppointmentStatus.CONFIRMED)


@pytest.fixture(scope="module")
def demo(own_database: Database) -> Site:
    call_command("seed_demo", stdout=StringIO())
    return Site.objects.get()


def coming(site: Site) -> list[Appointment]:
    rows = Appointment.objects.filter(site=site, status__in=COMING, period__startswith__gt=clock.now())
    return list(rows.select_related("visit_type", "patient", "site").order_by("period", "pk"))


def test_everybody_and_everything_is_there(demo: Site) -> None:
    assert Patient.objects.count() == stories.PATIENTS
    assert Counter(User.objects.values_list("role", flat=True)) == {
        Role.PHYSICIAN: 3, Role.NURSE: 2, Role.FRONT_DESK: 2, Role.MANAGER: 1,
    }  # fmt: skip
    assert set(Course.objects.values_list("status", flat=True)) == set(CourseStatus.values)
    assert set(Appointment.objects.values_list("status", flat=True)) >= {
        *COMING,
        "completed",
        "cancelled",
        "no_show",
    }
    assert set(Session.objects.values_list("status", flat=True)) >= {
        "planned",
        "injected",
        "signed",
        "dropped",
    }
    assert set(Response.objects.values_list("instrument", flat=True)) == set(Instrument.values)
    assert Order.objects.filter(status=OrderStatus.OPEN, course__status=CourseStatus.APPROVED).count() == 8
    assert Task.objects.filter(state="open").count() >= 8
    assert Message.objects.filter(state=MessageState.FAILED).count() == 1
    assert Preparation.objects.filter(product_platelets=None).exists()


def test_the_set_up_shows_holidays_a_saturday_qualifications_and_calls(demo: Site) -> None:
    closed = HolidayDecision.objects.filter(is_closed=True)
    assert set(Closure.objects.exclude(holiday=None).values_list("holiday", flat=True)) == set(
        closed.values_list("day", flat=True)
    )
    assert HolidayDecision.objects.filter(is_closed=False).exists()
    assert ExtraHours.objects.values("period").distinct().count() == 1
    named = set(Qualification.objects.values_list("resource", "visit_type"))
    limited = {visit_type for _, visit_type in named}
    led = Allocation.objects.filter(is_lead=True, active=True, appointment__in=coming(demo))
    pairs = led.filter(appointment__visit_type__in=limited).values_list("resource", "appointment__visit_type")
    assert set(pairs) <= named
    assert {row.call_back_at for row in Call.objects.filter(outcome=CallOutcome.CALL_BACK)} == set(
        call_backs(site_id=demo.pk).filter(role=Role.FRONT_DESK).values_list("due_at", flat=True)
    )


def test_people_are_plainly_invented(demo: Site) -> None:
    today = clock.today(demo.zone)
    for patient in Patient.objects.prefetch_related("phones"):
        assert patient.email == "" or patient.email.endswith(".example")
        assert 27 <= (today - patient.birth_date).days / 365.25 <= 86
        assert all(phone.national[3:].startswith("55501") for phone in patient.phones.all())
        assert all(phones.parse(phone.e164).national == phone.national for phone in patient.phones.all())
    assert {"Ng", "Li"} <= set(Patient.objects.values_list("family_name", flat=True))
    assert Patient.objects.filter(email="").exists()
    assert Patient.objects.filter(household__isnull=False).count() >= 10


def test_today_has_a_day_list(demo: Site) -> None:
    day = visits.day_list(site=demo, day=clock.today(demo.zone))
    assert len(day) >= 8
    for visit in day:
        steps = visits.steps_of(visit)
        if visit.status == AppointmentStatus.IN_PROGRESS:
            assert any(step.started_at and not step.ended_at for step in steps)
        if visit.status == AppointmentStatus.COMPLETED:
            assert all(step.ended_at for step in steps)
        if visit.status in COMING:
            assert visit.arrived_at is None
            assert not any(step.started_at for step in steps)


def test_nothing_that_is_over_is_left_open(demo: Site) -> None:
    yesterday = clock.day_bounds(clock.today(demo.zone), demo.zone)[0]
    over = Appointment.objects.filter(period__endswith__lt=yesterday)
    assert not over.filter(status__in=[*COMING, "arrived", "in_progress"]).exists()
    assert not Message.objects.filter(
        state=MessageState.PENDING, next_at__lt=clock.now() - dt.timedelta(hours=1)
    ).exists()


def test_visits_hold_what_their_type_requires(demo: Site) -> None:
    needs = Counter(Requirement.objects.values_list("visit_type_id", flat=True))
    held = Counter(Allocation.objects.filter(active=True).values_list("appointment_id", flat=True))
    for visit in Appointment.objects.all():
        stands = visit.status not in ("cancelled", "no_show", "not_done")
        assert held.get(visit.pk, 0) == (needs[visit.visit_type_id] if stands else 0)


def test_booking_agrees_with_the_planner(demo: Site) -> None:
    """A sample of coming visits: were they not there, the real calendar would offer their time with their team."""
    for visit in random.Random(1).sample(coming(demo), 15):
        window = calendar.load(
            visit_type_id=visit.visit_type_id,
            site_id=demo.pk,
            earliest=visit.period.lower,
            latest=visit.period.lower + dt.timedelta(minutes=1),
            now=clock.now(),
            patient_id=visit.patient_id,
            appointment_id=visit.pk,
            resource_ids=set(visit.allocations.values_list("resource_id", flat=True)),
        )
        assert availability.missing(window, visit.period.lower) == []


def test_a_visit_can_be_moved_and_a_new_one_booked(demo: Site) -> None:
    visit = next(
        row
        for row in coming(demo)
        if row.status == AppointmentStatus.BOOKED and row.visit_type.code == "consultation"
    )
    earliest = clock.now() + dt.timedelta(days=8)
    start = availability.free_starts(
        visit_type_id=visit.visit_type_id,
        site_id=demo.pk,
        earliest=earliest,
        latest=earliest + dt.timedelta(days=7),
        limit=1,
    )[0].start
    assert moves.move(appointment_id=visit.pk, start=start, by=BY).period.lower == start


def test_the_rules_have_nothing_left_to_do(demo: Site) -> None:
    assert reviews.due(now=clock.now()) == []


def test_bookings_serve_the_sessions_of_their_own_patient(demo: Site) -> None:
    for link in SessionBooking.objects.select_related("session__course", "appointment"):
        assert link.appointment.purpose == link.session_id
        assert link.appointment.patient_id == link.session.course.patient_id
        if link.session.injected_at is not None and link.is_open:
            assert link.appointment.status in ("in_progress", "completed")


def test_sessions_keep_the_interval(demo: Site) -> None:
    for course in Course.objects.select_related("protocol_version").prefetch_related("sessions"):
        days = [s.injected_at for s in course.sessions.all() if s.injected_at is not None]
        gaps = [later - earlier for earlier, later in itertools.pairwise(days)]
        assert all(gap.days >= course.protocol_version.interval_warn_days - 1 for gap in gaps)


def test_records_are_possible(demo: Site) -> None:
    for session in Session.objects.filter(injected_at__isnull=False).prefetch_related(
        "preparations", "injections"
    ):
        made = [row for row in session.preparations.all() if not row.failed]
        assert len(made) == 1
        assert 0 < sum(row.volume_ml for row in session.injections.all()) <= made[0].product_ml
        assert made[0].ready_at <= session.injected_at
    assert Session.objects.filter(status=SessionStatus.SIGNED, signed_at__isnull=False).count() > 100
    for row in Injection.objects.order_by("?")[:50]:
        record.check_target(row)


def test_mails_are_those_that_the_outbox_would_plan(demo: Site) -> None:
    count = Message.objects.count()
    for visit in random.Random(2).sample(
        [row for row in coming(demo) if row.told_rev and row.version == 2], 10
    ):
        notices.plan_reminders(appointment=visit, by=BY)
    assert Message.objects.count() == count


def test_waiting_mails_may_go_out(demo: Site) -> None:
    waiting = list(
        Message.objects.filter(state=MessageState.PENDING)
        .select_related("patient", "contact", "site")
        .order_by("next_at")[:200]
    )
    assert waiting
    assert drafts.refusals(waiting) == {}
    assert len(drafts.make(waiting)) == len(waiting)


def test_sent_mails_show_their_words(demo: Site) -> None:
    sent = Message.objects.filter(state=MessageState.SENT).select_related("text")
    assert sent.exists()
    for message in sent[:200]:
        assert message.text is not None
        assert message.snapshot["address"].endswith(".example")


def test_a_second_load_is_refused_with_a_sentence(demo: Site) -> None:
    before = Patient.objects.count()
    with pytest.raises(CommandError, match="already holds people"):
        call_command("seed_demo", stdout=StringIO())
    assert Patient.objects.count() == before


def test_one_sign_in_per_role_is_printed_and_works(demo: Site) -> None:
    out = StringIO()
    call_command("demo_logins", stdout=out)
    printed = [word for word in out.getvalue().split() if "@" in word]
    assert {User.objects.get(email=email).role for email in printed} == set(Role.values)
    request = RequestFactory().post("/")
    assert authenticate(request, email=printed[0], password=place.PASSWORD) is not None
    User.objects.filter(email=printed[0]).update(password="!")
    out = StringIO()
    call_command("demo_logins", stdout=out)
    assert printed[0] not in out.getvalue()


@pytest.mark.django_db
def test_all_or_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise OSError("half way")

    monkeypatch.setattr(people, "build", fail)
    with pytest.raises(OSError, match="half way"):
        call_command("seed_demo", stdout=StringIO())
    assert not User.objects.exists()
    assert not Site.objects.exists()


@pytest.mark.django_db
def test_production_is_refused(settings: Any) -> None:
    settings.PRODUCTION = True
    with pytest.raises(Conflict, match="not loaded in production"):
        seeding.load(by=BY, say=lambda what, seconds: None)
    with pytest.raises(CommandError, match="production"):
        call_command("demo_logins", stdout=StringIO())


@pytest.mark.django_db
@pytest.mark.parametrize(
    "moment",
    [
        "2026-11-25 10:30",
        "2026-11-25 19:40",
        "2026-11-28 14:00",
        "2026-11-29 03:10",
        "2026-03-08 01:30",
        "2026-11-01 01:30",
    ],
)
def test_the_site_is_open_around_now(moment: str) -> None:
    """Whenever it is loaded: by day, in the evening, on a weekend, in the night, on both nights of the clock's change."""
    zone = place.ZONE
    now = dt.datetime.fromisoformat(moment).replace(tzinfo=zone)
    built = place.build(now=now, by=BY)
    planner = Planner(built.site)
    at = calendar.minute(now)
    assert any(low < at < high for low, high in planner.open_on(now.date()))
    assert seeding.times_today(planner, now)
    extra = WorkingHours.objects.filter(valid_until__isnull=False)
    assert set(extra.values_list("valid_from", flat=True)) <= {now.date()}


def test_a_seed_and_a_day_give_the_same_stories() -> None:
    def told() -> list[stories.Story]:
        rng = random.Random(7)
        found = stories.plan(
            rng, today=dt.date(2026, 5, 6), times_today=[dt.time(9)], is_open=lambda day: day.weekday() < 5
        )
        stories.assign(rng, found, today=dt.date(2026, 5, 6))
        return found

    assert told() == told()
