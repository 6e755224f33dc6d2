"""The list of patients whom no mail reaches, and the letters for them."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from clinic.enums import HandWay, Permission
from clinic.exceptions import DomainError
from clinic.models import PatientPhone, Site
from clinic.permissions import actor_of, requires
from clinic.services import by_hand
from clinic.views.common import at_site
from clinic.views.message_words import kind_of

_SAID = {
    HandWay.CALL: _("Written down: told by phone."),
    HandWay.LETTER: _("Written down: told by letter."),
    HandWay.NOT_NEEDED: _("Written down: not needed."),
}


@requires(Permission.VIEW_MESSAGES)
@require_GET
@at_site
def index(request: HttpRequest, site: Site) -> HttpResponse:
    """Whom to ring or to write to, the most urgent first."""
    found = by_hand.to_tell(by=actor_of(request), site_id=site.pk)
    phones: dict[UUID, str] = {}
    rows = PatientPhone.objects.filter(patient__in={message.patient_id for message in found})
    for phone in rows.order_by("position", "pk"):
        phones.setdefault(phone.patient_id, str(phone.e164))
    context = {
        "rows": [
            {"message": message, "kind": kind_of(message), "phone": phones.get(message.patient_id, "")}
            for message in found
        ],
        "ways": HandWay.choices,
    }
    return render(request, "clinic/by_hand/list.html", context)


@requires(Permission.VIEW_MESSAGES)
@require_GET
@at_site
def letters(request: HttpRequest, site: Site) -> HttpResponse:
    """All of them as letters, one on a page, to be printed."""
    found = by_hand.to_tell(by=actor_of(request), site_id=site.pk)
    context = {"letters": by_hand.letters(found), "site": site}
    return render(request, "clinic/by_hand/letters.html", context)


@requires(Permission.WORK_TASKS)
@require_POST
def told(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Write down how a patient was told."""
    way = request.POST.get("way", "")
    try:
        by_hand.told(by=actor_of(request), message_id=message_id, way=way)
    except DomainError as error:
        if error.status in (403, 404):
            raise
        messages.error(request, error.message)
    else:
        messages.success(request, str(_SAID[HandWay(way)]))
    return redirect("clinic:by-hand")
