"""Pencilled times: the list of those kept now, and the two things that can become of one."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from clinic import clock
from clinic.enums import Permission
from clinic.exceptions import NotFound
from clinic.models import Site
from clinic.permissions import actor_of, can, requires
from scheduling.enums import Told
from scheduling.exceptions import BookingRefused, HoldEnded, SlotTaken
from scheduling.forms.accepting import AcceptForm
from scheduling.forms.booking import default_told
from scheduling.models import Hold
from scheduling.selectors import pencilled
from scheduling.services import holds
from scheduling.views import picker
from scheduling.views.common import at_site, back_to


@requires(Permission.VIEW_SCHEDULE)
@require_GET
@at_site
def pencils(request: HttpRequest, site: Site) -> HttpResponse:
    """What is kept now, soonest to expire first."""
    found = pencilled.live(site=site, now=clock.now())
    context = {"site": site, "holds": found, "may_book": can(actor_of(request), Permission.BOOK)}
    return render(request, "scheduling/book/pencils.html", context)


@requires(Permission.BOOK)
@require_POST
@at_site
def book(request: HttpRequest, site: Site, hold_id: UUID) -> HttpResponse:
    """They said yes: the very team that was kept. What a rule warns of is read and accepted first.

    What has expired leads to the booking page, with its time chosen.
    """
    hold = _hold(request, hold_id)
    assert hold.patient is not None  # noqa: S101 - a pencilled time is a patient's
    told = Told(default_told(hold.patient))
    accepted = AcceptForm(request.POST)
    override = accepted.override if accepted.is_valid() else None
    try:
        visit = holds.book_held(hold_id=hold.pk, by=actor_of(request), told=told, override=override)
    except BookingRefused as error:
        # The hold stands, and would be in the way of its own time on the booking page.
        context = {
            "site": site,
            "hold": hold,
            "elsewhere": _elsewhere(hold),
            "caution": picker.as_caution(error.refusals, actor_of(request)),
        }
        return render(request, "scheduling/book/pencil_check.html", context, status=error.status)
    except (HoldEnded, SlotTaken) as error:
        messages.warning(request, error.message)
        return redirect(_elsewhere(hold) + "&" + urlencode({"start": hold.period.lower.isoformat()}))
    return redirect("scheduling:booked", visit.pk)


@requires(Permission.BOOK)
@require_POST
@at_site
def release(request: HttpRequest, site: Site, hold_id: UUID) -> HttpResponse:
    hold = _hold(request, hold_id)
    holds.release(hold_id=hold.pk, by=actor_of(request))
    messages.success(request, _("Released. The time is free again."))
    return back_to(request, reverse("scheduling:pencils"))


def _elsewhere(hold: Hold) -> str:
    """The booking page, looking for the same visit with the same clinician."""
    lead = {"lead": str(hold.lead_id)} if hold.lead_id else {}
    wanted = urlencode({"visit_type": str(hold.visit_type_id), **lead})
    return reverse("scheduling:book", args=[hold.patient_id]) + "?" + wanted


def _hold(request: HttpRequest, hold_id: UUID) -> Hold:
    hold = pencilled.one(hold_id)
    if hold is None or not can(actor_of(request), Permission.BOOK, site_id=hold.site_id):
        raise NotFound(_("There is no such pencilled time."))
    return hold
