"""Finding, registering, showing and changing patients."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinic import clock
from clinic.enums import Permission
from clinic.exceptions import IllegalMove, InvalidInput, StaleVersion
from clinic.forms.patients import PatientForm, initial_of
from clinic.models import Contact, Patient, Site
from clinic.permissions import actor_of, can, requires
from clinic.selectors.patients import (
    Duplicate,
    household_of,
    identity_of,
    likely_duplicates,
    patient_detail,
    recently_opened,
)
from clinic.selectors.search import day_of
from clinic.selectors.tasks import open_tasks
from clinic.services import lookups, patients
from clinic.views.common import address, answered, at_site, next_path, pane
from clinic.views.patient_facts import facts_of, phone_link, warning_for

FOUND_AT_MOST = 20

_PANES = (
    ("scheduling:patient-pane", gettext_lazy("Visits")),
    ("treatments:patient-pane", gettext_lazy("Courses")),
    ("clinic:call-pane", gettext_lazy("Calls")),
    ("clinic:message-pane", gettext_lazy("Messages")),
)


@requires(Permission.VIEW_PATIENTS)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Where the search stands, with the records that this person opened last."""
    context = {"recent": recently_opened(actor_of(request)), "query": "", "may_edit": _may_edit(request)}
    return render(request, "clinic/patient/list.html", context)


@requires(Permission.VIEW_PATIENTS)
@require_POST
def search(request: HttpRequest) -> HttpResponse:
    """Patients found while typing. By POST: names and birth dates do not belong into addresses."""
    query = request.POST.get("q", "").strip()[:100]
    found = lookups.search(by=actor_of(request), text=query, limit=FOUND_AT_MOST)
    results = [
        {"patient": patient, "url": reverse("clinic:patient-detail", args=[patient.pk])}
        for patient in found.patients
    ]
    # Only a search that could be asked says that it found nobody: one letter is the beginning of something.
    context: dict[str, Any] = {"results": results, "query": query if found.kind != "none" else ""}
    htmx = getattr(request, "htmx", None)
    if htmx and htmx.target != "found":
        return render(request, "_components/search_results.html", context)
    context |= {
        "searched": True,
        "typed": query,
        "may_edit": _may_edit(request),
        "full": len(results) == FOUND_AT_MOST,
    }
    return render(request, "clinic/patient/_found.html" if htmx else "clinic/patient/list.html", context)


@requires(Permission.EDIT_PATIENTS)
@require_http_methods(["GET", "POST"])
@at_site
def new(request: HttpRequest, site: Site) -> HttpResponse:
    """Register a patient; likely duplicates are shown before anything is saved."""
    today = clock.today(site.zone)
    if request.method == "GET":
        form = PatientForm(initial={"language": "en"}, site=site, today=today)
        return _form_page(request, _ready_to_type(form), None)
    if "fill" in request.POST:
        form = PatientForm(initial=_guess(request.POST["fill"]), site=site, today=today)
        return _form_page(request, _ready_to_type(form), None)
    form = PatientForm(request.POST, site=site, today=today)
    if not form.is_valid():
        return _form_page(request, form, None, status=422)
    shown = likely_duplicates(form.data_now.identity)
    if shown and not form.accepts({str(one.patient.pk) for one in shown}):
        return _form_page(request, form, None, shown, status=422)
    made: list[Patient] = []
    by, data, household = actor_of(request), form.data_now, form.household_with
    if not answered(form, lambda: made.append(patients.register(by=by, data=data, household_with=household))):
        return _form_page(request, form, None, status=422)
    messages.success(request, _("Registered as %(number)s.") % {"number": made[0].record_number})
    return redirect(_onward(request, made[0]))


@requires(Permission.EDIT_PATIENTS)
@require_http_methods(["GET", "POST"])
@at_site
def edit(request: HttpRequest, site: Site, patient_id: UUID) -> HttpResponse:
    """Change a record. Somebody else's save in between is shown beside one's own words; nothing is lost."""
    today = clock.today(site.zone)
    if request.method == "GET":
        patient = lookups.open_record(by=actor_of(request), patient_id=patient_id)
        if patient.erased_at is not None:
            raise IllegalMove(_("This record was erased. Nothing can be changed in it any more."))
        return _form_page(request, PatientForm(initial=initial_of(patient), site=site, today=today), patient)
    patient = patient_detail(patient_id)
    form = PatientForm(request.POST, site=site, today=today)
    if not form.is_valid():
        return _form_page(request, form, patient, status=422)
    data, household, version = form.data_now, form.household_with, form.cleaned_data["version"]
    shown = _new_suspicions(patient, form)
    if shown and not form.accepts({str(one.patient.pk) for one in shown}):
        return _form_page(request, form, patient, shown, status=422)
    by = actor_of(request)
    try:
        patients.update(by=by, patient_id=patient_id, version=version, data=data, household_with=household)
    except StaleVersion:
        return _form_page(request, form, patient_detail(patient_id), status=422)
    except InvalidInput as error:
        form.add_error(error.field if error.field in form.fields else None, error.message)
        return _form_page(request, form, patient, status=422)
    messages.success(request, _("Saved."))
    return redirect("clinic:patient-detail", patient_id)


@requires(Permission.VIEW_PATIENTS)
@require_GET
@at_site
def detail(request: HttpRequest, site: Site, patient_id: UUID) -> HttpResponse:
    """The record: what comes next first, then how to reach them, then what was."""
    patient = lookups.open_record(by=actor_of(request), patient_id=patient_id)
    books = patient.is_active
    contacts: list[Contact] = patient.living_contacts  # type: ignore[attr-defined]  # prefetched by the selector
    context = {
        "patient": patient,
        "warning": warning_for(patient),
        "facts": facts_of(patient, site),
        "panes": [one for name, title in _PANES if (one := pane(request, name, title, patient.pk))],
        "household": household_of(patient),
        "contacts": [(contact, phone_link(contact.phone, site.country)) for contact in contacts],
        "tasks": list(open_tasks(site_id=site.pk).filter(patient=patient)),
        "now": clock.now(),
        "book_url": address(request, "scheduling:book", patient.pk) if books else "",
        "order_url": address(request, "treatments:order-new", patient.pk) if books else "",
        "edit_url": address(request, "clinic:patient-edit", patient.pk) if patient.erased_at is None else "",
        "erase_url": address(request, "clinic:patient-erase", patient.pk)
        if patient.erased_at is None
        else "",
    }
    return render(request, "clinic/patient/show.html", context)


def _new_suspicions(patient: Patient, form: PatientForm) -> list[Duplicate]:
    """Duplicates that this change makes likely: a record left as it is, is not asked about again."""
    before, after = identity_of(patient), form.data_now.identity
    known = {one.patient.pk: set(one.signs) for one in likely_duplicates(before, other_than=patient.pk)}
    later = likely_duplicates(after.in_household(patient.household_id), other_than=patient.pk)
    return [one for one in later if set(one.signs) - known.get(one.patient.pk, set())]


def _onward(request: HttpRequest, patient: Patient) -> str:
    """Where the person goes once a patient is registered: on with the booking they came from, or to the record."""
    onward = next_path(request)
    path, mark, query = onward.partition("?")
    if path and path == address(request, "scheduling:book"):
        return address(request, "scheduling:book", patient.pk) + mark + query
    return onward or reverse("clinic:patient-detail", args=[patient.pk])


def _form_page(
    request: HttpRequest, form: PatientForm, patient: Patient | None, shown: Any = (), *, status: int = 200
) -> HttpResponse:
    onward = "" if patient else next_path(request)
    form.cancel_url = (
        reverse("clinic:patient-detail", args=[patient.pk])
        if patient
        else onward or reverse("clinic:patient-list")
    )
    stale = bool(patient and form.is_bound and str(patient.version) != form.data.get("version"))
    theirs = form.differences(initial_of(patient)) if stale and patient else []
    if form.is_bound:
        seen = ",".join(str(one.patient.pk) for one in shown)
        form.shown_anew(seen=seen, version=str(patient.version if patient else 0))
    context = {
        "form": form,
        "patient": patient,
        "duplicates": shown,
        "onward": onward,
        "books": bool(onward) and onward.partition("?")[0] == address(request, "scheduling:book"),
        "wanted_times": onward.partition("?")[2],
        "stale": stale,
        "theirs": theirs,
    }
    return render(request, "clinic/patient/form.html", context, status=status)


def _ready_to_type(form: PatientForm) -> PatientForm:
    """The focus stands in the first of the names and the birth date that is still empty."""
    for name in ("given_name", "family_name", "birth_date"):
        if not form.initial.get(name):
            form.fields[name].widget.attrs["autofocus"] = True
            break
    return form


def _guess(text: str) -> dict[str, Any]:
    """The form's first values from a search that found nobody."""
    text = text.strip()[:100]
    if day := day_of(text):
        return {"birth_date": day}
    if any(letter.isdigit() for letter in text):
        return {"mobile": text}
    given, _space, family = text.rpartition(" ")
    if "," in text:
        family, _comma, given = (part.strip() for part in text.partition(","))
    return {"given_name": given, "family_name": family}


def _may_edit(request: HttpRequest) -> bool:
    return can(actor_of(request), Permission.EDIT_PATIENTS)
