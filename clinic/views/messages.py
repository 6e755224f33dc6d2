"""The outbox on pages: what waits, what needs a look, and each message with its words."""

from uuid import UUID

from csp.decorators import csp, csp_update
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_POST

from clinic import clock
from clinic.enums import MessageState, Permission
from clinic.models import Message, Site
from clinic.permissions import actor_of, can, requires
from clinic.selectors import messages as selectors
from clinic.selectors import sending
from clinic.selectors.patients import patient_detail
from clinic.services import outbox, previews
from clinic.services.reconcile import PARKED
from clinic.views.common import address, at_site
from clinic.views.message_words import Row, history_of, kind_of, scope_of

ROWS = 30
NEWEST = 8
"""Lines that the pane shows at first."""
AT_MOST = 500
LETTER_POLICY = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],  # the mail's own inlined styles; no script, no image, no form
    "frame-ancestors": ["'self'"],
    "sandbox": [],
}


@requires(Permission.VIEW_MESSAGES)
@require_GET
@at_site
def index(request: HttpRequest, site: Site) -> HttpResponse:
    """One group of the site's messages, and how the outbox keeps up."""
    wanted = request.GET.get("show", "waiting")
    group = wanted if wanted in selectors.GROUPS else "waiting"
    backlog = selectors.backlog(site_id=site.pk)
    labels = {
        "waiting": _("Waiting"),
        "attention": _("Needs a look"),
        "sent": _("Sent"),
        "unsent": _("Not sent"),
    }
    page = Paginator(selectors.messages_of_group(site_id=site.pk, group=group), ROWS).get_page(
        request.GET.get("page")
    )
    counts: dict[str, int | None] = {group: page.paginator.count, "attention": backlog.attention}
    tabs = [
        {"label": label, "url": f"?show={name}", "current": name == group, "count": counts.get(name)}
        for name, label in labels.items()
    ]
    context = {
        "page": page,
        "rows": [Row(message) for message in page.object_list],
        "tabs": tabs,
        "group": group,
        "backlog": backlog,
        "pauses": [(row, scope_of(row.pause)) for row in sending.pauses([site.pk])],
        "may_pause": can(actor_of(request), Permission.MANAGE_MESSAGES, site_id=site.pk),
        "now": clock.now(),
    }
    return render(request, "clinic/message/list.html", context)


@requires(Permission.VIEW_MESSAGES)
@require_GET
@csp_update({"frame-src": ["'self'"]})
@at_site
def detail(request: HttpRequest, site: Site, message_id: UUID) -> HttpResponse:
    """One message: its history, and exactly what was sent, or how it would read now."""
    by = actor_of(request)
    message = previews.open_message(by=by, message_id=message_id)
    context = {
        "message": message,
        "kind": kind_of(message),
        "steps": history_of(message),
        "preview": previews.preview(message),
        "carried": [(row, kind_of(row)) for row in previews.carried(message)],
        "patient_url": address(request, "clinic:patient-detail", message.patient_id),
        "may_retry": _may_retry(message) and can(by, Permission.MANAGE_MESSAGES, site_id=message.site_id),
    }
    return render(request, "clinic/message/detail.html", context)


@requires(Permission.VIEW_MESSAGES)
@require_GET
@xframe_options_sameorigin
@csp(LETTER_POLICY)  # type: ignore[arg-type]  # its types know only views without keys
def letter(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """The message's HTML alone, for the frame on its page: nothing in it runs or loads."""
    message = previews.open_message(by=actor_of(request), message_id=message_id)
    rendered = previews.preview(message).rendered
    return HttpResponse(rendered.html if rendered else "")


@requires(Permission.MANAGE_MESSAGES)
@require_POST
def retry(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Let a failed message go out once more."""
    outbox.retry(message_id=message_id, by=actor_of(request))
    messages.success(request, _("It goes out with the next round."))
    return redirect("clinic:message-detail", message_id)


@requires(Permission.VIEW_MESSAGES)
@require_GET
@at_site
def pane(request: HttpRequest, site: Site, patient_id: UUID) -> HttpResponse:
    """A patient's messages at the person's sites: the newest, or all; of one fact alone with `?about=`."""
    by = actor_of(request)
    patient = patient_detail(patient_id)
    about = request.GET.get("about", "").replace("\x00", "")[:80]
    found = selectors.messages_of_patient(patient_id=patient_id, site_ids=by.site_ids, about=about)
    everything = request.GET.get("show") == "all"
    count = found.count()
    context = {
        "patient": patient,
        "rows": [Row(message) for message in found[: AT_MOST if everything else NEWEST]],
        "about": about,
        "count": count,
        "everything": everything,
        "folded": not everything and count > NEWEST,
    }
    return render(request, "clinic/message/_pane.html", context)


def _may_retry(message: Message) -> bool:
    parked = message.state == MessageState.UNCERTAIN and message.reason == PARKED
    timely = not message.withdrawn and message.expires_at > clock.now()
    return timely and (parked or message.state == MessageState.FAILED)
