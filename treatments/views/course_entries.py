"""What happened in a course and what is planned, as entries in the order of time: for the axis, the table and the letters."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clinic import clock, messaging
from clinic.enums import MessageState
from treatments.enums import ENDED_EVENT, SessionStatus
from treatments.forms.outcomes import time_points
from treatments.models import AdverseEvent, Response
from treatments.selectors.history import History
from treatments.selectors.record_rows import SessionView

_SHOWN_MAILS = (
    MessageState.SENT,
    MessageState.DELIVERED,
    MessageState.BOUNCED,
    MessageState.FAILED,
    MessageState.PENDING,
)
_TO_DO = (SessionStatus.PLANNED, SessionStatus.CLEARED)


class Lane(StrEnum):
    """One row of the axis, from the top."""

    SESSION = "session"
    DECISION = "decision"
    EVENT = "event"
    ANSWER = "answer"
    MAIL = "mail"


LANES = {
    Lane.SESSION: gettext_lazy("Sessions"),
    Lane.DECISION: gettext_lazy("Decisions"),
    Lane.EVENT: gettext_lazy("Events"),
    Lane.ANSWER: gettext_lazy("Answers"),
    Lane.MAIL: gettext_lazy("Mails"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing of the course. `number` is that of a session; `until` the end of what lasts; `done` False: planned."""

    at: dt.datetime
    lane: Lane
    title: str
    note: str = ""
    tone: str = ""
    url: str = ""
    number: int | None = None
    until: dt.datetime | None = None
    done: bool = True
    on_axis: bool = True

    @property
    def is_mail(self) -> bool:
        return self.lane == Lane.MAIL


def entries(history: History) -> list[Entry]:
    """Everything, the earliest first."""
    course = history.course
    found = [Entry(course.created_at, Lane.DECISION, _("Course ordered"), course.diagnosis)]
    if course.approved_at:
        found.append(Entry(course.approved_at, Lane.DECISION, _("Fit for treatment"), on_axis=False))
    for view in history.sessions:
        found += _session(view)
    found += _decisions(history)
    found += [_event(row, history) for row in history.events]
    found += _answers(history)
    found += [
        Entry(
            row.planned_for,
            Lane.MAIL,
            _("Mail: %(kind)s") % {"kind": messaging.get(row.kind).name},
            row.get_state_display(),
            "harm" if row.state in (MessageState.BOUNCED, MessageState.FAILED) else "",
            done=row.state != MessageState.PENDING,
        )
        for row in history.messages
        if row.state in _SHOWN_MAILS
    ]
    return sorted(found, key=lambda entry: entry.at)


def _session(view: SessionView) -> Iterator[Entry]:
    session, words = view.session, {"number": view.session.number}
    url = reverse("treatments:session-detail", args=[session.pk])
    if session.injected_at:
        yield Entry(
            session.injected_at,
            Lane.SESSION,
            _("Session %(number)s done") % words,
            injected_words(view),
            url=url,
            number=session.number,
        )
    elif view.visit is not None and session.status in _TO_DO:
        yield Entry(
            view.visit.period.lower,
            Lane.SESSION,
            _("Session %(number)s") % words,
            view.visit.get_status_display(),
            "now",
            url=url,
            number=session.number,
            done=False,
        )
    if session.signed_at:
        title = _("Record of session %(number)s signed") % words
        yield Entry(session.signed_at, Lane.SESSION, title, str(session.signed_by), on_axis=False)
    for row in view.amendments:
        title = _("Record of session %(number)s amended") % words
        yield Entry(row.created_at, Lane.SESSION, title, f"{row.author}: {row.reason}", on_axis=False)


def injected_words(view: SessionView) -> str:
    """ "4.0 mL into 2 targets, dose 4.8 × 10⁹". Empty where nothing is recorded."""
    if not view.injections:
        return ""
    count = len(view.injections)
    words = ngettext("%(ml)s mL into %(count)s target", "%(ml)s mL into %(count)s targets", count)
    said = words % {"ml": number_format(view.injected_ml or 0), "count": count}
    dose = view.derived.dose.value if view.derived else None
    return f"{said}, {_('dose %(dose)s × 10⁹') % {'dose': number_format(dose)}}" if dose is not None else said


def _decisions(history: History) -> Iterator[Entry]:
    for review in history.reviews:
        note = f"{review.get_decision_display()} ({review.decided_by})"
        yield Entry(
            review.decided_at,
            Lane.DECISION,
            _("Decided before session %(number)s") % {"number": review.before_session},
            f"{note}: {review.reason}" if review.reason else note,
        )
    course = history.course
    if course.ended_at:
        yield Entry(course.ended_at, Lane.DECISION, course.get_status_display(), course.end_reason)


def _event(event: AdverseEvent, history: History) -> Entry:
    zone = history.course.site.zone
    end = clock.local(event.resolved_on, dt.time(12), zone) if event.resolved_on else None
    is_open = end is None and event.outcome not in ENDED_EVENT
    note = _("grade %(grade)s") % {"grade": event.grade}
    if event.is_serious:
        note = f"{note}, {_('serious')}"
    return Entry(
        clock.local(event.started_on, dt.time(12), zone),
        Lane.EVENT,
        event.name,
        f"{note}, {_('ongoing')}" if is_open else note,
        "harm" if event.grade >= 3 or event.is_serious else "attention",
        url=reverse("treatments:event-detail", args=[history.course.pk, event.pk]),
        until=clock.now() if is_open else end,
    )


def _answers(history: History) -> Iterator[Entry]:
    """One entry a time point: what was answered, with its scores."""
    names = dict(time_points(history.course))
    by_point: dict[str, list[Response]] = {}
    for row in history.responses:
        by_point.setdefault(row.time_point, []).append(row)
    for point, rows in by_point.items():
        scores = ", ".join(f"{row.instrument.upper()} {score_words(row.score)}" for row in rows)
        title = _("Answers: %(point)s") % {"point": names.get(point, point)}
        yield Entry(max(row.answered_at for row in rows), Lane.ANSWER, title, scores)


def score_words(score: Decimal) -> str:
    """A score without zeros that say nothing, by the language's decimal sign."""
    return number_format(f"{score.normalize():f}")


def folded(shown: Iterable[Entry]) -> dict[str, list[Entry]]:
    """What was done and decided apart from the mails: a dozen a session, they would hide it."""
    rows = list(shown)
    return {
        "facts": [entry for entry in rows if not entry.is_mail],
        "mails": [entry for entry in rows if entry.is_mail],
    }
