"""A draft's sections, edited one line or one set at a time."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinic.enums import Permission
from clinic.exceptions import DomainError
from clinic.permissions import actor_of, requires
from scheduling.views.common import attempt
from treatments.clinical_rules import RulesError
from treatments.forms.protocols import LineForm, PlanForm
from treatments.models import ProtocolVersion
from treatments.policies.protocol_fields import Section
from treatments.policies.protocol_sections import BY_KEY
from treatments.services import protocol_edits as edits
from treatments.views.common import refuse
from treatments.views.protocols import version_for


@requires(Permission.EDIT_PROTOCOLS)
@require_http_methods(["GET", "POST"])
def protocol_plan(request: HttpRequest, version_id: UUID) -> HttpResponse:
    """Sessions, intervals, leads, kinds of visit, the evidence statement."""
    by = actor_of(request)
    version = version_for(by, version_id)
    if version.signed_at is not None:
        return _signed(request, version)
    form = PlanForm(request.POST or None, version=version, initial={"revision": version.revision})
    if request.method == "POST" and form.is_valid():
        review = form.cleaned_data["review_visit"]
        try:
            edits.put_plan(
                by=by,
                version_id=version_id,
                revision=form.cleaned_data["revision"],
                plan=form.plan(),
                session_visit_id=form.cleaned_data["session_visit"].pk,
                review_visit_id=review.pk if review else None,
                basis=form.basis(),
            )
        except DomainError as error:
            refuse(form, error)
        else:
            return _saved(request, version, "plan")
    context = {"form": form, "protocol_version": version, "back": _address(version, "plan")}
    return render(request, "treatments/protocol/plan.html", context, status=422 if form.errors else 200)


@requires(Permission.EDIT_PROTOCOLS)
@require_http_methods(["GET", "POST"])
def protocol_section(request: HttpRequest, version_id: UUID, section: str) -> HttpResponse:
    """A section that is one set of fields; of a list, a new line."""
    where = _section(section)
    return _edit(request, version_id, where, at=None if where.is_list else 0)


@requires(Permission.EDIT_PROTOCOLS)
@require_http_methods(["GET", "POST"])
def protocol_line(request: HttpRequest, version_id: UUID, section: str, line: int) -> HttpResponse:
    return _edit(request, version_id, _section(section), at=line)


@requires(Permission.EDIT_PROTOCOLS)
@require_POST
def protocol_line_move(
    request: HttpRequest, version_id: UUID, section: str, line: int, act: str
) -> HttpResponse:
    """Take a line out, or let it change places with the one before it."""
    by = actor_of(request)
    version = version_for(by, version_id)
    sent = request.POST.get("revision", "")
    revision = int(sent) if sent.isdecimal() and len(sent) < 9 else 0
    acts: dict[str, tuple[Callable[..., Any], str]] = {
        "remove": (edits.remove_line, _("The line is taken out.")),
        "raise": (edits.raise_line, ""),
    }
    service, done = acts[act]
    attempt(
        request,
        lambda: service(by=by, version_id=version_id, revision=revision, section=section, at=line),
        done=done,
    )
    return redirect(_address(version, section))


def _edit(request: HttpRequest, version_id: UUID, section: Section, *, at: int | None) -> HttpResponse:
    by = actor_of(request)
    version = version_for(by, version_id)
    lines = section.lines(version.clinical)
    if at is not None and at >= len(lines):
        raise Http404
    if version.signed_at is not None:
        return _signed(request, version)
    line = lines[at] if at is not None else None
    form = LineForm(
        request.POST or None,
        section=section,
        line=line,
        version=version,
        initial={"revision": version.revision},
    )
    form.cancel_url = _address(version, section.key)
    if request.method == "POST" and form.is_valid():
        try:
            edits.put_line(
                by=by,
                version_id=version_id,
                revision=form.cleaned_data["revision"],
                section=section.key,
                line=section.built(form.values(), on=line),
                at=at,
            )
        except RulesError as error:
            form.add_error(None, _("This cannot be so: %(words)s") % {"words": error})
        except DomainError as error:
            refuse(form, error)
        else:
            return _saved(request, version, section.key)
    title = section.title if not section.is_list else (section.name_of(line) if line else section.line_word)
    context = {
        "form": form,
        "protocol_version": version,
        "title": title if line is not None else _("New: %(what)s") % {"what": title},
        "lede": section.title if section.is_list else section.lede,
        "back": form.cancel_url,
        "back_label": f"{version.protocol.name} v{version.number}",
    }
    return render(request, "treatments/protocol/form.html", context, status=422 if form.errors else 200)


def _section(key: str) -> Section:
    if key not in BY_KEY:
        raise Http404
    return BY_KEY[key]


def _address(version: ProtocolVersion, section: str) -> str:
    return f"{reverse('treatments:protocol-version', args=[version.pk])}#{section}"


def _saved(request: HttpRequest, version: ProtocolVersion, section: str) -> HttpResponse:
    messages.success(request, _("Saved in the draft."))
    return redirect(_address(version, section))


def _signed(request: HttpRequest, version: ProtocolVersion) -> HttpResponse:
    messages.error(request, _("This version is signed off and is not changed any more. Start a new version."))
    return redirect("treatments:protocol-version", version.pk)
