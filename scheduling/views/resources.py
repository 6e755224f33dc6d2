"""Clinicians, rooms and equipment: the list by kind, one of them, its place in the list, out of use and back."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinic.enums import Permission
from clinic.models import Site
from clinic.permissions import actor_of, requires
from scheduling.forms.setup import ResourceForm
from scheduling.models import Resource, ResourceKind
from scheduling.selectors import setup as reads
from scheduling.services import resources
from scheduling.views.common import at_site
from scheduling.views.setup import accepted, changed, resource_or_404, save_into, tabs


@requires(Permission.MANAGE_SITE)
@require_GET
@at_site
def index(request: HttpRequest, site: Site) -> HttpResponse:
    """Everything that a visit can occupy, by kind."""
    found = list(reads.resources(site.pk))
    kinds: dict[ResourceKind, list[Resource]] = {kind: [] for kind in reads.kinds()}
    for resource in found:
        if resource.is_active:
            kinds[resource.kind].append(resource)
    retired = [resource for resource in found if not resource.is_active]
    context = {"tabs": tabs("setup"), "site": site, "kinds": kinds, "any": bool(found), "retired": retired}
    return render(request, "scheduling/setup/resources.html", context)


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
@at_site
def new(request: HttpRequest, site: Site) -> HttpResponse:
    form = ResourceForm(request.POST or None, site=site, kind=request.GET.get("kind", ""))
    return _resource_form(request, site, form, None)


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
@at_site
def edit(request: HttpRequest, site: Site, resource_id: UUID) -> HttpResponse:
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
def retire(request: HttpRequest, site: Site, resource_id: UUID) -> HttpResponse:
    resource = resource_or_404(site, resource_id)
    return changed(
        request,
        lambda: resources.retire(
            by=actor_of(request), site_id=site.pk, resource_id=resource_id, accept=accepted(request)
        ),
        title=_("%(name)s is still needed") % {"name": resource.name},
        button=_("Take out of use anyway"),
        done=_("%(name)s is out of use.") % {"name": resource.name},
        back=reverse("scheduling:setup"),
    )


@requires(Permission.MANAGE_SITE)
@require_POST
@at_site
def restore(request: HttpRequest, site: Site, resource_id: UUID) -> HttpResponse:
    resource = resources.restore(by=actor_of(request), site_id=site.pk, resource_id=resource_id)
    messages.success(request, _("%(name)s is in use again.") % {"name": resource.name})
    return redirect("scheduling:setup")


@requires(Permission.MANAGE_SITE)
@require_POST
@at_site
def move(request: HttpRequest, site: Site, resource_id: UUID) -> HttpResponse:
    resource_or_404(site, resource_id)
    up = request.POST.get("to") != "down"
    resources.move(by=actor_of(request), site_id=site.pk, resource_id=resource_id, up=up)
    return redirect("scheduling:setup")
