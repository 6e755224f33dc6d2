"""The grid's columns as ready strings, which the template writes as they are: a template and an address
for each of 480 blocks would cost five times as much."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.urls import reverse
from django.utils.safestring import SafeString

from clinic import clock
from clinic.templatetags.dates import clinic_day
from scheduling import intervals
from scheduling.intervals import minute, minute_up
from scheduling.models import Appointment, Resource
from scheduling.selectors.grid import Held, Sheet
from scheduling.views import grid_ground, grid_visits
from scheduling.views.grid_cards import card, is_movable
from scheduling.views.grid_pen import Pen
from scheduling.views.grid_rows import Ruler, ruler
from scheduling.views.rows import Row, rows_of


@dataclass(frozen=True, slots=True)
class Column:
    """One resource on one day. `body` is all that stands in it."""

    anchor: str
    resource: Resource
    day: dt.date
    title: str
    note: str
    url: str
    body: SafeString
    is_today: bool = False


@dataclass(slots=True)
class Drawing:
    """What the template writes."""

    ruler: Ruler
    columns: list[Column] = field(default_factory=list)
    cards: SafeString = field(default_factory=SafeString)
    rows: list[Row] = field(default_factory=list)

    @property
    def movable(self) -> Appointment | None:
        """A visit that may be moved, for the form that a drop fills in; none, no form."""
        return next((row.visit for row in self.rows if is_movable(row)), None)


def draw(
    sheet: Sheet, days: Sequence[dt.date], *, now: dt.datetime, today: dt.date, may_book: bool
) -> Drawing:
    """Columns of the resources for each of the days, in order, and one card for each visit."""
    rows = _rows(sheet, now, today)
    by_resource: dict[UUID, list[Held]] = defaultdict(list)
    for each in sheet.held:
        by_resource[each.resource_id].append(each)
    open_times = [part for parts in sheet.open.values() for part in parts]
    hours = ruler(open_times, [_within(each, sheet) for each in sheet.held if each.visit_id], sheet.site.zone)
    pen = Pen(
        sheet=sheet,
        ruler=hours,
        now=now,
        may_book=may_book,
        faces={row.visit.pk: grid_visits.face(row, number) for number, row in enumerate(rows)},
        rows={row.visit.pk: row for row in rows},
        held=by_resource,
        by_week=len(days) > 1,
    )
    drawing = Drawing(hours, rows=rows)
    for day in days:
        for resource in sheet.resources:
            drawing.columns.append(_column(pen, resource, day, len(drawing.columns), today))
    cards = [
        card(sheet, row, number=number, ruler=hours, may_move=may_book) for number, row in enumerate(rows)
    ]
    drawing.cards = SafeString("".join(cards))
    return drawing


def _rows(sheet: Sheet, now: dt.datetime, today: dt.date) -> list[Row]:
    """Each day by itself: lateness counts today only, and two of one name matter on the same day only."""
    days: dict[dt.date, list[Appointment]] = defaultdict(list)
    for visit in sheet.visits:
        days[visit.period.lower.astimezone(sheet.site.zone).date()].append(visit)
    return [row for day in sorted(days) for row in rows_of(days[day], now=now, is_today=day == today)]


def _within(each: Held, sheet: Sheet) -> tuple[dt.datetime, dt.datetime]:
    return max(each.start, sheet.window[0]), min(each.end, sheet.window[1])


def _column(pen: Pen, resource: Resource, day: dt.date, number: int, today: dt.date) -> Column:
    low, high = clock.day_bounds(day, pen.ruler.zone)
    held = [each for each in pen.held.get(resource.pk, ()) if each.kept_from < high and low < each.kept_until]
    open_here = intervals.intersect(pen.sheet.open.get(resource.pk, []), [(minute(low), minute(high))])
    parts = [*grid_ground.closed(pen, open_here, day), *grid_ground.absences(pen, resource, day)]
    taken = intervals.union(
        (minute(each.kept_from), minute_up(each.kept_until)) for each in held if not each.freed
    )
    timed = [(each.start, grid_visits.block(pen, each, day, taken)) for each in held]
    timed += [
        (row.start, grid_visits.squeezed(pen, row, day))
        for row in pen.rows.values()
        if row.visit.squeezed_on_id == resource.pk and low <= row.start < high
    ]
    if pen.may_book:
        timed += grid_ground.gaps(pen, intervals.subtract(open_here, taken), resource, day)
    parts += [part for _start, part in sorted(timed, key=lambda each: each[0])]
    if pen.by_week:
        title, url = clinic_day(day), reverse("scheduling:day", args=[day])
    else:
        title, url = resource.name, reverse("scheduling:week", args=[resource.pk, day])
    return Column(
        anchor=f"c{number}",
        resource=resource,
        day=day,
        title=title,
        note=grid_ground.opening(open_here),
        url=url,
        body=SafeString("".join(parts)),
        is_today=pen.by_week and day == today,
    )
