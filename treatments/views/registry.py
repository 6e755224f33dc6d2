"""De-identified rows for a registry: the page that asks why, the file, and its data dictionary."""

from collections.abc import Iterator, Sequence

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from clinic import clock, csv
from clinic.actors import Staff
from clinic.csv import Cell
from clinic.enums import Permission
from clinic.exceptions import DomainError
from clinic.models import Site
from clinic.permissions import actor_of, requires
from scheduling.views.common import at_site
from treatments.forms.registry import ExportForm
from treatments.models import RegistryExport
from treatments.registry import FIELDS, rows
from treatments.registry.fields import RESPONSE_FIELDS, SESSION_FIELDS, Field
from treatments.selectors import registry as reads
from treatments.services import registry_exports
from treatments.views.common import refuse


@requires(Permission.EXPORT_REGISTRY)
@require_http_methods(["GET", "POST"])
@at_site
def index(request: HttpRequest, site: Site) -> HttpResponseBase:
    """The form; sent, it answers with the file itself."""
    by, today = actor_of(request), clock.today(site.zone)
    form = ExportForm(request.POST or None, site_ids=by.site_ids, today=today)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            export = registry_exports.begin(
                by=by,
                site_ids=form.chosen_sites,
                first=said["first"],
                last=said["last"],
                purpose=said["purpose"],
                reason=said["reason"],
            )
        except DomainError as error:
            refuse(form, error)
        else:
            return _file(by, export)
    context = {
        "form": form,
        "rarity": reads.rarity(by.site_ids),
        "few": reads.FEW,
        "past": reads.past(by.site_ids),
        "columns": len(FIELDS),
    }
    status = 422 if form.errors else 200
    return render(request, "treatments/registry/index.html", context, status=status)


@requires(Permission.EXPORT_REGISTRY)
@require_GET
def dictionary(request: HttpRequest) -> HttpResponse:
    """Every column: what it means, its unit, its values, where it comes from."""
    sections: dict[str, list[Field]] = {}
    for field in FIELDS:
        sections.setdefault(str(field.section.label), []).append(field)
    return render(request, "treatments/registry/dictionary.html", {"sections": list(sections.items())})


@requires(Permission.EXPORT_REGISTRY)
@require_GET
def dictionary_file(request: HttpRequest) -> HttpResponse:
    """The same as CSV, to send along."""
    head = [_("Field"), _("Rows"), _("MIBO section"), _("Meaning"), _("Unit"), _("Values"), _("Source")]
    body = csv.written(head, [_described(field) for field in FIELDS])
    response = HttpResponse(body, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="registry_dictionary.csv"'
    return response


def _described(field: Field) -> Sequence[Cell]:
    values = "; ".join(f"{code} = {words}" for code, words in (field.values or {}).items())
    of = "injection" if field in SESSION_FIELDS else "response" if field in RESPONSE_FIELDS else _("all rows")
    return [field.name, of, str(field.section.label), str(field.words), field.unit, values, field.source]


def _file(by: Staff, export: RegistryExport) -> StreamingHttpResponse:
    response = StreamingHttpResponse(_streamed(by, export), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="registry_{export.first}_{export.last}.csv"'
    response["Cache-Control"] = "no-store"
    return response


def _streamed(by: Staff, export: RegistryExport) -> Iterator[bytes]:
    """Head and rows, batch by batch; what left is written down however it ends."""
    count, whole = 0, False
    try:
        yield csv.head(rows.HEAD)
        for batch in rows.rows(export.site_ids, export.first, export.last):
            count += len(batch)
            yield csv.lines(batch)
        whole = True
    finally:
        registry_exports.finished(by=by, export=export, rows=count, whole=whole)
