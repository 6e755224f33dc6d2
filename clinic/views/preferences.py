"""What somebody wants to be written to about: their own page behind a link, and the same for the desk."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic import audit, messaging
from clinic.enums import Channel, Permission
from clinic.exceptions import DomainError
from clinic.forms.preferences import WishesForm
from clinic.models import Link
from clinic.permissions import actor_of, requires
from clinic.selectors import preferences as reads
from clinic.selectors.patients import patient_detail
from clinic.services import links, preferences
from clinic.services.preferences import PREFERENCES, Choice
from clinic.views import preference_words
from clinic.views.common import answered
from clinic.views.links import by_link, page_context

PAGE = "clinic/link/preferences.html"
_SAVED = "saved"


@require_http_methods(["GET", "HEAD", "POST"])
@by_link(PREFERENCES)
def mine(request: HttpRequest, link: Link) -> HttpResponse:
    """The person's own page."""
    if request.method != "POST":
        return _page(request, link, saved=_SAVED in request.GET)
    by = links.actor_of(link)
    own = link.contact_id is None
    choice = Choice(
        frozenset(request.POST.getlist("wanted")) & preferences.GROUPS,
        request.POST.get("channel") if own else None,
        request.POST.get("language") if own else None,
    )
    try:
        with audit.because(by=by):
            preferences.choose(by=by, patient_id=link.patient_id, contact_id=link.contact_id, choice=choice)
    except DomainError:
        return _page(request, link, failed=True, status=422)
    return redirect(f"{reverse('clinic:preferences', args=[links.token_of(link)])}?{_SAVED}")


@requires(Permission.EDIT_PATIENTS)
@require_http_methods(["GET", "POST"])
def of_patient(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """The desk writes down what the patient, or somebody who gets the mails, says on the phone."""
    patient = patient_detail(patient_id)
    people: list[tuple[UUID | None, str]] = [(None, patient.full_name)]
    living = patient.living_contacts  # type: ignore[attr-defined]  # prefetched by the selector
    people += [(contact.pk, contact.name) for contact in living if contact.gets_mails]
    form = WishesForm(request.POST or None, patient=patient, people=people)
    form.cancel_url = reverse("clinic:patient-detail", args=[patient_id])
    if request.method == "POST" and form.is_valid():
        by = actor_of(request)
        choices = form.choices()

        def write() -> None:
            for contact_id, choice in choices.items():
                preferences.choose(by=by, patient_id=patient_id, contact_id=contact_id, choice=choice)

        if answered(form, write):
            messages.success(request, _("Saved."))
            return redirect("clinic:patient-detail", patient_id)
    context = {"form": form, "patient": patient, "agreed": patient.reminders_consent}
    return render(request, "clinic/patient/preferences.html", context, status=422 if form.errors else 200)


def _page(
    request: HttpRequest, link: Link, *, saved: bool = False, failed: bool = False, status: int = 200
) -> HttpResponse:
    patient, own = link.patient, link.contact_id is None
    words = preference_words.of(patient.language)
    declined = reads.of_person((patient.pk, link.contact_id))
    agreed = patient.reminders_consent
    context: dict[str, Any] = {
        "words": words,
        "title": words["title"],
        "hello": words["hello"].format(name=patient.given_name if own else link.contact.name),  # type: ignore[union-attr]
        "groups": [
            {"code": group, "words": words[f"group_{group}"], "on": agreed and group not in declined}
            for group in messaging.GROUPS
        ],
        "own": own,
        "may_choose": agreed or own,
        "note": "" if agreed else words["agree" if own else "no_agreement"].format(name=patient.given_name),
        "channels": [
            {"code": code, "words": words[f"channel_{code}"], "on": code == patient.preferred_channel}
            for code in Channel.values
        ],
        "languages": [
            {
                "code": code,
                "words": preference_words.LANGUAGE_NAMES.get(code, str(name)),
                "on": code == patient.language,
            }
            for code, name in settings.LANGUAGES
        ],
        "saved": saved,
        "failed": failed,
    }
    return render(request, PAGE, page_context(link, context), status=status)
