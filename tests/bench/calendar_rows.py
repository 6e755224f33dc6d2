"""Where a visit can start, and a whole course of them."""

import datetime as dt
from collections.abc import Iterator
from functools import partial

from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic import clock
from clinic.enums import Role
from scheduling.services import availability
from tests.bench import floors
from tests.bench.clocked import Row, milliseconds, row
from tests.factories import clinic
from tests.factories import treatments as courses
from tests.factories.scheduling import BY, House
from tests.factories.treatments import Ward
from treatments.services import defaults, planning


def availability_30d(house: House) -> Iterator[Row]:
    """Every start of a staged visit with anybody over 30 days."""
    yield _starts(house, "availability_30d", days=30, at_most=80)


def availability_365d(house: House) -> Iterator[Row]:
    yield _starts(house, "availability_365d", days=365, at_most=700)


def course_plan(house: House) -> Iterator[Row]:
    """Five sessions over twelve months, proposed from an order; beside one look at the same twelve months."""
    ward = Ward(
        house,
        defaults.create_for_site(site_id=house.site.pk, by=BY),
        physician=clinic.staff(Role.PHYSICIAN, at=house.site),
        nurse=clinic.staff(Role.NURSE, at=house.site),
        desk=clinic.staff(Role.FRONT_DESK, at=house.site),
    )
    order = courses.order(ward, sessions=5)
    earliest = clock.now() + dt.timedelta(days=2)
    propose = partial(planning.propose, by=ward.desk, order_id=order.pk, earliest=earliest)
    with CaptureQueriesContext(connection) as queries:
        plan = propose()
    year = milliseconds(_ask(house, 365), runs=5)
    note = f"{len(plan.starts)} sessions found, {len(queries)} queries; bar: availability_365d + 60 ms"
    yield row("course_plan", milliseconds(propose, runs=5), "ms", at_most=round(year + 60), note=note)


def _starts(house: House, name: str, *, days: int, at_most: float) -> Row:
    ask = _ask(house, days)
    with CaptureQueriesContext(connection) as queries:
        found = len(ask())
    floor = milliseconds(partial(floors.fetch_allocations, house, days=days))
    note = f"{found} starts, {len(queries)} queries; floor: fetching the site's allocations of the window as rows"
    return row(name, milliseconds(ask), "ms", at_most=at_most, floor=floor, note=note)


def _ask(house: House, days: int) -> "partial[object]":
    now = clock.now()
    return partial(
        availability.free_starts,
        visit_type_id=house.visit("prp_session").pk,
        site_id=house.site.pk,
        earliest=now,
        latest=now + dt.timedelta(days=days),
    )
