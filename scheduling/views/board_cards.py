"""The board's cards as ready strings, as the grid's blocks are: the template of a card, filled in for each of eighty
visits, cost half of the page. Everything in them is either ours or escaped here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from clinic.templatetags.dates import age, clinic_date, clinic_time
from clinic.templatetags.ui import state_chip
from scheduling.duties import Light
from scheduling.enums import AppointmentStatus
from scheduling.views.addresses import address_of
from scheduling.views.cards import Card, icons
from scheduling.views.rows import Tap


@dataclass(slots=True)
class Pen:
    """What all cards of one answer share, looked up once."""

    here: str
    """Where a tap leads back to."""
    token: SafeString
    icon: dict[str, str]
    words: dict[str, str]
    chips: dict[AppointmentStatus, SafeString] = field(default_factory=dict)
    lights: dict[Light, str] = field(default_factory=dict)

    def chip(self, row: Card) -> SafeString:
        if row.status not in self.chips:
            self.chips[row.status] = state_chip(row.visit.status, label=str(row.status.label))
        return self.chips[row.status]

    def light(self, light: Light) -> str:
        if light not in self.lights:
            self.lights[light] = render_to_string("scheduling/strip/_light.html", {"light": light}).strip()
        return self.lights[light]


def pen(request: HttpRequest, *, here: str) -> Pen:
    """For the cards of one answer."""
    token = format_html('<input type="hidden" name="csrfmiddlewaretoken" value="{}">', get_token(request))
    return Pen(here=escape(here), token=token, icon=icons(), words=_words())


def _words() -> dict[str, str]:
    """Each sentence once, its gaps to be filled with what is escaped already."""
    words = {
        "slip": _("Number %(number)s: print the slip"),
        "years": _("%(years)s y"),
        "same": _("Same name today: ask the birth date"),
        "squeezed": _("Squeezed in with %(name)s"),
        "provisional": _("Provisional: not released"),
        "untold": _("Nobody has told them"),
        "comes": _("Comes at %(time)s"),
        "planned": _("planned %(time)s"),
        "to": _("to: %(places)s"),
        "came": _("Came after all"),
        "undo": _("Undo the last step of %(name)s"),
        "undo_title": _("Undo"),
        "nobody": _("Nobody"),
    }
    # Its markup is ours, from the sentence itself.
    likely = _('likely <strong class="num">%(time)s</strong>, not %(planned)s')
    return {name: escape(sentence) for name, sentence in words.items()} | {"likely": likely}


def cards(pen: Pen, kind: str, rows: Sequence[Card]) -> SafeString:
    """The list items of one place of the board."""
    if not rows:
        return SafeString(f'<li class="board-none">{pen.words["nobody"]}</li>')
    return SafeString("".join([_card(pen, kind, row) for row in rows]))


def _card(pen: Pen, kind: str, row: Card) -> str:
    visit, key, name = row.visit, str(row.visit.pk), escape(row.visit.patient.full_name)
    lead = f" · {escape(row.lead)}" if row.lead else ""
    light = f'<div class="board-facts">{pen.light(row.light)}</div>' if row.light and kind != "done" else ""
    return (
        f'<li class="board-card{" attention" if row.wants_attention else ""}" id="card-{key}">'
        f'<div class="board-who">{_number(pen, row, key)}<a class="board-name" id="name-{key}"'
        f' href="{address_of("scheduling:appointment-detail", visit.pk)}">{name}</a></div>{_facts(pen, row)}'
        f'<div class="board-facts board-what quiet">{escape(visit.visit_type.name)}{lead}</div>{light}{_marks(pen, row)}'
        f'<div class="board-foot"><span class="board-since">{_since(pen, kind, row)}</span>{_to(pen, row)}'
        f"{_taps(pen, row, key, name)}</div></li>"
    )


def _number(pen: Pen, row: Card, key: str) -> str:
    number = row.visit.call_number
    if not number:
        return ""
    return (
        f'<a class="call-number num" href="{address_of("scheduling:appointment-slip", row.visit.pk)}" id="slip-{key}"'
        f' aria-label="{pen.words["slip"] % {"number": number}}">{number}</a>'
    )


def _facts(pen: Pen, row: Card) -> str:
    born = row.visit.patient.birth_date
    return (
        f'<div class="board-facts quiet"><strong class="num">{clinic_time(row.start)}</strong> · '
        f'{pen.words["years"] % {"years": age(born)}} · <span class="num">{escape(clinic_date(born))}</span></div>'
    )


def _marks(pen: Pen, row: Card) -> str:
    """What is out of the ordinary, a line each."""
    words, icon = pen.words, pen.icon
    lines = []
    if row.namesake:
        lines.append(f'<div class="board-mark harm">{icon["same"]}{words["same"]}</div>')
    if row.is_squeezed:
        name = escape(row.visit.squeezed_on.name) if row.visit.squeezed_on else ""
        lines.append(f'<div class="board-mark">{icon["squeezed"]}{words["squeezed"] % {"name": name}}</div>')
    if row.is_provisional:
        lines.append(f'<div class="board-mark">{icon["provisional"]}{words["provisional"]}</div>')
    elif row.is_untold:
        lines.append(f'<div class="board-mark">{icon["untold"]}{words["untold"]}</div>')
    if row.said_later:
        comes = words["comes"] % {"time": clinic_time(row.said_later)}
        lines.append(f'<div class="board-mark plain">{icon["comes"]}{comes}</div>')
    if row.later:
        stage = f"{escape(row.later.name)}: " if row.later.name else ""
        times = {"time": clinic_time(row.later.start), "planned": clinic_time(row.later.planned)}
        lines.append(
            f'<div class="board-mark">{icon["later"]}<span>{stage}{words["likely"] % times}</span></div>'
        )
    return "".join(lines)


def _since(pen: Pen, kind: str, row: Card) -> str:
    """What the clock says of the card, else the state."""
    if row.late:
        return f'<strong class="late">{escape(row.note)}</strong>'
    planned = pen.words["planned"] % {"time": clinic_time(row.planned)} if row.planned else ""
    if row.since and kind not in ("done", "off"):
        over = f", {escape(row.note)}" if row.overdue else ""
        mark = " late" if row.waits_long or row.overdue else ""
        plan = (
            f'<span class="quiet num board-plan">{clinic_time(row.since)}, {planned}</span>'
            if planned
            else ""
        )
        return f'<span class="num{mark}">{escape(row.waited)}{over}</span>{plan}'
    if kind == "done" and row.ended:
        return f'<span class="quiet num board-plan">{clinic_time(row.ended)}, {planned}</span>'
    return pen.chip(row) if kind in ("expected", "off", "later") else ""


def _to(pen: Pen, row: Card) -> str:
    if not row.to:
        return ""
    return f'<span class="board-to quiet">{pen.words["to"] % {"places": escape(row.to)}}</span>'


def _taps(pen: Pen, row: Card, key: str, name: str) -> str:
    """One tap forward, and one back."""
    hidden = f'<span class="visually-hidden">: {name}</span>'
    if row.status == AppointmentStatus.NO_SHOW:
        url = address_of("scheduling:came-after-all", row.visit.pk)
        return (
            f'<a class="btn btn-secondary tap" id="came-{key}" href="{url}">{pen.words["came"]}{hidden}</a>'
        )
    back = forth = ""
    if (undo := row.undo) is not None:
        words = pen.words["undo"] % {"name": name}
        back = _form(
            pen,
            row,
            undo,
            ' class="tap-undo"',
            f'<button class="btn btn-quiet btn-icon" id="undo-{key}" type="submit" aria-label="{words}"'
            f' title="{pen.words["undo_title"]}">{pen.icon["undo"]}</button>',
        )
    if (tap := row.next) is not None:
        label = f"{escape(tap.label)}{hidden}"
        forth = _form(
            pen,
            row,
            tap,
            "",
            f'<button class="btn btn-secondary tap" id="tap-{key}" type="submit">{label}</button>',
        )
    return f'<div class="taps">{back}{forth}</div>'


def _form(pen: Pen, row: Card, tap: Tap, mark: str, button: str) -> str:
    return (
        f'<form{mark} method="post" action="{tap.url}" hx-post="{tap.url}">{pen.token}'
        f'<input type="hidden" name="next" value="{pen.here}">'
        f'<input type="hidden" name="version" value="{row.visit.version}">{button}</form>'
    )
