"""Reports and exports over every course of every site."""

import csv
import io
import time
from collections.abc import Iterator
from pathlib import Path

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic import clock
from clinic.enums import Role
from clinic.models import Site, User
from tests.bench.clocked import Row, milliseconds, processor_milliseconds, row
from tests.factories import clinic
from tests.factories.scheduling import House
from treatments.models import Course, CourseSummary, Response
from treatments.selectors.cohorts import Group
from treatments.services import summaries

REPORT_MS = 1_500
ROWS_A_SECOND = 20_000
MEMORY_MB = 50
_PROVEN = 2_000
"""Courses whose summaries are reckoned anew, to show that the built ones are what the services would have written."""
_FLOOR = """
SELECT c.physician_id, p.point, count(*), count(*) FILTER (WHERE p.pain_met) FROM treatments_pointsummary p
JOIN treatments_course c ON c.id = p.course_id GROUP BY 1, 2"""
_COPIES = (
    "COPY (SELECT i.*, s.course_id FROM treatments_injection i JOIN treatments_session s ON s.id = i.session_id) TO STDOUT",
    "COPY treatments_response TO STDOUT",
)


def cohort_report(house: House) -> Iterator[Row]:
    """The whole page for all sites, split by physician, and by whatever takes longest."""
    client = _client(_physician(house))
    address = reverse("treatments:cohorts")
    by_group = {group: f"{address}?group={group}&first=2020-01-01" for group in Group}
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        page = client.get(by_group[Group.PHYSICIAN])
        asked = len(queries)  # before the next request forgets them
    times = {group: milliseconds(lambda at=at: client.get(at), runs=3) for group, at in by_group.items()}
    slowest = max(times, key=lambda group: times[group])
    sample = list(Course.objects.order_by("pk").values_list("pk", flat=True)[:_PROVEN])
    differed = len(summaries.bring(sample, only_look=True))
    busy = processor_milliseconds(lambda: client.get(by_group[Group.PHYSICIAN]), runs=3)
    note = (
        f"status {page.status_code}, {asked} queries; {CourseSummary.objects.count():,} courses,"
        f" {Response.objects.count():,} scores; slowest split, by {slowest}; by physician {times[Group.PHYSICIAN]:.0f} ms,"
        f" {busy:.0f} ms of the processor beside the database's; {differed} of {len(sample):,} courses differ from their"
        " summaries; floor: count one table by physician and time point"
    )
    floor = milliseconds(lambda: _asked(_FLOOR), runs=3)
    yield row("cohort_report", times[slowest], "ms", at_most=REPORT_MS, floor=floor, note=note)


def registry_export(house: House) -> Iterator[Row]:
    """Every signed session and answer as the physician gets them: the streamed file of the real page."""
    client = _client(_physician(house))
    asked = {
        "first": "2020-01-01",
        "last": clock.today(house.site.zone).isoformat(),
        "purpose": "quality",
        "reason": "To measure how fast it is",
    }
    address = reverse("treatments:registry")
    client.get(address)
    began, busy = time.perf_counter(), time.process_time()
    before, most, size, lines, ended = _resident_mb(), 0.0, 0, 0, b""
    for part in client.post(address, asked):
        size, lines, ended = size + len(part), lines + part.count(b"\r\n"), part
        most = max(most, _resident_mb())
    seconds, busy = time.perf_counter() - began, time.process_time() - busy
    [columns] = {len(cells) for cells in csv.reader(io.StringIO(ended.decode()))}
    rows = lines - 1
    copied = time.perf_counter()
    copies = sum(_copied(statement) for statement in _COPIES)
    floor = copies / (time.perf_counter() - copied)
    note = (
        f"{rows:,} rows of {columns} columns, {size / 1e6:.0f} MB in {seconds:.0f} s, {rows / busy:,.0f} rows a second of"
        " the processor; floor: COPY of the tables of injections and answers"
    )
    yield row("registry_export", rows / seconds, "rows/s", at_least=ROWS_A_SECOND, floor=floor, note=note)
    yield row(
        "registry_export_memory",
        most - before,
        "MB",
        at_most=MEMORY_MB,
        note=f"{before:.0f} MB before it began",
    )


def _physician(house: House) -> User:
    """Of every site."""
    person = clinic.user(Role.PHYSICIAN, at=house.site)
    person.sites.set(Site.objects.all())
    return person


def _client(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def _asked(statement: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return len(cursor.fetchall())


def _copied(statement: str) -> int:
    """How many rows a plain copy hands over."""
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        return sum(bytes(part).count(b"\n") for part in copy)


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6
