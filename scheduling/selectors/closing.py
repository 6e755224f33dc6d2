"""What a day must not end with: visits still open, reasons and calls still owed, records not signed."""

import datetime as dt
from dataclasses import dataclass

from django.utils.translation import gettext as _

from clinic import clock
from clinic.models import Site, Task
from clinic.selectors.tasks import CALL_BACK, open_tasks
from scheduling import duties
from scheduling.duties import OpenEnd
from scheduling.enums import AppointmentStatus
from scheduling.models import Appointment
from scheduling.selectors.disruption import REBOOK

_EXPECTED = (AppointmentStatus.BOOKED, AppointmentStatus.CONFIRMED)
_HERE = (AppointmentStatus.ARRIVED, AppointmentStatus.IN_PROGRESS)


@dataclass(frozen=True, slots=True)
class DayClose:
    """What is open, by group, in the order of the desk's round; and how many visits of the day have not begun yet."""

    groups: dict[str, list[OpenEnd]]
    to_come: int


def open_ends(*, site: Site, day: dt.date, now: dt.datetime) -> DayClose:
    """Each thing with the act that closes it. A constant number of queries; what higher apps know comes last.

    A visit whose time has not come yet is no open end: before the evening they would hide what is.
    """
    start, end = clock.day_bounds(day, site.zone)
    rows = Appointment.objects.filter(
        site=site, period__overlap=(start, end), period__startswith__gte=start, period__startswith__lt=end
    ).select_related("patient", "visit_type")
    visits = list(rows.order_by("period", "pk"))
    due = list(open_tasks(site_id=site.pk).filter(due_at__lt=end))
    to_come = [visit for visit in visits if visit.status in _EXPECTED and visit.period.lower > now]
    begun = [visit for visit in visits if visit not in to_come]
    found = [*_visits(begun), *_tasks(due), *duties.closing(site, start, end)]
    groups: dict[str, list[OpenEnd]] = {}
    for line in found:
        groups.setdefault(line.group, []).append(line)
    return DayClose(groups, len(to_come))


def _visits(visits: list[Appointment]) -> list[OpenEnd]:
    def line(visit: Appointment, group: str, act: str) -> OpenEnd:
        start: dt.datetime = visit.period.lower
        url = ("scheduling:appointment-detail", str(visit.pk))
        return OpenEnd(group, visit.visit_type.name, act, url, visit.patient, start)

    def of(*statuses: AppointmentStatus) -> list[Appointment]:
        return [visit for visit in visits if visit.status in statuses]

    missed = [visit for visit in of(AppointmentStatus.NO_SHOW) if visit.reason_id is None]
    return [
        *(line(visit, _("Here and not discharged"), _("Finish the visit")) for visit in of(*_HERE)),
        *(line(visit, _("Neither come nor noted"), _("Say what became of it")) for visit in of(*_EXPECTED)),
        *(line(visit, _("Did not come, no reason yet"), _("Ask them")) for visit in missed),
    ]


def _tasks(due: list[Task]) -> list[OpenEnd]:
    def line(task: Task, group: str, act: str) -> OpenEnd:
        url = ("clinic:task-finish", str(task.pk))
        if task.kind == REBOOK:
            url = ("scheduling:appointment-move", task.about.removeprefix("appointment:"))
        elif task.kind == CALL_BACK and task.patient_id:
            url = ("clinic:patient-detail", str(task.patient_id))
        return OpenEnd(group, task.title, act, url, task.patient, task.due_at)

    calls = [task for task in due if task.kind == CALL_BACK]
    moves = [task for task in due if task.kind == REBOOK]
    rest = [task for task in due if task.kind not in (CALL_BACK, REBOOK)]
    return [
        *(line(task, _("To call back"), _("Call")) for task in calls),
        *(line(task, _("Visits to move"), _("Move")) for task in moves),
        *(line(task, _("Tasks due"), _("Finish")) for task in rest),
    ]
