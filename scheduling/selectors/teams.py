"""Who and what serves one start: a different resource for each two needs that meet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from scheduling import policies
from scheduling.models import Requirement, Resource
from scheduling.selectors.calendar import Calendar, Span

Options = tuple[tuple[UUID, ...], ...]
"""For each unit that is needed, the resources that could serve it."""


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


def team_at(calendar: Calendar, at: int, lead_id: UUID | None = None) -> tuple[TeamMember, ...] | None:
    """Resources for every requirement at this minute, or None. Equal choices go by position."""
    units = [span for span in calendar.spans for _unit in range(span.requirement.count)]
    chosen = choose(calendar, units, options(calendar, units, at, lead_id))
    if chosen is None:
        return None
    return tuple(
        TeamMember.of(calendar.resources[key], span.requirement)
        for span, key in zip(units, chosen, strict=True)
    )


def options(calendar: Calendar, units: Iterable[Span], at: int, lead_id: UUID | None) -> Options:
    return tuple(
        tuple(key for key in calendar.candidates(span, lead_id) if calendar.serves(span, key, at))
        for span in units
    )


def choose(calendar: Calendar, units: Sequence[Span], options: Options) -> tuple[UUID, ...] | None:
    """One resource for each unit, none in two places at once; None where no such choice exists.

    Backtracking, which is cheap because a visit asks for a handful. Units of one requirement are alike, so each
    looks only behind the one before it: without that, five needed of four free would be tried in every order.
    """
    chosen: list[UUID] = []

    def fits(index: int, key: UUID) -> bool:
        low, high = blocks(calendar, units[index], key)
        for other, taken in zip(units, chosen, strict=False):
            if taken == key:
                begin, end = blocks(calendar, other, key)
                if low < end and begin < high:
                    return False
        return True

    def complete(index: int) -> bool:
        if index == len(units):
            return True
        choices = options[index]
        if index and units[index] is units[index - 1]:
            choices = choices[choices.index(chosen[-1]) + 1 :]
        for key in choices:
            if fits(index, key):
                chosen.append(key)
                if complete(index + 1):
                    return True
                chosen.pop()
        return False

    return tuple(chosen) if complete(0) else None


def blocks(calendar: Calendar, span: Span, resource_id: UUID) -> tuple[int, int]:
    """What serving this span keeps of that resource, in minutes from the start of the visit."""
    before, after = calendar.kept_free(span, resource_id)
    return span.offset - before, span.offset + span.minutes + after
