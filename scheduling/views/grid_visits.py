"""The blocks of visits and of kept times, as ready strings. Everything in them is either ours or was escaped with the
visit's face, which all of its blocks share."""

import datetime as dt
from html import escape

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from clinic.templatetags.dates import clinic_day, clinic_time
from clinic.templatetags.ui import pips, state_shape
from scheduling import intervals
from scheduling.enums import AppointmentStatus, HoldReason
from scheduling.intervals import minute, minute_up
from scheduling.models import Hold
from scheduling.selectors.grid import Held
from scheduling.views.addresses import address_of
from scheduling.views.grid_cards import state_words
from scheduling.views.grid_pen import Face, Pen, size_of
from scheduling.views.rows import Row


def face(row: Row, number: int) -> Face:
    """For the blocks of one visit; `number` leads to its card."""
    visit = row.visit
    several = len(row.steps) > 1
    return Face(
        number=number,
        url=address_of("scheduling:appointment-detail", visit.pk),
        shape=f"shape-{state_shape(visit.status)}",
        # The mark first: in a narrow column a long name would be cut off before it.
        name=_same(row) + escape(visit.patient.full_name),
        kind=escape(visit.visit_type.name),
        stages={step.code: escape(step.name) for step in row.steps} if several else {},
        pips=pips(row.done_steps, len(row.steps)) if row.status == AppointmentStatus.IN_PROGRESS else "",
        state=escape(state_words(row)),
    )


def _same(row: Row) -> str:
    if not row.namesake:
        return ""
    words = escape(_("Same name, same day"))
    return f'<span class="gb-same"><span aria-hidden="true">≈</span><span class="visually-hidden">{words}</span></span>'


def block(pen: Pen, held: Held, day: dt.date, taken: intervals.Intervals) -> str:
    """One use of a resource; `taken` is what is held in its column, for those who hold nothing any more."""
    if held.hold_id:
        return _hold(pen, pen.sheet.holds[held.hold_id], held, day)
    where = pen.ruler.classes(held.start, held.end, day)
    if where is None:
        return ""
    if held.visit_id is None:
        words = escape(_("At another site"))
        return f'<div class="gb g-far shape-paused {where[0]}"><span class="gb-line">{words}</span></div>'
    mark = " gb-lead" if held.is_lead else ""
    if held.freed:
        mark += " gb-gone"
        if intervals.intersect(taken, [(minute(held.start), minute_up(held.end))]):
            mark += " gb-aside"
    return _visit(pen, pen.rows[held.visit_id], held, where, mark) + _tails(pen, held, day)


def squeezed(pen: Pen, row: Row, day: dt.date) -> str:
    """A visit that is queued on a clinician, who is not held."""
    where = pen.ruler.classes(row.start, row.end, day)
    return _visit(pen, row, None, where, " gb-squeezed") if where else ""


def _visit(pen: Pen, row: Row, held: Held | None, where: tuple[str, int], mark: str) -> str:
    face, (classes, length) = pen.faces[row.visit.pk], where
    start, end = (held.start, held.end) if held else (row.start, row.end)
    zone = pen.ruler.zone
    what = face.stages.get(held.stage_code, face.kind) if held else face.kind
    return (
        f'<a class="gb {face.shape}{mark}{size_of(length)} {classes}" href="{face.url}" data-v="{face.number}"'
        f' aria-describedby="v{face.number}"><span class="gb-line"><b>{start.astimezone(zone):%H:%M}</b>'
        f'<span class="visually-hidden">–{end.astimezone(zone):%H:%M}</span> {face.name}</span>'
        f'<span class="gb-what">{face.pips}{what}</span><span class="gb-state">{face.state}</span></a>'
    )


def _tails(pen: Pen, held: Held, day: dt.date) -> str:
    """Setting up and changing over, as thin ends of the block."""
    parts = [
        f'<i class="g-tail {where[0]}"></i>'
        for start, end in ((held.kept_from, held.start), (held.end, held.kept_until))
        if start < end and (where := pen.ruler.classes(start, end, day))
    ]
    return "".join(parts)


def _hold(pen: Pen, hold: Hold, held: Held, day: dt.date) -> SafeString | str:
    """A time kept for somebody, and until when."""
    where = pen.ruler.classes(held.start, held.end, day)
    if where is None:
        return ""
    words = _("Pencilled in") if hold.reason == HoldReason.PENCIL else _("Offered from the waitlist")
    until = hold.expires_at.astimezone(pen.ruler.zone)
    day_too = "" if until.date() == day else f"{clinic_day(until)}, "
    return format_html(
        '<a class="gb gb-hold gb-{} shape-dotted {}{}" href="{}">'
        '<span class="gb-line"><b>{}</b> {}</span><span class="gb-what">{}</span>'
        '<span class="gb-state">{}</span></a>',
        hold.reason,
        where[0],
        size_of(where[1]),
        reverse("scheduling:pencils")
        if hold.reason == HoldReason.PENCIL
        else reverse("scheduling:waitlist-offers"),
        clinic_time(held.start),
        hold.patient.full_name if hold.patient else hold.visit_type.name,
        words,
        _("until %(time)s") % {"time": f"{day_too}{clinic_time(until)}"},
    )
