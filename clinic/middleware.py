"""What every request passes: the actor, domain errors as pages, no caching of pages with people on them."""

from collections.abc import Callable
from typing import cast

import structlog
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve

from clinic import audit, doors
from clinic.exceptions import DomainError, NotAllowed, NotFound
from clinic.models import User

log = structlog.get_logger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]

HANDED_OVER = "handed_over"
"""Key of the session while its device is in a patient's hands: the key of the link that they answer by."""
TAKE_BACK = "clinic:tablet-return"
_IN_A_PATIENTS_HANDS = ("clinic:link", TAKE_BACK)


class ActorMiddleware:
    """Builds `request.actor` from the account as it is now, so that a withdrawn role ends with the next request,
    and hands the history triggers who acts and at which address (its name: paths carry keys)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = cast(User, request.user)
        if not user.is_authenticated:
            return self.get_response(request)
        actor = user.actor()
        request.actor = actor  # type: ignore[attr-defined]  # read through permissions.actor_of
        if request.method in ("GET", "HEAD"):
            return self.get_response(request)
        with audit.because(by=actor):
            return self.get_response(request)


class HandedOverMiddleware:
    """While a device is in a patient's hands it shows their page and nothing else, whatever address is typed.

    The way back asks for the password of whoever is signed in.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        signed_in = getattr(request, "actor", None) is not None
        if signed_in and request.session.get(HANDED_OVER) and not self._is_theirs(request):
            return redirect(TAKE_BACK)
        return self.get_response(request)

    def _is_theirs(self, request: HttpRequest) -> bool:
        try:
            name = resolve(request.path_info).view_name
        except Resolver404:
            return False
        return name in _IN_A_PATIENTS_HANDS or doors.lies_behind_one(name)


class DomainErrorMiddleware:
    """A DomainError that no view turned into a form error becomes a page that says what, why and what now."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, DataError):
            # A value that the database cannot hold (a NUL byte, a number out of range) and no form caught.
            return render(request, "400.html", {"message": ""}, status=400)
        if not isinstance(exception, DomainError):
            return None
        if isinstance(exception, NotAllowed):
            log.warning("denied", url_name=getattr(request.resolver_match, "view_name", ""))
        template = {NotFound.status: "404.html", NotAllowed.status: "403.html"}.get(
            exception.status, "refused.html"
        )
        if getattr(request, "htmx", False) and exception.status not in (403, 404):
            template = "_components/refusal.html"
        return render(request, template, {"message": exception.message}, status=exception.status)


class NoStoreMiddleware:
    """Pages show people: no browser or proxy keeps them. Static files are served before this is reached."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Cache-Control", "no-store")
        return response
