"""Cohort reports: every course counted once at every time point, shares with their intervals, small numbers hidden."""

import csv
import datetime as dt
import io
import math

import pgtrigger
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from clinic import clock
from clinic.enums import Role
from clinic.exceptions import NotAllowed, NotFound
from clinic.models import AuditEvent
from tests.factories import clinic
from tests.factories import treatments as factory
from tests.factories.treatments import Ward
from treatments import clinical_rules
from treatments.enums import CourseStatus
from treatments.models import AdverseEvent, Course, CourseSummary, PointSummary, ScoreSummary, Session
from treatments.policies import cohorts as rules
from treatments.policies import disclosure, statistics
from treatments.policies.cohorts import Profile, Schedule, Standing, State
from treatments.selectors.cohorts import Group, Wanted, cohort
from treatments.services import cohorts as service

TODAY = dt.date(2026, 11, 24)
SCHEDULE = Schedule.of(clinical_rules.default().time_points)


# Intervals


@pytest.mark.parametrize(
    ("met", "of", "low", "high"),
    # Newcombe 1998, Statistics in Medicine 17:857, table I, method 3 (the score interval of Wilson 1927).
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_as_published(met: int, of: int, low: float, high: float) -> None:
    found = statistics.wilson(met, of)
    assert found is not None
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@given(st.integers(1, 5000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_wilson_holds_the_share_within_0_and_1(case: tuple[int, int]) -> None:
    met, of = case
    found, mirrored = statistics.wilson(met, of), statistics.wilson(of - met, of)
    assert found is not None
    assert mirrored is not None
    assert 0 <= found.low <= met / of <= found.high <= 1
    assert found.low < found.high
    assert math.isclose(found.low, 1 - mirrored.high, abs_tol=1e-12)
    more = statistics.wilson(2 * met, 2 * of)
    assert more is not None
    assert more.high - more.low < found.high - found.low


def test_nobody_has_no_interval() -> None:
    assert statistics.wilson(0, 0) is None
    assert statistics.byar(0, 0) is None
    assert statistics.mean(0, 0, 0) is None


@pytest.mark.parametrize(("freedom", "quantile"), [(4, 2.776), (9, 2.262), (29, 2.045), (120, 1.980)])
def test_students_quantiles(freedom: int, quantile: float) -> None:
    assert statistics.student(freedom) == pytest.approx(quantile, abs=0.0015)


def test_mean_of_five_with_its_interval() -> None:
    values = [-4, -2, -3, -5, -1]
    found = statistics.mean(5, sum(values), sum(value * value for value in values))
    assert found is not None
    assert (found.value, round(found.spread or 0, 4)) == (-3, 1.5811)
    assert found.interval is not None
    assert (round(found.interval.low, 2), round(found.interval.high, 2)) == (-4.96, -1.04)


def test_rate_of_ten_events() -> None:
    """Exact Poisson limits of 10 are 4.80 and 18.39."""
    found = statistics.byar(10, 1)
    assert found is not None
    assert (round(found.low, 2), round(found.high, 2)) == (4.79, 18.39)


# Where a course stands


@given(
    st.builds(
        Profile,
        schedule=st.just(0),
        planned=st.integers(1, 6),
        sessions=st.integers(1, 6),
        state=st.sampled_from(State),
        since_last=st.integers(0, len(SCHEDULE.after_last)),
        since_first=st.just(0),
    )
)
def test_a_profile_survives_its_number_and_stands_somewhere(profile: Profile) -> None:
    number = ((profile.planned * 16 + profile.sessions) * 4 + profile.state) * 64 + profile.since_last
    assert Profile.unpacked(number * 16) == profile
    for spot in SCHEDULE.spots(6).values():
        assert rules.unanswered(spot, profile, SCHEDULE) != Standing.ANSWERED


@pytest.mark.parametrize(
    ("code", "sessions", "state", "days_since_last", "standing"),
    [
        ("baseline", 1, State.OPEN, 0, Standing.MISSING),
        ("before_2", 2, State.OPEN, 0, Standing.MISSING),
        ("before_2", 1, State.OPEN, 0, Standing.NOT_YET),
        ("before_2", 1, State.LEFT, 0, Standing.LEFT),
        ("before_2", 1, State.AFTER, 0, Standing.NOT_OF_IT),
        ("before_6", 4, State.OPEN, 0, Standing.NOT_OF_IT),
        ("day_1", 1, State.OPEN, 1, Standing.MISSING),
        ("week_6", 4, State.OPEN, 400, Standing.NOT_YET),
        ("week_6", 4, State.AFTER, 49, Standing.NOT_YET),
        ("week_6", 4, State.AFTER, 50, Standing.MISSING),
        ("week_6", 4, State.LEFT, 400, Standing.LEFT),
        ("month_12", 4, State.AFTER, 395, Standing.NOT_YET),
        ("month_12", 4, State.AFTER, 396, Standing.MISSING),
    ],
)
def test_where_a_course_without_an_answer_stands(
    code: str, sessions: int, state: State, days_since_last: int, standing: Standing
) -> None:
    passed = sum(day <= days_since_last for day in SCHEDULE.after_last)
    profile = Profile(0, 4, sessions, state, passed, 0)
    assert rules.unanswered(SCHEDULE.spots(6)[code], profile, SCHEDULE) == standing


def test_time_points_stand_in_the_order_of_a_course() -> None:
    assert list(SCHEDULE.spots(3)) == [
        "baseline",
        "day_1",
        "before_2",
        "day_2",
        "before_3",
        "day_3",
        "week_1",
        "week_6",
        "month_3",
        "month_6",
        "month_12",
    ]


# Small numbers


@given(st.lists(st.integers(0, 60), min_size=1, max_size=6))
def test_hidden_counts_cannot_be_reckoned_from_their_sum(counts: list[int]) -> None:
    found = disclosure.shown(counts)
    assert [count for count in found if count is not None and disclosure.is_small(count)] == []
    assert [one for one, other in zip(found, counts, strict=True) if one is not None and one != other] == []
    if found.count(None) == 1:
        assert sum(1 for count in counts if count) == 1  # alone, it is the total itself


# Over the database


@pytest.fixture
def ward() -> Ward:
    return factory.ward()


def begun(ward: Ward, number: int = 1, **fields: object) -> Course:
    """A course as its summary says, without the work of treating it."""
    course = factory.order(ward).course
    status = fields.pop("status", CourseStatus.ACTIVE)
    ended = clock.now() if status in (CourseStatus.DISCONTINUED, CourseStatus.COMPLETED) else None
    with pgtrigger.ignore("treatments.Course:course_moves_by_table"):
        Course.objects.filter(pk=course.pk).update(
            status=status, ended_at=ended, extended=bool(fields.pop("extended", False))
        )
    day = TODAY - dt.timedelta(days=int(str(fields.pop("days", 200))))
    values = {
        "started_on": day,
        "last_on": day,
        "sessions": number,
        "structures": ["facet"],
        "site": course.site,
    }
    CourseSummary.objects.create(course=course, **(values | fields))
    return course


def scored(course: Course, point: str, series: int, change: int, *, met: bool | None = None) -> None:
    PointSummary.objects.create(course=course, point=point, series=series, pain_met=met)
    ScoreSummary.objects.create(
        course=course, instrument="nrs", point=point, series=series, score=8 + change, change=change
    )


def wanted(ward: Ward, group: Group = Group.PHYSICIAN, **fields: object) -> Wanted:
    values = {
        "site_ids": frozenset({ward.house.site.pk}),
        "first": TODAY - dt.timedelta(days=700),
        "last": TODAY,
        "group": group,
    }
    return Wanted(**(values | fields))  # type: ignore[arg-type]


@pytest.mark.django_db
def test_every_course_is_counted_once_at_every_time_point(ward: Ward) -> None:
    answered = begun(ward, 4, status=CourseStatus.FOLLOW_UP)
    scored(answered, "month_3", 1, -5, met=True)
    begun(ward, 4, status=CourseStatus.FOLLOW_UP)
    begun(ward, 4, status=CourseStatus.FOLLOW_UP, days=20)
    begun(ward, 2, status=CourseStatus.DISCONTINUED)
    begun(ward, 1)

    whole = cohort(wanted(ward), today=TODAY).whole

    assert whole.courses == 5
    assert {point.standing.total() for point in whole.points.values()} == {5}
    assert dict(whole.points["month_3"].standing) == {
        Standing.ANSWERED: 1,
        Standing.MISSING: 1,
        Standing.NOT_YET: 2,
        Standing.LEFT: 1,
    }
    at = whole.points["month_3"]
    assert (at.pain.met, at.pain.of, at.due) == (1, 1, 2)
    assert at.change is not None
    assert (at.change.count, at.change.value) == (1, -5)
    assert (whole.sessions, whole.statuses[CourseStatus.DISCONTINUED]) == (15, 1)


@pytest.mark.django_db
def test_follow_up_of_an_extended_course_is_that_after_its_extension(ward: Ward) -> None:
    course = begun(ward, 5, status=CourseStatus.FOLLOW_UP, extended=True)
    scored(course, "week_6", 1, -1)
    scored(course, "week_6", 2, -6)

    at = cohort(wanted(ward), today=TODAY).whole.points["week_6"]

    assert (at.answered, at.change and at.change.value) == (1, -6)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("group", "parts"),
    [
        (Group.TARGET, {"facet": 2, "disc": 1}),
        (Group.LEUCOCYTES, {"LR-PRP": 1, "?": 1}),
        (Group.DIAGNOSIS, {"M47.816": 2}),
        (Group.PAW, {"?": 2}),
    ],
)
def test_courses_are_split_by_what_they_share(ward: Ward, group: Group, parts: dict[str, int]) -> None:
    begun(ward, structures=["disc", "facet"], leucocytes="LR-PRP")
    begun(ward)
    found = cohort(wanted(ward, group), today=TODAY)
    assert {key: part.courses for key, part in found.parts.items()} == parts
    assert found.whole.courses == 2


@pytest.mark.django_db
def test_events_are_counted_by_signed_sessions(ward: Ward) -> None:
    course = begun(ward, 2)
    sessions = list(Session.objects.filter(course=course).order_by("number"))
    Session.objects.filter(pk=sessions[0].pk).update(
        status="signed", injected_at=clock.now(), signed_at=clock.now(), signed_by=ward.physician.user_id
    )
    for session, grade in ((sessions[0], 3), (sessions[1], 1), (None, 1)):
        AdverseEvent.objects.create(
            site=course.site, course=course, session=session, code="pain_flare", grade=grade, started_on=TODAY
        )
    found = cohort(wanted(ward), today=TODAY)
    events = found.whole.events
    assert (events.count, events.serious, events.grave, found.whole.sessions) == (2, 0, 1, 2)


@pytest.mark.django_db
def test_courses_of_another_time_or_site_are_not_in_it(ward: Ward) -> None:
    begun(ward, days=701)
    begun(ward, days=-1)
    here = begun(ward, days=700)
    assert cohort(wanted(ward), today=TODAY).whole.courses == 1
    CourseSummary.objects.filter(course=here).update(site=clinic.site(name="Elsewhere"))
    assert cohort(wanted(ward), today=TODAY).whole.courses == 0


@pytest.mark.django_db
@pytest.mark.parametrize("group", list(Group))
def test_a_report_costs_the_same_for_one_course_and_for_thirty(ward: Ward, group: Group) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            cohort(wanted(ward, group), today=TODAY)
        return len(captured)

    scored(begun(ward), "week_6", 1, -3)
    few = queries()
    first = CourseSummary.objects.get()
    for number in range(30):
        course = Course.objects.get(pk=first.course_id)
        course.pk, course.status, course.ended_at = None, "completed", clock.now()
        course.save(force_insert=True)
        CourseSummary.objects.create(
            course=course, site=first.site, started_on=TODAY, last_on=TODAY, sessions=1 + number % 4
        )
        scored(course, "week_6", 1, -number % 5)
    assert (few, queries()) == (6, 6)


# The page


def client(ward: Ward, role: Role = Role.PHYSICIAN) -> Client:
    browser = Client()
    browser.force_login(clinic.user(role, at=ward.house.site))
    return browser


ASKED = {"first": "2024-11-24", "last": "2026-11-24"}


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    noon = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
    monkeypatch.setattr(clock, "now", lambda: noon)


@pytest.mark.django_db
@pytest.mark.usefixtures("today")
def test_page_says_shares_with_numerator_denominator_and_interval(ward: Ward) -> None:
    for number in range(6):
        course = begun(ward, 4, status=CourseStatus.FOLLOW_UP)
        scored(course, "month_3", 1, -5, met=number < 4)
    page = client(ward).get(reverse("treatments:cohorts"), ASKED)
    line = page.context["report"].responders()[0]
    assert (line.courses, line.shares[0].met, line.shares[0].of) == (6, 4, 6)
    assert "4 of 6 · 30–90 %" in page.content.decode()
    assert "−5.0" in page.content.decode()


@pytest.mark.django_db
@pytest.mark.usefixtures("today")
def test_manager_sees_no_small_number_and_cannot_reckon_one(ward: Ward) -> None:
    for number in range(8):
        course = begun(ward, 4, status=CourseStatus.FOLLOW_UP if number else CourseStatus.DISCONTINUED)
        scored(course, "month_3", 1, -5, met=number < 7)
    begun(ward, leucocytes="LR-PRP")
    page = client(ward, Role.MANAGER).get(reverse("treatments:cohorts"), ASKED | {"group": "leucocytes"})
    report = page.context["report"]
    assert (report.cohort.whole.courses, report.cohort.left_out) == (8, 1)
    assert [line.name for line in report.responders()] == ["not classified"]
    assert report.responders()[0].shares[0].hidden
    assert report.endings()[0].left.hidden
    assert report.endings()[0].followed is None
    words = page.content.decode()
    assert "7 of 8" not in words
    assert "1 group with fewer than 5 courses is left out" in words

    own = client(ward).get(reverse("treatments:cohorts"), ASKED | {"group": "leucocytes"})
    assert "7 of 8" in own.content.decode()


@pytest.mark.django_db
@pytest.mark.usefixtures("today")
@pytest.mark.parametrize("table", ["responders", "standings", "changes", "endings", "events"])
def test_every_table_is_a_file_that_is_safe_and_audited(ward: Ward, table: str) -> None:
    for _ in range(2):
        scored(begun(ward, 4, status=CourseStatus.FOLLOW_UP), "month_3", 1, -5, met=True)
    name = '=HYPERLINK("http://x.example")'
    type(ward.house.one("physician")).objects.filter(pk=ward.house.one("physician").pk).update(name=name)
    response = client(ward).get(reverse("treatments:cohort-export"), ASKED | {"table": table})
    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert {len(row) for row in rows} == {len(rows[0])}
    assert not any(cell.startswith("=") for row in rows for cell in row)
    event = AuditEvent.objects.get(action="treatments.cohort.exported")
    assert (event.detail["table"], event.detail["rows"]) == (table, len(rows) - 1)

    hidden = client(ward, Role.MANAGER).get(reverse("treatments:cohort-export"), ASKED | {"table": table})
    assert len(hidden.content.decode("utf-8-sig").splitlines()) <= len(rows)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [
        {"first": "2027-03-28", "last": "2027-03-22"},
        {"first": "2001-01-01", "last": "2027-01-01"},
        {"first": "soon"},
        {"site": "x"},
        {"group": "name"},
        {"instrument": "x' OR 1=1"},
    ],
)
def test_what_makes_no_sense_is_refused_with_words(ward: Ward, wrong: dict[str, str]) -> None:
    for name in ("cohorts", "cohort-export"):
        assert client(ward).get(reverse(f"treatments:{name}"), ASKED | wrong).status_code == 422


@pytest.mark.django_db
def test_another_time_point_than_there_is_falls_back(ward: Ward) -> None:
    page = client(ward).get(reverse("treatments:cohorts"), {"at": "<script>"})
    assert page.status_code == 200
    assert page.context["report"].at == "month_3"


@pytest.mark.django_db
def test_the_service_asks_for_the_permission_again(ward: Ward) -> None:
    words = {"table": "events", "group": "paw", "first": "2026-01-01", "last": "2026-02-01", "rows": 1}
    with pytest.raises(NotAllowed):
        service.exported(by=ward.nurse, site_ids=[ward.house.site.pk], **words)
    with pytest.raises(NotFound):
        service.exported(by=ward.physician, site_ids=[clinic.site(name="Elsewhere").pk], **words)
