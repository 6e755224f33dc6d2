"""What a column shows beside its visits, as ready strings: when it is shut, who is away, and free time to book in."""

import datetime as dt
from collections.abc import Iterable
from html import escape
from urllib.parse import quote

from django.utils.translation import gettext as _

from clinic import clock
from clinic.templatetags.dates import clinic_day, clinic_time
from scheduling import intervals
from scheduling.intervals import instant, minute, minute_up
from scheduling.models import Resource
from scheduling.selectors.grid import Absence
from scheduling.views.addresses import address_of
from scheduling.views.grid_pen import Pen

_SMALLEST_GAP = 10  # minutes
_SNAP = 15  # minutes: where a click into free time starts


def opening(open_here: intervals.Intervals) -> str:
    """ "08:00–12:00, 13:00–17:00", or why there is nothing."""
    spans = [f"{clinic_time(instant(low))}–{clinic_time(instant(high))}" for low, high in open_here]
    return ", ".join(spans[:2]) + (" …" if len(spans) > 2 else "") if spans else _("not here")


def closed(pen: Pen, open_here: intervals.Intervals, day: dt.date) -> Iterable[str]:
    """Grey ground wherever the resource is not at work."""
    low, high = clock.day_bounds(day, pen.ruler.zone)
    for start, end in intervals.subtract([(minute(low), minute(high))], open_here):
        where = pen.ruler.classes(instant(start), instant(end), day)
        if where:
            yield f'<i class="g-shut {where[0]}"></i>'


def absences(pen: Pen, resource: Resource, day: dt.date) -> Iterable[str]:
    low, high = clock.day_bounds(day, pen.ruler.zone)
    for absence in pen.sheet.absences:
        if absence.resource_id not in (None, resource.pk) or not (absence.start < high and low < absence.end):
            continue
        where = pen.ruler.classes(max(absence.start, low), min(absence.end, high), day)
        if where:
            yield f'<div class="g-off {where[0]}"><span>{escape(_why(absence, resource))}</span></div>'


def _why(absence: Absence, resource: Resource) -> str:
    if absence.resource_id is None:
        return _("Closed: %(why)s") % {"why": absence.words}
    if resource.is_clinician:
        return _("Away")
    return _("Out of use: %(why)s") % {"why": absence.words} if absence.words else _("Out of use")


def gaps(
    pen: Pen, free: intervals.Intervals, resource: Resource, day: dt.date
) -> list[tuple[dt.datetime, str]]:
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
        link = f'<a class="g-gap {where[0]}" href="{escape(url)}" aria-label="{escape(words)}"></a>'
        found.append((start, link))
    return found
