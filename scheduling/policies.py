"""What time and state allow: pure functions, handed their facts. `check_…` raises, the bool twin only shows or hides."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from clinic import clock
from clinic.enums import Permission
from clinic.exceptions import DomainError, IllegalMove, InvalidInput
from scheduling.enums import (
    APPOINTMENT_TRANSITIONS,
    APPOINTMENT_UNDO,
    AppointmentStatus,
    ChangeKind,
    HoldTerm,
    RefusalLevel,
)

MOVABLE = frozenset({AppointmentStatus.PROVISIONAL, AppointmentStatus.BOOKED, AppointmentStatus.CONFIRMED})

UNDOABLE = frozenset({ChangeKind.MOVED, ChangeKind.CANCELLED, ChangeKind.NO_SHOW})
"""Changes that can be taken back. What went out of the house with them is put right by a further mail."""


def check_transition(status: AppointmentStatus, to: AppointmentStatus, *, undo: bool = False) -> None:
    """Raise IllegalMove unless the table holds the move: the table of undos for an undo, and only for one."""
    table = APPOINTMENT_UNDO if undo else APPOINTMENT_TRANSITIONS
    if to not in table[status]:
        raise IllegalMove(
            _("This visit is “%(status)s”; it cannot become “%(to)s”.")
            % {"status": status.label.lower(), "to": to.label.lower()}
        )


def check_can_move(status: AppointmentStatus) -> None:
    if status not in MOVABLE:
        raise IllegalMove(
            _("Only a visit that has not begun can be moved; this one is “%(status)s”.")
            % {"status": status.label.lower()}
        )


def check_can_be_no_show(*, start: dt.datetime, now: dt.datetime) -> None:
    if now < start:
        raise DomainError(_("The patient can still come: the visit has not started."))


def check_can_undo(
    kind: ChangeKind, *, is_latest: bool, status: AppointmentStatus, ends: dt.datetime, now: dt.datetime
) -> None:
    """Only the latest change of a visit is taken back, and no visit is put back into time that is over.

    A no-show is corrected afterwards too: it says what happened, and tells nobody to come.
    """
    if kind not in UNDOABLE:
        raise IllegalMove(
            _("“%(change)s” cannot be taken back. Change the visit instead.") % {"change": kind.label}
        )
    if not is_latest:
        raise IllegalMove(_("The visit was changed again after that. Take back the latest change first."))
    if kind == ChangeKind.MOVED:
        check_can_move(status)
    if kind != ChangeKind.NO_SHOW and ends <= now:
        raise IllegalMove(_("That time has passed. Book a new visit instead."))


def check_can_change_patient(*, same: bool, purpose: UUID | None) -> None:
    """A visit of a course is the patient's own: its session cannot be somebody else's."""
    if same:
        raise InvalidInput(_("The visit is this patient's already."), field="patient")
    if purpose is not None:
        raise DomainError(
            _(
                "This visit belongs to a treatment course and cannot become somebody else's. Cancel it, then book anew."
            )
        )


def check_expected(*, expected: dt.datetime, start: dt.datetime, ends: dt.datetime) -> None:
    """Late is later than booked, and before the visit would be over."""
    if not start < expected < ends:
        raise InvalidInput(_("That is not late but another time: move the visit instead."), field="minutes")


def hold_until(term: HoldTerm, *, now: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """When a pencilled time is let go: tomorrow's noon is that of the site's wall clock."""
    if term == HoldTerm.TOMORROW:
        tomorrow = now.astimezone(zone).date() + dt.timedelta(days=1)
        return clock.local(tomorrow, dt.time(12), zone)
    return now + dt.timedelta(minutes=30 if term == HoldTerm.HALF_HOUR else 120)


def check_start(start: dt.datetime, *, now: dt.datetime) -> None:
    """A start is a whole minute that has not passed."""
    if start.tzinfo is None or start.second or start.microsecond:
        raise InvalidInput(_("A visit starts on a whole minute."), field="start")
    if start < now.replace(second=0, microsecond=0):
        raise InvalidInput(_("That time has passed."), field="start")


@dataclass(frozen=True, slots=True)
class BookingRules:
    """How a visit type is offered: on a grid of local wall time, between a shortest and a longest lead.

    Leads are counted in elapsed time from now, so no change of clock can lengthen or shorten them. The grid is
    what is offered; a start off the grid that the desk agrees on by phone is not refused for that.
    """

    grid_minutes: int
    notice_minutes: int
    horizon_days: int

    def first(self, now: dt.datetime) -> dt.datetime:
        """The earliest instant at which a visit may start."""
        return now + dt.timedelta(minutes=self.notice_minutes)

    def last(self, now: dt.datetime) -> dt.datetime:
        """The latest instant at which a visit may start."""
        return now + dt.timedelta(days=self.horizon_days)

    def is_on_grid(self, start: dt.datetime) -> bool:
        """`start` carries the site's zone: the grid is read from its wall clock."""
        return (start.hour * 60 + start.minute) % self.grid_minutes == 0

    def check_horizon(self, start: dt.datetime, *, now: dt.datetime) -> None:
        if start > self.last(now):
            raise InvalidInput(
                _("This kind of visit is booked at most %(days)s days ahead.") % {"days": self.horizon_days},
                field="start",
            )


def kept_free(*, turnover: int, resource_setup: int, resource_turnover: int) -> tuple[int, int]:
    """Minutes before and after a use in which the resource takes nothing else.

    The one place that says so: availability computes with it and booking writes it.
    """
    return resource_setup, max(turnover, resource_turnover)


def check_order(*, needs_order: bool, purpose: UUID | None) -> None:
    if needs_order and purpose is None:
        raise InvalidInput(_("This kind of visit is booked from a physician's order."), field="visit_type")


def may_be_overridden(level: RefusalLevel, overridable_by: Permission | None) -> bool:
    """A warning may be accepted by whoever books; a block only where the rule names who may."""
    return level == RefusalLevel.WARN or overridable_by is not None


PATIENTS_LOOK_AHEAD = dt.timedelta(days=28)
"""How far ahead patients choose a time by themselves."""


def patient_may_change(start: dt.datetime, *, now: dt.datetime, notice_hours: int) -> bool:
    """Whether patients still move this visit themselves; nearer than the site's notice they ask, and the desk calls."""
    return start - now >= dt.timedelta(hours=notice_hours)


def check_patient_may_change(start: dt.datetime, *, now: dt.datetime, notice_hours: int) -> None:
    if not patient_may_change(start, now=now, notice_hours=notice_hours):
        raise DomainError(_("The visit is too near to be moved through the link. Please call the clinic."))


def check_patient_may_take(
    start: dt.datetime, *, now: dt.datetime, rules: BookingRules, notice_hours: int, zone: ZoneInfo
) -> None:
    """A start that patients are offered: on the grid, neither too near nor too far. Raises InvalidInput."""
    soonest = max(rules.first(now), now + dt.timedelta(hours=notice_hours))
    latest = min(rules.last(now), now + PATIENTS_LOOK_AHEAD)
    if not soonest <= start <= latest or not rules.is_on_grid(start.astimezone(zone)):
        raise InvalidInput(_("Choose one of the times that are shown."), field="start")


TOLD_LATE_FROM = dt.timedelta(minutes=10)
_TOLD_IN_STEPS_OF = 5  # minutes


def start_to_tell(
    *, planned: dt.datetime, likely: dt.datetime, told: dt.datetime | None, now: dt.datetime
) -> dt.datetime | None:
    """The start to tell a patient who is not here yet, because we run late; None when there is nothing to tell.

    Told in whole five minutes, rounded down, so that we never wait for somebody whom we told to come late. Told
    from ten minutes on, again only when it grew by ten more, and never that it shrank: who was told 10:40 keeps
    10:40. Nothing is told once the start that the patient knows has passed: they are on their way.
    """
    known = told or planned
    if now >= known:
        return None
    start = planned + (likely - planned) // dt.timedelta(minutes=_TOLD_IN_STEPS_OF) * dt.timedelta(
        minutes=_TOLD_IN_STEPS_OF
    )
    return start if start - known >= TOLD_LATE_FROM else None
