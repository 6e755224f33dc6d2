"""The kits that blood is prepared with, and what each centrifuge of the calendar is."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from clinic.enums import Permission
from clinic.forms import ClinicForm
from clinic.models import Site
from clinic.permissions import actor_of, requires
from scheduling.models import Resource
from scheduling.views.common import at_site
from scheduling.views.setup import save_into, tabs
from treatments.forms.equipment import CentrifugeForm, KitForm
from treatments.models import Centrifuge, KitType
from treatments.services import equipment


@requires(Permission.MANAGE_SITE)
@require_GET
@at_site
def kit_list(request: HttpRequest, site: Site) -> HttpResponse:
    devices = Resource.objects.filter(site=site, kind=equipment.CENTRIFUGE, is_active=True)
    context = {
        "site": site,
        "tabs": tabs("treatments:kit-list"),
        "kits": list(KitType.objects.filter(site=site).order_by("-is_active", "name")),
        "centrifuges": list(devices.select_related("centrifuge").order_by("position")),
    }
    return render(request, "treatments/equipment/list.html", context)


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
@at_site
def kit_new(request: HttpRequest, site: Site) -> HttpResponse:
    return _kit(request, site, None)


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
@at_site
def kit_edit(request: HttpRequest, site: Site, kit_id: UUID) -> HttpResponse:
    kit = KitType.objects.filter(pk=kit_id, site=site).first()
    if kit is None:
        raise Http404
    return _kit(request, site, kit)


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
@at_site
def centrifuge_edit(request: HttpRequest, site: Site, device_id: UUID) -> HttpResponse:
    device = Resource.objects.filter(pk=device_id, site=site, kind=equipment.CENTRIFUGE).first()
    if device is None:
        raise Http404
    form = CentrifugeForm(request.POST or None, profile=Centrifuge.objects.filter(resource=device_id).first())

    def save() -> object:
        return equipment.save_centrifuge(
            by=actor_of(request), site_id=site.pk, resource_id=device.pk, **form.cleaned_data
        )

    return _answer(request, form, save, title=device.name)


def _kit(request: HttpRequest, site: Site, kit: KitType | None) -> HttpResponse:
    form = KitForm(request.POST or None, kit=kit)

    def save() -> object:
        plain = ("name", "maker", "device_identifier", "is_active")
        return equipment.save_kit(
            by=actor_of(request),
            site_id=site.pk,
            kit_id=kit.pk if kit else None,
            preset=form.preset,
            **{name: form.cleaned_data[name] for name in plain},
        )

    return _answer(request, form, save, title=kit.name if kit else _("New kit"))


def _answer(request: HttpRequest, form: ClinicForm, save: Any, *, title: str) -> HttpResponse:
    back = reverse("treatments:kit-list")
    form.cancel_url = back
    if request.method == "POST" and form.is_valid() and save_into(form, save):
        messages.success(request, _("Saved."))
        return redirect(back)
    context = {"form": form, "title": title, "back": {"url": back, "label": _("Kits and centrifuges")}}
    return render(request, "scheduling/setup/form.html", context, status=422 if form.errors else 200)
