"""A visit as a card of the board: what its row says, and beside it where it goes next and what the clock makes of it."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from heroicons.templatetags.heroicons import heroicon_outline

from scheduling.enums import AppointmentStatus, Told
from scheduling.models import Appointment
from scheduling.selectors import calls, names, strip
from scheduling.selectors.delays import Outlook
from scheduling.views.rows import Row, minutes_between

_MARKED_FROM = 5  # minutes of likely delay from which the card of somebody who is to come says so
_MARKED_HERE_FROM = 10  # and of somebody who is here


@dataclass(frozen=True)
class Later:
    """What will likely begin later than planned: the whole visit of somebody not here, or the next stage."""

    name: str
    start: dt.datetime
    planned: dt.datetime
    minutes: int


@dataclass(frozen=True)
class Card(Row):
    outlook: Outlook = field(default_factory=Outlook)

    @cached_property
    def due(self) -> dt.datetime:
        """When the patient means to come: as planned, as they said, or as we told them."""
        times = (self.start, self.visit.expected_at, self.outlook.told)
        return max(each for each in times if each is not None)

    @property
    def late(self) -> int:
        """Minutes since the patient meant to be here."""
        return minutes_between(self.due, self.now) if self.is_expected and self.is_today else 0

    @property
    def is_expected(self) -> bool:
        return self.status in (AppointmentStatus.BOOKED, AppointmentStatus.CONFIRMED)

    @property
    def said_later(self) -> dt.datetime | None:
        """The later start that the patient announced, or was told by us."""
        return self.due if self.is_expected and self.due > self.start else None

    @cached_property
    def following(self) -> Any:
        """The next stage that has not begun."""
        return next((step for step in self.steps if step.started_at is None), None)

    @cached_property
    def later(self) -> Later | None:
        """The next thing that will likely be late through us, where the patient does not know it yet."""
        if self.following is None or self.place in ("done", "off"):
            return None
        late = [(step, self.outlook.late(step)) for step in self.steps if step.code in self.outlook.likely]
        enough = _MARKED_FROM if self.is_expected else _MARKED_HERE_FROM
        step, minutes = next(((step, late) for step, late in late if late >= enough), (None, 0))
        if step is None:
            return None
        likely = self.outlook.likely[step.code]
        if self.is_expected and self.outlook.told is not None and likely <= self.outlook.told:
            return None
        return Later(step.name if len(self.steps) > 1 else "", likely, step.planned_start, minutes)

    @cached_property
    def to(self) -> str:
        """Who and what waits for the patient at the next stage."""
        if self.following is None or self.place in ("done", "off", "expected"):
            return ""
        held = calls.held_from(self.visit, self.following)
        return ", ".join(dict.fromkeys(row.resource.name for row in held))

    @property
    def planned(self) -> dt.datetime | None:
        """The plan beside the fact: when what goes on now was to begin, or for who is done, when it was to end."""
        if self.running is not None:
            start: dt.datetime = self.running.planned_start
            return start
        return self.end if self.place == "done" else None

    @property
    def ended(self) -> dt.datetime | None:
        return max((step.ended_at for step in self.steps if step.ended_at), default=None)

    @property
    def is_provisional(self) -> bool:
        return self.status == AppointmentStatus.PROVISIONAL

    @property
    def is_untold(self) -> bool:
        """Booked, and nobody has told the patient."""
        return self.is_expected and self.visit.told == Told.NOBODY

    @property
    def is_squeezed(self) -> bool:
        return self.visit.squeezed_on_id is not None

    @property
    def wants_attention(self) -> bool:
        return bool(self.late or self.overdue or self.waits_long)


def icons() -> dict[str, str]:
    """The icons of the cards, written once for all of them."""
    small = {
        "same": "exclamation-triangle",
        "squeezed": "user-plus",
        "provisional": "question-mark-circle",
        "untold": "bell-slash",
        "comes": "arrow-right",
        "later": "clock",
    }
    found = {name: heroicon_outline(icon, size=14) for name, icon in small.items()}
    return found | {"undo": heroicon_outline("arrow-uturn-left", size=18)}


def cards_of(
    found: Iterable[Appointment], outlooks: Mapping[UUID, Outlook], *, now: dt.datetime
) -> list[Card]:
    """Cards of today, in the order in which people come."""
    found = list(found)
    twice = names.alike({visit.patient_id: visit.patient for visit in found}.values())
    lights = strip.lights_of(found)
    cards = [
        Card(
            visit,
            now,
            True,
            namesake=visit.patient_id in twice,
            light=lights.get(visit.pk),
            outlook=outlooks.get(visit.pk, Outlook()),
        )
        for visit in found
    ]
    return sorted(cards, key=lambda card: card.due)
