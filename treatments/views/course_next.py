"""What is next in a course and why, what is open on the way there, and how far the patient has come."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from scheduling.enums import AppointmentStatus
from treatments.enums import CourseStatus, Instrument, SessionStatus
from treatments.forms.outcomes import time_points
from treatments.models import Response
from treatments.policies.time_points import BASELINE, PointState, rank
from treatments.scoring import percent_better
from treatments.selectors.history import History
from treatments.selectors.record_rows import SessionView
from treatments.selectors.reviews import Gate
from treatments.selectors.time_points import PointView
from treatments.views.course_entries import score_words


@dataclass(frozen=True, slots=True)
class Open:
    """Something left to do, with the page on which it is done."""

    words: str
    url: str


@dataclass(frozen=True, slots=True)
class Next:
    """One sentence, when, and why. `by` is a day by which it must have happened."""

    words: str
    why: str = ""
    at: dt.datetime | None = None
    by: dt.datetime | None = None
    open: Sequence[Open] = ()


@dataclass(frozen=True, slots=True)
class Gain:
    """How one score moved since the baseline, and the rows that say so."""

    label: str
    before: str
    now: str
    change: str
    source: str
    tone: str = ""
    """better, worse, or nothing where it is what it was."""


def next_step(history: History, gate: Gate | None, points: Sequence[PointView]) -> Next:
    """What comes next; read in the site's time zone."""
    course, upcoming = history.course, history.next_session
    todo = _open(history, gate)
    if course.status == CourseStatus.REVIEW_DUE:
        number = {"number": gate.number if gate else 0}
        why = ""
        if gate is not None:
            decision = gate.suggestion.decision
            suggested = _("Suggested: %(decision)s.") % {"decision": decision.label} if decision else ""
            why = f"{suggested} {gate.suggestion.rule}".strip()
        left = gate is not None and gate.evidence.left
        words = _("Decide about session %(number)s.") % number if left else _("Decide how the course ends.")
        return Next(words, why, gate.visit_start if gate else None, gate.release_by if gate else None, todo)
    if course.status == CourseStatus.SCREENING:
        return Next(_("Finish the screening."), open=todo)
    if course.ended_at is not None:
        return Next(course.end_reason or _("This course has ended."), open=todo)
    if course.status == CourseStatus.ON_HOLD:
        words = _("On hold: %(reason)s") % {"reason": course.hold_reason}
        why = (
            _("Look at it again on %(day)s.") % {"day": date_format(course.held_until, "D j M Y")}
            if course.held_until
            else _("Decide when to go on.")
        )
        return Next(words, why, open=todo)
    if upcoming is None:
        return Next(_("All sessions are done."), _asked_next(points), open=todo)
    return _session(history, upcoming, todo)


def _session(history: History, upcoming: SessionView, todo: Sequence[Open]) -> Next:
    course, number = history.course, upcoming.session.number
    words = {"number": number}
    decided = next((row for row in reversed(history.reviews) if row.before_session == number), None)
    why = ""
    if decided is not None:
        why = _("%(who)s decided: %(decision)s.") % {
            "who": decided.decided_by,
            "decision": decided.get_decision_display(),
        }
    elif number == 1 and course.approved_at:
        why = _("Fit for treatment since %(day)s.") % {"day": date_format(course.approved_at, "D j M")}
    if upcoming.visit is None:
        return Next(_("Session %(number)s is not booked yet.") % words, why, open=todo)
    start = upcoming.visit.period.lower
    if upcoming.visit.status == AppointmentStatus.PROVISIONAL:
        opens = start - dt.timedelta(days=course.protocol_version.review_lead_days)
        why = _("The patient hears of it after your decision, which opens on %(day)s.") % {
            "day": date_format(opens.astimezone(course.site.zone), "D j M")
        }
        return Next(
            _("Session %(number)s is kept free and waits for the review.") % words, why, start, open=todo
        )
    return Next(_("Session %(number)s is booked.") % words, why, start, open=todo)


def _asked_next(points: Sequence[PointView]) -> str:
    waiting = (PointState.UPCOMING, PointState.DUE, PointState.ASKED)
    point = next((point for point in points if point.state in waiting), None)
    if point is None:
        return _("Nothing is asked any more.")
    return _("Asked next: %(point)s, due %(day)s.") % {
        "point": point.slot.words,
        "day": date_format(point.slot.due, "D j M Y"),
    }


def _open(history: History, gate: Gate | None) -> list[Open]:
    found = [
        Open(
            _("The record of session %(number)s is not signed") % {"number": view.session.number},
            reverse("treatments:session-detail", args=[view.session.pk]),
        )
        for view in history.sessions
        if view.session.status in (SessionStatus.INJECTED, SessionStatus.STOPPED)
    ]
    if gate is not None and gate.evidence.missing:
        what = ", ".join(code.upper() for code in gate.evidence.missing)
        found.append(
            Open(
                _("Not answered before and now: %(what)s") % {"what": what},
                reverse("treatments:response-new", args=[history.course.pk]),
            )
        )
    found += [
        Open(
            _("%(what)s, grade %(grade)s, goes on") % {"what": row.name, "grade": row.grade},
            reverse("treatments:event-detail", args=[history.course.pk, row.pk]),
        )
        for row in history.events
        if row.resolved_on is None and row.outcome in ("ongoing", "recovering")
    ]
    return found


def gains(history: History) -> list[Gain]:
    """Pain, pain with function, and back function: from the baseline to the latest answer of the course."""
    names = dict(time_points(history.course))
    wanted = ((Instrument.NRS, _("Pain")), (Instrument.PEG, "PEG"), (Instrument.RMDQ, _("Back function")))
    return [gain for one, label in wanted if (gain := _gain(history.scores(one), label, names)) is not None]


def _gain(rows: Sequence[Response], label: str, names: dict[str, str]) -> Gain | None:
    base = next((row for row in rows if row.time_point == BASELINE), None)
    later = [row for row in rows if row.time_point != BASELINE]
    if base is None and not later:
        return None
    latest = max(later, key=lambda row: (rank(row.time_point), row.answered_at), default=None)
    used = [row for row in (base, latest) if row is not None]
    better = percent_better(base.score, latest.score) if base and latest else None
    return Gain(
        label,
        score_words(base.score) if base else "–",
        score_words(latest.score) if latest else "–",
        _change(better),
        " → ".join(
            f"{names.get(row.time_point, row.time_point)}, {date_format(row.answered_at, 'j M')}"
            for row in used
        ),
        "" if not better else "better" if better > 0 else "worse",
    )


def _change(better: Decimal | None) -> str:
    if better is None:
        return ""
    sign = "−" if better > 0 else "+" if better < 0 else ""
    return f"{sign}{number_format(abs(better))} %"
