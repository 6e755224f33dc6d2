"""The waitlist: who waits, what is offered, what became free. Answers by phone are the desk's own buttons."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinic import clock
from clinic.enums import Permission
from clinic.exceptions import InvalidInput, NotFound
from clinic.models import Patient, Site
from clinic.permissions import actor_of, can, requires
from clinic.views.common import answered
from scheduling.forms.fields import InstantField
from scheduling.forms.waitlist import FilterForm, WishForm, initial_of
from scheduling.models import Offer, VisitType, WaitlistEntry
from scheduling.selectors import visits
from scheduling.selectors import waitlist as reads
from scheduling.services import matching, offers, waitlist
from scheduling.views import waiting
from scheduling.views.common import as_key, at_site, attempt, back_to, visit_for

PER_PAGE = 50
AHEAD = dt.timedelta(days=28)


@requires(Permission.VIEW_SCHEDULE)
@require_GET
@at_site
def index(request: HttpRequest, site: Site) -> HttpResponse:
    """Open offers with their countdown, then who waits, in the order in which offers go out."""
    form = FilterForm(request.GET, site=site)
    found = reads.waiting(site=site, **form.chosen)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        **_offers(request, site),
        "page": page,
        "rows": [waiting.Waiting.of(entry) for entry in page],
        "form": form,
        "filtered": any(form.chosen.values()),
        "tabs": _tabs("waiting"),
    }
    return render(request, "scheduling/waitlist/list.html", context)


@requires(Permission.VIEW_SCHEDULE)
@require_GET
@at_site
def open_offers(request: HttpRequest, site: Site) -> HttpResponse:
    """The open offers alone, for the list that refreshes itself."""
    return render(request, "scheduling/waitlist/_offers.html", _offers(request, site))


@requires(Permission.VIEW_SCHEDULE)
@require_GET
@at_site
def freed(request: HttpRequest, site: Site) -> HttpResponse:
    """Freed times of the coming weeks, each with whom it suits, and what became of today's."""
    now = clock.now()
    today, _end = clock.day_bounds(clock.today(site.zone), site.zone)
    slots = reads.freed(site=site, until=now + AHEAD, now=now)
    matches = matching.match(slots=slots, entries=reads.candidates(site_id=site.pk), now=now)
    context = {
        "site": site,
        "rows": [waiting.as_freed(slot, matches[slot.pk], now) for slot in slots],
        "closed": reads.freed_and_closed(site=site, since=today),
        "may_book": can(actor_of(request), Permission.BOOK),
        "now": now,
        "tabs": _tabs("freed"),
    }
    return render(request, "scheduling/waitlist/freed.html", context)


@requires(Permission.BOOK)
@require_http_methods(["GET", "POST"])
@at_site
def new(request: HttpRequest, site: Site, patient_id: UUID) -> HttpResponse:
    """Put a patient on the list: for a kind of visit, for a session, or for an earlier time of a visit they have."""
    patient = get_object_or_404(Patient, pk=patient_id, erased_at__isnull=True)
    asked = request.POST if request.method == "POST" else request.GET
    by = actor_of(request)
    visit = visit_for(by, asked["appointment"]) if asked.get("appointment") else None
    if visit is not None and visit.patient_id != patient.pk:
        raise NotFound(_("There is no such visit."))
    purpose = as_key(asked.get("purpose", ""))
    known = visit.visit_type if visit else _session_type(site, asked.get("visit_type"), purpose)
    if request.method == "GET":
        form = WishForm(site=site, visit_type=known, initial=_wanted(request))
        return _form_page(request, form, patient, visit=visit, purpose=purpose, known=known)
    form = WishForm(request.POST, site=site, visit_type=known)

    def add() -> object:
        kind = known or form.cleaned_data["visit_type"]
        return waitlist.add(
            patient_id=patient.pk,
            site_id=site.pk,
            by=by,
            wish=form.wish,
            visit_type_id=kind.pk,
            appointment_id=visit.pk if visit else None,
            purpose=purpose,
        )

    if not (form.is_valid() and answered(form, add)):
        return _form_page(request, form, patient, visit=visit, purpose=purpose, known=known, status=422)
    messages.success(request, _("On the waitlist. When a time that suits becomes free, it is offered."))
    return redirect("scheduling:waitlist")


@requires(Permission.BOOK)
@require_http_methods(["GET", "POST"])
@at_site
def edit(request: HttpRequest, site: Site, entry_id: UUID) -> HttpResponse:
    entry = _entry(request, entry_id)
    if request.method == "GET":
        form = WishForm(site=entry.site, visit_type=entry.visit_type, initial=initial_of(entry))
        return _form_page(request, form, entry.patient, entry=entry, visit=entry.appointment)
    form = WishForm(request.POST, site=entry.site, visit_type=entry.visit_type)

    def change() -> object:
        version = form.cleaned_data["version"] or 0
        return waitlist.change(entry_id=entry.pk, by=actor_of(request), wish=form.wish, version=version)

    if not (form.is_valid() and answered(form, change)):
        return _form_page(request, form, entry.patient, entry=entry, visit=entry.appointment, status=422)
    messages.success(request, _("Saved."))
    return redirect("scheduling:waitlist")


@requires(Permission.BOOK)
@require_POST
def withdraw(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    entry = _entry(request, entry_id)
    by = actor_of(request)
    attempt(
        request,
        lambda: waitlist.withdraw(entry_id=entry.pk, by=by),
        done=_("%(name)s does not wait any more.") % {"name": entry.patient.full_name},
    )
    return redirect(reverse("scheduling:wait-edit", args=[entry.pk]))


@requires(Permission.BOOK)
@require_POST
def wait_again(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    entry = _entry(request, entry_id)
    by = actor_of(request)
    attempt(
        request,
        lambda: waitlist.wait_again(entry_id=entry.pk, by=by),
        done=_("Back on the list, in the old place."),
    )
    return redirect("scheduling:waitlist")


@requires(Permission.BOOK)
@require_POST
@at_site
def make_offer(request: HttpRequest, site: Site, slot_id: UUID) -> HttpResponse:
    """Offer a freed time to somebody the desk has chosen, and rings."""
    slot = reads.slot(slot_id)
    by = actor_of(request)
    if slot is None or not can(by, Permission.BOOK, site_id=slot.site_id):
        raise NotFound(_("There is no such freed time."))
    entry = _entry(request, as_key(request.POST.get("entry", "")))
    start = _instant(request.POST.get("start", ""))
    done = _("Held for %(name)s. Ring now, then press yes or no.") % {"name": entry.patient.full_name}
    made = attempt(
        request,
        lambda: offers.make(entry_id=entry.pk, start=start, by=by, freed_id=slot.pk, by_phone=True),
        done=done,
    )
    return redirect("scheduling:waitlist" if made else "scheduling:freed")


@requires(Permission.BOOK)
@require_POST
def accept(request: HttpRequest, offer_id: UUID) -> HttpResponse:
    """Yes, by phone: booked, and read back."""
    offer = _offer(request, offer_id)
    by = actor_of(request)
    if attempt(request, lambda: offers.accept(offer_id=offer.pk, by=by)):
        taken = reads.offer(offer.pk)
        if taken is not None and taken.appointment_id is not None:
            return redirect("scheduling:booked", taken.appointment_id)
    return redirect("scheduling:waitlist")


@requires(Permission.BOOK)
@require_POST
def decline(request: HttpRequest, offer_id: UUID) -> HttpResponse:
    """No, by phone: the time goes on, the patient waits on."""
    offer = _offer(request, offer_id)
    by = actor_of(request)
    done = _("Declined. The time goes to the next; %(name)s waits on.") % {
        "name": offer.entry.patient.full_name
    }
    attempt(request, lambda: offers.decline(offer_id=offer.pk, by=by), done=done)
    return back_to(request, reverse("scheduling:waitlist"))


@requires(Permission.BOOK)
@require_POST
def withdraw_offer(request: HttpRequest, offer_id: UUID) -> HttpResponse:
    offer = _offer(request, offer_id)
    by = actor_of(request)
    attempt(request, lambda: offers.withdraw(offer_id=offer.pk, by=by), done=_("The offer was taken back."))
    return back_to(request, reverse("scheduling:waitlist"))


def _offers(request: HttpRequest, site: Site) -> dict[str, Any]:
    return {
        "offers": waiting.offer_lines(reads.open_offers(site=site)),
        "may_book": can(actor_of(request), Permission.BOOK),
        "site": site,
        "now": clock.now(),
    }


def _tabs(chosen: str) -> list[dict[str, Any]]:
    return [
        {"label": _("Who waits"), "url": reverse("scheduling:waitlist"), "current": chosen == "waiting"},
        {"label": _("Freed times"), "url": reverse("scheduling:freed"), "current": chosen == "freed"},
    ]


def _entry(request: HttpRequest, entry_id: UUID | None) -> WaitlistEntry:
    """An entry of one of the person's sites; foreign and missing look the same."""
    entry = reads.entry(entry_id) if entry_id else None
    if entry is None or not can(actor_of(request), Permission.BOOK, site_id=entry.site_id):
        raise NotFound(_("There is no such entry on the waitlist."))
    return entry


def _instant(written: str) -> dt.datetime:
    """The start that a button carries. InvalidInput for anything else."""
    try:
        start: dt.datetime | None = InstantField(required=False).clean(written[:40])
    except ValidationError:
        start = None
    if start is None:
        raise InvalidInput(_("Choose one of the times."))
    return start


def _offer(request: HttpRequest, offer_id: UUID) -> Offer:
    offer = reads.offer(offer_id)
    if offer is None or not can(actor_of(request), Permission.BOOK, site_id=offer.site_id):
        raise NotFound(_("There is no such offer."))
    return offer


def _session_type(site: Site, key: str | None, purpose: UUID | None) -> VisitType | None:
    """The kind of visit of a course session, which no list of bookable kinds offers."""
    wanted = as_key(key) if key and purpose else None
    return VisitType.objects.filter(pk=wanted, site=site, is_active=True).first() if wanted else None


def _wanted(request: HttpRequest) -> dict[str, Any]:
    """What the page that led here was looking for."""
    return {
        "visit_type": as_key(request.GET.get("visit_type", "")),
        "lead": as_key(request.GET.get("lead", "")),
        "part": request.GET.get("part") or "any",
    }


def _form_page(
    request: HttpRequest,
    form: WishForm,
    patient: Patient,
    *,
    entry: WaitlistEntry | None = None,
    visit: Any = None,
    purpose: UUID | None = None,
    known: VisitType | None = None,
    status: int = 200,
) -> HttpResponse:
    site = entry.site if entry else None
    with timezone.override(site.zone if site else timezone.get_current_timezone()):
        context = {
            "form": form,
            "patient": patient,
            "entry": entry,
            "visit": visit,
            "visit_lead": visits.lead_of(visit) if visit is not None else "",
            "purpose": purpose,
            "known": known or (entry.visit_type if entry else None),
        }
        return render(request, "scheduling/waitlist/form.html", context, status=status)
