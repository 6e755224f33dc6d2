"""Protocols to read: the list, a version as a document, two of them side by side; sign-off, and what is in use."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinic.actors import Staff
from clinic.enums import Permission
from clinic.exceptions import DomainError, NotFound
from clinic.models import Site
from clinic.permissions import actor_of, can, requires
from scheduling.views.common import as_key, at_site, attempt
from treatments.forms.protocols import NewProtocolForm
from treatments.models import ProtocolVersion
from treatments.policies import protocol_checks, protocol_compare
from treatments.selectors import instruments as instrument_reads
from treatments.selectors import protocols as reads
from treatments.services import protocols
from treatments.views.common import refuse
from treatments.views.protocol_document import document


@requires(Permission.VIEW_PROTOCOLS)
@require_GET
@at_site
def protocol_list(request: HttpRequest, site: Site) -> HttpResponse:
    context = {
        "site": site,
        "rows": reads.listed(site=site),
        "edits": can(actor_of(request), Permission.EDIT_PROTOCOLS),
        "signs": can(actor_of(request), Permission.DECIDE_COURSE),
    }
    return render(request, "treatments/protocol/list.html", context)


@requires(Permission.EDIT_PROTOCOLS)
@require_http_methods(["GET", "POST"])
@at_site
def protocol_new(request: HttpRequest, site: Site) -> HttpResponse:
    """A protocol of its own, copied from another version (`?from=`)."""
    form = NewProtocolForm(
        request.POST or None, site=site, initial={"source": as_key(request.GET.get("from"))}
    )
    form.cancel_url = reverse("treatments:protocol-list")
    if request.method == "POST" and form.is_valid():
        try:
            version = protocols.create(
                by=actor_of(request),
                name=form.cleaned_data["name"],
                from_version_id=form.cleaned_data["source"].pk,
            )
        except DomainError as error:
            refuse(form, error)
        else:
            return redirect("treatments:protocol-version", version.pk)
    context = {
        "form": form,
        "title": _("New protocol"),
        "back": form.cancel_url,
        "back_label": _("Protocols"),
    }
    return render(request, "treatments/protocol/form.html", context, status=422 if form.errors else 200)


@requires(Permission.VIEW_PROTOCOLS)
@require_GET
def protocol_version(request: HttpRequest, version_id: UUID) -> HttpResponse:
    by = actor_of(request)
    version = version_for(by, version_id)
    others = [each for each in reads.versions(version.protocol_id) if each.pk != version.pk]
    draft = next((each for each in others if each.signed_at is None), None)
    is_draft = version.signed_at is None
    context = {
        "protocol_version": version,
        "sections": document(version),
        "others": others,
        "draft": draft,
        "is_draft": is_draft,
        "edits": is_draft and can(by, Permission.EDIT_PROTOCOLS),
        "starts": draft is None and not is_draft and can(by, Permission.EDIT_PROTOCOLS),
        "signs": is_draft and can(by, Permission.DECIDE_COURSE),
        "copies": can(by, Permission.EDIT_PROTOCOLS),
        "against": _before(version, others),
    }
    with timezone.override(version.protocol.site.zone):
        return render(request, "treatments/protocol/version.html", context)


@requires(Permission.VIEW_PROTOCOLS)
@require_GET
def protocol_compare_view(request: HttpRequest, version_id: UUID) -> HttpResponse:
    """A version beside another (`?with=`), by default the one before it."""
    by = actor_of(request)
    version = version_for(by, version_id)
    others = [each for each in reads.comparable(version) if each.pk != version.pk]
    key = as_key(request.GET.get("with"))
    other = next((each for each in others if each.pk == key), None) or _before(version, others)
    parts = (
        protocol_compare.compare((other, other.clinical), (version, version.clinical))
        if other is not None
        else []
    )
    context = {"protocol_version": version, "other": other, "others": others, "parts": parts}
    return render(request, "treatments/protocol/compare.html", context)


@requires(Permission.DECIDE_COURSE)
@require_http_methods(["GET", "POST"])
def protocol_sign(request: HttpRequest, version_id: UUID) -> HttpResponse:
    """What is new against the version before it, what to look at, and the signature."""
    by = actor_of(request)
    version = version_for(by, version_id)
    if request.method == "POST":
        revision = request.POST.get("revision", "")
        signed = attempt(
            request,
            lambda: protocols.sign(
                by=by, version_id=version_id, revision=int(revision) if revision.isdecimal() else 0
            ),
            done=_("Signed off. New orders offer this version."),
        )
        return redirect("treatments:protocol-version" if signed else "treatments:protocol-sign", version_id)
    if version.signed_at is not None:
        return redirect("treatments:protocol-version", version_id)
    before = _before(version, reads.comparable(version))
    context = {
        "protocol_version": version,
        "other": before,
        "parts": protocol_compare.compare((before, before.clinical), (version, version.clinical))
        if before
        else [],
        "problems": protocol_checks.problems(
            version, version.clinical, instruments=instrument_reads.at_site(version.protocol.site_id)
        )
        + protocol_checks.unsourced(version.evidence_note, version.clinical),
        "concerns": protocol_checks.concerns(version, version.clinical),
        "unsure": unsure(version),
    }
    return render(request, "treatments/protocol/sign.html", context)


@requires(Permission.EDIT_PROTOCOLS)
@require_POST
def protocol_draft(request: HttpRequest, protocol_id: UUID) -> HttpResponse:
    version = protocols.start_draft(by=actor_of(request), protocol_id=protocol_id)
    return redirect("treatments:protocol-version", version.pk)


@requires(Permission.EDIT_PROTOCOLS)
@require_POST
def protocol_in_use(request: HttpRequest, protocol_id: UUID) -> HttpResponse:
    """Retire a protocol, or take it up again."""
    in_use = request.POST.get("in_use") == "1"
    attempt(
        request,
        lambda: protocols.set_in_use(by=actor_of(request), protocol_id=protocol_id, in_use=in_use),
        done=_("New orders offer this protocol again.")
        if in_use
        else _("The protocol is retired. Its courses go on; new orders do not offer it."),
    )
    return redirect("treatments:protocol-list")


@requires(Permission.EDIT_PROTOCOLS)
@require_POST
def protocol_discard(request: HttpRequest, version_id: UUID) -> HttpResponse:
    done = attempt(
        request,
        lambda: protocols.discard(by=actor_of(request), version_id=version_id),
        done=_("The draft is thrown away."),
    )
    if done:
        return redirect("treatments:protocol-list")
    return redirect("treatments:protocol-version", version_id)


def version_for(by: Staff, version_id: UUID) -> ProtocolVersion:
    """A version at one of the person's sites. Foreign and missing ones look the same: NotFound."""
    found = reads.version(version_id)
    if found is None or not can(by, Permission.VIEW_PROTOCOLS, site_id=found.protocol.site_id):
        raise NotFound(_("There is no such protocol."))
    return found


def unsure(version: ProtocolVersion) -> list[tuple[Any, str]]:
    """Lines named from memory: section and name."""
    return [
        (view.title, row.name)
        for view in document(version)
        for row in view.rows
        if row.basis is not None and row.basis.mark == "memory"
    ]


def _before(version: ProtocolVersion, others: list[ProtocolVersion]) -> ProtocolVersion | None:
    """What a version is compared with unless asked otherwise: the one that it was copied from, else the one before."""
    copied = next((each for each in others if each.pk == version.based_on_id), None)
    if copied is not None:
        return copied
    older = [
        each for each in others if each.protocol_id == version.protocol_id and each.number < version.number
    ]
    return older[0] if older else next(iter(others), None)
