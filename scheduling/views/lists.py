"""Small lists that the manager keeps: kinds of resource, coded reasons, who is qualified for what."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinic.enums import Permission
from clinic.models import Site
from clinic.permissions import actor_of, requires
from scheduling.forms.lists import KindForm, QualificationForm, ReasonForm
from scheduling.models import ChangeReason, ResourceKind
from scheduling.selectors import setup as reads
from scheduling.services import coded_reasons as service
from scheduling.services import kinds, qualifications
from scheduling.views.common import at_site
from scheduling.views.setup import changed, save_into, tabs


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
@at_site
def kind_new(request: HttpRequest, site: Site) -> HttpResponse:
    return _kind(request, site, None)


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
@at_site
def kind_edit(request: HttpRequest, site: Site, kind_code: str) -> HttpResponse:
    kind = ResourceKind.objects.filter(pk=kind_code).first()
    if kind is None:
        raise Http404
    return _kind(request, site, kind)


def _kind(request: HttpRequest, site: Site, kind: ResourceKind | None) -> HttpResponse:
    form = KindForm(request.POST or None, kind=kind)
    form.cancel_url = reverse("scheduling:setup")
    by = actor_of(request)
    if request.method == "POST" and form.is_valid():
        said, code = form.cleaned_data, kind.pk if kind else None
        if save_into(
            form,
            lambda: kinds.save(
                by=by, site_id=site.pk, name=said["name"], category=said["category"], code=code
            ),
        ):
            messages.success(request, _("%(name)s is saved.") % {"name": said["name"]})
            return redirect("scheduling:setup")
    title = kind.name if kind else _("Add a kind of resource")
    back = {"url": reverse("scheduling:setup"), "label": _("Rooms, people, equipment")}
    return _form(request, site, form, title, back)


@requires(Permission.MANAGE_SITE)
@require_GET
@at_site
def reasons(request: HttpRequest, site: Site) -> HttpResponse:
    context = {"tabs": tabs("setup-reasons"), "site": site, "reasons": reads.reasons()}
    return render(request, "scheduling/setup/reasons.html", context)


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
@at_site
def reason_new(request: HttpRequest, site: Site) -> HttpResponse:
    return _reason(request, site, None)


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
@at_site
def reason_edit(request: HttpRequest, site: Site, reason_code: str) -> HttpResponse:
    reason = ChangeReason.objects.filter(pk=reason_code).first()
    if reason is None:
        raise Http404
    return _reason(request, site, reason)


def _reason(request: HttpRequest, site: Site, reason: ChangeReason | None) -> HttpResponse:
    form = ReasonForm(request.POST or None, reason=reason)
    form.cancel_url = reverse("scheduling:setup-reasons")
    by, code = actor_of(request), reason.pk if reason else None
    if request.method == "POST" and form.is_valid():
        data = form.reason_data
        if save_into(form, lambda: service.save(by=by, site_id=site.pk, data=data, code=code)):
            messages.success(request, _("The reason is saved."))
            return redirect("scheduling:setup-reasons")
    title = reason.words if reason else _("Add a reason")
    back = {"url": form.cancel_url, "label": _("Reasons")}
    return _form(request, site, form, title, back)


@requires(Permission.MANAGE_SITE)
@require_POST
@at_site
def reason_move(request: HttpRequest, site: Site, reason_code: str) -> HttpResponse:
    up = request.POST.get("to") != "down"
    service.move(by=actor_of(request), site_id=site.pk, code=reason_code, up=up)
    return redirect("scheduling:setup-reasons")


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
@at_site
def qualified(request: HttpRequest, site: Site) -> HttpResponse:
    """Clinicians against kinds of visit, a table for each kind of clinician."""
    matrix = reads.qualification_matrix(site.pk)
    form = QualificationForm(request.POST if request.method == "POST" else None, matrix=matrix)
    if request.method == "POST" and form.is_valid():
        return changed(
            request,
            lambda: qualifications.save(
                by=actor_of(request), site_id=site.pk, pairs=form.pairs, accept=form.cleaned_data["accept"]
            ),
            title=_("Visits are booked with somebody who would no longer serve them"),
            button=_("Save anyway"),
            done=_("The qualifications are saved."),
            back=request.path,
        )
    saved = {f"{resource}:{visit_type}" for resource, visit_type in matrix.named}
    ticked = set(request.POST.getlist("named")) if form.is_bound else saved
    context = {
        "tabs": tabs("setup-qualifications"),
        "site": site,
        "form": form,
        "tables": [table for table in _tables(matrix, ticked) if table["columns"]],
    }
    return render(
        request, "scheduling/setup/qualifications.html", context, status=422 if form.errors else 200
    )


def _tables(matrix: reads.Matrix, ticked: set[str]) -> list[dict[str, Any]]:
    by_kind: dict[ResourceKind, list[Any]] = {}
    for row in matrix.clinicians:
        by_kind.setdefault(row.kind, []).append(row)
    tables = []
    for kind, clinicians in by_kind.items():
        columns = [each for each in matrix.visit_types if kind.pk in matrix.asks_for(each)]
        limited = {
            each.pk: any(
                matrix.kind_of[resource] == kind.pk and visit_type == each.pk
                for resource, visit_type in matrix.named
            )
            for each in columns
        }
        tables.append(
            {
                "kind": kind,
                "columns": [{"type": each, "limited": limited[each.pk]} for each in columns],
                "rows": [
                    {
                        "clinician": row,
                        "cells": [
                            {"type": each, "value": (pair := f"{row.pk}:{each.pk}"), "on": pair in ticked}
                            for each in columns
                        ],
                    }
                    for row in clinicians
                ],
            }
        )
    return tables


def _form(request: HttpRequest, site: Site, form: Any, title: str, back: dict[str, str]) -> HttpResponse:
    context = {"site": site, "form": form, "title": title, "back": back}
    status = 422 if form.errors else 200
    return render(request, "scheduling/setup/form.html", context, status=status)
