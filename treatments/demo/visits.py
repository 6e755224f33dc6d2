"""Visits as rows: what was planned, what each holds, and how far it has come by now."""

import datetime as dt
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from clinic.models import Patient, Site, User
from scheduling.enums import AppointmentStatus, ChangeKind, Told
from scheduling.models import Allocation, Appointment, VisitChange, VisitStage
from scheduling.selectors.teams import TeamMember
from treatments.demo.planner import Placed
from treatments.demo.rows import Rows

_WAITING = dt.timedelta(minutes=18)
_LATE = dt.timedelta(minutes=20)
_BY_PHYSICIAN = ("injection", "consultation", "review")


@dataclass
class Visit:
    """One visit with its stages by code, and when its patient was told of it and of its end."""

    row: Appointment
    steps: Mapping[str, VisitStage]
    told_at: dt.datetime | None
    cancelled_at: dt.datetime | None = None

    @property
    def status(self) -> AppointmentStatus:
        return AppointmentStatus(self.row.status)

    def ended(self, code: str) -> dt.datetime | None:
        return self.steps[code].ended_at


@dataclass
class Visits:
    """Gathers the visits of the demo."""

    rng: random.Random
    now: dt.datetime
    site: Site
    nurses: list[User]
    rows: Rows
    made: list[Visit] = field(default_factory=list)

    def add(
        self,
        placed: Placed,
        patient: Patient,
        *,
        booked_at: dt.datetime,
        purpose: UUID | None = None,
        provisional: bool = False,
        released_at: dt.datetime | None = None,
        **values: Any,
    ) -> Visit:
        """A visit that stands: completed, under way, or still to come."""
        return self._add(
            placed, patient, booked_at, purpose, provisional, released_at, cancelled_at=None, values=values
        )

    def add_ended(
        self,
        placed: Placed,
        patient: Patient,
        *,
        booked_at: dt.datetime,
        status: AppointmentStatus,
        ended_at: dt.datetime,
        purpose: UUID | None = None,
        provisional: bool = False,
        reason: str | None = None,
    ) -> Visit:
        """A visit that was cancelled, missed or not done: it holds nothing any more."""
        values: dict[str, Any] = {"status": status, "reason_id": reason}
        visit = self._add(
            placed, patient, booked_at, purpose, provisional, None, cancelled_at=ended_at, values=values
        )
        self.rows.add(
            VisitChange(
                appointment=visit.row,
                site=self.site,
                kind=ChangeKind(status.value),
                reason_id=reason,
                told=visit.row.told,
                old_status=AppointmentStatus.PROVISIONAL if provisional else AppointmentStatus.BOOKED,
                old_period=visit.row.period,
                actor_kind="system",
                actor_key="demo",
                at=ended_at,
            )
        )
        return visit

    def number_arrivals(self) -> None:
        """Call numbers of everybody who has come today, in the order in which they came."""
        today = self.now.astimezone(self.site.zone).date()
        came = [(each.row.arrived_at, each.row) for each in self.made if each.row.arrived_at is not None]
        here = [(at, row) for at, row in came if at.astimezone(self.site.zone).date() == today]
        for number, (_at, row) in enumerate(sorted(here, key=itemgetter(0)), 1):
            row.call_day, row.call_number = today, number

    def _add(
        self,
        placed: Placed,
        patient: Patient,
        booked_at: dt.datetime,
        purpose: UUID | None,
        provisional: bool,
        released_at: dt.datetime | None,
        *,
        cancelled_at: dt.datetime | None,
        values: dict[str, Any],
    ) -> Visit:
        told_at = None if provisional and released_at is None else released_at or booked_at
        row = Appointment(
            site=self.site,
            patient=patient,
            visit_type=placed.visit_type,
            period=DateTimeTZRange(placed.start, placed.end),
            purpose=purpose,
            told=Told.MAIL if patient.email else Told.PHONE,
            told_rev=0 if told_at is None else 1,
            created_at=booked_at,
            status=AppointmentStatus.PROVISIONAL if told_at is None else AppointmentStatus.BOOKED,
            version=1 if released_at is None else 2,
        )
        for name, value in values.items():
            setattr(row, name, value)
        steps = [
            VisitStage(
                appointment=row,
                code=stage.code,
                name=stage.name,
                done_name=stage.done_name,
                position=stage.position,
                planned_start=placed.start + dt.timedelta(minutes=stage.offset),
                planned_end=placed.start + dt.timedelta(minutes=stage.offset + stage.minutes),
            )
            for stage in placed.stages
        ]
        if cancelled_at is None and told_at is not None:
            self._progress(row, steps, placed)
        if row.status == AppointmentStatus.NOT_DONE:
            row.arrived_at = placed.start - dt.timedelta(minutes=4)
        if cancelled_at is not None and row.status == AppointmentStatus.CANCELLED:
            row.told_rev += 1 if told_at else 0
        if row.status != AppointmentStatus.PROVISIONAL and row.status != AppointmentStatus.BOOKED:
            row.version += 1
        self._hold(row, placed, active=cancelled_at is None)
        visit = Visit(row, {step.code: step for step in steps}, told_at, cancelled_at)
        self.made.append(visit)
        self.rows.add(row)
        self.rows.extend(steps)
        return visit

    def _hold(self, row: Appointment, placed: Placed, *, active: bool) -> None:
        for resource, need in placed.team:
            begin = placed.start + dt.timedelta(minutes=need.offset)
            low, high = (
                placed.start + dt.timedelta(minutes=edge) for edge in TeamMember.of(resource, need).blocks
            )
            self.rows.add(
                Allocation(
                    site=self.site,
                    resource=resource,
                    appointment=row,
                    requirement=need,
                    stage_code=need.stage.code if need.stage else "",
                    is_lead=need.is_lead,
                    period=DateTimeTZRange(begin, begin + dt.timedelta(minutes=need.minutes)),
                    blocks=DateTimeTZRange(low, high),
                    active=active,
                )
            )

    def _progress(self, row: Appointment, steps: list[VisitStage], placed: Placed) -> None:
        """How far the visit has come: patients come a little early, stages begin a little late and vary in length."""
        arrived = placed.start - dt.timedelta(
            minutes=self.rng.randrange(1, 10), seconds=self.rng.randrange(60)
        )
        if self.now < placed.start < self.now + _WAITING and self.rng.random() < 0.7:
            arrived = min(arrived, self.now - dt.timedelta(minutes=self.rng.randrange(1, 7)))
        late = self.now - _LATE < placed.start <= self.now and self.rng.random() < 0.15
        if arrived > self.now or late:
            soon = placed.start < self.now + dt.timedelta(days=3)
            if self.rng.random() < (0.6 if soon else 0.08):
                row.status = AppointmentStatus.CONFIRMED
            return
        row.arrived_at, row.status = arrived, AppointmentStatus.ARRIVED
        moment = placed.start + dt.timedelta(minutes=self.rng.randrange(6), seconds=self.rng.randrange(60))
        nurse = self.rng.choice(self.nurses)
        for step in steps:
            if moment > self.now:
                break
            person = placed.lead.user if step.code in _BY_PHYSICIAN else nurse
            step.started_at, step.started_by = moment, person
            row.status = AppointmentStatus.IN_PROGRESS
            planned = int((step.planned_end - step.planned_start).total_seconds()) // 60
            moment += dt.timedelta(
                minutes=max(3, planned + self.rng.randrange(-3, 3)), seconds=self.rng.randrange(60)
            )
            if moment <= self.now:
                step.ended_at, step.ended_by = moment, person
        if all(step.ended_at for step in steps):
            row.status = AppointmentStatus.COMPLETED
