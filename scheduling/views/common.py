"""What the views of this app share: the site and its zone, safe ways back, answers by htmx or by redirect."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from clinic.actors import Staff
from clinic.enums import Permission
from clinic.exceptions import DomainError, NotFound
from clinic.models import Site
from clinic.permissions import can
from clinic.selectors import current_site
from scheduling.exceptions import StageRefused
from scheduling.models import Appointment, VisitChange
from scheduling.selectors import visits

P = ParamSpec("P")


def at_site(
    view: Callable[Concatenate[HttpRequest, Site, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], Any]:
    """Hand the view the site that the person works at now, with its wall clock active while the page is written."""

    @wraps(view)
    def run(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        site = current_site(request)
        with timezone.override(site.zone):
            return view(request, site, *args, **kwargs)

    return run


def visit_for(by: Staff, appointment_id: object) -> Appointment:
    """A visit of one of the person's sites. Foreign and missing ones look the same: NotFound."""
    key = as_key(appointment_id)
    visit = visits.detail(appointment_id=key) if key else None
    if visit is None or not can(by, Permission.VIEW_SCHEDULE, site_id=visit.site_id):
        raise NotFound(_("There is no such visit."))
    return visit


def change_for(by: Staff, change_id: UUID) -> VisitChange:
    """A line of the ledger of one of the person's sites. Foreign and missing ones look the same: NotFound."""
    change = VisitChange.objects.filter(pk=change_id).first()
    if change is None or not can(by, Permission.VIEW_SCHEDULE, site_id=change.site_id):
        raise NotFound(_("There is no such change."))
    return change


def as_key(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None


def way_back(request: HttpRequest, fallback: str) -> str:
    """Where the person came from, when that is a page of ours: the form's `next`, else `fallback`."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe else fallback


def back_to(request: HttpRequest, fallback: str) -> HttpResponse:
    return HttpResponseRedirect(way_back(request, fallback))


def attempt(request: HttpRequest, service: Callable[[], object], *, done: str = "") -> bool:
    """Call a service whose refusal the page behind it shows as a note; say `done` when it worked.

    Raises what stands for another page: foreign rows, and a stage that this person can open elsewhere.
    """
    try:
        service()
    except DomainError as error:
        if error.status in (403, 404) or (isinstance(error, StageRefused) and error.url):
            raise
        messages.error(request, error.message)
        return False
    if done:
        messages.success(request, done)
    return True
