"""One visit: the page, moving and cancelling it, and the taps of its day."""

import datetime as dt
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from clinic import clock
from clinic.actors import Staff
from clinic.enums import Permission
from clinic.exceptions import InvalidInput, StaleVersion
from clinic.permissions import actor_of, can, requires
from scheduling import panes, policies
from scheduling.enums import APPOINTMENT_TRANSITIONS, AppointmentStatus, ChangeKind, Told
from scheduling.exceptions import BookingRefused, SlotTaken, StageRefused
from scheduling.forms.booking import MoveForm, PickerForm
from scheduling.forms.changes import CancelForm, LateForm, NoShowForm, NotDoneForm
from scheduling.models import Appointment, VisitChange
from scheduling.selectors import ledger, strip, visits
from scheduling.services import endings, moves, progress, telling, undoing
from scheduling.views import picker
from scheduling.views.common import attempt, back_to, visit_for
from scheduling.views.free_times import moving_quest
from scheduling.views.rows import Row


@requires(Permission.VIEW_SCHEDULE)
@require_GET
def detail(request: HttpRequest, appointment_id: UUID) -> HttpResponse:
    by = actor_of(request)
    visit = visit_for(by, appointment_id)
    with timezone.override(visit.site.zone):
        return render(request, "scheduling/visit/detail.html", _facts(request, visit))


@requires(Permission.BOOK)
@require_http_methods(["GET", "POST"])
def move(request: HttpRequest, appointment_id: UUID) -> HttpResponse:
    by = actor_of(request)
    visit = visit_for(by, appointment_id)
    with timezone.override(visit.site.zone):
        policies.check_can_move(AppointmentStatus(visit.status))
        if request.method == "GET":
            lead = next((held.resource_id for held in visits.held_by(visit) if held.is_lead), None)
            chooser = PickerForm(site=visit.site, moving=visit, initial={"lead": lead})
            form = MoveForm(patient=visit.patient, initial={"version": visit.version, "request_key": uuid4()})
            return _move_page(request, visit, chooser, form)
        chooser = PickerForm(request.POST, site=visit.site, moving=visit)
        form = MoveForm(request.POST, patient=visit.patient)
        if not (chooser.is_valid() & form.is_valid()):
            return _move_page(request, visit, chooser, form, status=422, keep=form.kept)
        return _try_to_move(request, visit, chooser, form)


def _try_to_move(
    request: HttpRequest, visit: Appointment, chooser: PickerForm, form: MoveForm
) -> HttpResponse:
    by = actor_of(request)
    quest, said = moving_quest(visit, chooser), form.cleaned_data
    why: dict[str, Any]
    try:
        moved = moves.move(
            appointment_id=visit.pk,
            start=said["start"],
            version=said["version"],
            lead_id=quest.lead.pk if quest.lead else None,
            told=Told(said["told"]),
            by=by,
            override=form.override,
            reason=said["reason"].pk if said["reason"] else None,
            key=said["request_key"],
        )
    except StaleVersion as error:
        return _stale(
            request, visit, mine={_("You wanted to move it to"): said["start"]}, message=error.message
        )
    except SlotTaken as error:
        why = {"taken": error.taken}
    except InvalidInput as error:
        why = {"taken": [error.message]}
    except BookingRefused as error:
        why = {"caution": picker.as_caution(error.refusals, by), "keep": form.kept}
    else:
        if moved.period.lower != said["start"]:
            messages.warning(request, _("This page had already moved the visit, as you see it below."))
        return redirect("scheduling:booked", visit.pk)
    near = picker.nearest(quest, said["start"])
    return _move_page(request, visit, chooser, form, status=409, around=said["start"], nearest=near, **why)


@requires(Permission.BOOK)
@require_http_methods(["GET", "POST"])
def cancel(request: HttpRequest, appointment_id: UUID) -> HttpResponse:
    by = actor_of(request)
    visit = visit_for(by, appointment_id)
    with timezone.override(visit.site.zone):
        form = CancelForm(
            request.POST or None,
            patient=visit.patient,
            initial={"version": visit.version, "request_key": uuid4()},
        )
        form.cancel_url = reverse("scheduling:appointment-detail", args=[visit.pk])
        if request.method == "POST" and form.is_valid():
            said = form.cleaned_data
            try:
                endings.cancel(
                    appointment_id=visit.pk,
                    reason=said["reason"].pk,
                    version=said["version"],
                    told=Told(said["told"]),
                    key=said["request_key"],
                    by=by,
                )
            except StaleVersion as error:
                return _stale(
                    request, visit, mine={_("You wanted to"): _("cancel it")}, message=error.message
                )
            messages.success(request, _("The visit is cancelled. Its time is free again."))
            return redirect("scheduling:appointment-detail", visit.pk)
        status = 422 if request.method == "POST" else 200
        return render(
            request,
            "scheduling/visit/cancel.html",
            {"visit": visit, "form": form, **_who(visit)},
            status=status,
        )


@requires(Permission.RUN_BOARD)
@require_http_methods(["GET", "POST"])
def not_done(request: HttpRequest, appointment_id: UUID) -> HttpResponse:
    """The patient came and the visit could not be done: for a reason, which the course's page shows too."""
    visit = visit_for(actor_of(request), appointment_id)
    with timezone.override(visit.site.zone):
        policies.check_transition(AppointmentStatus(visit.status), AppointmentStatus.NOT_DONE)
        form = NotDoneForm(request.POST or None)
        form.cancel_url = reverse("scheduling:appointment-detail", args=[visit.pk])
        if request.method == "POST" and form.is_valid():
            progress.not_done(
                appointment_id=visit.pk, reason=form.cleaned_data["reason"].pk, by=actor_of(request)
            )
            messages.success(request, _("Noted. What the visit still held is free again."))
            return redirect("scheduling:appointment-detail", visit.pk)
        status = 422 if request.method == "POST" else 200
        context = {"visit": visit, "form": form, **_who(visit)}
        return render(request, "scheduling/visit/not_done.html", context, status=status)


@requires(Permission.BOOK)
@require_POST
def confirm(request: HttpRequest, appointment_id: UUID) -> HttpResponse:
    return _tap(request, appointment_id, endings.confirm)


@requires(Permission.RUN_BOARD)
@require_POST
def arrive(request: HttpRequest, appointment_id: UUID) -> HttpResponse:
    return _tap(request, appointment_id, progress.arrive)


@requires(Permission.RUN_BOARD)
@require_POST
def advance(request: HttpRequest, appointment_id: UUID) -> HttpResponse:
    return _tap(request, appointment_id, partial(progress.advance, version=_version(request)))


@requires(Permission.RUN_BOARD)
@require_POST
def undo(request: HttpRequest, appointment_id: UUID) -> HttpResponse:
    """Take back the last tap of the visit's day; a no-show is a change of the ledger."""
    visit = visit_for(actor_of(request), appointment_id)
    if visit.status != AppointmentStatus.NO_SHOW:
        return _tap(request, appointment_id, partial(progress.undo, version=_version(request)))
    change = ledger.latest_standing(appointment_id=visit.pk)
    if change is not None:
        attempt(request, lambda: undoing.undo(change_id=change.pk, by=actor_of(request)))
    return back_to(request, _page_of(visit.pk))


def _tap(request: HttpRequest, appointment_id: UUID, service: Callable[..., Any]) -> HttpResponse:
    """One tap: the service, then back to where the person was; a refusal is said there.

    Where a stage is refused and this person can settle it, the tap leads to the page for that instead.
    """
    way = back_to(request, _page_of(appointment_id))
    try:
        attempt(request, lambda: service(appointment_id=appointment_id, by=actor_of(request)))
    except StageRefused as refused:
        messages.error(request, refused.message)
        there = f"{refused.url}?{urlencode({'next': way['Location']})}"
        # The board swaps what it gets into itself; this is another page.
        return HttpResponseClientRedirect(there) if request.headers.get("HX-Request") else redirect(there)
    return way


def _page_of(appointment_id: UUID) -> str:
    return reverse("scheduling:appointment-detail", args=[appointment_id])


def _version(request: HttpRequest) -> int | None:
    """The visit's version that the button was shown with: of two taps on one button the second is told."""
    said = request.POST.get("version", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else None


def _facts(request: HttpRequest, visit: Appointment) -> dict[str, Any]:
    by, now = actor_of(request), clock.now()
    today = clock.today(visit.site.zone)
    row = Row(visit, now, is_today=timezone.localtime(visit.period.lower).date() == today)
    status = AppointmentStatus(visit.status)
    can_book = can(by, Permission.BOOK)
    lines = ledger.of_visit(appointment_id=visit.pk)
    return {
        "visit": visit,
        "row": row,
        "can_book": can_book,
        "can_move": can_book and status in policies.MOVABLE,
        "can_cancel": can_book and AppointmentStatus.CANCELLED in APPOINTMENT_TRANSITIONS[status],
        "can_confirm": can_book
        and AppointmentStatus.CONFIRMED in APPOINTMENT_TRANSITIONS[status]
        and status == "booked",
        "can_undo": row.undo,
        "confirmed_by": _confirmed_by(visit, lines),
        "light": strip.lights_of([visit]).get(visit.pk),
        "lines": lines,
        "change": _undoable(visit, by),
        "late_form": LateForm(initial={"version": visit.version}),
        "missed_form": NoShowForm(),
        "can_be_late": can_book and status in policies.MOVABLE and row.end > now,
        "can_change_patient": can_book and status in policies.MOVABLE and visit.purpose is None,
        "can_end": AppointmentStatus.NOT_DONE in APPOINTMENT_TRANSITIONS[status],
        "mail_waits": can_book and status in policies.MOVABLE and telling.mail_waits(visit),
        "here": request.get_full_path(),
        "links": panes.visit_links(visit, by),
        **_who(visit),
    }


def _undoable(visit: Appointment, by: Staff) -> VisitChange | None:
    """The change that a button may take back: the latest that stands, where its kind can be."""
    change = ledger.latest_standing(appointment_id=visit.pk)
    shown = change is not None and change.kind in policies.UNDOABLE and can(by, Permission.BOOK)
    return change if shown else None


def _who(visit: Appointment) -> dict[str, Any]:
    return {"site": visit.site, "patient": visit.patient}


def _move_page(
    request: HttpRequest,
    visit: Appointment,
    chooser: PickerForm,
    form: MoveForm,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    row = Row(visit, clock.now(), is_today=False)
    context = {"visit": visit, "row": row, "chooser": chooser, "form": form, **_who(visit), **more}
    context["links"] = panes.move_links(visit)
    return render(request, "scheduling/visit/move.html", context, status=status)


def _stale(
    request: HttpRequest, visit: Appointment, *, mine: dict[str, dt.datetime | str], message: str
) -> HttpResponse:
    """Both versions side by side: what the person wanted, and the visit as somebody else has left it."""
    fresh = visit_for(actor_of(request), visit.pk)
    context = {
        "visit": fresh,
        "row": Row(fresh, clock.now(), is_today=False),
        "seen": _seen(request),
        "mine": mine,
        "message": message,
        "again": request.path,
        **_who(fresh),
    }
    return render(request, "scheduling/visit/stale.html", context, status=409)


def _seen(request: HttpRequest) -> dt.datetime | None:
    """The time that the form had shown, so that both can be compared."""
    try:
        return dt.datetime.fromisoformat(request.POST.get("shown", ""))
    except ValueError:
        return None


def _confirmed_by(visit: Appointment, lines: Sequence[ledger.Line]) -> str:
    """Who said that the patient will come, while that stands: the patient themselves, or whoever wrote it down."""
    if visit.status != AppointmentStatus.CONFIRMED:
        return ""
    return next((line.who for line in lines if line.change.kind == ChangeKind.CONFIRMED), "")
