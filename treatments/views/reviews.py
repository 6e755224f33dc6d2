"""Gates: the physician's list, and the decision."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from clinic.enums import Permission
from clinic.exceptions import DomainError
from clinic.models import Site
from clinic.permissions import actor_of, requires
from scheduling.views.common import at_site
from treatments.enums import CourseStatus
from treatments.forms.reviews import DecideForm
from treatments.selectors import reviews as reads
from treatments.services import reviews
from treatments.views.charts import charts
from treatments.views.common import history_for, refuse


@requires(Permission.DECIDE_COURSE)
@require_GET
@at_site
def review_list(request: HttpRequest, site: Site) -> HttpResponse:
    return render(request, "treatments/review/list.html", {"site": site, "gates": reads.waiting(site=site)})


@requires(Permission.DECIDE_COURSE)
@require_http_methods(["GET", "POST"])
def review_decide(request: HttpRequest, course_id: UUID) -> HttpResponse:
    """What the evidence says, what the software suggests, and the decision with its reason."""
    by = actor_of(request)
    history = history_for(by, course_id)
    course = history.course
    gate = reads.gates([course])[0]
    form = DecideForm(
        request.POST or None, initial={"version": course.version, "decision": gate.suggestion.decision}
    )
    form.cancel_url = reverse("treatments:course-detail", args=[course.pk])
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            review = reviews.decide(
                by=by,
                course_id=course_id,
                before_session=gate.number,
                decision=said["decision"],
                reason=said["reason"],
                version=said["version"],
            )
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(
                request, _("Decided: %(decision)s.") % {"decision": review.get_decision_display()}
            )
            return redirect("treatments:course-detail", course_id)
    with timezone.override(course.site.zone):
        context = {
            "history": history,
            "course": course,
            "gate": gate,
            "form": form,
            "charts": charts(history),
            "open": course.status in (CourseStatus.ACTIVE, CourseStatus.REVIEW_DUE),
        }
        return render(request, "treatments/review/decide.html", context, status=422 if form.errors else 200)
