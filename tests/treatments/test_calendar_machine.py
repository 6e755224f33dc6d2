"""A clinic's desk in random order: after every step the whole database keeps its promises (`check_data`).

Every rule goes through the real services on a real database; a refusal is a DomainError and writes nothing. The
suite plays a fixed small set of stories; `SOAK_EXAMPLES=500 SOAK_STEPS=60` plays long new ones.
"""

import datetime as dt
import os
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from clinic import clock, integrity
from clinic.enums import Role
from clinic.exceptions import DomainError
from clinic.models import Patient
from scheduling.enums import Told
from scheduling.models import Appointment, Hold, Offer, TimeOff, VisitChange, WaitlistEntry
from scheduling.policies import MOVABLE
from scheduling.services import (
    absences,
    booking,
    closures,
    corrections,
    endings,
    holds,
    moves,
    offering,
    offers,
    progress,
    squeeze,
    undoing,
    waitlist,
)
from scheduling.services.plans import VisitRequest
from tests.database import Database
from tests.factories import clinic, treatments
from tests.factories.scheduling import BY
from tests.factories.treatments import Ward
from treatments.enums import Decision
from treatments.models import Course, Order
from treatments.services import planning, proposing, reviews, shifting
from treatments.services.horizon import Wishes

EXAMPLES = int(os.environ.get("SOAK_EXAMPLES", "5"))
STEPS = int(os.environ.get("SOAK_STEPS", "25"))
LONG = "SOAK_EXAMPLES" in os.environ

DAYS = st.integers(0, 6)
QUARTERS = st.integers(0, 39)
PICK = st.integers(0, 1_000_000)


class Desk(RuleBasedStateMachine):
    """One small site: two physicians, one centrifuge, so that nearly everything is in somebody's way."""

    ward: Ward
    patients: list[Patient]
    orders: list[Order]
    manager: Any

    @initialize()
    def open_the_clinic(self) -> None:
        clock.set_offset(dt.timedelta(0))
        self.ward = treatments.ward(physicians=2, nurses=1, rooms=1, chairs=1, centrifuges=1, bays=1)
        self.manager = clinic.staff(Role.MANAGER, at=self.ward.house.site)
        self.patients = [clinic.patient() for _ in range(4)]
        self.orders = [treatments.order(self.ward, patient) for patient in self.patients[:2]]
        self.offset = dt.timedelta(0)
        for number in range(6):
            self.book(who=number, kind="consultation", day=1 + number // 2, quarter=8 + 3 * (number % 2))
        for number in range(3):
            self.wait(who=number + 1, kind="consultation", urgency=number + 1)

    # What the desk does

    @rule(
        who=PICK, kind=st.sampled_from(["consultation", "review", "prp_session"]), day=DAYS, quarter=QUARTERS
    )
    def book(self, who: int, kind: str, day: int, quarter: int) -> None:
        request = self._request(who, kind, day, quarter)
        self._try(booking.book, request=request, by=self.ward.desk)

    @rule(which=PICK, day=DAYS, quarter=QUARTERS)
    def move(self, which: int, day: int, quarter: int) -> None:
        if visit := self._visit(which):
            self._try(moves.move, appointment_id=visit, start=self._at(day, quarter), by=self.ward.desk)

    @rule(which=PICK)
    def cancel(self, which: int) -> None:
        if visit := self._visit(which):
            self._try(endings.cancel, appointment_id=visit, reason="patient_unwell", by=self.ward.desk)

    @rule(which=PICK)
    def confirm(self, which: int) -> None:
        if visit := self._visit(which):
            self._try(endings.confirm, appointment_id=visit, by=self.ward.desk)

    @rule(which=PICK)
    def no_show(self, which: int) -> None:
        if visit := self._visit(which, begun=True):
            self._try(endings.no_show, appointment_id=visit, by=self.ward.desk)

    @rule(which=PICK)
    def take_back(self, which: int) -> None:
        changes = VisitChange.objects.filter(site=self.ward.house.site).order_by("-at")[:6]
        if found := list(changes.values_list("pk", flat=True)):
            self._try(undoing.undo, change_id=found[which % len(found)], by=self.ward.desk)

    @rule(who=PICK, day=DAYS, quarter=QUARTERS, hours=st.integers(1, 20))
    def pencil(self, who: int, day: int, quarter: int, hours: int) -> None:
        request = self._request(who, "consultation", day, quarter)
        until = clock.now() + dt.timedelta(hours=hours)
        self._try(holds.pencil, request=request, until=until, by=self.ward.desk)

    @rule(which=PICK, keep=st.booleans())
    def answer_pencilled(self, which: int, keep: bool) -> None:
        rows = Hold.objects.filter(site=self.ward.house.site).order_by("pk")
        if found := list(rows.values_list("pk", flat=True)):
            service = holds.book_held if keep else holds.release
            self._try(service, hold_id=found[which % len(found)], by=self.ward.desk)

    @rule(who=PICK, day=DAYS, quarter=QUARTERS)
    def squeeze_in(self, who: int, day: int, quarter: int) -> None:
        on = self.ward.house.resources["physician"][who % 2].pk
        request = self._request(who, "review", day, quarter)
        self._try(squeeze.squeeze_in, request=request, on=on, by=self.manager)

    @rule(which=PICK, who=PICK)
    def change_patient(self, which: int, who: int) -> None:
        if visit := self._visit(which):
            self._try(
                corrections.change_patient,
                appointment_id=visit,
                patient_id=self._patient(who).pk,
                by=self.ward.desk,
            )

    @rule(which=PICK, minutes=st.integers(5, 60))
    def rings_to_be_late(self, which: int, minutes: int) -> None:
        if visit := self._visit(which):
            expected = Appointment.objects.get(pk=visit).period.lower + dt.timedelta(minutes=minutes)
            self._try(corrections.late, appointment_id=visit, expected=expected, by=self.ward.desk)

    # The waitlist

    @rule(who=PICK, kind=st.sampled_from(["consultation", "review"]), urgency=st.integers(1, 3))
    def wait(self, who: int, kind: str, urgency: int) -> None:
        self._try(
            waitlist.add,
            patient_id=self._patient(who).pk,
            site_id=self.ward.house.site.pk,
            visit_type_id=self.ward.house.visit(kind).pk,
            wish=waitlist.Wish(urgency=urgency, notice_hours=0),
            by=self.ward.desk,
        )

    @rule(which=PICK)
    def wait_for_earlier(self, which: int) -> None:
        if visit := self._visit(which):
            self._try(
                waitlist.add,
                patient_id=Appointment.objects.get(pk=visit).patient_id,
                site_id=self.ward.house.site.pk,
                appointment_id=visit,
                wish=waitlist.Wish(notice_hours=0),
                by=self.ward.desk,
            )

    @rule()
    def tick(self) -> None:
        offering.run(by=BY)

    @rule(which=PICK, answer=st.sampled_from([offers.accept, offers.accept, offers.decline, offers.withdraw]))
    def answer_offer(self, which: int, answer: Any) -> None:
        rows = Offer.objects.filter(site=self.ward.house.site).order_by("status", "pk")
        if found := list(rows.values_list("pk", flat=True)):
            self._try(answer, offer_id=found[which % len(found)], by=self.ward.desk)

    @rule(which=PICK, again=st.booleans())
    def leave_the_list(self, which: int, again: bool) -> None:
        rows = WaitlistEntry.objects.filter(site=self.ward.house.site).order_by("pk")
        if found := list(rows.values_list("pk", flat=True)):
            service = waitlist.wait_again if again else waitlist.withdraw
            self._try(service, entry_id=found[which % len(found)], by=self.ward.desk)

    # The day

    @rule(which=PICK)
    def arrive(self, which: int) -> None:
        if visit := self._visit(which):
            self._try(progress.arrive, appointment_id=visit, by=self.ward.nurse)

    @rule(which=PICK, taps=st.integers(1, 6))
    def advance(self, which: int, taps: int) -> None:
        if visit := self._visit(which):
            for _ in range(taps):
                self._try(progress.advance, appointment_id=visit, by=self.ward.nurse)

    @rule(which=PICK)
    def undo_tap(self, which: int) -> None:
        if visit := self._visit(which):
            self._try(progress.undo, appointment_id=visit, by=self.ward.nurse)

    @rule(which=PICK)
    def not_done(self, which: int) -> None:
        if visit := self._visit(which):
            self._try(progress.not_done, appointment_id=visit, reason="not_fit", by=self.ward.nurse)

    # What makes time scarcer

    @rule(which=PICK, day=DAYS, accept=st.booleans())
    def take_off(self, which: int, day: int, accept: bool) -> None:
        everybody = [row for rows in self.ward.house.resources.values() for row in rows]
        start = self._at(day, 0)
        self._try(
            absences.take_off,
            by=self.manager,
            site_id=self.ward.house.site.pk,
            resource_id=everybody[which % len(everybody)].pk,
            start=start,
            end=start + dt.timedelta(hours=4),
            accept=accept,
        )

    @rule(which=PICK)
    def back_again(self, which: int) -> None:
        rows = TimeOff.objects.filter(resource__in=self._resource_ids(), ended_at__isnull=True).order_by("pk")
        if found := list(rows.values_list("pk", flat=True)):
            self._try(
                absences.end,
                by=self.manager,
                site_id=self.ward.house.site.pk,
                time_off_id=found[which % len(found)],
            )

    @rule(day=DAYS, accept=st.booleans())
    def close(self, day: int, accept: bool) -> None:
        start = self._at(day, 0)
        self._try(
            closures.close,
            by=self.manager,
            site_id=self.ward.house.site.pk,
            start=start,
            end=start + dt.timedelta(hours=1),
            name="Training",
            accept=accept,
        )

    # Courses

    @rule(which=PICK, day=DAYS)
    def book_course(self, which: int, day: int) -> None:
        order = self.orders[which % len(self.orders)]
        order.refresh_from_db()
        proposed = self._try(
            proposing.propose, by=self.ward.desk, order_id=order.pk, wishes=Wishes(self._at(day, 4))
        )
        steps = [step for step in proposed.steps if step.chosen] if proposed else []
        self._try(
            planning.book_course,
            by=self.ward.desk,
            order_id=order.pk,
            starts={step.number: step.chosen.start for step in steps},
            leads={step.number: step.chosen.lead_id for step in steps},
            request_key=uuid4(),
        )

    @rule(which=PICK, day=DAYS)
    def shift(self, which: int, day: int) -> None:
        rows = Appointment.objects.filter(
            site=self.ward.house.site, session_booking__is_open=True, status__in=MOVABLE
        )
        found = list(rows.order_by("period").values_list("pk", flat=True))
        if not found:
            return
        visit = found[which % len(found)]
        proposed = self._try(
            shifting.propose, by=self.ward.desk, appointment_id=visit, wishes=Wishes(self._at(day, 4))
        )
        steps = [step for step in proposed.steps if step.chosen] if proposed else []
        self._try(
            shifting.shift,
            by=self.ward.desk,
            appointment_id=visit,
            starts={step.number: step.chosen.start for step in steps},
            leads={step.number: step.chosen.lead_id for step in steps},
        )

    @rule(which=PICK, decision=st.sampled_from([Decision.CONTINUE, Decision.COMPLETE, Decision.STOP]))
    def decide(self, which: int, decision: Decision) -> None:
        course = self.orders[which % len(self.orders)].course
        injected = Course.objects.get(pk=course.pk).sessions.filter(injected_at__isnull=False).count()
        self._try(
            reviews.decide,
            by=self.ward.physician,
            course_id=course.pk,
            before_session=injected + 1,
            decision=decision,
            reason="As discussed",
        )

    @rule(which=PICK, number=st.integers(1, 4))
    def inject(self, which: int, number: int) -> None:
        course = self.orders[which % len(self.orders)].course
        self._try(treatments.inject, self.ward, course, number)

    # Time

    @rule(hours=st.integers(1, 30))
    def time_passes(self, hours: int) -> None:
        self.offset += dt.timedelta(hours=hours)
        clock.set_offset(self.offset)
        self._try(holds.tidy, by=BY)

    @invariant()
    def every_promise_is_kept(self) -> None:
        if hasattr(self, "ward"):
            found = [(one.check.name, one.keys) for one in integrity.find(site_id=self.ward.house.site.pk)]
            assert found == []

    # Inner

    def _try(self, service: Any, *args: Any, **kwargs: Any) -> Any:
        """A refusal is an answer; any other error is a bug."""
        try:
            value = service(*args, **kwargs)
        except DomainError:
            return None
        event(f"{service.__name__} done")
        return value

    def _patient(self, who: int) -> Patient:
        return self.patients[who % len(self.patients)]

    def _request(self, who: int, kind: str, day: int, quarter: int) -> VisitRequest:
        return VisitRequest(
            self._patient(who).pk,
            self.ward.house.visit(kind).pk,
            self.ward.house.site.pk,
            self._at(day, quarter),
            purpose=uuid4() if kind == "prp_session" else None,
            told=list(Told)[who % 3],
        )

    def _at(self, day: int, quarter: int) -> dt.datetime:
        return self.ward.at(day, 8) + dt.timedelta(minutes=15 * quarter)

    def _visit(self, which: int, *, begun: bool = False) -> Any:
        rows = Appointment.objects.filter(site=self.ward.house.site)
        if begun:
            rows = rows.filter(period__startswith__lte=clock.now())
        keys = list(rows.order_by("pk").values_list("pk", flat=True))
        return keys[which % len(keys)] if keys else None

    def _resource_ids(self) -> list[Any]:
        return [row.pk for rows in self.ward.house.resources.values() for row in rows]


@pytest.fixture
def still_clock(own_database: Database) -> Any:
    yield
    clock.set_offset(dt.timedelta(0))


def test_every_promise_is_kept_in_any_order(still_clock: None) -> None:
    run_state_machine_as_test(
        Desk,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=not LONG,
            database=None,
            phases=[Phase.generate, *([Phase.shrink] if LONG else [])],
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
