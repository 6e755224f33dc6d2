"""The whole visit in a few lines, beside the block that has the pointer or the focus. Its data move the visit."""

from html import escape

from django.utils.translation import gettext as _

from clinic.templatetags.dates import age, clinic_date
from clinic.templatetags.ui import state_chip
from scheduling import policies
from scheduling.selectors.grid import Sheet
from scheduling.views.addresses import address_of
from scheduling.views.grid_rows import Ruler
from scheduling.views.rows import Row


def state_words(row: Row) -> str:
    """The state's word, and what the clock adds to it."""
    word = str(row.status.label)
    return f"{word}, {row.note}" if row.note else word


def is_movable(row: Row) -> bool:
    """A squeeze-in holds no clinician, so it cannot be dropped on one; its own page moves it."""
    return row.status in policies.MOVABLE and row.visit.squeezed_on_id is None


_DONE = ' class="done"'


def card(sheet: Sheet, row: Row, *, number: int, ruler: Ruler, may_move: bool) -> str:
    """Who, what, when, where, the state and the note. The script reads the data of a visit that may be moved."""
    visit, patient, zone = row.visit, row.visit.patient, ruler.zone
    names = dict.fromkeys(each.name for each in sheet.by_visit.get(visit.pk, []))
    data = _data(sheet, row, ruler) if may_move and is_movable(row) else ""
    years = escape(_("%(years)s y") % {"years": age(patient.birth_date)})
    born = escape(clinic_date(patient.birth_date))
    chip = state_chip(
        visit.status,
        label=str(row.status.label),
        note=row.note,
        done=row.done_steps,
        total=len(row.steps),
    )
    note = f'<p class="g-note">{escape(visit.note)}</p>' if visit.note else ""
    return (
        f'<div class="g-card" id="v{number}" hidden data-visit="{visit.pk}"{data}>'
        f'<p class="g-who">{escape(patient.full_name)}</p>'
        f'<p class="quiet">{years} · {born} · {escape(patient.record_number)}</p>'
        f"{_warning(row)}<p>{chip}</p><p>{escape(visit.visit_type.name)} "
        f'<span class="num">{row.start.astimezone(zone):%H:%M}–{row.end.astimezone(zone):%H:%M}</span></p>'
        f'<p class="quiet">{escape(", ".join(names))}</p>{_stages(row, ruler)}{note}</div>'
    )


def _data(sheet: Sheet, row: Row, ruler: Ruler) -> str:
    """Keys, numbers and a day: nothing that somebody typed."""
    visit = row.visit
    day = row.start.astimezone(ruler.zone).date()
    lead = next((each.resource_id for each in sheet.by_visit.get(visit.pk, []) if each.is_lead), "")
    return (
        f' data-url="{address_of("scheduling:grid-move", visit.pk)}" data-day="{day}"'
        f' data-start="{ruler.minute(row.start, day)}" data-step="{visit.visit_type.grid_minutes}"'
        f' data-version="{visit.version}" data-lead="{lead}"'
    )


def _warning(row: Row) -> str:
    words = []
    if row.namesake:
        words.append(_("Same name, same day"))
    if row.visit.squeezed_on_id:
        words.append(_("Squeezed in: no time is held for it"))
    return "".join(f'<p class="late">{escape(word)}</p>' for word in words)


def _stages(row: Row, ruler: Ruler) -> str:
    if len(row.steps) < 2:
        return ""
    lines = [
        f"<li{_DONE if step.ended_at else ''}>"
        f'<span class="num">{(step.started_at or step.planned_start).astimezone(ruler.zone):%H:%M}</span> '
        f"{escape(step.name)}</li>"
        for step in row.steps
    ]
    return f'<ol class="g-stages">{"".join(lines)}</ol>'
