"""Records reviewed and signed together, and amendments taken over."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from clinic.enums import Permission
from clinic.models import Site
from clinic.permissions import actor_of, requires
from scheduling.views.common import at_site, attempt
from treatments import classification
from treatments.classification import Derived, Figure
from treatments.models import Session
from treatments.selectors import record_fields
from treatments.selectors import signing as reads
from treatments.selectors.record_rows import RecordRows
from treatments.services import signing

PAGE = "treatments/signing/list.html"
_LONGEST_KEY = 19


@dataclass(frozen=True, slots=True)
class Line:
    """One record as the page shows it."""

    rows: RecordRows
    value: str
    url: str
    flags: list[str]
    figures: list[tuple[str, str]]
    missing: str
    written: str

    @property
    def session(self) -> Session:
        return self.rows.session

    @property
    def anchor(self) -> str:
        return f"record-{self.session.pk}"


@requires(Permission.DECIDE_COURSE)
@require_http_methods(["GET", "POST"])
@at_site
def sign_list(request: HttpRequest, site: Site) -> HttpResponse:
    """Unsigned records with what matters of each; POST signs those that were ticked."""
    by = actor_of(request)
    refused: list[dict[str, str]] = []
    if request.method == "POST":
        wanted = [pair for text in request.POST.getlist("record") if (pair := _ticked(text)) is not None]
        if not wanted:
            messages.error(request, _("Tick at least one record."))
            return redirect(request.get_full_path())
        found = signing.sign_many(by=by, wanted=wanted)
        _say(request, len(wanted) - len(found))
        if not found:
            return redirect(request.get_full_path())
        names = reads.names([row.session_id for row in found])
        refused = [{"name": names.get(row.session_id, ""), "words": row.words} for row in found]
    mine = request.GET.get("of") != "all"
    waiting = reads.waiting(site_id=site.pk, user_id=by.user_id if mine else None)
    context: dict[str, Any] = {
        "site": site,
        "mine": mine,
        "refused": refused,
        "lines": [_line(rows) for rows in waiting],
        "amendments": reads.amendments(site_id=site.pk),
    }
    return render(request, PAGE, context, status=409 if refused else 200)


@requires(Permission.DECIDE_COURSE)
@require_POST
def session_cosign(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Take one amendment of this record over."""
    said = request.POST.get("amendment", "")
    attempt(
        request,
        lambda: signing.cosign(
            by=actor_of(request),
            session_id=session_id,
            amendment_id=int(said) if said.isdecimal() and len(said) < _LONGEST_KEY else 0,
        ),
        done=_("The amendment is co-signed."),
    )
    return redirect("treatments:session-detail", session_id)


def _say(request: HttpRequest, signed: int) -> None:
    if signed:
        words = ngettext("%(count)s record is signed.", "%(count)s records are signed.", signed)
        messages.success(request, words % {"count": signed})


def _ticked(text: str) -> tuple[UUID, int] | None:
    """A record's key and the version that was looked at."""
    key, _colon, version = text.partition(":")
    try:
        return UUID(key), int(version)
    except ValueError:
        return None


def _line(rows: RecordRows) -> Line:
    session = rows.session
    required = session.course.protocol_version.clinical.required
    lacking = record_fields.missing(rows, required)
    return Line(
        rows=rows,
        value=f"{session.pk}:{session.version}",
        url=reverse("treatments:session-detail", args=[session.pk]),
        flags=_flags(rows),
        figures=_figures(rows, classification.derive(rows.measurements)),
        missing=", ".join(str(field.words) for field in lacking),
        written=_written(rows),
    )


def _flags(rows: RecordRows) -> list[str]:
    """What a signer must not overlook."""
    found = [rows.session.complications] if rows.session.complications else []
    if any(row.product_stale for row in rows.injections):
        age = max(row.product_minutes or 0 for row in rows.injections)
        found.append(_("The product was %(minutes)s minutes old when it was injected.") % {"minutes": age})
    failures = [row.failure for row in rows.draws if row.failed]
    failures += [row.failure for row in rows.preparations if row.failed]
    return found + [_("A failed attempt: %(why)s") % {"why": why} for why in failures]


def _written(rows: RecordRows) -> str:
    """Who wrote which parts, each person once."""
    parts: dict[str, list[str]] = {}
    for row in rows.sections:
        parts.setdefault(str(row.saved_by), []).append(row.get_section_display())
    return "; ".join(f"{person}: {', '.join(sections)}" for person, sections in parts.items())


def _value(figure: Figure) -> str:
    """What is missing for it stands in full on the record's own page."""
    return str(figure.value) if figure.value is not None else _("not measured")


def _figures(rows: RecordRows, derived: Derived) -> list[tuple[str, str]]:
    product = rows.preparation
    return [
        (_("Product"), f"{product.product_ml} mL" if product and product.product_ml else _("not recorded")),
        (_("Dose, 10⁹ platelets"), _value(derived.dose)),
        (_("Concentration, times"), _value(derived.factor)),
        (_("Leucocytes"), _value(derived.leucocytes)),
        (_("PAW class"), _value(derived.paw)),
    ]
