"""Courses with what their time points are counted from, and what was asked and answered at each."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from clinic import clock
from clinic.models import Patient
from treatments import clinical_rules
from treatments.enums import CourseStatus, SessionStatus, SheetStatus
from treatments.models import AnswerSheet, Course, ProtocolRules, Response, Session, SessionBooking
from treatments.policies import time_points
from treatments.policies.time_points import PointState, SessionDay, Slot

ASKED_IN = (CourseStatus.APPROVED, CourseStatus.ACTIVE, CourseStatus.REVIEW_DUE, CourseStatus.FOLLOW_UP)
"""States of a course in which its patient is asked anything."""


@dataclass(frozen=True, slots=True)
class PointView:
    """One time point of a course as its page shows it."""

    slot: Slot
    state: PointState
    sheet: AnswerSheet | None
    responses: Mapping[str, Response]

    @property
    def left(self) -> list[str]:
        return [code for code in self.slot.instruments if code not in self.responses]


@dataclass
class Asked:
    """One course with its slots, its sheets by time point, and its answers by time point and instrument."""

    course: Course
    slots: list[Slot]
    sheets: dict[str, AnswerSheet] = field(default_factory=dict)
    responses: dict[str, dict[str, Response]] = field(default_factory=dict)

    def done(self, code: str) -> Mapping[str, Response]:
        return self.responses.get(code, {})


def of_courses(course_ids: Collection[UUID]) -> dict[UUID, Asked]:
    """What is asked and was answered, for many courses. Six queries, whatever their number."""
    courses = list(
        Course.objects.filter(pk__in=course_ids).select_related("patient", "site", "protocol_version")
    )
    rules = {
        row.version_id: clinical_rules.load(row.document)
        for row in ProtocolRules.objects.filter(version__in={one.protocol_version_id for one in courses})
    }
    days = _days(courses)
    found = {
        course.pk: Asked(
            course,
            time_points.slots(
                rules[course.protocol_version_id].time_points if course.protocol_version_id in rules else (),
                days.get(course.pk, ()),
                review_lead=course.protocol_version.review_lead_days,
                in_follow_up=course.status in (CourseStatus.FOLLOW_UP, CourseStatus.COMPLETED),
                extended=course.extended,
            ),
        )
        for course in courses
    }
    for sheet in AnswerSheet.objects.filter(course__in=courses):
        found[sheet.course_id].sheets[sheet.time_point] = sheet
    for response in Response.objects.filter(course__in=courses).order_by("answered_at", "pk"):
        found[response.course_id].responses.setdefault(response.time_point, {})[response.instrument] = (
            response
        )
    return found


def points(asked: Asked, *, today: dt.date) -> list[PointView]:
    """The course's time points, each with its state."""
    found = []
    for slot in asked.slots:
        sheet, answered = asked.sheets.get(slot.code), asked.done(slot.code)
        is_open = sheet is not None and sheet.status == SheetStatus.OPEN
        state = time_points.state(slot, today=today, answered=answered, asked=is_open)
        found.append(PointView(slot, state, sheet, answered))
    return found


def open_sheets(*, patient_id: UUID, site_id: UUID, today: dt.date) -> list[AnswerSheet]:
    """What this patient may answer now at this site, the earliest first. One query."""
    rows = AnswerSheet.objects.filter(
        course__patient_id=patient_id,
        course__status__in=ASKED_IN,
        site_id=site_id,
        status=SheetStatus.OPEN,
        until__gte=today,
    )
    return list(rows.select_related("course").order_by("due_on", "pk"))


def candidates(*, batch: int = 500) -> Iterator[Sequence[UUID]]:
    """Courses in whose states patients are asked, in batches by key."""
    last: UUID | None = None
    while True:
        rows = Course.objects.filter(
            status__in=ASKED_IN, patient__in=Patient.objects.filter(erased_at=None, deceased_on=None)
        )
        if last is not None:
            rows = rows.filter(pk__gt=last)
        keys = list(rows.order_by("pk").values_list("pk", flat=True)[:batch])
        if not keys:
            return
        yield keys
        last = keys[-1]


def _days(courses: Sequence[Course]) -> dict[UUID, list[SessionDay]]:
    """The sessions that count in each series, by number. Two queries."""
    zones = {course.pk: course.site.zone for course in courses}
    booked: dict[UUID, dt.datetime] = {
        key: period.lower
        for key, period in SessionBooking.objects.filter(
            session__course__in=courses, is_open=True
        ).values_list("session_id", "appointment__period")
    }
    found: dict[UUID, list[SessionDay]] = {}
    rows = Session.objects.filter(course__in=courses).order_by("number")
    for key, course_id, number, status, at in rows.values_list(
        "pk", "course_id", "number", "status", "injected_at"
    ):
        ended = status in (SessionStatus.DROPPED, SessionStatus.STOPPED)
        if at is None and ended:
            continue
        moment = at or booked.get(key)
        day = moment.astimezone(zones[course_id]).date() if moment else None
        found.setdefault(course_id, []).append(SessionDay(number, day, at is not None))
    return found


def today_of(course: Course) -> dt.date:
    return clock.today(course.site.zone)


def answered_since(patient_id: UUID, site_id: UUID, moment: dt.datetime) -> bool:
    """Whether the patient has sent answers since then."""
    return AnswerSheet.objects.filter(
        course__patient_id=patient_id, site_id=site_id, answered_at__gte=moment
    ).exists()
