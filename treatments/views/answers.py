"""The pages on which a patient answers, behind a link on their phone or on the clinic's tablet.

Reading changes nothing. Every tap is sent by itself and kept; the button sends the whole screen once more, so that it
works without script too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic import audit, clock
from clinic.exceptions import DomainError
from clinic.middleware import HANDED_OVER
from clinic.models import Link
from clinic.services import links
from clinic.views.links import by_link, page_context
from treatments.enums import Source
from treatments.models import AnswerSheet
from treatments.selectors import instruments as instrument_reads
from treatments.selectors import time_points as reads
from treatments.services import answering
from treatments.services.asking import DOOR
from treatments.views import answer_screens, answer_words
from treatments.views.answer_screens import Screen


@dataclass(frozen=True)
class _Open:
    """What is open for the patient of a link now."""

    sheets: Sequence[AnswerSheet]
    screens: list[Screen]
    minutes: int

    def at(self, step: int) -> Screen | None:
        return self.screens[step - 1] if 1 <= step <= len(self.screens) else None

    @property
    def first_left(self) -> Screen | None:
        return next((screen for screen in self.screens if not screen.is_answered), None)


@require_safe
@by_link(DOOR)
def answers(request: HttpRequest, link: Link) -> HttpResponse:
    """What is asked, how long it takes; or thanks."""
    found, words = _open(link), answer_words.of(link.patient.language)
    if not found.screens:
        return _over(request, link)
    begun = any(question.value is not None for screen in found.screens for question in screen.questions)
    first = found.first_left or found.screens[-1]
    context = {
        "title": words["title"],
        "hello": words["hello"].format(name=link.patient.given_name),
        "what": words["what"].format(count=len(found.screens), minutes=found.minutes),
        "begun": begun,
        "first_url": _url(request, "answers-step", first.number),
    }
    return _page(request, link, "begin", context)


@require_http_methods(["GET", "HEAD", "POST"])
@by_link(DOOR)
def step(request: HttpRequest, link: Link, step: int) -> HttpResponse:
    """One screen. Sent, it is kept and the next one comes; after the last one everything is sent, or what is left is named."""
    found, words = _open(link), answer_words.of(link.patient.language)
    screen = found.at(step)
    if screen is None:
        return redirect(_url(request, "answers"))
    problem = ""
    if request.method == "POST":
        values, readable = answer_screens.read(screen, request.POST.dict())
        if readable and _saved(request, link, screen, values):
            return _after(request, link, step)
        question = screen.questions[0]
        problem = words["bad"].format(low=question.low, high=question.high)
    context = {
        "title": screen.title,
        "screen": screen,
        "progress": words["of"].format(number=step, count=len(found.screens)),
        "share": step,
        "whole": len(found.screens),
        "back_url": _url(request, "answers-step", step - 1) if step > 1 else _url(request, "answers"),
        "save_url": _url(request, "answers-save", step),
        "problem": problem,
    }
    return _page(request, link, "step", context, status=422 if problem else 200)


@require_POST
@by_link(DOOR)
def save(request: HttpRequest, link: Link, step: int) -> HttpResponse:
    """One tap. What cannot be kept yet, such as a number half typed, is left for the button."""
    screen = _open(link).at(step)
    if screen is None:
        return HttpResponse(status=204)
    values, readable = answer_screens.read(screen, request.POST.dict())
    kept = readable and bool(values) and _saved(request, link, screen, values)
    words = answer_words.of(link.patient.language)
    return render(request, "treatments/answer/_kept.html", {"words": words, "kept": kept})


@require_http_methods(["GET", "HEAD", "POST"])
@by_link(DOOR)
def check(request: HttpRequest, link: Link) -> HttpResponse:
    """What was left out, with the way to it; or send it as it is."""
    if request.method == "POST":
        _finish(request, link)
        return redirect(_url(request, "answers"))
    found, words = _open(link), answer_words.of(link.patient.language)
    if not found.screens:
        return redirect(_url(request, "answers"))
    left = [
        {"words": question.words, "url": _url(request, "answers-step", screen.number)}
        for screen in found.screens
        for question in screen.questions
        if question.value is None and question.kind != "tick"
    ] + [
        {"words": screen.title, "url": _url(request, "answers-step", screen.number)}
        for screen in found.screens
        if screen.questions[0].kind == "tick" and not screen.is_answered
    ]
    return _page(request, link, "check", {"title": words["check_title"], "left": left})


def _after(request: HttpRequest, link: Link, step: int) -> HttpResponse:
    found = _open(link)
    if step < len(found.screens):
        return redirect(_url(request, "answers-step", step + 1))
    if found.first_left is not None:
        return redirect(_url(request, "answers-check"))
    _finish(request, link)
    return redirect(_url(request, "answers"))


def _open(link: Link) -> _Open:
    today = clock.today(link.site.zone)
    rows = reads.open_sheets(patient_id=link.patient_id, site_id=link.site_id, today=today)
    known = instrument_reads.at_site(link.site_id)
    screens = answer_screens.build(rows, known, language=link.patient.language)
    return _Open(rows, screens, answer_screens.minutes(rows, known))


def _saved(request: HttpRequest, link: Link, screen: Screen, values: Mapping[str, int]) -> bool:
    by = links.actor_of(link)
    if not values:
        return True
    try:
        with audit.because(by=by):
            answering.save(
                by=by,
                patient_id=link.patient_id,
                site_id=link.site_id,
                values={screen.instrument: values},
                source=_source(request),
            )
    except DomainError:
        return False
    return True


def _finish(request: HttpRequest, link: Link) -> None:
    by = links.actor_of(link)
    with audit.because(by=by):
        answering.finish(by=by, patient_id=link.patient_id, site_id=link.site_id, source=_source(request))


def _source(request: HttpRequest) -> str:
    return Source.TABLET if HANDED_OVER in request.session else Source.LINK


def _over(request: HttpRequest, link: Link) -> HttpResponse:
    """Thanks, where this patient has answered something lately; else that nothing is asked."""
    words = answer_words.of(link.patient.language)
    state = "done" if reads.answered_since(link.patient_id, link.site_id, link.created_at) else "nothing"
    context = {
        "title": words[f"{state}_title"],
        "said": words[state],
        "worse": words["done_worse"].format(phone=link.site.phone, emergency=link.site.emergency_phone),
    }
    return _page(request, link, "over", context)


def _page(
    request: HttpRequest, link: Link, name: str, more: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    context = page_context(
        link,
        {
            "words": answer_words.of(link.patient.language),
            "in_hand": HANDED_OVER in request.session,
            **more,
        },
    )
    return render(request, f"treatments/answer/{name}.html", context, status=status)


def _url(request: HttpRequest, name: str, *args: int) -> str:
    """Another page of the same link."""
    token = request.resolver_match.kwargs["link_token"] if request.resolver_match else ""
    return reverse(f"treatments:{name}", args=[token, *args])
