"""Before the door of a link: the birth date, with few tries; and the decorator of every page behind one.

Reading changes nothing, however often it is done: mail scanners open every link. That the birth date was right is
kept in a signed cookie of this browser, for two hours and for this person's links alone. There is no session and no
account.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinic import audit, clock, doors
from clinic.enums import Permission
from clinic.forms.links import BirthDateForm
from clinic.middleware import HANDED_OVER
from clinic.models import Link
from clinic.permissions import actor_of, can, public, requires
from clinic.policies.links import LinkState, state
from clinic.selectors import links as reads
from clinic.services import links
from clinic.services.links import Proof
from clinic.views import link_words
from clinic.views.common import next_path

P = ParamSpec("P")

PAGE = "clinic/link/enter.html"
PROVED_FOR = dt.timedelta(hours=2)
_SALT = "clinic.link"
_STATUS = {LinkState.EXPIRED: 410, LinkState.REVOKED: 410, LinkState.LOCKED: 403}


@public
@require_http_methods(["GET", "HEAD", "POST"])
def enter(request: HttpRequest, link_token: str) -> HttpResponse:
    """The page that the address in the mail opens."""
    link = reads.opened_by(link_token)
    if link is None:
        return unknown(request)
    with speaking_to(link):
        words = link_words.of(link.patient.language)
        if (closed := _closed(request, link)) is not None:
            return closed
        if is_proved(request, link):
            return _to_the_door(link, link_token)
        form = BirthDateForm(request.POST or None, words=words)
        if request.method != "POST":
            return _page(request, link, {"state": "open", "form": form})
        if not ratelimit.consume(request, action="patient_link"):
            return _page(request, link, {"state": "slow"}, status=429)
        return _asked(request, link, link_token, form)


def _asked(request: HttpRequest, link: Link, token: str, form: BirthDateForm) -> HttpResponse:
    """What was given is compared only where it is a day at all: a slip of the finger costs no try."""
    words = link_words.of(link.patient.language)
    if form.born is None:
        return _page(
            request, link, {"state": "open", "form": form, "problem": words["not_a_day"]}, status=422
        )
    by = links.actor_of(link)
    with audit.because(by=by):
        proof = links.prove(by=by, link_id=link.pk, birth_date=form.born)
    if proof == Proof.RIGHT:
        response = _to_the_door(link, token)
        response.set_signed_cookie(
            _cookie(link),
            _person(link),
            salt=_SALT,
            max_age=int(PROVED_FOR.total_seconds()),
            httponly=True,
            secure=settings.HTTPS,
            samesite="Lax",
        )
        return response
    if proof == Proof.LOCKED:
        return _page(request, link, {"state": "locked"}, status=403)
    return _page(request, link, {"state": "open", "form": form, "problem": words["wrong"]}, status=422)


@requires(Permission.EDIT_PATIENTS)
@require_POST
def unlock(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Let a patient try again whose links were locked by wrong birth dates."""
    by = actor_of(request)
    for link in reads.locked_of(patient_id):
        if can(by, Permission.EDIT_PATIENTS, site_id=link.site_id):
            links.unlock(by=by, link_id=link.pk)
    messages.success(request, _("The patient may try again."))
    return redirect(next_path(request) or reverse("clinic:patient-detail", args=[patient_id]))


def by_link(
    purpose: str,
) -> Callable[
    [Callable[Concatenate[HttpRequest, Link, P], HttpResponse]],
    Callable[Concatenate[HttpRequest, P], HttpResponseBase],
]:
    """A page behind the door of this purpose: the view gets the link, proved, in the patient's language and the site's zone.

    Who has not given the birth date yet, or not for two hours, is asked for it; a closed link says what to do.
    """

    def decorate(
        view: Callable[Concatenate[HttpRequest, Link, P], HttpResponse],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @wraps(view)
        def run(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            token = str(kwargs.pop("link_token"))
            link = reads.opened_by(token)
            if link is None or link.purpose != purpose:
                return unknown(request)
            with speaking_to(link):
                if (closed := _closed(request, link)) is not None:
                    return closed
                if not is_proved(request, link):
                    return _elsewhere(request, reverse("clinic:link", args=[token]))
                return view(request, link, *args, **kwargs)

        return public(run)

    return decorate


def is_proved(request: HttpRequest, link: Link) -> bool:
    """Whether this browser has given the birth date, or a member of staff has handed it over for this link.

    It is one date for all links of a person: whoever holds a second one of theirs is not asked for it again.
    """
    if request.session.get(HANDED_OVER) == str(link.pk):
        return True
    kept = request.get_signed_cookie(
        _cookie(link), default="", salt=_SALT, max_age=int(PROVED_FOR.total_seconds())
    )
    return kept == _person(link)


def speaking_to(link: Link) -> Any:
    """The patient's language and the clinic's clock, while a page is written."""
    return _Speaking(link)


class _Speaking:
    def __init__(self, link: Link) -> None:
        language = link.patient.language
        self._parts = (
            translation.override(language if language in dict(settings.LANGUAGES) else "en"),
            timezone.override(link.site.zone),
        )

    def __enter__(self) -> None:
        for part in self._parts:
            part.__enter__()

    def __exit__(self, *error: Any) -> None:
        for part in reversed(self._parts):
            part.__exit__(*error)


def page_context(link: Link, more: Mapping[str, Any]) -> dict[str, Any]:
    """What every page to a patient has: who writes, the phone, and nothing of the staff's house around it."""
    return {
        "nav": None,
        "book_url": None,
        "link": link,
        "link_words": link_words.of(link.patient.language),
        "clinic_name": link.site.sender_name,
        "phone": link.site.phone,
        **more,
    }


def unknown(request: HttpRequest) -> HttpResponse:
    """No link has this secret, or it is for something else: both look the same."""
    words = link_words.of(translation.get_language() or "en")
    context = {"nav": None, "book_url": None, "state": "unknown", "words": words, "link_words": words}
    context["title"] = words["unknown_title"]
    return render(request, PAGE, context, status=404)


def _closed(request: HttpRequest, link: Link) -> HttpResponse | None:
    found = state(link, now=clock.now())
    if found == LinkState.OPEN or (found == LinkState.LOCKED and is_proved(request, link)):
        return None
    return _page(request, link, {"state": found.value}, status=_STATUS[found])


def _page(request: HttpRequest, link: Link, more: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    words = link_words.of(link.patient.language)
    kind = str(more["state"])
    title = words["birth_title" if kind == "open" else f"{kind}_title"]
    who = words["birth_for"].format(name=link.patient.given_name) if link.contact_id else ""
    context = page_context(link, {"words": words, "title": title, "who": who, **more})
    return render(request, PAGE, context, status=status)


def _to_the_door(link: Link, token: str) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse(doors.get(link.purpose).page, args=[token]))


def _elsewhere(request: HttpRequest, url: str) -> HttpResponse:
    """A fragment's request sends the whole page there."""
    if getattr(request, "htmx", False):
        response = HttpResponse(status=204)
        response["HX-Redirect"] = url
        return response
    return HttpResponseRedirect(url)


def _person(link: Link) -> str:
    """For whom the date was given: the patient, or one of their contacts."""
    return f"{link.patient_id}:{link.contact_id or ''}"


def _cookie(link: Link) -> str:
    """One a person, so that two patients of one family do not take each other's place."""
    key = link.contact_id or link.patient_id
    return f"{'__Host-' if settings.HTTPS else ''}link-{key.hex[-12:]}"
