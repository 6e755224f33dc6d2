"""Where a visit can start: free for every requirement, refused by no start rule.

The answer is a view of this instant: nothing is held by asking.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from clinic import clock
from scheduling import rules
from scheduling.enums import RefusalLevel
from scheduling.intervals import instant, minute, minute_up
from scheduling.models import Resource
from scheduling.rules import Refusal, StartRequest
from scheduling.selectors import calendar as calendars
from scheduling.selectors import openings as search
from scheduling.selectors import teams
from scheduling.selectors.calendar import Calendar
from scheduling.selectors.openings import Wish as Wish
from scheduling.selectors.teams import TeamMember as TeamMember
from scheduling.services.reasons import missing as missing
from scheduling.services.reasons import why_not as why_not


@dataclass(frozen=True, slots=True)
class Slot:
    """A start that can be booked now. Warnings must be accepted by somebody who may."""

    start: dt.datetime
    end: dt.datetime
    lead: Resource | None
    team: tuple[TeamMember, ...]
    warnings: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Openings:
    """Every start that can be booked now, in order, and the same for each clinician who could lead the visit."""

    starts: list[dt.datetime]
    by_lead: dict[UUID, list[dt.datetime]]
    leads: dict[UUID, Resource]
    warnings: Mapping[dt.datetime, Sequence[Refusal]]
    """Warnings must be accepted by somebody who may. Starts without any are not in it."""


def openings(
    *,
    visit_type_id: UUID,
    site_id: UUID,
    earliest: dt.datetime,
    latest: dt.datetime,
    patient_id: UUID | None = None,
    lead_id: UUID | None = None,
    purpose: UUID | None = None,
    appointment_id: UUID | None = None,
    also_moving: Collection[UUID] = (),
    hold_id: UUID | None = None,
    wish: Wish | None = None,
) -> Openings:
    """Every start on the grid in `[earliest, latest)` that can be booked, without choosing who would serve it.

    Three queries, and the start rules' own, whatever the window: a year may be asked for at once.
    Notice and horizon of the visit type are applied. Raises NotFound.
    """
    wish = _wish(wish, lead_id)
    calendar = _load(
        visit_type_id, site_id, earliest, latest, patient_id, appointment_id, hold_id, also_moving
    )
    request = StartRequest(site_id, visit_type_id, (), patient_id, appointment_id, purpose)
    by_lead = search.starts_by_lead(calendar, wish)
    if any(span.requirement.is_lead for span in calendar.spans):
        points = sorted(set().union(*by_lead.values()))
    else:
        points = search.starts(calendar, wish)
    starts = {at: instant(at) for at in points}
    refusals = _refusals(list(starts.values()), request)
    bookable = {at: start for at, start in starts.items() if not _blocked(refusals.get(start, ()))}
    found = {key: [bookable[at] for at in each if at in bookable] for key, each in by_lead.items()}
    return Openings(
        starts=list(bookable.values()),
        by_lead={key: each for key, each in found.items() if each},
        leads={key: calendar.resources[key] for key, each in found.items() if each},
        warnings={start: refusals[start] for start in bookable.values() if start in refusals},
    )


def free_starts(
    *,
    visit_type_id: UUID,
    site_id: UUID,
    earliest: dt.datetime,
    latest: dt.datetime,
    patient_id: UUID | None = None,
    lead_id: UUID | None = None,
    purpose: UUID | None = None,
    appointment_id: UUID | None = None,
    hold_id: UUID | None = None,
    wish: Wish | None = None,
    limit: int | None = None,
) -> list[Slot]:
    """The starts of `openings` with a team each, first ones first; a team is chosen for the first `limit` only.

    A constant number of queries, whatever the window. Raises NotFound.
    """
    if limit is not None and limit < 1:
        return []
    wish = _wish(wish, lead_id)
    calendar = _load(visit_type_id, site_id, earliest, latest, patient_id, appointment_id, hold_id)
    request = StartRequest(site_id, visit_type_id, (), patient_id, appointment_id, purpose)
    starts = [instant(at) for at in search.starts(calendar, wish)]
    refusals = _refusals(starts, request)
    bookable = [start for start in starts if not _blocked(refusals.get(start, ()))]
    return [slot_at(calendar, start, wish.lead_id, refusals.get(start, ())) for start in bookable[:limit]]


def nearest(
    *,
    visit_type_id: UUID,
    site_id: UUID,
    around: dt.datetime,
    patient_id: UUID | None = None,
    lead_id: UUID | None = None,
    purpose: UUID | None = None,
    appointment_id: UUID | None = None,
    hold_id: UUID | None = None,
    wish: Wish | None = None,
    count: int = 3,
    days: int = 14,
) -> list[Slot]:
    """The free starts nearest to an instant, in time order."""
    reach = dt.timedelta(days=days)
    wish = _wish(wish, lead_id)
    calendar = _load(
        visit_type_id, site_id, around - reach, around + reach, patient_id, appointment_id, hold_id
    )
    request = StartRequest(site_id, visit_type_id, (), patient_id, appointment_id, purpose)
    starts = sorted(map(instant, search.starts(calendar, wish)), key=lambda start: abs(start - around))
    refusals = _refusals(starts, request)
    bookable = [start for start in starts if not _blocked(refusals.get(start, ()))]
    return [
        slot_at(calendar, start, wish.lead_id, refusals.get(start, ())) for start in sorted(bookable[:count])
    ]


def slot_at(
    calendar: Calendar, start: dt.datetime, lead_id: UUID | None, refusals: Sequence[Refusal]
) -> Slot:
    """A start that the search has found, with the team that would serve it."""
    team = team_at(calendar, start, lead_id)
    if team is None:
        raise RuntimeError("a start without a team was offered")
    lead = next((member.resource_id for member in team if member.requirement.is_lead), None)
    return Slot(
        start=start,
        end=start + dt.timedelta(minutes=calendar.visit_type.minutes),
        lead=calendar.resources[lead] if lead else None,
        team=team,
        warnings=tuple(refusals),
    )


def team_at(
    calendar: Calendar, start: dt.datetime, lead_id: UUID | None = None
) -> tuple[TeamMember, ...] | None:
    """Resources for every requirement at this start, or None. Two that meet are served by different ones."""
    return teams.team_at(calendar, minute(start), lead_id)


def _load(
    visit_type_id: UUID,
    site_id: UUID,
    earliest: dt.datetime,
    latest: dt.datetime,
    patient_id: UUID | None,
    appointment_id: UUID | None,
    hold_id: UUID | None,
    also_moving: Collection[UUID] = (),
) -> Calendar:
    now = clock.now()
    calendar = calendars.load(
        visit_type_id=visit_type_id,
        site_id=site_id,
        earliest=max(earliest, now),
        latest=latest,
        now=now,
        patient_id=patient_id,
        appointment_id=appointment_id,
        also_moving=also_moving,
        hold_id=hold_id,
    )
    first, last = calendar.rules.first(now), calendar.rules.last(now)
    calendar.narrow(earliest=minute_up(first), latest=minute(last) + 1)
    return calendar


def _wish(wish: Wish | None, lead_id: UUID | None) -> Wish:
    if wish is None:
        return Wish(lead_id=lead_id)
    return wish if lead_id is None else replace(wish, lead_id=lead_id)


def _refusals(starts: Sequence[dt.datetime], request: StartRequest) -> dict[dt.datetime, list[Refusal]]:
    """The rules are asked once for all starts."""
    refusals: dict[dt.datetime, list[Refusal]] = defaultdict(list)
    for refusal in rules.ask([replace(request, starts=tuple(starts))]) if starts else []:
        refusals[refusal.start].append(refusal)
    return dict(refusals)


def _blocked(refusals: Sequence[Refusal]) -> bool:
    return any(refusal.level == RefusalLevel.BLOCK for refusal in refusals)
