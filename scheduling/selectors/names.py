"""Who could be mistaken for whom: people of nearly one name on one day. A mix-up in the waiting room is a wrong injection."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from clinic import clock
from clinic.models import Patient, Site
from clinic.policies.names import folded
from scheduling.enums import OCCUPYING
from scheduling.models import Appointment


def same_names(*, site: Site, day: dt.date, besides: Patient | None = None) -> set[UUID]:
    """Keys of the patients who come to the site on that day and share their name with another who comes.

    `besides` is somebody who is to be booked for that day: with them counted as coming. One query.
    """
    start, end = clock.day_bounds(day, site.zone)
    coming = Appointment.objects.filter(
        site=site, status__in=OCCUPYING, period__startswith__gte=start, period__startswith__lt=end
    )
    coming = coming.filter(period__overlap=(start, end))
    people = Patient.objects.filter(pk__in=coming.values("patient")).only("given_name", "family_name")
    return alike([*people, besides] if besides else people)


def alike(people: Iterable[Patient]) -> set[UUID]:
    """Keys of those among these people whose name another of them has too, as it is called out and heard:
    accents folded, the given name by its first letter (Anna and Anton Weber)."""
    by_key = {person.pk: sound(person) for person in people}
    count = Counter(by_key.values())
    return {key for key, name in by_key.items() if count[name] > 1}


def sound(person: Patient) -> tuple[str, str]:
    """The name as it is mistaken for another: the folded family name, the first letter of the given one."""
    return folded(person.family_name), folded(person.given_name)[:1]
