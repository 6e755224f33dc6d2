"""The parts that pages are put together from; docs/reference/ui-components.md shows each with an example.

Tags with an end tag take what stands between as their content. Their own markup is in templates/_components/.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.core.paginator import Page
from django.template.loader import render_to_string
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy

from clinic.policies import phones

register = template.Library()

SHAPES: dict[str, str] = {
    # appointments
    "provisional": "dotted",
    "booked": "dashed",
    "confirmed": "solid",
    "arrived": "filled",
    "in_progress": "pips",
    "completed": "check",
    "cancelled": "struck",
    "no_show": "hatched",
    "not_done": "struck",
    # courses
    "draft": "dotted",
    "screening": "dashed",
    "approved": "solid",
    "active": "filled",
    "review_due": "flag",
    "follow_up": "pips",
    "on_hold": "paused",
    "discontinued": "struck",
    "declined": "struck",
    # sessions
    "planned": "dashed",
    "cleared": "solid",
    "injected": "filled",
    "signed": "check",
    "stopped": "paused",
    "dropped": "struck",
    # messages
    "pending": "dashed",
    "leased": "pips",
    "sending": "pips",
    "sent": "solid",
    "delivered": "check",
    "bounced": "harm",
    "missed": "hatched",
    "suppressed": "struck",
    "failed": "harm",
    "uncertain": "flag",
    # tasks, orders, holds, offers
    "withdrawn": "struck",
    "open": "dashed",
    "done": "check",
    "new": "dashed",
    "waiting": "dashed",
    "offered": "solid",
    "accepted": "check",
    "expired": "struck",
    "overdue": "harm",
}
"""What each state looks like. The same word has the same shape wherever it stands."""

WORDS = {"no_show": gettext_lazy("Did not come"), "not_done": gettext_lazy("Not done")}

_GLYPHS = {
    "check": SafeString('<svg viewBox="0 0 12 12" aria-hidden="true"><path d="M2 6.5 4.8 9.3 10 3"/></svg>'),
    "flag": SafeString(
        '<svg viewBox="0 0 12 12" aria-hidden="true"><path d="M3 11V1.5h6.5L7.6 4l1.9 2.5H3"/></svg>'
    ),
    "harm": SafeString('<svg viewBox="0 0 12 12" aria-hidden="true"><path d="M6 2v4.6M6 9.7v.1"/></svg>'),
    "paused": SafeString('<svg viewBox="0 0 12 12" aria-hidden="true"><path d="M4 2.5v7M8 2.5v7"/></svg>'),
}


def state_shape(status: str) -> str:
    """The shape's name for a state: for the grid's ready-made strings, as the class `shape-<name>`."""
    return SHAPES.get(str(getattr(status, "value", status)), "paused")


@register.simple_tag
def state_chip(
    status: Any, *, label: str = "", note: str = "", done: int | None = None, total: int | None = None
) -> SafeString:
    """A state as shape and word. `note` follows the word ("since 09:12"); in progress takes `done` of `total` stages."""
    if not status:
        return SafeString("")
    value = str(getattr(status, "value", status))
    word = (
        label
        or getattr(status, "label", "")
        or WORDS.get(value)
        or gettext(value.replace("_", " ").capitalize())
    )
    shape = SHAPES.get(value, "paused")
    glyph = pips(done, total) if shape == "pips" and total else _GLYPHS.get(shape, SafeString(""))
    tail = f'<span class="chip-note">{conditional_escape(note)}</span>' if note else ""
    return SafeString(
        f'<span class="chip shape-{shape}">{glyph}<span class="chip-word">{conditional_escape(word)}</span>{tail}</span>'
    )


def pips(done: int | None, total: int | None) -> SafeString:
    """One dot a stage: those done and the current one filled. Decoration: the words beside it say the same."""
    reached, count = done or 0, total or 0
    kinds = ("done" if at < reached else "current" if at == reached else "" for at in range(count))
    dots = "".join(f'<i class="pip {kind}"></i>' for kind in kinds)
    return SafeString(f'<span class="pips" aria-hidden="true">{dots}</span>')


@register.simple_block_tag
def card(
    content: str,
    *,
    title: str = "",
    anchor: str = "",
    link: str = "",
    link_label: str = "",
    flush: bool = False,
    level: int = 2,
) -> str:
    """A section with a heading; `flush` lets a table reach its edges; `link` stands at its top right."""
    return _render("card", locals())


@register.simple_block_tag
def table(
    content: str,
    *,
    caption: str,
    count: int | None = None,
    stacks: bool = True,
    show_caption: bool = False,
    sticky: bool = False,
) -> str:
    """A data table around <thead> and <tbody>. Cells with data-label become lines of a card on a phone."""
    return _render("table", locals())


@register.simple_block_tag
def empty_state(
    content: str, *, title: str, icon: str = "inbox", link: str = "", link_label: str = ""
) -> str:
    """A place with nothing in it yet: what it is for, and the first step."""
    return _render("empty_state", locals())


@register.simple_block_tag
def notice(content: str, kind: str = "note", *, title: str = "", live: bool = False) -> str:
    """note, done, attention or refusal: what, why, what now. `live` announces it when it appears."""
    icons = {"done": "check-circle", "attention": "exclamation-triangle", "refusal": "no-symbol"}
    return _render("notice", {**locals(), "icon": icons.get(kind, "information-circle")})


@register.simple_block_tag
def dialog(content: str, anchor: str, *, title: str, auto: bool = False, wide: bool = False) -> str:
    """A <dialog>, opened by any element with data-dialog-open="id"; `auto` opens it when it arrives by htmx."""
    return _render("dialog", locals())


@register.simple_block_tag
def moment(content: str, *, when: Any = "", title: str = "", tone: str = "") -> str:
    """One entry of <ol class="timeline">; tone is empty, now, attention or harm."""
    return _render("moment", locals())


@register.inclusion_tag("_components/person.html")
def person(
    patient: Any,
    *,
    url: str = "",
    warning: str = "",
    large: bool = False,
    heading: bool = False,
    number: bool = True,
) -> dict[str, Any]:
    """A patient, always the same way: name, age, birth date, record number, the one warning that matters.

    Takes a Patient, or a mapping with full_name, birth_date, record_number.
    """
    return locals()


@register.inclusion_tag("_components/facts.html")
def facts(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """A definition list of (term, value); pairs with an empty value are left out."""
    return {"pairs": [(term, value) for term, value in pairs if value not in (None, "")]}


@register.inclusion_tag("_components/stats.html")
def stats(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The numbers of the day: mappings with label, value and perhaps url, tone (attention, harm)."""
    return {"items": items}


@register.inclusion_tag("_components/stages.html")
def stages(items: Sequence[Mapping[str, Any]], *, label: str = "") -> dict[str, Any]:
    """A visit's stages: mappings with label, state (done, current, todo) and perhaps at (instant) or note."""
    return {"items": items, "label": label or gettext("Stages of the visit")}


@register.inclusion_tag("_components/slots.html")
def slots(days: Sequence[Mapping[str, Any]], *, name: str = "start", selected: str = "") -> dict[str, Any]:
    """Free starts by day: mappings with day (date) and slots (value, label, perhaps note, warned, url).

    A slot with a url is a link; all others are radio buttons of one field called `name`.
    """
    return {"days": days, "name": name, "selected": selected}


@register.inclusion_tag("_components/meter.html")
def meter(value: float, total: float, *, label: str, words: str = "") -> dict[str, Any]:
    """Progress of work in numbers: "3 of 4 sessions"."""
    return {"value": value, "total": total, "label": label, "words": words or f"{value} / {total}"}


@register.inclusion_tag("_components/tabs.html")
def tabs(items: Sequence[Mapping[str, Any]], *, label: str) -> dict[str, Any]:
    """Parts of one page as links: mappings with label, url, current and perhaps count."""
    return {"items": items, "label": label}


@register.inclusion_tag("_components/pager.html", takes_context=True)
def pager(context: Mapping[str, Any], page: Page[Any], *, target: str = "") -> dict[str, Any]:
    """Count and pages of a list; keeps the filters of the address. `target` swaps by htmx into that selector."""
    return {"page": page, "target": target, "request": context.get("request")}


def _render(name: str, values: Mapping[str, Any]) -> SafeString:
    return SafeString(render_to_string(f"_components/{name}.html", dict(values)))


@register.filter
def phone_shown(e164: str, country: str) -> str:
    """A number as it is read aloud in that country."""
    return phones.shown(e164, country=country)
