"""Consent: read, signed on the tablet or on paper, printed, withdrawn; and the texts that are read."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
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
from scheduling.views.common import at_site, attempt, way_back
from treatments.consent_words import DEFAULTS
from treatments.forms.consents import ConsentForm, TextForm, WithdrawForm
from treatments.models import Consent, ConsentPage, ConsentText
from treatments.selectors import consents as reads
from treatments.services import consents
from treatments.views.common import course_for, refuse


@requires(Permission.RECORD_CLINICAL)
@require_http_methods(["GET", "POST"])
def consent_give(request: HttpRequest, course_id: UUID) -> HttpResponse:
    """The text in the patient's language, and below it the signature."""
    by = actor_of(request)
    course = course_for(by, course_id)
    texts = reads.newest_texts(course.site)
    text = _chosen(request, texts, course.patient.language)
    form = ConsentForm(
        request.POST or None,
        request.FILES or None,
        patient=course.patient,
        signers=reads.signers(course),
        initial={"text": text.pk if text else None},
    )
    if request.method == "POST" and form.is_valid():
        try:
            row = consents.give(
                by=by, course_id=course_id, text_id=form.cleaned_data["text"], signature=form.signature
            )
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("The consent is on record."))
            return redirect(way_back(request, reverse("treatments:consent", args=[row.pk])))
    here = reverse("treatments:consent-give", args=[course_id])
    context = {
        "course": course,
        "form": form,
        "text": text,
        "paper": reads.paper(text) if text else None,
        "languages": [
            {
                "label": dict(settings.LANGUAGES).get(each.language, each.language),
                "url": f"{here}?language={each.language}",
                "current": each == text,
            }
            for each in texts
        ],
        "earlier": reads.of_course(course),
        "ended": course.ended_at is not None,
        "next": way_back(request, ""),
        "edits": can(by, Permission.EDIT_CONSENT_TEXT),
    }
    with timezone.override(course.site.zone):
        status = 422 if form.errors else 200
        return render(request, "treatments/consent/give.html", context, status=status)


@requires(Permission.VIEW_CLINICAL)
@require_GET
def consent(request: HttpRequest, consent_id: UUID) -> HttpResponse:
    """The consent on one page, to read and to print."""
    by = actor_of(request)
    row = _consent_for(by, consent_id)
    withdrawal = getattr(row, "withdrawal", None)
    with timezone.override(row.site.zone):
        context = {
            "row": row,
            "course": row.course,
            "patient": row.course.patient,
            "paper": reads.paper(row.text),
            "lines": reads.lines_of(row.strokes),
            "withdrawal": withdrawal,
            "scanned": ConsentPage.objects.filter(consent=row).values_list("content_type", flat=True).first(),
            "form": WithdrawForm(),
            "withdraws": can(by, Permission.RECORD_CLINICAL) and withdrawal is None,
        }
        return render(request, "treatments/consent/detail.html", context)


@requires(Permission.RECORD_CLINICAL)
@require_POST
def consent_withdraw(request: HttpRequest, consent_id: UUID) -> HttpResponse:
    by = actor_of(request)
    _consent_for(by, consent_id)
    form = WithdrawForm(request.POST)
    if form.is_valid():
        attempt(
            request,
            lambda: consents.withdraw(by=by, consent_id=consent_id, reason=form.cleaned_data["reason"]),
            done=_("The consent is withdrawn."),
        )
    else:
        messages.error(request, _("Write down what was said, in at most 300 letters."))
    return redirect("treatments:consent", consent_id)


@requires(Permission.VIEW_CLINICAL)
@require_GET
def consent_page(request: HttpRequest, consent_id: UUID) -> HttpResponse:
    """The scanned page, as it was checked in: a file of somebody else's making, so a browser runs nothing in it."""
    row = _consent_for(actor_of(request), consent_id)
    page = ConsentPage.objects.filter(consent=row).first()
    if page is None or not page.content:
        raise NotFound(_("There is no scanned page."))
    response = HttpResponse(bytes(page.content), content_type=page.content_type)
    ending = "pdf" if page.content_type == "application/pdf" else "jpg"
    response["Content-Disposition"] = f'attachment; filename="consent.{ending}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


@requires(Permission.EDIT_CONSENT_TEXT)
@require_http_methods(["GET", "POST"])
@at_site
def consent_text(request: HttpRequest, site: Site) -> HttpResponse:
    """The site's text in one language: the newest to read and to write anew, the earlier ones by number."""
    wanted, first = request.GET.get("language", ""), settings.LANGUAGES[0][0]
    language = wanted if wanted in dict(settings.LANGUAGES) else first
    here = reverse("treatments:consent-text")
    by = actor_of(request)
    rows = list(
        ConsentText.objects.filter(site=site, language=language)
        .select_related("written_by")
        .order_by("-number")
    )
    newest = rows[0] if rows else None
    title, body = (newest.title, newest.body) if newest else DEFAULTS.get(language, ("", ""))
    initial = {
        "language": language,
        "based_on": newest.number if newest else 0,
        "title": title,
        "body": body,
    }
    form = TextForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            consents.write_text(by=by, site_id=site.pk, **form.cleaned_data | {"language": language})
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("The new version is read from now on."))
            return redirect(f"{here}?language={language}")
    languages = [
        {
            "label": name,
            "url": f"{here}?language={code}",
            "current": code == language,
        }
        for code, name in settings.LANGUAGES
    ]
    context = {"site": site, "rows": rows, "newest": newest, "form": form, "languages": languages}
    return render(request, "treatments/consent/text.html", context, status=422 if form.errors else 200)


def _chosen(request: HttpRequest, texts: list[ConsentText], preferred: str) -> ConsentText | None:
    """The text in the language that was asked for, else the patient's, else the first."""
    wanted = request.GET.get("language") or preferred
    posted = request.POST.get("text", "")
    by_key = next((text for text in texts if str(text.pk) == posted), None)
    return (
        by_key or next((text for text in texts if text.language == wanted), None) or next(iter(texts), None)
    )


def _consent_for(by: Staff, consent_id: UUID) -> Consent:
    row = reads.consent(consent_id)
    if row is None or not can(by, Permission.VIEW_CLINICAL, site_id=row.site_id):
        raise NotFound(_("There is no such consent."))
    return row
