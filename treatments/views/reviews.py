"""Gates: the physician's list, and the decision."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from clinic.enums import Permission
from clinic.exceptions import DomainError
from clinic.models import Site
from clinic.permissions import actor_of, requires
from scheduling.views.common import at_site
from treatments.enums import CourseStatus, Decision, Instrument, Level, Structure
from treatments.forms.reviews import DecideForm
from treatments.policies.targets import UsedUp
from treatments.selectors import reviews as reads
from treatments.selectors.reviews import Gate
from treatments.services import reviews
from treatments.views.charts import charts
from treatments.views.common import history_for, refuse


@dataclass(frozen=True, slots=True)
class Measure:
    """One row of the evidence: what it was, what it is, what the protocol asks for and whether that is met."""

    label: str
    scale: str
    before: Decimal | None
    now: Decimal | None
    change: str
    met: bool | None
    target: str
    has_before: bool = True


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
    is_open = course.status in (CourseStatus.ACTIVE, CourseStatus.REVIEW_DUE)
    possible = gate.possible
    if course.status == CourseStatus.FOLLOW_UP:
        possible = tuple(each for each in possible if each == Decision.EXTEND)
        is_open = bool(possible)
    form = DecideForm(
        request.POST or None,
        possible=possible,
        extra=gate.evidence.extra,
        initial={"version": course.version, "decision": gate.suggestion.decision},
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
                sessions=said.get("sessions") or 1,
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
            "open": is_open,
            "measures": _measures(gate),
            "missing": _missing(gate),
            "grave": [event for event in gate.events if reads.is_grave(event, gate.rules)],
            "used_up": [used_up_words(each) for each in gate.used_up],
            "decided": reads.decided(course),
        }
        return render(request, "treatments/review/decide.html", context, status=422 if form.errors else 200)


def _measures(gate: Gate) -> list[Measure]:
    seen, rules = gate.evidence, gate.rules
    return [
        Measure(
            _("Pain"),
            "NRS 0–10",
            seen.nrs_before,
            seen.nrs_now,
            _fall(seen.nrs_better),
            gate.pain_met,
            _("down by %(share)s %%") % {"share": rules.nrs_substantial},
        ),
        Measure(
            _("Function"),
            "RMDQ 0–24",
            seen.rmdq_before,
            seen.rmdq_now,
            _fall(seen.rmdq_better),
            gate.function_met,
            _("down by %(share)s %% or at most %(points)s")
            % {"share": rules.rmdq_some, "points": rules.rmdq_recovered},
        ),
        Measure(
            _("Feels"),
            "PGIC 1–7",
            None,
            seen.pgic_now,
            "",
            gate.impression_met,
            _("at most %(value)s") % {"value": rules.pgic_good},
            has_before=False,
        ),
    ]


def _fall(share: Decimal | None) -> str:
    if share is None:
        return "–"
    if share == 0:
        return _("unchanged")
    return f"{'−' if share > 0 else '+'}{number_format(abs(share), 0)} %"


def _missing(gate: Gate) -> list[str]:
    """Which questionnaire is missing, and when it would have been asked."""
    names: dict[str, str | Promise] = dict(Instrument.choices)
    seen = gate.evidence
    before = {"nrs": seen.nrs_before, "rmdq": seen.rmdq_before, "pgic": Decimal(0)}
    now = {"nrs": seen.nrs_now, "rmdq": seen.rmdq_now, "pgic": seen.pgic_now}
    found = []
    for code in seen.missing:
        when = [
            *([_("before the course")] if before[code] is None else []),
            *([_("for this review")] if now[code] is None else []),
        ]
        words = _("%(name)s: not answered %(when)s")
        found.append(words % {"name": names[code], "when": _(" and ").join(when)})
    return found


def used_up_words(used: UsedUp) -> str:
    """Which level has had its injections."""
    words = _("%(structure)s %(level)s: injected %(count)s of at most %(most)s times in this course")
    return words % {
        "structure": Structure(used.structure).label,
        "level": Level(used.level).label,
        "count": used.injected,
        "most": used.most,
    }
