"""A visit as the lists and the board show it: the words beside the state, and the one next tap."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from scheduling.duties import Light
from scheduling.enums import AppointmentStatus, ResourceCategory
from scheduling.models import Appointment
from scheduling.selectors import names, visits
from scheduling.views.addresses import address_of

_EXPECTED = (AppointmentStatus.BOOKED, AppointmentStatus.CONFIRMED)
_HERE = (AppointmentStatus.ARRIVED, AppointmentStatus.IN_PROGRESS)
_LONG_WAIT = 15  # minutes of waiting from which a visit is marked
_IN_HOURS_FROM = 120  # minutes from which a length is said in hours


@dataclass(frozen=True, slots=True)
class Tap:
    """One button: what it says and what it does."""

    label: str
    url: str


@dataclass(frozen=True)
class Row:
    """One visit in a list of a day. `now` and `today` are handed in so that a page has one clock."""

    visit: Appointment
    now: dt.datetime
    is_today: bool
    namesake: bool = False
    light: Light | None = None
    """Whether the visit can go ahead; None where nothing has to be ready."""

    @property
    def status(self) -> AppointmentStatus:
        return AppointmentStatus(self.visit.status)

    @property
    def start(self) -> dt.datetime:
        start: dt.datetime = self.visit.period.lower
        return start

    @property
    def end(self) -> dt.datetime:
        end: dt.datetime = self.visit.period.upper
        return end

    @cached_property
    def steps(self) -> Sequence[Any]:
        return visits.steps_of(self.visit)

    @cached_property
    def lead(self) -> str:
        return visits.lead_of(self.visit)

    @cached_property
    def rooms(self) -> str:
        """Rooms and equipment in the order of the visit."""
        held = visits.held_by(self.visit)
        names = (
            row.resource.name for row in held if row.resource.kind.category != ResourceCategory.CLINICIAN
        )
        return ", ".join(dict.fromkeys(names))

    @cached_property
    def place(self) -> str:
        return visits.place(self.visit)

    @property
    def done_steps(self) -> int:
        return sum(1 for step in self.steps if step.ended_at)

    @cached_property
    def running(self) -> Any:
        return next((step for step in self.steps if step.started_at and not step.ended_at), None)

    @property
    def since(self) -> dt.datetime | None:
        """Since when the patient has been where they are."""
        if self.running is not None:
            started: dt.datetime = self.running.started_at
            return started
        if self.status in _HERE:
            ended = [step.ended_at for step in self.steps if step.ended_at]
            return max(ended, default=self.visit.arrived_at)
        return None

    @property
    def note(self) -> str:
        """What the clock adds to the state: late, waiting, longer than planned."""
        if self.comes_at is not None and self.comes_at > self.now:
            return _("comes at %(time)s") % {"time": f"{timezone.localtime(self.comes_at):%H:%M}"}
        if self.late:
            return _("%(length)s late") % {"length": _length(self.late)}
        if self.overdue:
            return _("%(length)s over") % {"length": _length(self.overdue)}
        return ""

    @property
    def comes_at(self) -> dt.datetime | None:
        """When a patient who said that they will be late means to come."""
        return self.visit.expected_at if self.status in _EXPECTED else None

    @property
    def late(self) -> int:
        """Minutes since a patient should have come who has not, by what they said last."""
        return (
            minutes_between(self.comes_at or self.start, self.now)
            if self.status in _EXPECTED and self.is_today
            else 0
        )

    @property
    def overdue(self) -> int:
        """Minutes by which the running stage has outlasted its planned length."""
        if self.running is None:
            return 0
        length = self.running.planned_end - self.running.planned_start
        return minutes_between(self.running.started_at + length, self.now)

    @property
    def waits(self) -> int:
        """Minutes in the place where the patient is."""
        return minutes_between(self.since, self.now) if self.since else 0

    @property
    def waited(self) -> str:
        return _length(self.waits)

    @property
    def waits_long(self) -> bool:
        return self.status == AppointmentStatus.ARRIVED and self.waits >= _LONG_WAIT

    @property
    def next(self) -> Tap | None:
        """The one thing to do now."""
        if self.status in _EXPECTED and self.is_today:
            return self._tap(_("Arrived"), "arrive")
        if self.status == AppointmentStatus.BOOKED and self.start > self.now:
            return self._tap(_("Confirm"), "confirm")
        if self.status in _HERE:
            waiting = next((step for step in self.steps if step.started_at is None), None)
            if waiting is not None:
                return self._tap(waiting.name, "advance")
            last = self.steps[-1].done_name if self.steps else _("done")
            return self._tap(last[:1].upper() + last[1:], "advance")
        return None

    @property
    def undo(self) -> Tap | None:
        if self.status in (*_HERE, AppointmentStatus.COMPLETED) and self.is_today:
            return self._tap(_("Undo"), "undo")
        return None

    @property
    def may_be_missed(self) -> bool:
        return self.status in _EXPECTED and self.start <= self.now

    def _tap(self, label: str, what: str) -> Tap:
        return Tap(label, address_of(f"scheduling:appointment-{what}", self.visit.pk))


def rows_of(
    found: Iterable[Appointment],
    *,
    now: dt.datetime,
    is_today: bool,
    lights: Mapping[UUID, Light] | None = None,
) -> list[Row]:
    """Rows of one day, with people of nearly the same name marked, and the lights where the page shows them."""
    found = list(found)
    twice = names.alike({visit.patient_id: visit.patient for visit in found}.values())
    lights = lights or {}
    return [
        Row(visit, now, is_today, namesake=visit.patient_id in twice, light=lights.get(visit.pk))
        for visit in found
    ]


def figures_of(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Numbers of the day, over all clinicians: the visits, and of the rest what is not nought."""
    real = [row for row in rows if row.status != AppointmentStatus.CANCELLED]
    late = sum(1 for row in real if row.late)
    figures = [
        {"label": _("visits"), "value": len(real)},
        {
            "label": _("not confirmed"),
            "value": sum(1 for row in real if row.status == AppointmentStatus.BOOKED),
        },
        {
            "label": _("here now"),
            "value": sum(1 for row in real if row.place not in ("expected", "done", "off")),
        },
        {"label": _("done"), "value": sum(1 for row in real if row.place == "done")},
    ]
    if late:
        figures.append({"label": _("late"), "value": late, "tone": "attention"})
    return [figures[0], *(figure for figure in figures[1:] if figure["value"])]


def _length(minutes: int) -> str:
    if minutes < _IN_HOURS_FROM:
        return _("%(minutes)s min") % {"minutes": minutes}
    return _("%(hours)s h") % {"hours": minutes // 60}


def minutes_between(since: dt.datetime, now: dt.datetime) -> int:
    return max(0, int((now - since).total_seconds()) // 60)
