"""The questionnaires of the site: those that come with the software, and those loaded under a licence."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from clinic import clock
from clinic.enums import Permission
from clinic.exceptions import NotFound
from clinic.models import Site
from clinic.permissions import actor_of, requires
from clinic.views.common import answered
from scheduling.views.common import at_site
from treatments import instruments as definitions
from treatments.forms.instruments import LicenceForm, LoadForm
from treatments.instruments import BUILTIN, Definition
from treatments.instruments.definition import Translation, in_language
from treatments.models import InstrumentDefinition
from treatments.selectors import instruments as reads
from treatments.services import instruments


@requires(Permission.MANAGE_SITE)
@require_GET
@at_site
def index(request: HttpRequest, site: Site) -> HttpResponse:
    today = clock.today(site.zone)
    newest: dict[str, InstrumentDefinition] = {}
    for row in reads.loaded(site.pk):
        newest.setdefault(row.code, row)
    context = {
        "site": site,
        "builtin": [_shown(one) for one in BUILTIN.values()],
        "loaded": [
            {
                **_shown(definitions.load(row.document)),
                "row": row,
                "ended": row.licence_until < today,
                "soon": 0 <= (row.licence_until - today).days <= 60,
            }
            for row in newest.values()
        ],
    }
    return render(request, "treatments/instrument/index.html", context)


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
@at_site
def new(request: HttpRequest, site: Site) -> HttpResponse:
    """Load one, or a further version of one that is there."""
    form = LoadForm(request.POST or None, request.FILES or None)
    form.cancel_url = reverse("treatments:instruments")
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        if answered(
            form,
            lambda: instruments.load(
                by=actor_of(request),
                site_id=site.pk,
                document=said["parsed"],
                licence=said["licence"],
                licence_until=said["licence_until"],
            ),
        ):
            messages.success(request, _("The questionnaire is loaded. Protocols can ask by its code."))
            return redirect("treatments:instruments")
    context = {"site": site, "form": form}
    return render(request, "treatments/instrument/new.html", context, status=422 if form.errors else 200)


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
@at_site
def edit(request: HttpRequest, site: Site, definition_id: UUID) -> HttpResponse:
    """How it reads and is scored, and its licence."""
    row = InstrumentDefinition.objects.filter(pk=definition_id, site=site).first()
    if row is None:
        raise NotFound(_("There is no such questionnaire."))
    kept = {"licence": row.licence, "licence_until": row.licence_until, "is_active": row.is_active}
    form = LicenceForm(request.POST or None, initial=kept)
    form.cancel_url = reverse("treatments:instruments")
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        if answered(
            form,
            lambda: instruments.change(
                by=actor_of(request),
                definition_id=row.pk,
                licence=said["licence"],
                licence_until=said["licence_until"],
                is_active=said["is_active"],
            ),
        ):
            messages.success(request, _("Saved."))
            return redirect("treatments:instruments")
    definition = definitions.load(row.document)
    context = {"site": site, "row": row, "form": form, "one": _shown(definition), "items": _items(definition)}
    return render(request, "treatments/instrument/edit.html", context, status=422 if form.errors else 200)


def _shown(one: Definition) -> dict[str, Any]:
    working = [code for code, mark in one.translations.items() if mark == Translation.WORKING]
    return {
        "code": one.code,
        "short": one.short,
        "name": in_language(one.name, get_language() or "en"),
        "count": len(one.items),
        "low": one.low.normalize(),
        "high": one.high.normalize(),
        "more_is_better": one.more_is_better,
        "licence": one.licence,
        "languages": ", ".join(sorted(one.name)),
        "working": ", ".join(working),
    }


def _items(one: Definition) -> list[dict[str, Any]]:
    language = get_language() or "en"
    return [
        {
            "words": in_language(item.words, language),
            "answers": ", ".join(
                f"{option.value} {in_language(option.words, language)}" for option in item.options
            )
            or f"{min(item.values)}–{max(item.values)}",
        }
        for item in one.items
    ]
