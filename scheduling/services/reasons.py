"""Why a start is not offered: each cause with the time from which it would be gone. Picker, grid and clashes ask it."""

import datetime as dt
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic import clock
from scheduling import rules
from scheduling.intervals import minute
from scheduling.rules import StartRequest
from scheduling.selectors import calendar as calendars
from scheduling.selectors.calendar import Calendar
from scheduling.selectors.obstacles import Cause, clock_time, obstacles

_AHEAD = dt.timedelta(days=7)
"""How far to look for the time from which a cause would be gone."""


def causes(
    *,
    visit_type_id: UUID,
    site_id: UUID,
    start: dt.datetime,
    patient_id: UUID | None = None,
    lead_id: UUID | None = None,
    purpose: UUID | None = None,
    appointment_id: UUID | None = None,
    hold_id: UUID | None = None,
) -> list[Cause]:
    """Every cause for which this start is not offered, first what no other clinician or room would change.

    Empty when it can be booked. A constant number of queries. Raises NotFound.
    """
    now = clock.now()
    start = start.replace(second=0, microsecond=0)
    calendar = calendars.load(
        visit_type_id=visit_type_id,
        site_id=site_id,
        earliest=start,
        latest=start + _AHEAD,
        now=now,
        patient_id=patient_id,
        appointment_id=appointment_id,
        hold_id=hold_id,
    )
    if start < now.replace(second=0, microsecond=0):
        return [Cause("past", _("This time has passed."))]
    request = StartRequest(site_id, visit_type_id, (start,), patient_id, appointment_id, purpose)
    return [
        *_by_the_type(calendar, start, now),
        *obstacles(calendar, minute(start), lead_id),
        *(Cause(refusal.code, refusal.words) for refusal in rules.ask([request])),
    ]


def why_not(
    *,
    visit_type_id: UUID,
    site_id: UUID,
    start: dt.datetime,
    patient_id: UUID | None = None,
    lead_id: UUID | None = None,
    purpose: UUID | None = None,
    appointment_id: UUID | None = None,
    hold_id: UUID | None = None,
) -> list[str]:
    """The sentences of `causes`."""
    found = causes(
        visit_type_id=visit_type_id,
        site_id=site_id,
        start=start,
        patient_id=patient_id,
        lead_id=lead_id,
        purpose=purpose,
        appointment_id=appointment_id,
        hold_id=hold_id,
    )
    return list(dict.fromkeys(cause.words for cause in found))


def missing(calendar: Calendar, start: dt.datetime, lead_id: UUID | None = None) -> list[str]:
    """What is taken or closed at this start, in sentences; empty when a team can be found."""
    return [cause.words for cause in obstacles(calendar, minute(start), lead_id)]


def _by_the_type(calendar: Calendar, start: dt.datetime, now: dt.datetime) -> list[Cause]:
    """Notice, horizon and grid of the visit type."""
    kind, found = calendar.rules, []
    first, last = kind.first(now), kind.last(now)
    if start < first:
        words = _("This kind of visit is booked ahead of time: the earliest start is %(time)s.")
        when = clock_time(calendar, _rounded_up(first), near=minute(start))
        found.append(Cause("notice", words % {"time": when}, _rounded_up(first)))
    if start > last:
        words = ngettext(
            "This kind of visit is booked at most %(days)s day ahead.",
            "This kind of visit is booked at most %(days)s days ahead.",
            kind.horizon_days,
        )
        found.append(Cause("horizon", words % {"days": kind.horizon_days}))
    if not kind.is_on_grid(start.astimezone(calendar.zone)):
        following = start
        while not kind.is_on_grid(following.astimezone(calendar.zone)):
            following += dt.timedelta(minutes=1)
        words = _("This kind of visit is offered every %(minutes)s minutes: next at %(time)s.")
        when = clock_time(calendar, following, near=minute(start))
        found.append(Cause("grid", words % {"minutes": kind.grid_minutes, "time": when}, following))
    return found


def _rounded_up(instant: dt.datetime) -> dt.datetime:
    whole = instant.replace(second=0, microsecond=0)
    return whole if whole == instant else whole + dt.timedelta(minutes=1)
