"""How often one level of a structure may be injected in a course."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from treatments.clinical_rules import TargetRule

Place = tuple[str, str]
"""Structure and level."""


@dataclass(frozen=True, slots=True)
class UsedUp:
    """A level that has had all the injections that the protocol allows in one course."""

    structure: str
    level: str
    injected: int
    most: int


def again(rules: Iterable[TargetRule], before: Mapping[Place, int], now: Iterable[Place]) -> list[UsedUp]:
    """Levels injected now that had been injected as often as the protocol allows already."""
    places = set(now)
    return [each for each in used_up(rules, before) if (each.structure, each.level) in places]


def used_up(rules: Iterable[TargetRule], injected: Mapping[Place, int]) -> list[UsedUp]:
    """Levels that are not injected again in this course. `injected` counts sessions by structure and level."""
    most = {rule.structure: rule.most_per_course for rule in rules if rule.most_per_course is not None}
    return [
        UsedUp(structure, level, count, most[structure])
        for (structure, level), count in sorted(injected.items())
        if structure in most and count >= most[structure]
    ]
