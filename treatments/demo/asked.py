"""What patients of the demo were asked, what is open with them now, and what clinicians found."""

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from decimal import Decimal
from uuid import UUID

from clinic import clock
from clinic.models import Link, Site
from clinic.services import links
from treatments.demo.mails import Mail
from treatments.demo.outcomes import FOLLOW_UP
from treatments.enums import Observed, SheetStatus, Side
from treatments.models import AnswerSheet, Course, Observation, Session
from treatments.policies.time_points import PointState
from treatments.selectors import time_points as reads
from treatments.selectors.time_points import PointView
from treatments.services import asking, sheets

_ASKED_AT = dt.time(9, 5)
_ONE = dt.timedelta(days=1)
_STATUS = {
    PointState.ANSWERED: SheetStatus.ANSWERED,
    PointState.PARTLY: SheetStatus.MISSED,
    PointState.MISSED: SheetStatus.MISSED,
}
_RECENT = 45
"""Days for which mails and links are kept in the demo."""
_BATCH = 200


def write(*, site: Site, now: dt.datetime) -> list[AnswerSheet]:
    """A sheet for every time point that has come, in the state in which its answers leave it. Needs them written."""
    today = now.astimezone(site.zone).date()
    keys = list(Course.objects.filter(site=site).order_by("pk").values_list("pk", flat=True))
    found: list[AnswerSheet] = []
    for begin in range(0, len(keys), _BATCH):
        courses = reads.of_courses(keys[begin : begin + _BATCH])
        sessions = {(row.course_id, row.number): row for row in Session.objects.filter(course__in=courses)}
        for asked in courses.values():
            for view in reads.points(asked, today=today):
                if view.slot.due <= today and view.slot.mailed:
                    session = sessions.get((asked.course.pk, view.slot.session or 0))
                    found += _sheet(asked.course, view, session, site, today)
    return AnswerSheet.objects.bulk_create(found)


def _sheet(
    course: Course, view: PointView, session: Session | None, site: Site, today: dt.date
) -> Iterator[AnswerSheet]:
    slot = view.slot
    status = _STATUS.get(view.state, SheetStatus.OPEN)
    if course.status not in reads.ASKED_IN and status == SheetStatus.OPEN:
        return
    asked_at = clock.local(slot.due, _ASKED_AT, site.zone)
    last = max((row.answered_at for row in view.responses.values()), default=None)
    nudged = slot.nudge is not None and slot.nudge <= today and (last is None or last.date() > slot.nudge)
    yield AnswerSheet(
        site=site,
        course=course,
        session=session,
        time_point=slot.code,
        instruments=list(slot.instruments),
        due_on=slot.due,
        closes_on=slot.closes,
        until=slot.until,
        nudge_on=slot.nudge,
        status=status,
        asked_at=asked_at,
        nudged_at=clock.local(slot.nudge, _ASKED_AT, site.zone) if nudged and slot.nudge else None,
        answered_at=last if status == SheetStatus.ANSWERED else None,
    )


def mails(found: Sequence[AnswerSheet], *, site: Site, today: dt.date) -> Iterator[Mail]:
    """The mail that asked for each of the last weeks' sheets, its link, and the one nudge."""
    rows: dict[str, Link] = {}
    for sheet in found:
        patient = sheet.course.patient
        if not asking.reached_by_mail(patient):
            continue
        for kind, at in ((sheets.QUESTIONNAIRE, sheet.asked_at), (sheets.NUDGE, sheet.nudged_at)):
            if at is None or at.date() < today - _RECENT * _ONE:
                continue
            about = sheets.about_day(patient.pk, at.astimezone(site.zone).date())
            if about in rows:
                continue
            end = clock.local(max(sheet.until, at.date()) + _ONE, dt.time(0), site.zone)
            link = links.build(asking.DOOR, about, site.pk, patient.pk, None, end)
            link.created_at = at
            rows[about] = link
            yield Mail(
                kind, about, 1, patient, at, end, at, sheet.answered_at, "answered", needs_consent=True
            )
    Link.objects.bulk_create(rows.values())


def observe(*, rng: random.Random, site: Site, now: dt.datetime) -> int:
    """For every other course the hold of the back before it and at the follow-up; now and then a look at the MRI."""
    found: list[Observation] = []
    courses = Course.objects.filter(site=site, sessions__injected_at__isnull=False).distinct()
    for course in courses.select_related("physician").order_by("pk"):
        by = course.physician.user_id
        if rng.random() < 0.5 or by is None:
            continue
        hold = rng.randrange(18, 70)
        days = [0, *(days for _point, days in FOLLOW_UP[1:3])]
        for number, after in enumerate(days):
            day = (course.created_at + after * _ONE + 60 * _ONE * bool(number)).date()
            if day < now.date():
                found.append(_found(course, by, Observed.EXTENSOR_HOLD, hold + 9 * number, day))
        if rng.random() < 0.5:
            side = rng.choice((Side.LEFT, Side.RIGHT))
            found.append(
                _found(
                    course, by, Observed.MULTIFIDUS_FAT, rng.randrange(1, 4), course.created_at.date(), side
                )
            )
    Observation.objects.bulk_create(found)
    return len(found)


def _found(course: Course, by: UUID, what: Observed, value: int, day: dt.date, side: str = "") -> Observation:
    return Observation(
        site_id=course.site_id,
        course=course,
        what=what,
        side=side,
        value=Decimal(value),
        observed_on=day,
        observed_by_id=by,
    )
