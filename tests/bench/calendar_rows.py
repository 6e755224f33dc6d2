"""Where a visit can start, and a whole course of them."""

import datetime as dt
import statistics
from collections.abc import Iterator
from functools import partial
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic import clock
from scheduling.intervals import instant, minute, minute_up
from scheduling.selectors import calendar as calendars
from scheduling.selectors import facts
from scheduling.services import availability
from tests import multiranges
from tests.bench import floors
from tests.bench.clocked import Row, milliseconds, row, timings
from tests.factories import treatments as courses
from tests.factories.scheduling import House
from treatments.services import proposing
from treatments.services.horizon import Wishes


def availability_30d(house: House) -> Iterator[Row]:
    """Every start of a staged visit over 30 days: with anybody, and for each who could lead it."""
    yield from _starts(house, "availability_30d", days=30, at_most=80)


def availability_365d(house: House) -> Iterator[Row]:
    yield from _starts(house, "availability_365d", days=365, at_most=700)


def course_plan(house: House) -> Iterator[Row]:
    """Five sessions over twelve months, proposed from an order; beside one look at the same twelve months."""
    ward = courses.ward_in(house)
    order = courses.order(ward, sessions=5)
    earliest = clock.now() + dt.timedelta(days=2)
    propose = partial(proposing.propose, by=ward.desk, order_id=order.pk, wishes=Wishes(earliest))
    with CaptureQueriesContext(connection) as queries:
        plan = propose()
    year = milliseconds(partial(availability.openings, **_question(house, 365)), runs=5)
    note = f"{len(plan.starts)} sessions found, {len(queries)} queries; bar: availability_365d + 60 ms"
    yield row("course_plan", milliseconds(propose, runs=5), "ms", at_most=round(year + 60), note=note)


def _starts(house: House, name: str, *, days: int, at_most: float) -> Iterator[Row]:
    """Beside the best hand-written SQL known for the same starts: it reads the hours too, but is given them expanded.

    Both take turns, so that what else the machine does weighs on both alike.
    """
    question = _question(house, days)
    ask = partial(availability.openings, **question)
    with CaptureQueriesContext(connection) as queries:
        found = ask()
    now = clock.now()
    calendar = calendars.load(**question, now=now)
    calendar.narrow(earliest=minute_up(now), latest=minute(calendar.rules.last(now)) + 1)
    values = multiranges.question(calendar, now)
    parts = multiranges.answered(values)
    by_hand = sum(
        calendar.rules.is_on_grid(instant(at).astimezone(calendar.zone))
        for part in parts
        for at in range(*part)
    )

    def floor() -> None:
        facts.setup(
            visit_type_id=question["visit_type_id"],
            site_id=question["site_id"],
            earliest=question["earliest"],
            latest=question["latest"],
            only=None,
        )
        multiranges.answered(values)

    taken = timings([ask, floor] * 11)[2:]
    as_rows = milliseconds(partial(floors.fetch_allocations, house, days=days), runs=3)
    note = (
        f"{len(found.starts)} starts (by hand {by_hand}), of {len(found.by_lead)} clinicians, {len(queries)} queries; "
        f"floor: the hours read and one statement of multiranges; fetching the allocations as rows: {as_rows:.0f} ms"
    )
    value, least = statistics.median(taken[::2]), statistics.median(taken[1::2])
    yield row(name, value, "ms", at_most=at_most, floor=least, note=note)
    teams = partial(availability.free_starts, **question, limit=10)
    yield row(f"{name}_ten_teams", milliseconds(teams), "ms", note="the first ten starts with a team each")


def _question(house: House, days: int) -> dict[str, Any]:
    now = clock.now()
    return {
        "visit_type_id": house.visit("prp_session").pk,
        "site_id": house.site.pk,
        "earliest": now,
        "latest": now + dt.timedelta(days=days),
    }
