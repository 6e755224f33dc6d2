"""Server time and weight of the pages that stay open all day, on the fullest day of the measured site: today."""

import datetime as dt
import gzip
from collections.abc import Iterator

from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse

from clinic import clock
from clinic.enums import Role
from scheduling.models import Allocation, Appointment
from tests.bench.clocked import Row, milliseconds, processor_milliseconds, row
from tests.bench.lived_in import move_in
from tests.factories import clinic
from tests.factories.scheduling import House

SERVER_MS = 60
WIRE_KB = 50
REPORT_MS = 2_000
DAYS_OF_REPORT = 365


def page_day(house: House) -> Iterator[Row]:
    """The day grid with every column."""
    yield from _page(house, "page_day", "scheduling:day", {"day": clock.today(house.site.zone)})


def page_week(house: House) -> Iterator[Row]:
    """The week of the clinician with the most to do."""
    physician = house.resources["physician"][0]
    day = clock.today(house.site.zone)
    yield from _page(house, "page_week", "scheduling:week", {"resource_id": physician.pk, "day": day})


def page_board(house: House) -> Iterator[Row]:
    """The arrival board of today."""
    yield from _page(house, "page_board", "scheduling:board", {})


def report_year(house: House) -> Iterator[Row]:
    """Every table of a full year of the site beside the year before, as the manager asks for it."""
    last = clock.today(house.site.zone) - dt.timedelta(days=1)
    first = last - dt.timedelta(days=DAYS_OF_REPORT - 1)
    address = f"{reverse('scheduling:reports')}?first={first}&last={last}"
    client = Client()
    client.force_login(clinic.user(Role.MANAGER, at=house.site))
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        page = client.get(address)
    low, high = clock.day_bounds(first, house.site.zone)[0], clock.day_bounds(last, house.site.zone)[1]
    visits = Appointment.objects.filter(site=house.site, period__overlap=(low, high)).count()
    note = f"status {page.status_code}, {len(queries)} queries, {visits} visits in {DAYS_OF_REPORT} days"
    taken = milliseconds(lambda: client.get(address), runs=5)
    yield row("report_year", taken, "ms", at_most=REPORT_MS, note=note)


def _page(house: House, name: str, url_name: str, values: dict[str, object]) -> Iterator[Row]:
    address = _address(url_name, values)
    if not address:
        yield row(name, 0, "ms", note=f"no page is called {url_name} yet")
        return
    besides = move_in(house)
    client = Client()
    client.force_login(clinic.user(Role.FRONT_DESK, at=house.site))
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        page = client.get(address)
    kilobytes = len(gzip.compress(page.content, 6)) / 1024
    note = (
        f"status {page.status_code}, {len(queries)} queries, {_queries_with_one_visit(house, client, address)} with one visit; "
        f"{_shown(house)}, {besides}; floor: a page without data"
    )
    floor = milliseconds(lambda: client.get("/healthz"))
    note += f"; {processor_milliseconds(lambda: client.get(address)):.0f} ms of the processor"
    yield row(
        name, milliseconds(lambda: client.get(address)), "ms", at_most=SERVER_MS, floor=floor, note=note
    )
    yield row(
        f"{name}_wire", kilobytes, "KB", at_most=WIRE_KB, note=f"{len(page.content) // 1024} KB before gzip"
    )


def _queries_with_one_visit(house: House, client: Client, address: str) -> int:
    """How many queries the page asks while all visits around today but one are at another site; nothing of it is kept."""
    low, high = clock.day_bounds(clock.today(house.site.zone), house.site.zone)
    near = (low - dt.timedelta(days=7), high + dt.timedelta(days=7))
    with transaction.atomic():
        visits = Appointment.objects.filter(site=house.site, period__overlap=near)
        kept = visits.filter(period__overlap=(low, high), allocations__active=True)
        # A visit of whose columns all pages show one: of the clinician whose week is measured.
        kept = kept.filter(allocations__resource=house.resources["physician"][0]).values("pk")[:1]
        others = list(
            visits.exclude(pk__in=list(kept.values_list("pk", flat=True))).values_list("pk", flat=True)
        )
        Allocation.objects.filter(appointment__in=others).update(active=False)
        Appointment.objects.filter(pk__in=others).update(site=clinic.site(name="Elsewhere"))
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        transaction.set_rollback(True)
    return len(queries)


def _address(url_name: str, values: dict[str, object]) -> str:
    """With as many of the values as the page takes, for its shape is its own affair."""
    for given in (values, *([dict([item]) for item in values.items()]), {}):
        try:
            found = reverse(url_name, kwargs=given)
        except NoReverseMatch:
            continue
        rest = {key: str(value) for key, value in values.items() if key not in given}
        return found + ("?" + "&".join(f"{key}={value}" for key, value in rest.items()) if rest else "")
    return ""


def _shown(house: House) -> str:
    day = clock.day_bounds(clock.today(house.site.zone), house.site.zone)
    visits = Appointment.objects.filter(site=house.site, period__overlap=day, allocations__active=True)
    blocks = Allocation.objects.filter(site=house.site, period__overlap=day, active=True)
    return f"{visits.distinct().count()} visits and {blocks.count()} blocks today"
