"""The clinic's sites: the measured one as issue 3 describes it, the others smaller; and who serves which lane of a day."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from clinic.models import Site
from scheduling.models import Requirement, Resource, VisitType
from tests.bench.data.scale import Scale
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import House

MEASURED = "Measured"
TURNS = 12
"""Teams rotate: on the next day everybody serves the next lane."""
_ZONES = ("Europe/Berlin", "America/New_York", "Europe/Madrid", "America/Denver")


@dataclass(frozen=True, slots=True)
class Lane:
    """A row of visits of one type, one after the other, so that none of its resources is wanted twice at once."""

    house: House
    visit: str
    number: int
    slots: int
    minutes: int
    first: int
    """Minutes after 8:00 at which its first visit starts."""


Served = tuple[UUID, int, int, int, int, UUID]
"""Visit type, lane, turn, half of the day, requirement, resource."""


def open_all(scale: Scale) -> list[House]:
    """Every site with its people, rooms and equipment, through the clinic's own services."""
    measured = factory.house(
        site=clinic.site(name=MEASURED), physicians=12, nurses=8, rooms=6, chairs=10, centrifuges=6, bays=10
    )
    # Ten rooms in all: six for procedures, four for talking.
    for room in measured.resources["consulting_room"][4:]:
        Resource.objects.filter(pk=room.pk).update(is_active=False)
    others = [
        factory.house(
            site=clinic.site(name=f"Site {number}", time_zone=_ZONES[number % len(_ZONES)]),
            physicians=6,
            nurses=3,
            rooms=3,
            chairs=3,
            centrifuges=3,
            bays=3,
        )
        for number in range(2, scale.sites + 1)
    ]
    return [measured, *others]


def measured() -> House:
    """The measured site, read again from the built data."""
    site = Site.objects.get(name=MEASURED)
    house = House(site, visit_types={each.code: each for each in VisitType.objects.filter(site=site)})
    served_here = Q(site=site) | Q(hours__site=site)
    for resource in Resource.objects.filter(served_here, is_active=True).distinct():
        house.resources.setdefault(resource.kind_id, []).append(resource)
    return house


def lanes(house: House) -> list[Lane]:
    """Staged visits from 8:00 until 18:00 every half hour; other sites also hold consultations."""
    if house.site.name == MEASURED:
        return [_staged(house, number) for number in range(6)]
    talks = [Lane(house, "consultation", number, slots=19, minutes=30, first=0) for number in range(3)]
    return [*(_staged(house, number) for number in range(3)), *talks]


def _staged(house: House, number: int) -> Lane:
    return Lane(house, "prp_session", number, slots=18, minutes=30, first=15 * (number % 2))


def served(lane: Lane) -> Iterator[Served]:
    """Which resource serves each need of the lane, on each turn and in each half of the day.

    On one turn no two lanes share a resource, except a clinician who changes lanes at half-time.
    """
    visit_type = lane.house.visit(lane.visit)
    for need in Requirement.objects.filter(visit_type=visit_type):
        team = _team(lane, need.kind_id)
        for turn in range(TURNS):
            for half in (0, 1):
                place = lane.number * 2 + half if len(team) >= 12 else lane.number
                yield visit_type.pk, lane.number, turn, half, need.pk, team[(place + 2 * turn) % len(team)].pk


def _team(lane: Lane, kind: str) -> list[Resource]:
    everybody = lane.house.resources[kind]
    if kind != "physician" or lane.house.site.name == MEASURED:
        return everybody
    return everybody[3:] if lane.visit == "consultation" else everybody[:3]
