"""Free starts for a page: by day, a few days at a time, with the one that was chosen."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import clock
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.models import Patient, Site
from clinic.permissions import can
from scheduling import panes, policies
from scheduling.forms.booking import PartOfDay
from scheduling.models import Appointment, Resource, VisitType
from scheduling.panes import MoveWarning
from scheduling.rules import Refusal
from scheduling.selectors import choices, names
from scheduling.selectors.openings import EVERY_DAY, Wish
from scheduling.services import availability
from scheduling.services.availability import Slot

DAYS_AT_ONCE = 5
DAYS_AT_MOST = 60
_REACHES = (10, 31, 93)  # days looked ahead, until enough days with free starts were found
_NOON = 12


@dataclass(frozen=True)
class Quest:
    """What somebody is looking for."""

    site: Site
    visit_type: VisitType
    earliest: dt.date
    patient: Patient | None = None
    lead: Resource | None = None
    part: str = PartOfDay.ANY
    weekdays: frozenset[int] = frozenset()
    """Monday = 0; empty: any day."""
    appointment_id: UUID | None = None
    purpose: UUID | None = None
    now_at: dt.datetime | None = None
    """Where the visit that is being moved stands now."""

    @property
    def wish(self) -> Wish:
        """What the patient would like, beside the first day."""
        noon = dt.time(_NOON)
        return Wish(
            lead_id=self.lead.pk if self.lead else None,
            weekdays=self.weekdays or EVERY_DAY,
            from_time=noon if self.part == PartOfDay.AFTERNOON else None,
            until_time=noon if self.part == PartOfDay.MORNING else None,
        )

    @property
    def asked(self) -> dict[str, Any]:
        return {
            "visit_type_id": self.visit_type.pk,
            "site_id": self.site.pk,
            "patient_id": self.patient.pk if self.patient else None,
            "lead_id": self.lead.pk if self.lead else None,
            "purpose": self.purpose,
            "appointment_id": self.appointment_id,
        }


def free_days(quest: Quest, *, count: int = DAYS_AT_ONCE) -> tuple[list[dict[str, Any]], bool]:
    """The first `count` days with free starts, for {% slots %}, and whether there may be more."""
    begin, _end = clock.day_bounds(quest.earliest, quest.site.zone)
    days: dict[dt.date, list[dt.datetime]] = {}
    warned: Collection[dt.datetime] = ()
    for reach in _REACHES:
        found = availability.openings(
            earliest=begin, latest=begin + dt.timedelta(days=reach), wish=quest.wish, **quest.asked
        )
        days, warned = defaultdict(list), found.warnings.keys()
        for start in found.starts:
            days[timezone.localtime(start).date()].append(start)
        if len(days) > count:
            break
    shown = sorted(days)[:count]
    return [
        {
            "day": day,
            "slots": [as_choice(start, warned=start in warned, now_at=quest.now_at) for start in days[day]],
            "note": _free(len(days[day])),
        }
        for day in shown
    ], len(days) > count


def first_other(quest: Quest, days: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The first free time that is not the one the visit has now."""
    shown = (choice for day in days for choice in day["slots"])
    return next((choice for choice in shown if choice["start"] != quest.now_at), None)


def nearest(quest: Quest, around: dt.datetime) -> list[dict[str, Any]]:
    """A few free starts near one that was lost, with their day where it is another one."""
    wanted_day = timezone.localtime(around).date()
    slots = availability.nearest(around=around, count=4, **quest.asked)
    return [
        as_choice(
            slot.start,
            warned=bool(slot.warnings),
            with_day=timezone.localtime(slot.start).date() != wanted_day,
        )
        for slot in slots
    ]


def chosen(quest: Quest, start: dt.datetime) -> tuple[Slot | None, list[str]]:
    """The start as it could be booked this very moment, or why it cannot."""
    slots = availability.free_starts(earliest=start, latest=start + dt.timedelta(minutes=1), **quest.asked)
    slot = next((slot for slot in slots if slot.start == start), None)
    return slot, [] if slot else availability.why_not(start=start, **quest.asked)


def places(slot: Slot) -> list[Resource]:
    """Who and what the visit would hold besides its lead, in the order of the visit."""
    ordered = sorted(slot.team, key=lambda member: member.offset)
    return choices.resources_in_order(
        [member.resource_id for member in ordered if not member.requirement.is_lead]
    )


def read_back(quest: Quest, slot: Slot, start: dt.datetime, by: Actor) -> dict[str, Any]:
    """What the page says of the time chosen: with whom, where, what stands against it, whose name is alike that day."""
    day = timezone.localtime(slot.start).date()
    alike = (
        names.same_names(site=quest.site, day=day, besides=quest.patient) if quest.patient is not None else ()
    )
    return {
        "quest": quest,
        "slot": slot,
        "start": start,
        "value": timezone.localtime(start).isoformat(timespec="minutes"),
        "why": None,
        "caution": as_caution(slot.warnings, by),
        "places": places(slot),
        "same_name": quest.patient is not None and quest.patient.pk in alike,
    }


def along(quest: Quest, start: dt.datetime) -> list[MoveWarning]:
    """What moving the visit there would do to those after it."""
    visit = Appointment.objects.filter(pk=quest.appointment_id).first() if quest.appointment_id else None
    if visit is None or start == quest.now_at:
        return []
    return panes.move_warnings(visit, start, quest.lead.pk if quest.lead else None)


def busy_leads(quest: Quest) -> list[Resource]:
    """On whom a visit could be queued: the clinician asked for, else all who lead such a visit."""
    if quest.lead is not None:
        return [quest.lead]
    return list(choices.leads(quest.site.pk, visit_type_id=quest.visit_type.pk))


def as_choice(
    start: dt.datetime, *, warned: bool, with_day: bool = False, now_at: dt.datetime | None = None
) -> dict[str, Any]:
    local = timezone.localtime(start)
    note = _("check") if warned else _("now") if start == now_at else ""
    return {
        "value": local.isoformat(timespec="minutes"),
        "label": f"{local:%H:%M}",
        "day": local.date() if with_day else None,
        "warned": warned,
        "note": note,
        "start": start,
    }


@dataclass(frozen=True)
class Caution:
    """Refusals of a start and whether this person may accept all of them."""

    refusals: Sequence[Refusal]
    may_accept: bool
    codes: str


def as_caution(refusals: Sequence[Refusal], by: Actor) -> Caution | None:
    if not refusals:
        return None
    accepted = all(
        policies.may_be_overridden(refusal.level, refusal.overridable_by)
        and can(by, refusal.overridable_by or Permission.BOOK)
        for refusal in refusals
    )
    return Caution(refusals, accepted, " ".join(sorted({refusal.code for refusal in refusals})))


def _free(count: int) -> str:
    return _("%(count)s free") % {"count": count}
