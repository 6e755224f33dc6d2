"""The grid's columns as ready strings, which the template writes in one flat loop: a template and an address
for each of 480 blocks would cost five times as much."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote
from uuid import UUID

from django.urls import reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from clinic import clock
from clinic.templatetags.dates import clinic_day, clinic_time
from clinic.templatetags.ui import pips, state_shape
from scheduling import intervals
from scheduling.enums import AppointmentStatus, HoldReason
from scheduling.intervals import instant, minute, minute_up
from scheduling.models import Appointment, Hold, Resource
from scheduling.selectors.grid import Absence, Held, Sheet
from scheduling.views.addresses import address_of
from scheduling.views.grid_cards import card, is_movable, state_words
from scheduling.views.grid_rows import Ruler, ruler
from scheduling.views.rows import Row, rows_of

_TALL = 6  # rows from which a block has room for a third line
_SMALLEST_GAP = 10  # minutes
_SNAP = 15  # minutes: where a click into free time starts


@dataclass(frozen=True, slots=True)
class Column:
    """One resource on one day."""

    anchor: str
    resource: Resource
    day: dt.date
    title: str
    note: str
    url: str
    parts: Sequence[SafeString]
    is_today: bool = False


@dataclass(slots=True)
class Drawing:
    """What the template writes."""

    ruler: Ruler
    columns: list[Column] = field(default_factory=list)
    cards: list[SafeString] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    @property
    def movable(self) -> Appointment | None:
        """A visit that may be moved, for the form that a drop fills in; none, no form."""
        return next((row.visit for row in self.rows if is_movable(row)), None)


@dataclass(frozen=True, slots=True)
class _Face:
    """What the blocks of one visit share, escaped once. `stages` names what each resource is held for."""

    number: int
    url: str
    shape: str
    name: str
    kind: str
    stages: Mapping[str, str]
    pips: str
    state: str


@dataclass(slots=True)
class _Pen:
    """What all blocks of one drawing share."""

    sheet: Sheet
    ruler: Ruler
    now: dt.datetime
    may_book: bool
    faces: Mapping[UUID, _Face]
    rows: Mapping[UUID, Row]
    held: Mapping[UUID, Sequence[Held]]
    by_week: bool


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
    pen = _Pen(
        sheet=sheet,
        ruler=hours,
        now=now,
        may_book=may_book,
        faces={row.visit.pk: _face(row, number) for number, row in enumerate(rows)},
        rows={row.visit.pk: row for row in rows},
        held=by_resource,
        by_week=len(days) > 1,
    )
    drawing = Drawing(hours, rows=rows)
    for day in days:
        for resource in sheet.resources:
            drawing.columns.append(_column(pen, resource, day, len(drawing.columns), today))
    drawing.cards = [
        card(sheet, row, number=number, ruler=hours, may_move=may_book) for number, row in enumerate(rows)
    ]
    return drawing


def _rows(sheet: Sheet, now: dt.datetime, today: dt.date) -> list[Row]:
    """Each day by itself: lateness counts today only, and two of one name matter on the same day only."""
    days: dict[dt.date, list[Appointment]] = defaultdict(list)
    for visit in sheet.visits:
        days[visit.period.lower.astimezone(sheet.site.zone).date()].append(visit)
    return [row for day in sorted(days) for row in rows_of(days[day], now=now, is_today=day == today)]


def _within(each: Held, sheet: Sheet) -> tuple[dt.datetime, dt.datetime]:
    return max(each.start, sheet.window[0]), min(each.end, sheet.window[1])


def _column(pen: _Pen, resource: Resource, day: dt.date, number: int, today: dt.date) -> Column:
    low, high = clock.day_bounds(day, pen.ruler.zone)
    held = [each for each in pen.held.get(resource.pk, ()) if each.kept_from < high and low < each.kept_until]
    open_here = intervals.intersect(pen.sheet.open.get(resource.pk, []), [(minute(low), minute(high))])
    parts = [*_closed(pen, open_here, day), *_absences(pen, resource, day)]
    taken = intervals.union(
        (minute(each.kept_from), minute_up(each.kept_until)) for each in held if not each.freed
    )
    timed = [(each.start, _block(pen, each, resource, day, taken)) for each in held]
    timed += [
        (row.start, _squeezed(pen, row, day))
        for row in pen.rows.values()
        if row.visit.squeezed_on_id == resource.pk and low <= row.start < high
    ]
    if pen.may_book:
        timed += _gaps(pen, intervals.subtract(open_here, taken), resource, day)
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
        note=_opening(pen, open_here, day),
        url=url,
        parts=[part for part in parts if part],
        is_today=pen.by_week and day == today,
    )


def _opening(pen: _Pen, open_here: intervals.Intervals, day: dt.date) -> str:
    """ "08:00–12:00, 13:00–17:00", or why there is nothing."""
    spans = [f"{clinic_time(instant(low))}–{clinic_time(instant(high))}" for low, high in open_here]
    return ", ".join(spans[:2]) + (" …" if len(spans) > 2 else "") if spans else _("not here")


def _closed(pen: _Pen, open_here: intervals.Intervals, day: dt.date) -> Iterable[SafeString]:
    """Grey ground wherever the resource is not at work."""
    low, high = clock.day_bounds(day, pen.ruler.zone)
    for start, end in intervals.subtract([(minute(low), minute(high))], open_here):
        where = pen.ruler.classes(instant(start), instant(end), day)
        if where:
            yield format_html('<i class="g-shut {}"></i>', where[0])


def _absences(pen: _Pen, resource: Resource, day: dt.date) -> Iterable[SafeString]:
    low, high = clock.day_bounds(day, pen.ruler.zone)
    for absence in pen.sheet.absences:
        if absence.resource_id not in (None, resource.pk) or not (absence.start < high and low < absence.end):
            continue
        where = pen.ruler.classes(max(absence.start, low), min(absence.end, high), day)
        if where:
            yield format_html(
                '<div class="g-off {}"><span>{}</span></div>', where[0], _why(absence, resource)
            )


def _why(absence: Absence, resource: Resource) -> str:
    if absence.resource_id is None:
        return _("Closed: %(why)s") % {"why": absence.words}
    if resource.is_clinician:
        return _("Away")
    return _("Out of use: %(why)s") % {"why": absence.words} if absence.words else _("Out of use")


def _block(pen: _Pen, held: Held, resource: Resource, day: dt.date, taken: intervals.Intervals) -> SafeString:
    if held.hold_id:
        return _hold(pen, pen.sheet.holds[held.hold_id], held, day)
    where = pen.ruler.classes(held.start, held.end, day)
    if where is None:
        return SafeString("")
    if held.visit_id is None:
        return format_html(
            '<div class="gb g-far shape-paused {}"><span class="gb-line">{}</span></div>',
            where[0],
            _("At another site"),
        )
    row = pen.rows[held.visit_id]
    mark = " gb-lead" if held.is_lead else ""
    if held.freed:
        mark += " gb-gone"
        if intervals.intersect(taken, [(minute(held.start), minute_up(held.end))]):
            mark += " gb-aside"
    return SafeString(_visit(pen, row, held, where, mark) + _tails(pen, held, day))


def _visit(pen: _Pen, row: Row, held: Held | None, where: tuple[str, int], mark: str) -> SafeString:
    """One block. Everything in it is either ours or was escaped with the visit's face, which all of its blocks share."""
    face, (classes, length) = pen.faces[row.visit.pk], where
    size = " gb-tall" if length >= _TALL else " gb-short" if length <= 2 else ""
    start, end = (held.start, held.end) if held else (row.start, row.end)
    zone = pen.ruler.zone
    what = face.stages.get(held.stage_code, face.kind) if held else face.kind
    return SafeString(
        f'<a class="gb {face.shape}{mark}{size} {classes}" href="{face.url}" data-v="{face.number}"'
        f' aria-describedby="v{face.number}"><span class="gb-line"><b>{start.astimezone(zone):%H:%M}</b>'
        f'<span class="visually-hidden">–{end.astimezone(zone):%H:%M}</span> {face.name}</span>'
        f'<span class="gb-what">{face.pips}{what}</span><span class="gb-state">{face.state}</span></a>'
    )


def _face(row: Row, number: int) -> _Face:
    visit = row.visit
    several = len(row.steps) > 1
    return _Face(
        number=number,
        url=address_of("scheduling:appointment-detail", visit.pk),
        shape=f"shape-{state_shape(visit.status)}",
        # The mark first: in a narrow column a long name would be cut off before it.
        name=format_html("{}{}", _same(row), visit.patient.full_name),
        kind=escape(visit.visit_type.name),
        stages={step.code: escape(step.name) for step in row.steps} if several else {},
        pips=pips(row.done_steps, len(row.steps)) if row.status == AppointmentStatus.IN_PROGRESS else "",
        state=escape(state_words(row)),
    )


def _same(row: Row) -> SafeString | str:
    if not row.namesake:
        return ""
    return format_html(
        '<span class="gb-same"><span aria-hidden="true">≈</span><span class="visually-hidden">{}</span></span>',
        _("Same name, same day"),
    )


def _tails(pen: _Pen, held: Held, day: dt.date) -> SafeString:
    """Setting up and changing over, as thin ends of the block."""
    parts = [
        format_html('<i class="g-tail {}"></i>', where[0])
        for start, end in ((held.kept_from, held.start), (held.end, held.kept_until))
        if start < end and (where := pen.ruler.classes(start, end, day))
    ]
    return SafeString("".join(parts))


def _squeezed(pen: _Pen, row: Row, day: dt.date) -> SafeString:
    where = pen.ruler.classes(row.start, row.end, day)
    return _visit(pen, row, None, where, " gb-squeezed") if where else SafeString("")


def _hold(pen: _Pen, hold: Hold, held: Held, day: dt.date) -> SafeString:
    """A time kept for somebody, and until when."""
    where = pen.ruler.classes(held.start, held.end, day)
    if where is None:
        return SafeString("")
    words = _("Pencilled in") if hold.reason == HoldReason.PENCIL else _("Offered from the waitlist")
    until = hold.expires_at.astimezone(pen.ruler.zone)
    day_too = "" if until.date() == day else f"{clinic_day(until)}, "
    return format_html(
        '<a class="gb gb-hold gb-{} shape-dotted {}{}" href="{}">'
        '<span class="gb-line"><b>{}</b> {}</span><span class="gb-what">{}</span>'
        '<span class="gb-state">{}</span></a>',
        hold.reason,
        where[0],
        " gb-tall" if where[1] >= _TALL else " gb-short" if where[1] <= 2 else "",
        reverse("scheduling:pencils")
        if hold.reason == HoldReason.PENCIL
        else reverse("scheduling:waitlist-offers"),
        clinic_time(held.start),
        hold.patient.full_name if hold.patient else hold.visit_type.name,
        words,
        _("until %(time)s") % {"time": f"{day_too}{clinic_time(until)}"},
    )


def _gaps(
    pen: _Pen, free: intervals.Intervals, resource: Resource, day: dt.date
) -> list[tuple[dt.datetime, SafeString]]:
    """Free time as links to booking there; a script makes the place of the click count."""
    soonest = minute_up(pen.now)
    soonest += -soonest % _SNAP
    found = []
    for low, high in free:
        begin = max(low, soonest)
        if high - begin < _SMALLEST_GAP:
            continue
        start = instant(begin)
        where = pen.ruler.classes(start, instant(high), day)
        if where is None:
            continue
        local = start.astimezone(pen.ruler.zone)
        url = f"{address_of('scheduling:book')}?earliest={day}&start={quote(local.isoformat(timespec='minutes'), safe=':')}"
        url += f"&lead={resource.pk}" if resource.is_clinician else ""
        words = _("Free %(start)s–%(end)s, %(name)s: book") % {
            "start": f"{local:%H:%M}",
            "end": f"{instant(high).astimezone(pen.ruler.zone):%H:%M}",
            "name": resource.name if not pen.by_week else clinic_day(day),
        }
        found.append(
            (start, format_html('<a class="g-gap {}" href="{}" aria-label="{}"></a>', where[0], url, words))
        )
    return found
