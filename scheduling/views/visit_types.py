"""Kinds of visit: the list, and the editor in which the timeline follows what is typed."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from clinic.enums import Permission
from clinic.exceptions import InvalidInput
from clinic.models import Site
from clinic.permissions import actor_of, requires
from scheduling.blueprint import Blueprint, Need, Part
from scheduling.enums import ResourceCategory
from scheduling.forms.visit_type_editor import Editor
from scheduling.forms.visit_types import initial_of
from scheduling.models import ResourceKind, VisitType
from scheduling.selectors import setup as reads
from scheduling.services import visit_types as service
from scheduling.views.common import as_key, at_site
from scheduling.views.setup import tabs
from scheduling.views.timeline import drawn

EDIT, NEW = "scheduling:setup-visit-type", "scheduling:setup-visit-type-new"


@requires(Permission.MANAGE_SITE)
@require_GET
@at_site
def index(request: HttpRequest, site: Site) -> HttpResponse:
    names, supply = _names(reads.kinds()), reads.supply(site.pk)
    found = [(each, drawn(_plan(each), supply=supply, names=names)) for each in reads.visit_types(site.pk)]
    context = {"tabs": tabs("setup-visit-types"), "site": site, "visit_types": found}
    return render(request, "scheduling/setup/visit_types.html", context)


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
@at_site
def new(request: HttpRequest, site: Site) -> HttpResponse:
    """A kind of visit of one stage to begin with, or a copy of another (`?from=`)."""
    key = as_key(request.GET.get("from"))
    other = reads.visit_types(site.pk).filter(pk=key).first() if key else None
    return _editor(request, site, visit_type=None, like=other)


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
@at_site
def edit(request: HttpRequest, site: Site, visit_type_id: UUID) -> HttpResponse:
    visit_type = reads.visit_types(site.pk).filter(pk=visit_type_id).first()
    if visit_type is None:
        raise Http404
    return _editor(request, site, visit_type=visit_type, like=None)


def _editor(
    request: HttpRequest, site: Site, *, visit_type: VisitType | None, like: VisitType | None
) -> HttpResponse:
    """Save, or show once more: with a row more or less, or only the picture of what was typed so far."""
    kinds, do = reads.kinds(), request.POST.get("do", "save")
    if request.method != "POST":
        editor = _fresh(kinds, visit_type, like)
    elif do == "save":
        editor = Editor.sent(request.POST, kinds=kinds)
        if editor.is_valid() and (saved := _save(request, site, visit_type, editor)):
            messages.success(
                request,
                _("%(name)s is saved. Visits already booked keep their times.") % {"name": saved.name},
            )
            return redirect("scheduling:setup-visit-types")
    else:
        editor = Editor.reworked(request.POST, do, kinds=kinds)
    supply = reads.supply(site.pk, visit_type_id=visit_type.pk if visit_type else None)
    context = {
        "site": site,
        "editor": editor,
        "visit_type": visit_type,
        "action": reverse(EDIT, args=[visit_type.pk]) if visit_type else reverse(NEW),
        "bars": drawn(editor.sketch(), supply=supply, names=_names(kinds)),
        "added": do,
    }
    template = "visit_type.html"
    if getattr(request, "htmx", None):
        template = "_preview.html" if do == "preview" else "_editor.html"
    refused = request.method == "POST" and do == "save"
    return render(request, f"scheduling/setup/{template}", context, status=422 if refused else 200)


def _fresh(kinds: list[ResourceKind], visit_type: VisitType | None, like: VisitType | None) -> Editor:
    if visit_type is not None:
        return Editor.of(_plan(visit_type), initial_of(visit_type), kinds=kinds)
    if like is not None:
        plan, initial = _plan(like), initial_of(like)
        plan = Blueprint(
            tuple(replace(part, is_new=True) for part in plan.parts),
            tuple(replace(need, id=None) for need in plan.needs),
        )
        return Editor.of(plan, initial | {"name": _("%(name)s (copy)") % {"name": like.name}}, kinds=kinds)
    lead = next((kind.code for kind in kinds if kind.category == ResourceCategory.CLINICIAN), "")
    needs = (Need(kinds=(lead,), first="new1", last="new1", lead=True),) if lead else ()
    return Editor.of(Blueprint((Part("new1", "", 30, is_new=True),), needs), {}, kinds=kinds)


def _save(request: HttpRequest, site: Site, visit_type: VisitType | None, editor: Editor) -> VisitType | None:
    data, by = editor.main.data_with(editor.plan), actor_of(request)
    try:
        if visit_type is None:
            return service.create(by=by, site_id=site.pk, data=data)
        return service.save(by=by, site_id=site.pk, visit_type_id=visit_type.pk, data=data)
    except InvalidInput as error:
        editor.add_error(error.field or "", error.message)
        return None


def _plan(visit_type: Any) -> Blueprint:
    return service.plan_of(visit_type.steps, visit_type.needs)


def _names(kinds: list[ResourceKind]) -> dict[str, str]:
    return {kind.code: kind.name for kind in kinds}
