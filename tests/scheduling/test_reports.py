"""The manager's reports against naive sums over the same rows, their page, their files."""

import csv
import datetime as dt
import io
import statistics
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic import clock
from clinic.enums import Role
from clinic.exceptions import NotAllowed, NotFound
from clinic.models import AuditEvent
from scheduling.models import (
    Allocation,
    Appointment,
    Closure,
    FreedSlot,
    Resource,
    TimeOff,
    VisitChange,
    VisitType,
)
from scheduling.selectors import reports
from scheduling.selectors.utilisation import utilisation
from scheduling.services import endings, offers, undoing
from scheduling.services import reports as service
from tests.factories import clinic, waiting
from tests.factories import scheduling as factory
from tests.factories.scheduling import BY, House

pytestmark = pytest.mark.django_db
At = Callable[[dt.datetime], None]


@pytest.fixture
def house() -> House:
    built = factory.house(physicians=2, rooms=2)
    VisitType.objects.filter(site=built.site).update(needs_order=False)
    return built


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> At:
    """Set the clock."""
    return lambda instant: monkeypatch.setattr(clock, "now", lambda: instant)


@pytest.fixture
def manager(house: House) -> Client:
    browser = Client()
    browser.force_login(clinic.user(Role.MANAGER, at=house.site))
    return browser


FIRST = dt.date(2027, 3, 22)
"""A Monday; the clocks go forward on the Sunday of its week."""


def week(house: House) -> tuple[dt.datetime, dt.datetime]:
    return house.at(FIRST, 0), house.at(FIRST + dt.timedelta(days=7), 0)


def filled_week(house: House, at: At) -> list[Appointment]:
    """Visits booked at different times ahead, some cancelled late or early, some missed, some taken back."""
    made = []
    for number in range(16):
        start = house.at(FIRST + dt.timedelta(days=number % 7), 9 + number // 7 * 2)
        at(start - dt.timedelta(days=(1, 5, 10, 20, 40)[number % 5], hours=1))
        kind = "consultation" if number % 3 else "prp_session"
        lead = house.resources["physician"][number % 2]
        made.append(waiting.visit(house, start, kind=kind, lead=lead))
    for number, visit in enumerate(made):
        start = visit.period.lower
        if number % 4 == 1:
            at(start - dt.timedelta(hours=23 if number % 8 == 1 else 25))
            if number % 5:
                endings.cancel(appointment_id=visit.pk, reason="patient_cannot_come", by=BY)
        elif number % 4 == 2:
            at(start + dt.timedelta(minutes=20))
            endings.no_show(appointment_id=visit.pk, by=BY)
            if number == 6:
                change = VisitChange.objects.get(appointment=visit, kind="no_show")
                undoing.undo(change_id=change.pk, by=BY)
    at(house.at(FIRST + dt.timedelta(days=10), 8))
    return list(Appointment.objects.filter(pk__in=[visit.pk for visit in made]))


def test_no_shows_and_late_cancellations_are_those_that_a_naive_count_finds(house: House, at: At) -> None:
    made = filled_week(house, at)
    start, end = week(house)
    found = reports.missed(site=house.site, start=start, end=end, now=clock.now())
    naive: dict[str, Counter[int]] = {key: Counter() for key in ("due", "no_shows", "late", "leads")}
    for visit in made:
        gone = VisitChange.objects.filter(appointment=visit, undone_by=None)
        begin = visit.period.lower
        late = gone.filter(kind="cancelled", at__gt=begin - dt.timedelta(hours=24)).exists()
        day = begin.astimezone(house.site.zone).weekday()
        if visit.status != "cancelled" or late:
            naive["due"][day] += 1
            days = (begin - visit.created_at) / dt.timedelta(days=1)
            naive["leads"][sum(days >= edge for edge in reports.BUCKETS)] += 1
        naive["no_shows"][day] += visit.status == "no_show"
        naive["late"][day] += visit.status == "cancelled" and late
    assert naive["no_shows"].total() > 0
    assert naive["late"].total() > 0
    assert {day: tally.due for day, tally in found.weekdays.items()} == dict(naive["due"])
    assert {day: tally.no_shows for day, tally in found.weekdays.items() if tally.no_shows} == dict(
        +naive["no_shows"]
    )
    assert {day: tally.late for day, tally in found.weekdays.items() if tally.late} == dict(+naive["late"])
    assert {lead: tally.due for lead, tally in found.leads.items()} == dict(naive["leads"])
    assert found.whole == reports.Tally(
        naive["due"].total(), naive["no_shows"].total(), naive["late"].total()
    )
    by_kind = Counter(dict.fromkeys(("no_show", "cancelled"), 0))
    for (kind, _words), count in found.reasons.items():
        by_kind[kind] += count
    assert (by_kind["no_show"], by_kind["cancelled"]) == (found.whole.no_shows, found.whole.late)


def test_what_lies_ahead_is_not_due(house: House, at: At) -> None:
    filled_week(house, at)
    start, end = week(house)
    at(start)
    assert reports.missed(site=house.site, start=start, end=end, now=clock.now()).whole.due == 0


def test_lead_times_are_the_quartiles_of_the_days_between(house: House, at: At) -> None:
    made = [visit for visit in filled_week(house, at) if visit.status != "cancelled"]
    start, end = week(house)
    found = reports.lead_times(site=house.site, start=start, end=end)
    for kind in ("consultation", "prp_session"):
        mine = [each for each in made if each.visit_type.code == kind]
        days = [(each.period.lower - each.created_at) / dt.timedelta(days=1) for each in mine]
        lead = found[house.visit(kind).name]
        assert lead.count == len(days)
        assert lead.quarters == pytest.approx(statistics.quantiles(days, n=4, method="inclusive"))


def test_use_is_held_minutes_of_open_minutes_over_closures_and_the_change_of_clocks(
    house: House, at: At
) -> None:
    filled_week(house, at)
    start, end = week(house)
    site, doctor = house.site, house.one("physician")
    shut = DateTimeTZRange(house.at(FIRST, 16), house.at(FIRST + dt.timedelta(days=1), 9))
    Closure.objects.create(site=site, period=shut, name="Works")
    away = DateTimeTZRange(
        house.at(FIRST + dt.timedelta(days=2), 8), house.at(FIRST + dt.timedelta(days=2), 12)
    )
    TimeOff.objects.create(resource=doctor, period=away)
    (found, nothing) = utilisation(site=site, windows=[(start, end), (start - (end - start), start)])
    minutes: Counter[object] = Counter()
    for row in Allocation.objects.filter(active=True, period__overlap=(start, end)):
        minutes[row.resource_id] += int((row.period.upper - row.period.lower) / dt.timedelta(minutes=1))
    assert {key: used.held for key, used in found.resources.items() if used.held} == dict(minutes)
    whole = 7 * 600
    assert found.resources[doctor.pk].open == whole - 120 - 60 - 240
    assert found.resources[house.one("procedure_room").pk].open == whole - 120 - 60
    assert sum(used.held for used in found.stages.values()) == minutes.total()
    assert {used.held for used in nothing.resources.values()} == {0}


def test_another_sites_visits_are_not_counted(house: House, at: At) -> None:
    filled_week(house, at)
    other = factory.house(site=clinic.site(name="Elsewhere"))
    start, end = week(house)
    assert reports.missed(site=other.site, start=start, end=end, now=clock.now()) == reports.Missed()
    assert reports.lead_times(site=other.site, start=start, end=end) == {}
    assert reports.freed(site=other.site, start=start, end=end, now=clock.now()) == {}
    used = utilisation(site=other.site, windows=[(start, end)])[0].resources
    assert {each.held for each in used.values()} == {0}


def test_freed_times_are_told_apart_by_what_became_of_them(house: House, at: At) -> None:
    now = house.at(FIRST, 8)
    at(now - dt.timedelta(hours=1))
    slots = [waiting.freed(house, now + dt.timedelta(days=2, hours=hour)) for hour in range(5)]
    entry = waiting.waits(house)
    at(now)
    offer = offers.make(entry_id=entry.pk, start=slots[0].period.lower, freed_id=slots[0].pk, by=BY)
    offers.accept(offer_id=offer.pk, by=BY)
    taker = waiting.visit(house, now + dt.timedelta(days=9))
    FreedSlot.objects.filter(pk=slots[1].pk).update(filled_by=taker, closed_at=now)
    FreedSlot.objects.filter(pk=slots[2].pk).update(closed_at=now)
    FreedSlot.objects.filter(pk=slots[3].pk).update(closed_at=slots[3].period.upper)
    start, end = week(house)
    (found,) = reports.freed(site=house.site, start=start, end=end, now=now).values()
    assert found == reports.Freed(freed=5, taken_back=1, standing=1, by_offer=1, otherwise=1, lost=1)
    assert (found.filled, found.of) == (2, 3)
    (later,) = reports.freed(site=house.site, start=start, end=end, now=now + dt.timedelta(days=5)).values()
    assert (later.standing, later.lost) == (0, 2)


def test_squeeze_ins_are_counted_apart(house: House, at: At) -> None:
    at(house.at(FIRST, 8))
    visit = waiting.visit(house, house.at(FIRST, 9))
    Appointment.objects.filter(pk=visit.pk).update(squeezed_on=house.one("physician"))
    at(house.at(FIRST, 9, 30))
    endings.no_show(appointment_id=visit.pk, by=BY)
    start, end = week(house)
    found = reports.missed(site=house.site, start=start, end=end, now=clock.now())
    assert (found.whole, found.squeezed) == (reports.Tally(), reports.Tally(due=1, no_shows=1))
    assert list(reports.lead_times(site=house.site, start=start, end=end)) == [""]


def asked(**more: object) -> dict[str, object]:
    return {"first": "2027-03-22", "last": "2027-03-28"} | more


def test_the_page_says_numbers_with_their_denominators(house: House, at: At, manager: Client) -> None:
    filled_week(house, at)
    page = manager.get(reverse("scheduling:reports"), asked())
    tables = {table.key: table for table in page.context["tables"]}
    line = tables["missed"].rows[0]
    assert line.cells[0] == "No-shows"
    assert line.cells[3] == round(100 * line.cells[1] / line.cells[2], 1)
    assert all(len(row.cells) == len(table.columns) for table in tables.values() for row in table.rows)
    assert all(table.says in page.content.decode().replace("&#x27;", "'") for table in tables.values())


@pytest.mark.parametrize(
    "wrong",
    [
        {"first": "2027-03-28", "last": "2027-03-22"},
        {"first": "2020-01-01", "last": "2027-01-01"},
        {"first": "soon"},
        {"last": "0001-01-01"},
        {"site": "x"},
    ],
)
def test_a_period_that_makes_no_sense_is_refused_with_words(manager: Client, wrong: dict[str, str]) -> None:
    for name in ("reports", "report-export"):
        response = manager.get(reverse(f"scheduling:{name}"), asked(**wrong))
        assert response.status_code == 422
    page = manager.get(reverse("scheduling:reports"), asked(**wrong)).content.decode()
    assert "That period cannot be shown" in page


def test_a_file_is_safe_complete_and_audited(house: House, at: At, manager: Client) -> None:
    filled_week(house, at)
    Resource.objects.filter(pk=house.one("physician").pk).update(name='=HYPERLINK("http://x.example")')
    response = manager.get(reverse("scheduling:report-export"), asked(table="utilisation"))
    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    table = manager.get(reverse("scheduling:reports"), asked()).context["tables"][0]
    assert [len(rows) - 1, rows[0]] == [len(table.rows), [column.label for column in table.columns]]
    assert '\'=HYPERLINK("http://x.example")' in {row[0] for row in rows}
    assert response["Content-Disposition"] == 'attachment; filename="utilisation_2027-03-22_2027-03-28.csv"'
    event = AuditEvent.objects.get(action="scheduling.report.exported")
    assert event.detail == {
        "table": "utilisation",
        "first": "2027-03-22",
        "last": "2027-03-28",
        "rows": len(table.rows),
    }
    assert manager.get(reverse("scheduling:report-export"), asked(table="nothing")).status_code == 404


def test_the_service_asks_for_the_permission_again(house: House) -> None:
    other = clinic.site(name="Elsewhere")
    words = {"table": "lead", "first": "2027-03-22", "last": "2027-03-28", "rows": 0}
    with pytest.raises(NotAllowed):
        service.exported(by=clinic.staff(Role.PHYSICIAN, at=house.site), site=house.site, **words)
    with pytest.raises(NotFound):
        service.exported(by=clinic.staff(Role.MANAGER, at=house.site), site=other, **words)
    assert not AuditEvent.objects.filter(action="scheduling.report.exported").exists()


def test_a_report_costs_the_same_for_one_visit_and_for_thirty(house: House, at: At, manager: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert manager.get(reverse("scheduling:reports"), asked()).status_code == 200
        return sum("clinic_clockoffset" not in query["sql"] for query in captured.captured_queries)

    at(house.at(FIRST, 7))
    waiting.visit(house, house.at(FIRST, 17))
    few = queries()
    filled_week(house, at)
    for hour in range(9, 17):
        at(house.at(FIRST, 7))
        waiting.freed(house, house.at(FIRST + dt.timedelta(days=8), hour))
    assert (few, queries()) == (22, 22)
