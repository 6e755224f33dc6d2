"""The whole visit in a few lines, beside the block that has the pointer or the focus. Its data move the visit."""

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from clinic.templatetags.dates import age, clinic_date, clinic_span, clinic_time
from clinic.templatetags.ui import state_chip
from scheduling import policies
from scheduling.selectors.grid import Sheet
from scheduling.views.grid_rows import Ruler
from scheduling.views.rows import Row


def state_words(row: Row) -> str:
    """The state's word, and what the clock adds to it."""
    word = str(row.status.label)
    return f"{word}, {row.note}" if row.note else word


def is_movable(row: Row) -> bool:
    """A squeeze-in holds no clinician, so it cannot be dropped on one; its own page moves it."""
    return row.status in policies.MOVABLE and row.visit.squeezed_on_id is None


def card(sheet: Sheet, row: Row, *, number: int, ruler: Ruler, may_move: bool) -> SafeString:
    """Who, what, when, where, the state and the note. The script reads the data of a visit that may be moved."""
    visit, patient = row.visit, row.visit.patient
    held = sheet.by_visit.get(visit.pk, [])
    names = dict.fromkeys(sheet.names.get(each.resource_id, "") for each in held)
    return format_html(
        '<div class="g-card" id="v{}" hidden data-visit="{}"{}>'
        '<p class="g-who">{}</p><p class="quiet">{}</p>{}<p>{}</p><p>{} <span class="num">{}</span></p>'
        '<p class="quiet">{}</p>{}{}</div>',
        number,
        visit.pk,
        _data(sheet, row, ruler) if may_move and is_movable(row) else "",
        patient.full_name,
        f"{_('%(years)s y') % {'years': age(patient.birth_date)}} · {clinic_date(patient.birth_date)}"
        f" · {patient.record_number}",
        _warning(row),
        state_chip(
            visit.status,
            label=str(row.status.label),
            note=row.note,
            done=row.done_steps,
            total=len(row.steps),
        ),
        visit.visit_type.name,
        clinic_span(row.start, row.end),
        ", ".join(name for name in names if name),
        _stages(row),
        format_html('<p class="g-note">{}</p>', visit.note) if visit.note else "",
    )


def _data(sheet: Sheet, row: Row, ruler: Ruler) -> SafeString:
    visit = row.visit
    day = row.start.astimezone(ruler.zone).date()
    lead = next((each.resource_id for each in sheet.by_visit.get(visit.pk, []) if each.is_lead), "")
    return format_html(
        ' data-url="{}" data-day="{}" data-start="{}" data-length="{}" data-step="{}" data-version="{}" data-lead="{}"',
        reverse("scheduling:grid-move", args=[visit.pk]),
        day,
        ruler.minute(row.start, day),
        visit.visit_type.minutes,
        visit.visit_type.grid_minutes,
        visit.version,
        lead,
    )


def _warning(row: Row) -> SafeString | str:
    words = []
    if row.namesake:
        words.append(_("Same name, same day"))
    if row.visit.squeezed_on_id:
        words.append(_("Squeezed in: no time is held for it"))
    return format_html_join("", '<p class="late">{}</p>', ((word,) for word in words))


def _stages(row: Row) -> SafeString | str:
    if len(row.steps) < 2:
        return ""
    return format_html(
        '<ol class="g-stages">{}</ol>',
        format_html_join(
            "",
            '<li{}><span class="num">{}</span> {}</li>',
            (
                (
                    SafeString(' class="done"') if step.ended_at else "",
                    clinic_time(step.started_at or step.planned_start),
                    step.name,
                )
                for step in row.steps
            ),
        ),
    )
