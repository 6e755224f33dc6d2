"""The page behind an offer's link. It shows by GET, as often as anybody likes, and acts by POST alone: mail scanners
open every link. Whoever has the link may answer for the patient, and learns day, time and place, nothing else."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.views.decorators.http import require_http_methods

from clinic import audit, clock
from clinic.actors import Patient
from clinic.days import long_day
from clinic.exceptions import DomainError
from clinic.permissions import public
from scheduling.enums import OCCUPYING, OfferStatus, WaitStatus
from scheduling.exceptions import OfferClosed
from scheduling.models import Offer
from scheduling.selectors import waitlist as reads
from scheduling.services import matching, offers
from scheduling.views import offer_words

PAGE = "scheduling/offer/answer.html"


@public
@require_http_methods(["GET", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """The offer as it stands now, and its answer."""
    offer = reads.offer_of(token)
    if offer is None:
        words = offer_words.of(translation.get_language() or "en")
        context = {"state": "unknown", "words": words, "title": words["unknown_title"]}
        if site := reads.only_site():  # of several nobody can say whose patient this is
            context |= {"clinic_name": site.sender_name, "phone": site.phone}
        return _page(request, context, status=404)
    failed = request.method == "POST" and not _answered(request, offer)
    if request.method == "POST" and not failed:
        return redirect("scheduling:offer", token)
    with translation.override(offer.entry.patient.language), timezone.override(offer.site.zone):
        return _page(request, _facts(offer, failed=failed), status=409 if failed else 200)


def _answered(request: HttpRequest, offer: Offer) -> bool:
    """Whether the answer was taken, or none is needed any more: the page then says what became of the offer."""
    by = Patient(offer.entry.patient_id, offer.pk)
    said = request.POST.get("answer")
    try:
        with audit.because(by=by):
            if said == "yes":
                offers.accept(offer_id=offer.pk, by=by)
            elif said in ("no", "leave"):
                offers.decline(offer_id=offer.pk, by=by, leave=said == "leave")
    except OfferClosed:
        return True
    except DomainError:
        return False
    return True


def _facts(offer: Offer, *, failed: bool) -> dict[str, Any]:
    entry, site = offer.entry, offer.site
    words = offer_words.of(entry.patient.language)
    state = "failed" if failed else _state(offer)
    title = {"open": words["title"]}.get(state) or words[
        f"{state}_title" if state != "left" else "declined_title"
    ]
    return {
        "state": state,
        "title": title,
        "words": words,
        "offer": offer,
        "site": site,
        "start": offer.start,
        "day": long_day(offer.start.astimezone(site.zone), year=False, comma=True),
        "hello": words["hello"].format(name=entry.patient.given_name),
        "keep": words["keep"].format(until=_moment(offer.expires_at, words, site.zone)),
        "instead": _instead(offer, words),
        "waits": entry.status in (WaitStatus.WAITING, WaitStatus.OFFERED),
        "mailed": matching.reach(entry) == matching.MAIL,
        "clinic_name": site.sender_name,
        "phone": site.phone,
        "zone_note": words["zone"].format(city=site.time_zone.rpartition("/")[2].replace("_", " ")),
    }


def _state(offer: Offer) -> str:
    """open, accepted, declined, left or gone. A visit that was changed since says nothing of its time here."""
    if offer.status == OfferStatus.OPEN:
        return "open" if clock.now() < offer.expires_at else "gone"
    if offer.status == OfferStatus.DECLINED:
        return "left" if offer.entry.status == WaitStatus.WITHDRAWN else "declined"
    visit = offer.appointment
    if offer.status == OfferStatus.ACCEPTED and visit is not None:
        stands = visit.status in OCCUPYING and visit.period.lower == offer.start
        return "accepted" if stands else "gone"
    return "gone"


def _instead(offer: Offer, words: Mapping[str, str]) -> str:
    visit = offer.entry.appointment
    if visit is None:
        return ""
    start = visit.period.lower.astimezone(offer.site.zone)
    return words["instead"].format(day=long_day(start, year=False, comma=True), time=f"{start:%H:%M}")


def _moment(when: Any, words: Mapping[str, str], zone: ZoneInfo) -> str:
    local = when.astimezone(zone)
    return words["until"].format(day=long_day(local, year=False, comma=True), time=f"{local:%H:%M}")


def _page(request: HttpRequest, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """No stricter referrer policy than the site's: without any, browsers send the form from nowhere, and it is refused."""
    return render(request, PAGE, context, status=status)
