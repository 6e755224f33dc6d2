"""Letters to the referring doctor: a whole course, or one visit. Made when asked for, and handed over as PDF."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic.enums import Permission
from clinic.permissions import actor_of, requires
from treatments import letters
from treatments.forms.letters import LetterForm
from treatments.selectors.record_rows import RecordRows
from treatments.views.common import history_for, session_for
from treatments.views.letter_parts import Addressed, course_letter, visit_letter


@requires(Permission.VIEW_CLINICAL)
@require_http_methods(["GET", "POST"])
def course_summary(request: HttpRequest, course_id: UUID) -> HttpResponse:
    return _letter(request, course_id, None)


@requires(Permission.VIEW_CLINICAL)
@require_http_methods(["GET", "POST"])
def visit_summary(request: HttpRequest, session_id: UUID) -> HttpResponse:
    rows = session_for(actor_of(request), session_id)
    return _letter(request, rows.session.course_id, rows)


def _letter(request: HttpRequest, course_id: UUID, rows: RecordRows | None) -> HttpResponse:
    """The form; sent, the letter itself. The name and the address travel in the body, never in the address."""
    history = history_for(actor_of(request), course_id)
    form = LetterForm(request.POST or None)
    view = next((one for one in history.sessions if rows and one.session.pk == rows.session.pk), None)
    if request.method == "POST" and form.is_valid():
        with timezone.override(history.course.site.zone):
            to = Addressed(**form.cleaned_data)
            letter = (
                course_letter(history, to)
                if rows is None or view is None
                else visit_letter(history, view, rows, to)
            )
        answer = HttpResponse(letters.pdf(letter), content_type="application/pdf")
        answer["Content-Disposition"] = (
            f'inline; filename="{"course" if view is None else "visit"}-summary.pdf"'
        )
        answer["Cache-Control"] = "no-store"
        return answer
    title = (
        _("Letter about this course") if view is None else _("Letter about session %d") % view.session.number
    )
    context = {"form": form, "course": history.course, "letter_title": title}
    return render(request, "treatments/letter/new.html", context, status=422 if form.is_bound else 200)
