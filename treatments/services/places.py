"""Where each session of a course could go: what a person has decided, where its visit stands, or all that is free."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from uuid import UUID

from django.utils.translation import gettext as _

from treatments.policies.course_plan import Candidate, Place
from treatments.services.horizon import Horizon
from treatments.services.proposals import Moving, Past, Wanted


@dataclass
class Places:
    """The candidates of each session, and a note for each decision that could not be kept."""

    free: Horizon
    usual: dt.time
    """The time of day that the patient is used to."""
    wanted: Wanted
    moving: Mapping[int, Moving]
    notes: dict[int, str] = field(default_factory=dict)

    def of(self, numbers: Sequence[int], past: Sequence[Past]) -> list[Place]:
        """In order of the sessions: fixed points for the `past` ones, and for the others what could be chosen."""
        everything = self.free.candidates(self.usual)
        places = [
            Place(each.number, [self._fixed(each.start, each.lead.pk if each.lead else None)], is_fixed=True)
            for each in past
        ]
        for number in numbers:
            if number not in self.wanted.left_out:
                fixed = self._fixed_for(number)
                candidates = fixed or self._with_its_own(number, everything)
                places.append(Place(number, candidates, is_fixed=bool(fixed)))
        return sorted(places, key=lambda place: place.number)

    def is_kept(self, number: int) -> bool:
        """Whether a person's decision for this session stands in the plan."""
        return number not in self.notes and (number in self.wanted.pinned or number in self.wanted.days)

    def _with_its_own(self, number: int, everything: list[Candidate]) -> list[Candidate]:
        """Where a visit stands already is a candidate too, and every other start disturbs it."""
        moving = self.moving.get(number)
        if moving is None or not moving.stays:
            return everything
        own = self._fixed(moving.at.start, moving.at.lead_id)
        others = [
            each._replace(disturbs=True)
            for each in everything
            if (each.day, each.lead) != (own.day, own.lead)
        ]
        return sorted([own, *others], key=attrgetter("start"))

    def _fixed_for(self, number: int) -> list[Candidate]:
        """What a person has decided for a session, where it can still be had."""
        if day := self.wanted.days.get(number):
            found = sorted(self.free.on_day(day, self.usual), key=lambda each: (each.minutes_off, each.start))
            if not found:
                self.notes[number] = _("Nothing is free on that day. This is the nearest that suits.")
            return sorted(found, key=lambda each: each.start)
        pin = self.wanted.pinned.get(number)
        if pin is None:
            return []
        if not self.free.is_free(pin):
            self.notes[number] = _("The time chosen before is not free any more.")
            return []
        leads = self.free.leads_at(pin.start) if pin.lead_id is None else [pin.lead_id]
        return [self._fixed(pin.start, lead) for lead in leads]

    def _fixed(self, start: dt.datetime, lead_id: UUID | None) -> Candidate:
        return Candidate(start.astimezone(self.free.zone).date().toordinal(), start, lead_id)
