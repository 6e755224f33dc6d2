"""Declining a group of mails from a mail: a page by GET, which changes nothing, and one click by POST (RFC 8058).

A mailbox's own POST brings no cookie and no token of ours, only `List-Unsubscribe=One-Click` and the address's secret.
A person's tap comes from our page, with the token.
"""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from clinic import audit
from clinic.exceptions import DomainError
from clinic.models import Message
from clinic.permissions import public
from clinic.selectors import preferences as reads
from clinic.services import preferences
from clinic.services import unsubscribing as service
from clinic.views import link_words, preference_words

PAGE = "clinic/link/unsubscribe.html"
_ONE_CLICK = "One-Click"


@public
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, message_id: UUID, link_token: str) -> HttpResponseBase:
    """The address in the header and at the foot of a mail."""
    message = service.opened_by(message_id, link_token)
    if message is None:
        return _unknown(request)
    if request.method == "POST" and request.POST.get("List-Unsubscribe") == _ONE_CLICK:
        _chosen(message, stop=True)
        return HttpResponse(status=204)
    return _page(request, message)


@csrf_protect
def _page(request: HttpRequest, message: Message) -> HttpResponse:
    if request.method == "POST":
        _chosen(message, stop=request.POST.get("answer") != "again")
        return redirect("clinic:unsubscribe", message.pk, service.token_of(message.pk))
    language = message.patient.language
    with translation.override(language):
        return render(request, PAGE, _facts(message, language))


def _chosen(message: Message, *, stop: bool) -> None:
    """Whatever the record's state, whoever asked us to stop hears no error: nothing goes out to them either way."""
    by, write = service.actor_of(message), preferences.decline if stop else preferences.accept
    try:
        with audit.because(by=by):
            write(
                by=by,
                patient_id=message.patient_id,
                contact_id=message.contact_id,
                group=service.group_of(message),
            )
    except DomainError:
        return


def _facts(message: Message, language: str) -> dict[str, Any]:
    words, group = preference_words.of(language), service.group_of(message)
    contact = message.contact
    gone = contact is not None and (contact.ended_at is not None or not contact.gets_mails)
    if not group or not message.patient.is_active or gone:
        state = "closed"
    else:
        declined = reads.of_person((message.patient_id, message.contact_id))
        state = "stopped" if group in declined else "stop"
    said = words[state].format(group=words[f"group_{group}"].lower() if group else "")
    return {
        "nav": None,
        "book_url": None,
        "state": state,
        "title": words[f"{state}_title"],
        "said": said,
        "words": words,
        "link_words": link_words.of(language),
        "clinic_name": message.site.sender_name,
        "phone": message.site.phone,
    }


def _unknown(request: HttpRequest) -> HttpResponse:
    language = translation.get_language() or "en"
    words = preference_words.of(language)
    context: dict[str, Any] = {
        "nav": None,
        "book_url": None,
        "state": "unknown",
        "title": words["unknown_title"],
        "said": words["unknown"],
        "words": words,
        "link_words": link_words.of(language),
    }
    return render(request, PAGE, context, status=404)
