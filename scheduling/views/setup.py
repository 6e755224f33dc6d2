"""What the set-up pages share: their tabs, and the visits that stand in the way of a change."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy, ngettext

from clinic.exceptions import DomainError, InvalidInput
from clinic.forms import ClinicForm
from clinic.models import Site
from scheduling.forms.setup import AcceptForm
from scheduling.models import Appointment, Resource
from scheduling.selectors import setup as reads
from scheduling.services.scarcity import VisitsInTheWay

_TABS = [
    ("setup", gettext_lazy("Rooms, people, equipment")),
    ("setup-qualifications", gettext_lazy("Qualifications")),
    ("setup-hours", gettext_lazy("Hours")),
    ("setup-closures", gettext_lazy("Closures")),
    ("setup-time-off", gettext_lazy("Time off")),
    ("setup-visit-types", gettext_lazy("Kinds of visit")),
    ("setup-reasons", gettext_lazy("Reasons")),
    ("setup-displays", gettext_lazy("Wall screens")),
    ("treatments:kit-list", gettext_lazy("Kits and centrifuges")),
]


def tabs(current: str) -> list[dict[str, Any]]:
    return [
        {
            "label": label,
            "url": reverse(name if ":" in name else f"scheduling:{name}"),
            "current": name == current,
        }
        for name, label in _TABS
    ]


def resource_or_404(site: Site, resource_id: UUID) -> Resource:
    resource = reads.resource(site.pk, resource_id)
    if resource is None:
        raise Http404
    return resource


def save_into(form: ClinicForm, service: Callable[[], object]) -> bool:
    """Call a service; what it finds wrong with a value stands beside the field."""
    try:
        service()
    except InvalidInput as error:
        form.add_error(error.field if error.field in form.fields else None, error.message)
        return False
    return True


def change(
    request: HttpRequest,
    service: Callable[[], list[Appointment]],
    *,
    title: str,
    button: str,
    done: str | Callable[[], str],
    form: ClinicForm | None = None,
    back: str = "",
    to_move: Callable[[], str] | None = None,
) -> HttpResponse | None:
    """Make a change of which the service says which visits it leaves to be moved.

    Visits in the way are shown first, with what was sent kept for sending it once more. Then back, or with `to_move`
    on to the list of those visits where there are any. None: the form says what is wrong.
    """
    try:
        visits = service()
    except VisitsInTheWay as error:
        return _asked_again(request, error, title=title, button=button, back=back)
    except DomainError as error:
        if error.status in (403, 404):
            raise
        if form is not None and isinstance(error, InvalidInput):
            form.add_error(error.field if error.field in form.fields else None, error.message)
            return None
        messages.error(request, error.message)
        return redirect(back or request.path)
    messages.success(request, _said_with(visits, done if isinstance(done, str) else done()))
    return redirect(to_move() if to_move and visits else back or request.path)


def changed(
    request: HttpRequest,
    service: Callable[[], list[Appointment]],
    *,
    title: str,
    button: str,
    done: str | Callable[[], str],
    back: str,
) -> HttpResponse:
    """The same for a button, which has no form to say what is wrong: a note says it."""
    answer = change(request, service, title=title, button=button, done=done, back=back)
    return answer or redirect(back)


def accepted(request: HttpRequest) -> bool:
    """Whether the visits in the way were seen, and the change is to be saved all the same."""
    form = AcceptForm(request.POST)
    return form.is_valid() and bool(form.cleaned_data["accept"])


def _asked_again(
    request: HttpRequest, error: VisitsInTheWay, *, title: str, button: str, back: str
) -> HttpResponse:
    """The visits that the change would meet, and the choice to save it all the same: what was sent goes along."""
    context = {
        "title": title,
        "visits": error.visits,
        "message": error.message,
        "action": request.path,
        "button": button,
        "back": back or request.path,
        "fields": [
            (name, value)
            for name, values in request.POST.lists()
            if name not in ("csrfmiddlewaretoken", "accept")
            for value in values
        ],
    }
    return render(request, "scheduling/setup/in_the_way.html", context, status=409)


def _said_with(visits: list[Appointment], words: str) -> str:
    if not visits:
        return words
    count = len(visits)
    tail = ngettext("%(count)s visit needs moving.", "%(count)s visits need moving.", count) % {
        "count": count
    }
    return f"{words} {tail}"
