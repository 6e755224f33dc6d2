"""What the set-up pages share: their tabs, and the visits that stand in the way of a change."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy, ngettext

from clinic.exceptions import InvalidInput
from clinic.forms import ClinicForm
from clinic.models import Site
from scheduling.models import Appointment, Resource, TimeOff
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
]


def tabs(current: str) -> list[dict[str, Any]]:
    return [
        {"label": label, "url": reverse(f"scheduling:{name}"), "current": name == current}
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


def in_the_way(
    request: HttpRequest,
    error: VisitsInTheWay,
    *,
    title: str,
    action: str,
    button: str,
    back: str,
    fields: Mapping[str, str | Sequence[str]] | None = None,
) -> HttpResponse:
    """The visits that the change would meet, and the choice to save it all the same."""
    context = {
        "title": title,
        "visits": error.visits,
        "message": error.message,
        "action": action,
        "button": button,
        "back": back,
        "fields": [
            (name, value)
            for name, values in (fields or {}).items()
            for value in ([values] if isinstance(values, str) else values)
        ],
    }
    return render(request, "scheduling/setup/in_the_way.html", context, status=409)


def said_with(visits: list[Appointment], words: str) -> str:
    if not visits:
        return words
    count = len(visits)
    tail = ngettext("%(count)s visit needs moving.", "%(count)s visits need moving.", count) % {
        "count": count
    }
    return f"{words} {tail}"


def asked_again(request: HttpRequest, error: VisitsInTheWay, *, back: str = "", **words: Any) -> HttpResponse:
    """The form's own values go along, so that accepting sends the same once more."""
    kept = {
        str(name): [str(value) for value in values]
        for name, values in request.POST.lists()
        if name not in ("csrfmiddlewaretoken", "accept")
    }
    return in_the_way(
        request,
        error,
        action=request.path,
        back=back or request.path,
        fields=kept,
        **words,
    )


def done(
    request: HttpRequest, visits: list[Appointment], words: str, *, off: TimeOff | None = None
) -> HttpResponse:
    messages.success(request, said_with(visits, words))
    # Where visits lost what they were booked with, the next thing to do is to move them.
    return redirect("scheduling:to-move", *([off.pk] if off else [])) if visits else redirect(request.path)
