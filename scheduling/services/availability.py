"""Where a visit can start: free for every requirement, refused by no start rule, and why not where it cannot."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import clock
from scheduling import intervals, policies, rules
from scheduling.enums import RefusalLevel
from scheduling.models import Requirement, Resource
from scheduling.rules import Refusal, StartRequest
from scheduling.selectors import calendar as calendars
from scheduling.selectors.calendar import Calendar, Span, instant, minute, minute_up


@dataclass(frozen=True, slots=True)
class TeamMember:
    """One resource for one requirement, with its offsets in minutes from the start of the visit."""

    resource_id: UUID
    requirement: Requirement
    before: int
    """Minutes kept free before the span."""
    after: int
    """Minutes kept free after it."""

    @classmethod
    def of(cls, resource: Resource, requirement: Requirement) -> "TeamMember":
        before, after = policies.kept_free(
            turnover=requirement.turnover,
            resource_setup=resource.setup_minutes,
            resource_turnover=resource.turnover_minutes,
        )
        return cls(resource.pk, requirement, before, after)

    @property
    def offset(self) -> int:
        return self.requirement.offset

    @property
    def blocks(self) -> tuple[int, int]:
        """What the resource takes nothing else in, in minutes from the start of the visit."""
        end = self.requirement.offset + self.requirement.minutes + self.after
        return self.requirement.offset - self.before, end

    def clashes(self, other: "TeamMember") -> bool:
        """Whether one resource would have to be in two places at once, what is kept free included."""
        (low, high), (begin, end) = self.blocks, other.blocks
        return self.resource_id == other.resource_id and low < end and begin < high


@dataclass(frozen=True, slots=True)
class Slot:
    """A start that can be booked now. Warnings must be accepted by somebody who may."""

    start: dt.datetime
    end: dt.datetime
    lead: Resource | None
    team: tuple[TeamMember, ...]
    warnings: tuple[Refusal, ...] = ()


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
    limit: int | None = None,
) -> list[Slot]:
    """Every start on the grid in `[earliest, latest)` that can be booked, first ones first.

    Notice and horizon of the visit type are applied. A constant number of queries, whatever the window.
    The answer is a view of this instant: nothing is held by asking.
    """
    calendar = _load(visit_type_id, site_id, earliest, latest, patient_id, appointment_id)
    request = StartRequest(site_id, visit_type_id, (), patient_id, appointment_id, purpose)
    starts = [instant(at) for at in calendar.on_grid(calendar.free(lead_id))]
    refusals = _refusals(starts, request)
    slots: list[Slot] = []
    length = dt.timedelta(minutes=calendar.visit_type.minutes)
    for start in starts:
        if any(refusal.level == RefusalLevel.BLOCK for refusal in refusals[start]):
            continue
        team = team_at(calendar, start, lead_id)
        if team is not None:
            lead = next(
                (calendar.resources[member.resource_id] for member in team if member.requirement.is_lead),
                None,
            )
            slots.append(Slot(start, start + length, lead, team, tuple(refusals[start])))
        if limit is not None and len(slots) == limit:
            break
    return slots


def nearest(
    *,
    visit_type_id: UUID,
    site_id: UUID,
    around: dt.datetime,
    patient_id: UUID | None = None,
    lead_id: UUID | None = None,
    purpose: UUID | None = None,
    appointment_id: UUID | None = None,
    count: int = 3,
    days: int = 14,
) -> list[Slot]:
    """The free starts nearest to an instant, in time order."""
    reach = dt.timedelta(days=days)
    slots = free_starts(
        visit_type_id=visit_type_id,
        site_id=site_id,
        earliest=around - reach,
        latest=around + reach,
        patient_id=patient_id,
        lead_id=lead_id,
        purpose=purpose,
        appointment_id=appointment_id,
    )
    return sorted(
        sorted(slots, key=lambda slot: abs(slot.start - around))[:count], key=lambda slot: slot.start
    )


def team_at(
    calendar: Calendar, start: dt.datetime, lead_id: UUID | None = None
) -> tuple[TeamMember, ...] | None:
    """Resources for every requirement at this start, or None.

    Two requirements of one kind whose spans meet need different resources: tried with backtracking, which
    is cheap because a visit asks for a handful. Equal choices go by position.
    """
    at = minute(start)
    wanted = [span for span in calendar.spans for _unit in range(span.requirement.count)]
    return _assign(calendar, at, wanted, lead_id, ())


def why_not(
    *,
    visit_type_id: UUID,
    site_id: UUID,
    start: dt.datetime,
    patient_id: UUID | None = None,
    lead_id: UUID | None = None,
    purpose: UUID | None = None,
    appointment_id: UUID | None = None,
) -> list[str]:
    """Why this start is not offered, in sentences; empty when it can be booked."""
    now = clock.now()
    calendar = calendars.load(
        visit_type_id=visit_type_id,
        site_id=site_id,
        earliest=start,
        latest=start + dt.timedelta(minutes=1),
        now=now,
        patient_id=patient_id,
        appointment_id=appointment_id,
    )
    if start < now:
        return [_("This time has passed.")]
    sentences = missing(calendar, start, lead_id)
    request = StartRequest(site_id, visit_type_id, (start,), patient_id, appointment_id, purpose)
    return sentences + [refusal.words for refusal in rules.ask([request])]


def missing(calendar: Calendar, start: dt.datetime, lead_id: UUID | None = None) -> list[str]:
    """What is taken or closed at this start, a sentence a kind of resource."""
    at = minute(start)
    sentences = []
    length = calendar.visit_type.minutes
    if any(low < at + length and at < high for low, high in calendar.patient_busy):
        sentences.append(_("The patient has another visit at that time."))
    for span in calendar.spans:
        ids = calendar.candidates(span, lead_id)
        free = [key for key in ids if intervals.contains(calendar.starts_on(span, key), at)]
        if len(free) < span.requirement.count:
            sentences.append(_sentence(calendar, span, ids, at))
    if not sentences and team_at(calendar, start, lead_id) is None:
        sentences.append(_("There are not enough different resources of one kind at that time."))
    return list(dict.fromkeys(sentences))


def _sentence(calendar: Calendar, span: Span, ids: Sequence[UUID], at: int) -> str:
    begin, end = at + span.offset, at + span.offset + span.minutes
    in_hours = [
        key for key in ids if any(low <= begin and end <= high for low, high in calendar.open.get(key, []))
    ]
    if not in_hours:
        names = ", ".join(calendar.resources[key].name for key in ids) or span.requirement.kind.name
        return _("%(names)s: not working or closed at that time.") % {"names": names}
    names = ", ".join(calendar.resources[key].name for key in in_hours)
    until = min(
        (
            high
            for key in in_hours
            for low, high in calendar.busy.get(key, [])
            if low < end + calendar.kept_free(span, key)[1]
            and begin - calendar.kept_free(span, key)[0] < high
        ),
        default=end,
    )
    local = instant(until).astimezone(calendar.zone)
    return _("%(names)s: taken until %(time)s.") % {"names": names, "time": f"{local:%H:%M}"}


def _load(
    visit_type_id: UUID,
    site_id: UUID,
    earliest: dt.datetime,
    latest: dt.datetime,
    patient_id: UUID | None,
    appointment_id: UUID | None,
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
    )
    calendar.earliest = max(calendar.earliest, minute_up(calendar.rules.first(now)))
    calendar.latest = min(calendar.latest, minute(calendar.rules.last(now)))
    return calendar


def _refusals(starts: Sequence[dt.datetime], request: StartRequest) -> dict[dt.datetime, list[Refusal]]:
    """The rules are asked once for all starts."""
    refusals: dict[dt.datetime, list[Refusal]] = defaultdict(list)
    for refusal in rules.ask([replace(request, starts=tuple(starts))]) if starts else []:
        refusals[refusal.start].append(refusal)
    return refusals


def _assign(
    calendar: Calendar, at: int, wanted: Sequence[Span], lead_id: UUID | None, team: tuple[TeamMember, ...]
) -> tuple[TeamMember, ...] | None:
    if not wanted:
        return team
    span, *rest = wanted
    for key in calendar.candidates(span, lead_id):
        member = TeamMember.of(calendar.resources[key], span.requirement)
        if not intervals.contains(calendar.starts_on(span, key), at) or any(map(member.clashes, team)):
            continue
        complete = _assign(calendar, at, rest, lead_id, (*team, member))
        if complete is not None:
            return complete
    return None
