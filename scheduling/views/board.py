"""Today by where people are: the board that the nurse runs, and telling those who are not here yet that we run late."""

import datetime as dt
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from clinic import clock
from clinic.enums import Permission
from clinic.models import Site
from clinic.permissions import actor_of, requires
from scheduling.selectors import board as reads
from scheduling.services import delays
from scheduling.services.delays import Telling
from scheduling.views import board_cards
from scheduling.views.board_cards import Pen
from scheduling.views.cards import Card, cards_of
from scheduling.views.common import at_site, attempt, back_to, visit_for
from scheduling.views.rows import figures_of

_SOON = dt.timedelta(minutes=60)
_AT_LEAST = 4  # of those to come are on top, however far off


@requires(Permission.RUN_BOARD)
@require_GET
@at_site
def board(request: HttpRequest, site: Site) -> HttpResponse:
    """Today by where people are. It asks for itself every few seconds, which does not keep a session alive:
    the session is neither changed nor saved by reading."""
    now, today = clock.now(), clock.today(site.zone)
    found = reads.today(site=site, day=today, now=now)
    cards = cards_of(found.visits, found.outlooks, now=now)
    here = reverse("scheduling:board")
    template = "_board.html" if request.headers.get("HX-Request") else "board.html"
    context = {
        "site": site,
        "day": today,
        "now": now,
        **_columns(cards, board_cards.pen(request, here=here)),
        "counts": figures_of(cards),
        **_news(found),
        "here": here,
    }
    return render(request, f"scheduling/board/{template}", context)


@requires(Permission.RUN_BOARD)
@require_http_methods(["GET", "POST"])
@at_site
def late(request: HttpRequest, site: Site) -> HttpResponse:
    """Who is to be told that we run late. One key tells all whom a mail reaches; `phoned` notes one who was rung."""
    by = actor_of(request)
    if request.method == "GET":
        found = reads.today(site=site, day=clock.today(site.zone), now=clock.now())
        context = {"site": site, "here": reverse("scheduling:board-late"), **_news(found)}
        return render(request, "scheduling/board/late.html", context)
    if "phoned" in request.POST:
        _phoned(request, request.POST["phoned"])
    else:
        told: list[Telling] = []
        if attempt(request, lambda: told.append(delays.tell(site_id=site.pk, by=by))):
            _say(request, told[0])
    return back_to(request, reverse("scheduling:board"))


def _phoned(request: HttpRequest, key: str) -> None:
    by = actor_of(request)
    visit = visit_for(by, key)
    attempt(
        request,
        lambda: delays.told_by_phone(appointment_id=visit.pk, by=by),
        done=_("Noted: told by phone."),
    )


def _news(found: reads.Today) -> dict[str, Any]:
    return {"news": found.news, "by_mail": sum(1 for news in found.news if news.by_mail)}


def _say(request: HttpRequest, telling: Telling) -> None:
    if telling.mailed:
        count = len(telling.mailed)
        words = ngettext(
            "%(count)s patient is told by mail: %(who)s.",
            "%(count)s patients are told by mail: %(who)s.",
            count,
        )
        who = ", ".join(
            f"{news.visit.patient.family_name} {timezone.localtime(news.start):%H:%M}"
            for news in telling.mailed
        )
        messages.success(request, words % {"count": count, "who": who})
    elif not telling.to_phone:
        messages.info(request, _("Nobody is left to tell."))
    if telling.to_phone:
        count = len(telling.to_phone)
        words = ngettext(
            "%(count)s patient has no mail: please phone.",
            "%(count)s patients have no mail: please phone.",
            count,
        )
        messages.warning(request, words % {"count": count})


def _columns(cards: list[Card], pen: Pen) -> dict[str, Any]:
    """Expected within the hour; here: waiting and one place a stage of today's visits of several stages; done; what
    did not take place; who comes later, out of the way of those who are here. A visit of a single stage (a consultation) runs in one shared place, so that the board stays narrow."""
    staged: dict[str, str] = {}
    for card in cards:
        if len(card.steps) > 1:
            for step in card.steps:
                staged.setdefault(step.code, step.name)
    single = {step.code for card in cards if len(card.steps) == 1 for step in card.steps} - set(staged)

    coming = [card for card in cards if card.place == "expected"]
    soon = {card.visit.pk for card in coming if card.due <= card.now + _SOON}
    soon |= {card.visit.pk for card in coming[:_AT_LEAST]}

    def column(code: str, name: str, kind: str, places: set[str], *, later: bool = False) -> dict[str, Any]:
        rows = [card for card in cards if card.place in places]
        if kind in ("expected", "later"):
            rows = [card for card in rows if (card.visit.pk not in soon) == later]
        if kind in ("arrived", "stage"):
            rows.sort(key=lambda card: card.since or card.now)  # who has been here longest is on top
        return {
            "code": code,
            "name": name,
            "kind": kind,
            "rows": rows,
            "cards": board_cards.cards(pen, kind, rows),
        }

    here = [column("arrived", _("Waiting"), "arrived", {"arrived"})]
    here += [column(code, name, "stage", {code}) for code, name in staged.items()]
    if single:
        here.append(column("single", _("With the clinician"), "stage", single))
    return {
        "expected": column("expected", _("Expected"), "expected", {"expected"}),
        "places": here,
        "later": column("later", _("Later today"), "later", {"expected"}, later=True),
        "done": column("done", _("Done"), "done", {"done"}),
        "off": column("off", _("Did not take place"), "off", {"off"}),
    }
