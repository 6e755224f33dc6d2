"""When a site is open and who of its people is there, for what cannot wait."""

import datetime as dt
from collections import defaultdict

from clinic.enums import Role
from clinic.models import Site, User
from scheduling import intervals
from scheduling.intervals import Intervals
from scheduling.models import Resource
from scheduling.selectors import presence
from treatments.policies.duty import ORDER, Duty

_BEFORE, _AHEAD = dt.timedelta(days=1), dt.timedelta(days=15)


def of_site(site: Site, *, now: dt.datetime) -> Duty:
    """The next two weeks. Six queries, however many people.

    Who can be booked is there in their own hours; who cannot (a nurse without a column in the schedule, a manager) while
    the site is open.
    """
    people = list(User.objects.filter(is_active=True, sites=site, role__in=ORDER).only("pk", "role"))
    theirs = {row.user_id: row for row in Resource.objects.filter(user__in=people, is_active=True)}
    house = Resource(
        name="", is_clinician=False
    )  # not a row: whatever has no hours of its own is there when it is open
    found = presence.of(
        site=site, resources=[house, *theirs.values()], window=(now - _BEFORE, now + _AHEAD)
    ).open
    there: dict[Role, Intervals] = defaultdict(list)
    for person in people:
        resource = theirs.get(person.pk, house)
        there[Role(person.role)] = intervals.union([*there[Role(person.role)], *found[resource.pk]])
    return Duty(open=found[house.pk], there=dict(there))


def house_only(site: Site, *, now: dt.datetime) -> Duty:
    """Only when the site is open, for a patient's page. Four queries."""
    house = Resource(name="", is_clinician=False)
    found = presence.of(site=site, resources=[house], window=(now - _BEFORE, now + _AHEAD)).open
    return Duty(open=found[house.pk])
