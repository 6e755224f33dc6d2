"""What views share: the site's wall clock, panes of other apps, forms that services answer."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django import forms
from django.http import HttpRequest, HttpResponseBase
from django.urls import NoReverseMatch, resolve, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme

from clinic.exceptions import DomainError
from clinic.models import Site
from clinic.permissions import actor_of, can
from clinic.selectors import current_site

P = ParamSpec("P")


def at_site(
    view: Callable[Concatenate[HttpRequest, Site, P], HttpResponseBase],
) -> Callable[..., Any]:
    """Hand the view the site that the person works at now, with its wall clock while the page is written."""

    @wraps(view)
    def run(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        site = current_site(request)
        with timezone.override(site.zone):
            return view(request, site, *args, **kwargs)

    return run


@dataclass(frozen=True, slots=True)
class Pane:
    """A part of a page that another app fills: loaded by htmx, with its address as a link until then."""

    url: str
    title: str | Promise
    anchor: str


def pane(request: HttpRequest, name: str, title: str | Promise, *args: Any) -> Pane | None:
    """The pane of that URL name, or None where it does not exist or this person may not see it."""
    url = address(request, name, *args)
    return Pane(url=url, title=title, anchor=name.replace(":", "-")) if url else None


def address(request: HttpRequest, name: str, *args: Any) -> str:
    """The address of that name for this person; empty where there is none or their role does not include it."""
    try:
        url = reverse(name, args=args)
    except NoReverseMatch:
        return ""
    permission = getattr(resolve(url).func, "permission", None)
    return url if permission is None or can(actor_of(request), permission) else ""


def next_path(request: HttpRequest) -> str:
    """The page of ours that `?next=` leads to after this one; empty when it says none, or another host's."""
    wanted = request.GET.get("next", "")
    is_ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if is_ours else ""


def answered(form: forms.BaseForm, service: Callable[[], object]) -> bool:
    """Whether the service did it. What it refuses becomes an error of the form, beside the field it belongs to."""
    try:
        service()
    except DomainError as error:
        if error.status in (403, 404):
            raise
        field = getattr(error, "field", None)
        form.add_error(field if field in form.fields else None, error.message)
        return False
    return True
