"""Asking a patient to ring us: for the review that the protocol wants, and for a next visit without a date. Once each.

`invite_due` is run by a periodic job; running it twice, late or by two at once does no harm: the lock on the course lets
one through at a time, and the second finds that the patient was asked.
"""

import datetime as dt
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import clock, locks
from clinic.actors import Actor
from clinic.enums import Role, TaskState
from clinic.models import Task
from clinic.services import outbox, tasks
from clinic.transactions import use_case
from treatments.models import Course
from treatments.selectors import invitations as reads
from treatments.selectors.invitations import CALL, REVIEW, UNBOOKED
from treatments.services import asking

_MORNING = dt.time(9)
_STANDS = dt.timedelta(days=14)
_CALL_WITHIN = dt.timedelta(days=2)


def invite_due(*, by: Actor) -> int:
    """Ask every patient whose next visit has no date for too long. One transaction a course. Returns how many."""
    return sum(_ask_to_book(course_id=one.course_id, by=by) for one in reads.unbooked(now=clock.now()))


@use_case
def _ask_to_book(*, course_id: UUID, by: Actor) -> bool:
    locks.take(course=[course_id])
    found = reads.unbooked(now=clock.now(), course_id=course_id)
    if not found:
        return False
    course = Course.objects.select_related("site", "patient").get(pk=course_id)
    about = reads.about_unbooked(course_id, found[0].number)
    _ask(course, UNBOOKED, about, _("Call: the next visit of this patient has no date"), by=by)
    return True


def to_review(course: Course, number: int, *, by: Actor) -> None:
    """An inner step of opening a gate: the patient is asked for a review, where the protocol wants one and none is booked."""
    locks.take(course=[course.pk])
    if reads.review_is_wanted(course.pk):
        about = reads.about_review(course.pk, number)
        _ask(course, REVIEW, about, _("Call: a review is to be booked before the next session"), by=by)


def booked(course: Course, number: int, *, by: Actor) -> None:
    """An inner step of booking a session: nobody asks any more for a date that is there."""
    _settle(reads.about_unbooked(course.pk, number), by=by, reason="booked")


def decided(course: Course, number: int, *, by: Actor) -> None:
    """An inner step of a decision at the gate: the review before it is not asked for any more."""
    _settle(reads.about_review(course.pk, number), by=by, reason="decided")


def _ask(course: Course, kind: str, about: str, title: str, *, by: Actor) -> None:
    """One mail the next morning; a task where no mail reaches the patient, or mails of this group are declined."""
    if asking.reached_by_mail(course.patient):
        due = _next_morning(course)
        outbox.plan(
            [outbox.Plan(kind, about, 1, course.patient_id, course.site_id, due, due + _STANDS)], by=by
        )
        return
    tasks.open_task(
        by=by,
        site_id=course.site_id,
        kind=CALL,
        title=title,
        role=Role.FRONT_DESK,
        due_at=clock.now() + _CALL_WITHIN,
        patient_id=course.patient_id,
        about=about,
    )


def _settle(about: str, *, by: Actor, reason: str) -> None:
    outbox.cancel(about=[about], by=by, reason=reason)
    waiting = Task.objects.filter(kind=CALL, about=about, state=TaskState.OPEN)
    for task_id in list(waiting.values_list("pk", flat=True)):
        tasks.drop(by=by, task_id=task_id)


def _next_morning(course: Course) -> dt.datetime:
    zone = course.site.zone
    today = clock.today(zone)
    at = clock.local(today, _MORNING, zone)
    return at if at > clock.now() else clock.local(today + dt.timedelta(days=1), _MORNING, zone)
