"""A site with people, rooms, equipment and hours, for tests."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from clinic import clock
from clinic.actors import System
from clinic.models import Site
from scheduling.models import ExtraHours, Resource, VisitType, WorkingHours
from scheduling.services import defaults
from tests.factories import clinic

BY = System("tests")


@dataclass
class House:
    """One equipped site. Resources by kind, visit types by code."""

    site: Site
    resources: dict[str, list[Resource]] = field(default_factory=dict)
    visit_types: dict[str, VisitType] = field(default_factory=dict)

    def one(self, kind: str) -> Resource:
        return self.resources[kind][0]

    def visit(self, code: str) -> VisitType:
        return self.visit_types[code]

    def at(self, day: dt.date, hour: int, minute: int = 0) -> dt.datetime:
        """The instant of a wall-clock time at the site."""
        return clock.local(day, dt.time(hour, minute), self.site.zone)

    def open_once(self, start: dt.datetime, end: dt.datetime) -> ExtraHours:
        """Extra hours of the site."""
        return ExtraHours.objects.create(
            site=self.site, period=DateTimeTZRange(start, end), reason="Open day"
        )


def resource(kind: str, name: str, *, site: Site | None = None, **fields: Any) -> Resource:
    clinician = kind in ("physician", "nurse")
    return Resource.objects.create(
        kind_id=kind, name=name, is_clinician=clinician, site=None if clinician else site, **fields
    )


def hours(
    site: Site, resource: Resource | None, *, opens: int = 8, closes: int = 18, days: range = range(7)
) -> None:
    WorkingHours.objects.bulk_create(
        WorkingHours(site=site, resource=resource, weekday=day, opens=dt.time(opens), closes=dt.time(closes))
        for day in days
    )


def house(
    *,
    site: Site | None = None,
    physicians: int = 2,
    nurses: int = 2,
    rooms: int = 2,
    chairs: int = 4,
    centrifuges: int = 2,
    bays: int = 4,
) -> House:
    """Open every day from 8 to 18, so that no test depends on the weekday on which it runs."""
    place = site or clinic.site()
    defaults.create_for_site(site_id=place.pk, by=BY)
    built = House(place)
    counts = {
        "physician": physicians,
        "nurse": nurses,
        "consulting_room": rooms,
        "procedure_room": rooms,
        "draw_chair": chairs,
        "centrifuge": centrifuges,
        "recovery_bay": bays,
    }
    hours(place, None)
    for kind, count in counts.items():
        built.resources[kind] = [
            resource(kind, f"{kind.replace('_', ' ').capitalize()} {number}", site=place, position=number)
            for number in range(1, count + 1)
        ]
    for clinician in built.resources["physician"] + built.resources["nurse"]:
        hours(place, clinician)
    built.visit_types = {each.code: each for each in VisitType.objects.filter(site=place)}
    return built


def days_ahead(number: int, site: Site) -> dt.date:
    return clock.today(site.zone) + dt.timedelta(days=number)


def ids(rows: list[Resource]) -> list[UUID]:
    return [row.pk for row in rows]
