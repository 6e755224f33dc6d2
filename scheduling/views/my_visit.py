"""A visit's page for its patient, behind the link in the mails: when and where, and what they can do about it.

Reading changes nothing, and nothing is held by looking at free times. Each act is a form with the token and a key of
its own: a double tap, a reload or the way back does it once.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic import audit, clock
from clinic.days import long_day
from clinic.exceptions import DomainError, InvalidInput
from clinic.models import Link
from clinic.selectors import links as link_reads
from clinic.services import links
from clinic.services.preferences import PREFERENCES
from clinic.views.links import by_link, page_context, unknown
from scheduling import policies
from scheduling.enums import AppointmentStatus
from scheduling.exceptions import BookingRefused, SlotTaken, VisitChanged
from scheduling.invitations import calendar_file
from scheduling.models import Appointment
from scheduling.panes import PatientNote, patient_notes
from scheduling.selectors import my_visit as reads
from scheduling.services import free_for_patients, self_service
from scheduling.services.knowledge import DOOR, visit_key
from scheduling.views import my_visit_words

FOLDER = "scheduling/my_visit"
_SAID = ("confirmed", "moved", "call")


@require_safe
@by_link(DOOR)
def show(request: HttpRequest, link: Link) -> HttpResponse:
    """When to come, where, how to get there, what to bring; and the ways on."""
    visit = reads.visit(visit_key(link.about), patient_id=link.patient_id)
    if visit is None:
        return unknown(request)
    said = request.GET.get("said", "")
    return _show(request, link, visit, notice=f"said_{said}" if said in _SAID else "")


@require_POST
@by_link(DOOR)
def confirm(request: HttpRequest, link: Link) -> HttpResponse:
    """They will come."""
    return _act(request, link, self_service.confirm, said="confirmed")


@require_POST
@by_link(DOOR)
def call(request: HttpRequest, link: Link) -> HttpResponse:
    """They would like another time, and the desk is to ring them."""
    return _act(request, link, self_service.ask_for_call, said="call")


@require_http_methods(["GET", "HEAD", "POST"])
@by_link(DOOR)
def move(request: HttpRequest, link: Link) -> HttpResponse:
    """Free times, some days at once; a tap takes one, or says that it is gone and what is free now."""
    visit = reads.visit(visit_key(link.about), patient_id=link.patient_id)
    if visit is None:
        return unknown(request)
    if not _may_act(link) or visit.status not in policies.MOVABLE:
        return _show(request, link, visit)
    if request.method != "POST":
        return _times(request, link, visit)
    start, key = _instant(request.POST.get("start")), _key(request)
    if start is None or key is None:
        return _times(request, link, visit, notice="failed", status=422)
    by = links.actor_of(link)
    lead = None if request.POST.get("with") == "anybody" else reads.lead_of(visit)
    try:
        with audit.because(by=by):
            self_service.move(
                appointment_id=visit.pk,
                start=start,
                seen_rev=_rev(request),
                by=by,
                key=key,
                lead_id=lead,
            )
    except VisitChanged:
        return _show(request, link, visit, notice="changed", status=409)
    except (SlotTaken, BookingRefused):
        return _times(request, link, visit, notice="taken", status=409)
    except DomainError as error:
        return _times(request, link, visit, notice="failed", status=error.status)
    return _back(link, "moved")


@require_http_methods(["GET", "HEAD", "POST"])
@by_link(DOOR)
def cancel(request: HttpRequest, link: Link) -> HttpResponse:
    """Why they cannot come; what follows is said before it is done."""
    visit = reads.visit(visit_key(link.about), patient_id=link.patient_id)
    if visit is None:
        return unknown(request)
    if not _may_act(link) or visit.status not in policies.MOVABLE:
        return _show(request, link, visit)
    key = _key(request)
    if request.method != "POST":
        return _ask_why(request, link, visit)
    if key is None:
        return _ask_why(request, link, visit, notice="failed", status=422)
    by = links.actor_of(link)
    try:
        with audit.because(by=by):
            self_service.cancel(
                appointment_id=visit.pk,
                reason=request.POST.get("reason", "")[:40],
                seen_rev=_rev(request),
                by=by,
                key=key,
            )
    except InvalidInput:
        return _ask_why(request, link, visit, notice="choose_reason", status=422)
    except VisitChanged:
        return _show(request, link, visit, notice="changed", status=409)
    except DomainError as error:
        return _ask_why(request, link, visit, notice="failed", status=error.status)
    return _back(link)


@require_safe
@by_link(DOOR)
def calendar(request: HttpRequest, link: Link) -> HttpResponse:
    """The visit as a file for the phone's calendar. It has the UID of the invitation, so that there is one entry."""
    visit = reads.visit(visit_key(link.about), patient_id=link.patient_id)
    if visit is None:
        return unknown(request)
    content = calendar_file(
        visit=str(visit.pk),
        told_rev=visit.told_rev,
        start=visit.period.lower.astimezone(dt.UTC),
        end=visit.period.upper.astimezone(dt.UTC),
        address=visit.site.address,
        is_off=visit.status == AppointmentStatus.CANCELLED,
    )
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="appointment.ics"'
    response["Cache-Control"] = "no-store"
    return response


def _act(request: HttpRequest, link: Link, service: Callable[..., object], *, said: str) -> HttpResponse:
    """One tap without anything to choose."""
    visit = reads.visit(visit_key(link.about), patient_id=link.patient_id)
    if visit is None:
        return unknown(request)
    by = links.actor_of(link)
    try:
        with audit.because(by=by):
            service(appointment_id=visit.pk, seen_rev=_rev(request), by=by)
    except VisitChanged:
        return _show(request, link, visit, notice="changed", status=409)
    except DomainError as error:
        visit.refresh_from_db()
        return _show(request, link, visit, notice="failed", status=error.status)
    return _back(link, said)


def _show(
    request: HttpRequest, link: Link, visit: Appointment, *, notice: str = "", status: int = 200
) -> HttpResponse:
    if notice == "changed":
        visit.refresh_from_db()
    words = my_visit_words.of(link.patient.language)
    state = _state(visit)
    by_them = state == "off" and reads.was_cancelled_by_patient(visit)
    context = {
        "title": words["title" if state == "open" else f"{state}_title"],
        "state": state,
        "can_act": state == "open" and _may_act(link),
        "is_confirmed": visit.status == AppointmentStatus.CONFIRMED,
        "call_waits": state == "open" and reads.call_waits(visit, self_service.MOVE_WANTED),
        "off_call": state == "off" and reads.call_waits(visit, self_service.CANCELLED_LATE),
        "by_them": by_them,
        "mails_url": _mails_url(link),
        "map_url": f"https://www.openstreetmap.org/search?query={quote(visit.site.address)}",
        "bring": visit.visit_type.bring,
        "notes": _notes(link, visit) if state == "open" else [],
        "directions": visit.site.directions,
    }
    return _page(request, link, visit, "show", context, notice=notice, status=status)


def _times(
    request: HttpRequest, link: Link, visit: Appointment, *, notice: str = "", status: int = 200
) -> HttpResponse:
    words, now = my_visit_words.of(link.patient.language), clock.now()
    visit = reads.visit(str(visit.pk), patient_id=link.patient_id) or visit
    start = visit.period.lower.astimezone(visit.site.zone)
    context: dict[str, Any] = {
        "title": words["move_title"],
        "now_line": words["move_now"].format(
            day=long_day(start, year=False, comma=True), time=f"{start:%H:%M}"
        ),
        "days": [],
        "why_not": "",
    }
    near = not policies.patient_may_change(
        visit.period.lower, now=now, notice_hours=visit.site.patient_notice_hours
    )
    if near:
        context["why_not"] = words["too_near"]
    else:
        found = free_for_patients.days(
            visit, lead_id=reads.lead_of(visit), after=_day(request.GET.get("after"))
        )
        context |= {
            "days": [
                {
                    "day": one.day,
                    "words": long_day(one.day, year=False, comma=True),
                    "starts": one.starts,
                    "count": words["one_time" if len(one.starts) == 1 else "times"].format(
                        count=len(one.starts)
                    ),
                }
                for one in found.days
            ],
            "later": found.later,
            "is_later": found.is_later,
            "anybody": found.anybody,
        }
        if not found.days and not found.is_later:
            context["why_not"] = words["only_us" if visit.purpose else "no_times"]
    return _page(request, link, visit, "move", context, notice=notice, status=status)


def _ask_why(
    request: HttpRequest, link: Link, visit: Appointment, *, notice: str = "", status: int = 200
) -> HttpResponse:
    words = my_visit_words.of(link.patient.language)
    near = not policies.patient_may_change(
        visit.period.lower, now=clock.now(), notice_hours=visit.site.patient_notice_hours
    )
    context = {
        "title": words["cancel_title"],
        "reasons": [{"code": row.pk, "words": words.get(row.pk, row.words)} for row in reads.own_reasons()],
        "follows": words["cancel_near" if near else "cancel_far"],
        "near": near,
        "chosen": request.POST.get("reason", ""),
    }
    return _page(request, link, visit, "cancel", context, notice=notice, status=status)


def _page(
    request: HttpRequest,
    link: Link,
    visit: Appointment,
    name: str,
    more: dict[str, Any],
    *,
    notice: str,
    status: int,
) -> HttpResponse:
    words, site = my_visit_words.of(link.patient.language), visit.site
    start = visit.period.lower.astimezone(site.zone)
    token = links.token_of(link)
    own = link.contact_id is None
    context = {
        "words": words,
        "visit": visit,
        "site": site,
        "start": start,
        "day": long_day(start, year=start.year != clock.today(site.zone).year, comma=True),
        "hello": words["hello" if own else "for"].format(name=link.patient.given_name),
        "notice": words[notice] if notice else "",
        "is_problem": notice in ("changed", "failed", "taken", "choose_reason"),
        "key": uuid4(),
        "urls": {
            page: reverse(f"scheduling:my-visit{'-' if page else ''}{page}", args=[token])
            for page in ("", "confirm", "move", "cancel", "call", "calendar")
        },
        "back_url": reverse("scheduling:my-visit", args=[token]),
        "zone_note": words["zone"].format(city=site.time_zone.rpartition("/")[2].replace("_", " ")),
        **more,
    }
    return render(request, f"{FOLDER}/{name}.html", page_context(link, context), status=status)


def _state(visit: Appointment) -> str:
    """open, off or over."""
    if visit.status == AppointmentStatus.CANCELLED:
        return "off"
    return "open" if visit.status in policies.MOVABLE and visit.period.lower > clock.now() else "over"


def _notes(link: Link, visit: Appointment) -> list[PatientNote]:
    """What higher apps tell the patient; not to a contact who may not hear details."""
    if link.contact is not None and not link.contact.may_hear_details:
        return []
    return patient_notes(visit, language=link.patient.language)


def _may_act(link: Link) -> bool:
    return link.contact is None or link.contact.may_book


def _mails_url(link: Link) -> str:
    other = link_reads.of_same_person(link, purpose=PREFERENCES)
    return reverse("clinic:preferences", args=[links.token_of(other)]) if other else ""


def _back(link: Link, said: str = "") -> HttpResponse:
    url = reverse("scheduling:my-visit", args=[links.token_of(link)])
    return redirect(f"{url}?said={said}" if said else url)


def _rev(request: HttpRequest) -> int:
    """The revision that the page showed; one that cannot be where none was sent."""
    said = request.POST.get("rev", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 9 else -1


def _key(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.POST.get("key", ""))
    except ValueError:
        return None


def _instant(said: str | None) -> dt.datetime | None:
    try:
        found = dt.datetime.fromisoformat(said or "")
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _day(said: str | None) -> dt.date | None:
    try:
        day = dt.date.fromisoformat(said or "")
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2200 else None
