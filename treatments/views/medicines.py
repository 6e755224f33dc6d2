"""What the patient of a course takes, what that asks for before the next session, and the prescribers' decisions."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinic import clock
from clinic.enums import Permission
from clinic.exceptions import DomainError, NotFound, StaleVersion
from clinic.permissions import actor_of, can, requires
from scheduling.views.common import attempt
from treatments.forms.medicines import DecisionForm, MedicineForm
from treatments.models import Course, Medicine
from treatments.selectors import medicines as lists
from treatments.selectors import screening as reads
from treatments.services import medicines
from treatments.views.common import course_for, refuse

_FIELDS = ("name", "group", "dose", "prescriber", "last_dose_on", "plan", "note", "version")


@requires(Permission.VIEW_CLINICAL)
@require_http_methods(["GET", "POST"])
def course_medicines(request: HttpRequest, course_id: UUID) -> HttpResponse:
    """The list with what each line asks for before the next session; a new line at its end."""
    by = actor_of(request)
    course = course_for(by, course_id)
    writes = can(by, Permission.RECORD_CLINICAL)
    rules = reads.rules_of([course.protocol_version_id])[course.protocol_version_id]
    with timezone.override(course.site.zone):
        form = MedicineForm(request.POST or None, rules=rules)
        if request.method == "POST" and writes and form.is_valid():
            try:
                medicines.add(by=by, course_id=course_id, data=form.medicine)
            except DomainError as error:
                refuse(form, error)
            else:
                messages.success(request, _("Added to the list."))
                return redirect("treatments:course-medicines", course_id)
        context = {
            "course": course,
            "form": form,
            "writes": writes,
            "rules": rules,
            "sheet": lists.sheet(course, rules),
            "known": rules.medicines,
        }
        return render(request, "treatments/medicine/list.html", context, status=422 if form.errors else 200)


@requires(Permission.RECORD_CLINICAL)
@require_POST
def medicines_checked(request: HttpRequest, course_id: UUID) -> HttpResponse:
    attempt(
        request,
        lambda: medicines.confirm_list(by=actor_of(request), course_id=course_id),
        done=_("Noted: the list is complete."),
    )
    return redirect("treatments:course-medicines", course_id)


@requires(Permission.RECORD_CLINICAL)
@require_http_methods(["GET", "POST"])
def medicine_edit(request: HttpRequest, course_id: UUID, medicine_id: UUID) -> HttpResponse:
    by = actor_of(request)
    course, row = _both(request, course_id, medicine_id)
    rules = reads.rules_of([course.protocol_version_id])[course.protocol_version_id]
    form = MedicineForm(
        request.POST or None, rules=rules, initial={name: getattr(row, name) for name in _FIELDS}
    )
    form.submit_label = _("Save")
    form.cancel_url = reverse("treatments:course-medicines", args=[course_id])
    stale = ""
    if request.method == "POST" and form.is_valid():
        try:
            medicines.change(
                by=by,
                course_id=course_id,
                medicine_id=medicine_id,
                data=form.medicine,
                version=form.cleaned_data["version"] or 0,
            )
        except StaleVersion as error:
            stale = error.message
            row.refresh_from_db()
            typed = request.POST.copy()
            typed["version"] = str(error.current_version)
            form = MedicineForm(typed, rules=rules)
            form.submit_label = _("Save")
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("treatments:course-medicines", course_id)
    status = 409 if stale else 422 if form.errors else 200
    context = {"course": course, "row": row, "form": form, "known": rules.medicines, "stale": stale}
    return render(request, "treatments/medicine/edit.html", context, status=status)


@requires(Permission.RECORD_CLINICAL)
@require_POST
def medicine_end(request: HttpRequest, course_id: UUID, medicine_id: UUID) -> HttpResponse:
    attempt(
        request,
        lambda: medicines.end(by=actor_of(request), course_id=course_id, medicine_id=medicine_id),
        done=_("Noted: not taken any more."),
    )
    return redirect("treatments:course-medicines", course_id)


@requires(Permission.RECORD_CLINICAL)
@require_http_methods(["GET", "POST"])
def medicine_decision(request: HttpRequest, course_id: UUID, medicine_id: UUID) -> HttpResponse:
    """What the prescriber decided: who, when, in their words."""
    course, row = _both(request, course_id, medicine_id)
    initial: dict[str, Any] = {"decided_by": row.prescriber, "decided_on": clock.today(course.site.zone)}
    form = DecisionForm(request.POST or None, initial=initial)
    form.cancel_url = reverse("treatments:course-medicines", args=[course_id])
    if request.method == "POST" and form.is_valid():
        try:
            medicines.record_decision(
                by=actor_of(request), course_id=course_id, medicine_id=medicine_id, data=form.decision
            )
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("The prescriber's decision is recorded."))
            return redirect("treatments:course-medicines", course_id)
    with timezone.override(course.site.zone):
        context = {
            "course": course,
            "row": row,
            "form": form,
            "earlier": row.decisions.filter(course=course).select_related("recorded_by"),
        }
        return render(
            request, "treatments/medicine/decision.html", context, status=422 if form.errors else 200
        )


def _both(request: HttpRequest, course_id: UUID, medicine_id: UUID) -> tuple[Course, Medicine]:
    course = course_for(actor_of(request), course_id)
    row = Medicine.objects.filter(pk=medicine_id, patient_id=course.patient_id, ended_on=None).first()
    if row is None:
        raise NotFound(_("This medicine is not on the list any more."))
    return course, row
