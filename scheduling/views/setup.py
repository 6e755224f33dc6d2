"""Setting the site up: resources and visit types."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinic.enums import Permission
from clinic.exceptions import InvalidInput
from clinic.forms import ClinicForm
from clinic.models import Site
from clinic.permissions import actor_of, requires
from scheduling.forms.setup import AcceptForm, ResourceForm, VisitTypeForm
from scheduling.models import Appointment, Resource
from scheduling.selectors import setup as reads
from scheduling.services import resources
from scheduling.services import visit_types as types
from scheduling.services.scarcity import VisitsInTheWay
from scheduling.views.common import at_site

_TABS = [
    ("setup", gettext_lazy("Rooms, people, equipment")),
    ("setup-hours", gettext_lazy("Hours")),
    ("setup-closures", gettext_lazy("Closures")),
    ("setup-time-off", gettext_lazy("Time off")),
    ("setup-visit-types", gettext_lazy("Kinds of visit")),
]


def tabs(current: str) -> list[dict[str, Any]]:
    return [
        {"label": label, "url": reverse(f"scheduling:{name}"), "current": name == current}
        for name, label in _TABS
    ]


@requires(Permission.MANAGE_SITE)
@require_GET
@at_site
def overview(request: HttpRequest, site: Site) -> HttpResponse:
    """Everything that a visit can occupy, by kind."""
    found = list(reads.resources(site.pk))
    kinds: dict[str, list[Resource]] = {}
    for resource in found:
        if resource.is_active:
            kinds.setdefault(resource.kind.name, []).append(resource)
    retired = [resource for resource in found if not resource.is_active]
    context = {"tabs": tabs("setup"), "site": site, "kinds": kinds, "retired": retired}
    return render(request, "scheduling/setup/resources.html", context)


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
@at_site
def resource_new(request: HttpRequest, site: Site) -> HttpResponse:
    form = ResourceForm(request.POST or None, site=site)
    return _resource_form(request, site, form, None)


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
@at_site
def resource_edit(request: HttpRequest, site: Site, resource_id: UUID) -> HttpResponse:
    resource = resource_or_404(site, resource_id)
    form = ResourceForm(request.POST or None, site=site, resource=resource)
    return _resource_form(request, site, form, resource)


def _resource_form(
    request: HttpRequest, site: Site, form: ResourceForm, resource: Resource | None
) -> HttpResponse:
    form.cancel_url = reverse("scheduling:setup")
    if request.method == "POST" and form.is_valid():
        saved = save_into(
            form,
            lambda: resources.save(
                by=actor_of(request),
                site_id=site.pk,
                data=form.resource_data,
                resource_id=resource.pk if resource else None,
            ),
        )
        if saved:
            messages.success(request, _("%(name)s is saved.") % {"name": form.cleaned_data["name"]})
            return redirect("scheduling:setup")
    status = 422 if form.errors else 200
    return render(
        request,
        "scheduling/setup/resource.html",
        {"form": form, "resource": resource, "site": site},
        status=status,
    )


@requires(Permission.MANAGE_SITE)
@require_POST
@at_site
def resource_retire(request: HttpRequest, site: Site, resource_id: UUID) -> HttpResponse:
    resource = resource_or_404(site, resource_id)
    accepted = AcceptForm(request.POST)
    try:
        visits = resources.retire(
            by=actor_of(request),
            site_id=site.pk,
            resource_id=resource_id,
            accept=accepted.is_valid() and accepted.cleaned_data["accept"],
        )
    except VisitsInTheWay as error:
        return in_the_way(
            request,
            error,
            title=_("%(name)s is still needed") % {"name": resource.name},
            action=request.path,
            button=_("Take out of use anyway"),
            back=reverse("scheduling:setup"),
        )
    messages.success(request, said_with(visits, _("%(name)s is out of use.") % {"name": resource.name}))
    return redirect("scheduling:setup")


@requires(Permission.MANAGE_SITE)
@require_POST
@at_site
def resource_restore(request: HttpRequest, site: Site, resource_id: UUID) -> HttpResponse:
    resource = resources.restore(by=actor_of(request), site_id=site.pk, resource_id=resource_id)
    messages.success(request, _("%(name)s is in use again.") % {"name": resource.name})
    return redirect("scheduling:setup")


@requires(Permission.MANAGE_SITE)
@require_GET
@at_site
def visit_types(request: HttpRequest, site: Site) -> HttpResponse:
    found = [(visit_type, bars(visit_type)) for visit_type in reads.visit_types(site.pk)]
    context = {"tabs": tabs("setup-visit-types"), "site": site, "visit_types": found}
    return render(request, "scheduling/setup/visit_types.html", context)


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
@at_site
def visit_type_edit(request: HttpRequest, site: Site, visit_type_id: UUID) -> HttpResponse:
    visit_type = reads.visit_types(site.pk).filter(pk=visit_type_id).first()
    if visit_type is None:
        raise Http404
    form = VisitTypeForm(request.POST or None, visit_type=visit_type, steps=list(visit_type.stages.all()))
    form.cancel_url = reverse("scheduling:setup-visit-types")
    if request.method == "POST" and form.is_valid():
        saved = save_into(
            form,
            lambda: types.save(
                by=actor_of(request), site_id=site.pk, visit_type_id=visit_type_id, data=form.visit_type_data
            ),
        )
        if saved:
            messages.success(request, _("Saved. Visits already booked keep their times."))
            return redirect("scheduling:setup-visit-types")
    context = {"form": form, "visit_type": visit_type, "site": site, "bars": bars(visit_type)}
    return render(request, "scheduling/setup/visit_type.html", context, status=422 if form.errors else 200)


def bars(visit_type: Any) -> dict[str, Any]:
    """The visit as a small timeline: a bar a stage, and below one for everything that is needed."""
    longest = max(
        [visit_type.minutes, *(need.offset + need.minutes + need.turnover for need in visit_type.needs)]
    )

    def bar(name: str, start: int, minutes: int, turnover: int = 0, *, lead: bool = False) -> dict[str, Any]:
        return {
            "name": name,
            "start": start,
            "minutes": minutes,
            "end": start + minutes,
            "turnover": turnover,
            "lead": lead,
        }

    stages = [bar(step.name, step.offset, step.minutes) for step in visit_type.steps]
    needs = [
        bar(
            f"{need.count} × {need.kind.name}" if need.count > 1 else need.kind.name,
            need.offset,
            need.minutes,
            need.turnover,
            lead=need.is_lead,
        )
        for need in visit_type.needs
    ]
    for number, need in enumerate(needs):
        need["y"] = 16 + 7 * number
    step = 15 if longest <= 120 else 30
    return {
        "total": longest,
        "height": 18 + 7 * len(needs),
        "pixels": round(1.6 * (18 + 7 * len(needs))),
        "stages": stages,
        "needs": needs,
        "marks": list(range(0, longest + 1, step)),
    }


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
    fields: dict[str, str] | None = None,
) -> HttpResponse:
    """The visits that the change would meet, and the choice to save it all the same."""
    context = {
        "title": title,
        "visits": error.visits,
        "message": error.message,
        "action": action,
        "button": button,
        "back": back,
        "fields": fields or {},
    }
    return render(request, "scheduling/setup/in_the_way.html", context, status=409)


def said_with(visits: list[Appointment], words: str) -> str:
    if not visits:
        return words
    count = len(visits)
    tail = ngettext(
        "%(count)s visit needs moving: see Tasks.", "%(count)s visits need moving: see Tasks.", count
    ) % {"count": count}
    return f"{words} {tail}"


def asked_again(request: HttpRequest, error: VisitsInTheWay, **words: Any) -> HttpResponse:
    """The form's own values go along, so that accepting sends the same once more."""
    kept = {
        name: value for name, value in request.POST.items() if name not in ("csrfmiddlewaretoken", "accept")
    }
    return in_the_way(
        request,
        error,
        action=request.path,
        back=request.path,
        fields={str(k): str(v) for k, v in kept.items()},
        **words,
    )


def done(request: HttpRequest, visits: list[Appointment], words: str) -> HttpResponse:
    messages.success(request, said_with(visits, words))
    return redirect(request.path)
