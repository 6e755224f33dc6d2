"""Orders: the desk's list, and the physician's form."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinic.enums import Permission
from clinic.exceptions import DomainError
from clinic.models import Patient, Site
from clinic.permissions import actor_of, requires
from scheduling.models import Resource
from scheduling.views.common import at_site, attempt
from treatments.forms.orders import ICD_10_CM, OrderForm, TargetFormSet
from treatments.selectors import orders as reads
from treatments.selectors import protocols
from treatments.services import orders
from treatments.views import spine_entry
from treatments.views.common import refuse


@requires(Permission.VIEW_ORDERS)
@require_GET
@at_site
def order_list(request: HttpRequest, site: Site) -> HttpResponse:
    """Courses that wait for their visits. Nothing clinical: the kind of visit and how many."""
    return render(request, "treatments/order/list.html", {"site": site, "rows": reads.to_book(site=site)})


@requires(Permission.DECIDE_COURSE)
@require_http_methods(["GET", "POST"])
@at_site
def order_new(request: HttpRequest, site: Site, patient_id: UUID) -> HttpResponse:
    patient = get_object_or_404(Patient, pk=patient_id, erased_at__isnull=True)
    by = actor_of(request)
    mine = Resource.objects.filter(user=by.user_id).first()
    form = OrderForm(request.POST or None, site=site, initial={"physician": mine})
    targets = TargetFormSet(request.POST or None, prefix="target")
    if request.method == "POST" and form.is_valid() & targets.is_valid():
        said = form.cleaned_data
        rows = [row.data_row for row in targets.forms]
        try:
            order = orders.place(
                by=by,
                patient_id=patient.pk,
                protocol_version_id=said["protocol"].pk,
                physician_id=said["physician"].pk,
                diagnosis_code=said["diagnosis_code"],
                diagnosis=said["diagnosis"],
                targets=[row for row in rows if row is not None],
                sessions=said["sessions"],
                urgency=said["urgency"],
                note_for_desk=said["note_for_desk"],
                screening_complete=said["screening_complete"],
            )
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(
                request,
                _("The course is ordered. The desk can book it now.")
                if said["screening_complete"]
                else _("The course is ordered and waits in screening."),
            )
            return redirect("treatments:course-detail", order.course_id)
    failed = bool(form.errors) or (targets.is_bound and not targets.is_valid())
    offered = protocols.in_force(site).exists()
    context = {
        "patient": patient,
        "form": form,
        "targets": targets,
        "spine": spine_entry.for_order(),
        "codes": ICD_10_CM,
        "offered": offered,
    }
    return render(request, "treatments/order/new.html", context, status=422 if failed else 200)


@requires(Permission.DECIDE_COURSE)
@require_POST
def screening(request: HttpRequest, course_id: UUID) -> HttpResponse:
    """The physician finishes the screening: fit, or declined with a reason."""
    fit = request.POST.get("fit") == "1"
    attempt(
        request,
        lambda: orders.finish_screening(
            by=actor_of(request), course_id=course_id, fit=fit, reason=request.POST.get("reason", "")[:300]
        ),
        done=_("The course is approved.") if fit else _("The course is declined."),
    )
    return redirect("treatments:course-detail", course_id)
