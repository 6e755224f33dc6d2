"""The invented site: its staff, rooms, equipment and hours."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.contrib.auth.hashers import make_password
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from clinic import clock
from clinic.actors import Actor
from clinic.enums import Role
from clinic.models import Site, User
from scheduling import intervals
from scheduling.models import Closure, Resource, TimeOff, WorkingHours
from scheduling.services import defaults as scheduling_defaults
from treatments.models import ProtocolVersion
from treatments.services import defaults as treatment_defaults

PASSWORD = "alder-court-demo"  # noqa: S105 - of invented accounts, printed for everybody, refused in production
DOMAIN = "aldercourt.example"
ZONE = ZoneInfo("America/New_York")

STAFF = (
    ("miriam.okafor", "Dr. Miriam Okafor", Role.PHYSICIAN),
    ("tomas.rivera", "Dr. Tomás Rivera", Role.PHYSICIAN),
    ("ingrid.halvorsen", "Dr. Ingrid Halvorsen", Role.PHYSICIAN),
    ("grace.mensah", "Grace Mensah", Role.NURSE),
    ("paul.kowalski", "Paul Kowalski", Role.NURSE),
    ("nina.castellano", "Nina Castellano", Role.FRONT_DESK),
    ("owen.li", "Owen Li", Role.FRONT_DESK),
    ("helen.brandt", "Helen Brandt", Role.MANAGER),
)
"""E-mail name, name, role. The first of each role is the one whose sign-in is printed."""

PLACES = {
    "consulting_room": ("Consulting room 1", "Consulting room 2"),
    "procedure_room": ("Procedure room A", "Procedure room B"),
    "draw_chair": ("Draw chair 1", "Draw chair 2", "Draw chair 3", "Draw chair 4"),
    "centrifuge": ("Centrifuge 1", "Centrifuge 2"),
    "recovery_bay": ("Recovery bay 1", "Recovery bay 2", "Recovery bay 3", "Recovery bay 4"),
}

OPEN = {day: (dt.time(8), dt.time(18)) for day in range(5)}
MORNING_AND_AFTERNOON = {
    "miriam.okafor": (range(5), ("08:00", "12:30"), ("13:15", "16:45")),
    "tomas.rivera": (range(4), ("08:30", "12:00"), ("12:45", "17:30")),
    "ingrid.halvorsen": (range(1, 5), ("09:00", "13:00"), ("13:45", "18:00")),
    "grace.mensah": (range(5), ("08:00", "17:00"), None),
    "paul.kowalski": (range(5), ("09:00", "18:00"), None),
}
_AROUND_NOW = dt.timedelta(hours=2, minutes=30)


@dataclass(frozen=True)
class Place:
    """The site with its accounts by e-mail name and its physicians and nurses in order."""

    site: Site
    users: dict[str, User]
    physicians: list[Resource]
    nurses: list[Resource]
    protocol: ProtocolVersion

    def of_role(self, role: Role) -> list[User]:
        return [self.users[name] for name, _, each in STAFF if each == role]


def build(*, now: dt.datetime, by: Actor) -> Place:
    """Write the site and everything in it that does not depend on patients."""
    site = Site.objects.create(
        name="Alder Court",
        sender_name="Alder Court Practice",
        address="14 Alder Court, Suite 2, Millbrook, MA 01099",
        phone="+1 413 555 0100",
        emergency_phone="911",
        reply_to=f"desk@{DOMAIN}",
        time_zone=ZONE.key,
        country="US",
    )
    site.refresh_from_db()  # the quiet hours as times
    scheduling_defaults.create_for_site(site_id=site.pk, by=by)
    users = _users(site)
    resources = _resources(site, users)
    protocol = treatment_defaults.create_for_site(site_id=site.pk, by=by)
    first = users[STAFF[0][0]]
    protocol.signed_by, protocol.signed_at = first, now - dt.timedelta(days=740)
    protocol.save(update_fields=["signed_by", "signed_at"])
    _hours(site, resources, now)
    _exceptions(site, resources, now)
    return Place(
        site,
        users,
        [resources[name] for name, _, role in STAFF if role == Role.PHYSICIAN],
        [resources[name] for name, _, role in STAFF if role == Role.NURSE],
        protocol,
    )


def _users(site: Site) -> dict[str, User]:
    password = make_password(PASSWORD)
    users = {
        name: User(email=f"{name}@{DOMAIN}", full_name=full_name, role=role, password=password)
        for name, full_name, role in STAFF
    }
    User.objects.bulk_create(users.values())
    site.staff.set(users.values())
    return users


def _resources(site: Site, users: dict[str, User]) -> dict[str, Resource]:
    kinds = {Role.PHYSICIAN: "physician", Role.NURSE: "nurse"}
    people = {
        name: Resource(
            kind_id=kinds[role], name=full_name, is_clinician=True, user=users[name], position=position
        )
        for position, (name, full_name, role) in enumerate(STAFF)
        if role in kinds
    }
    things = [
        Resource(kind_id=kind, name=name, site=site, position=position)
        for kind, names in PLACES.items()
        for position, name in enumerate(names)
    ]
    Resource.objects.bulk_create([*people.values(), *things])
    return people


def _hours(site: Site, people: dict[str, Resource], now: dt.datetime) -> None:
    rows = [
        WorkingHours(site=site, weekday=day, opens=opens, closes=closes)
        for day, (opens, closes) in OPEN.items()
    ]
    for name, (days, *windows) in MORNING_AND_AFTERNOON.items():
        rows += [
            WorkingHours(
                site=site,
                resource=people[name],
                weekday=day,
                opens=dt.time.fromisoformat(window[0]),
                closes=dt.time.fromisoformat(window[1]),
            )
            for day in days
            for window in windows
            if window is not None
        ]
    today = now.astimezone(site.zone).date()
    for opens, closes in _extra(now.astimezone(site.zone)):
        rows += [
            WorkingHours(
                site=site,
                resource=resource,
                weekday=today.weekday(),
                opens=opens,
                closes=closes,
                valid_from=today,
                valid_until=today,
            )
            for resource in [None, *people.values()]
        ]
    WorkingHours.objects.bulk_create(rows)


def _extra(now: dt.datetime) -> list[tuple[dt.time, dt.time]]:
    """Windows that open today alone, so that there is something to see whenever the demo is loaded."""
    moment = now.hour * 60 + now.minute
    reach = int(_AROUND_NOW.total_seconds()) // 60
    low, high = max(0, (moment - reach) // 15 * 15), min(24 * 60 - 15, (moment + reach) // 15 * 15)
    usual = [(8 * 60, 18 * 60)]
    wanted = intervals.union([(low, high), *([] if now.weekday() in OPEN else usual)])
    extra = intervals.subtract(wanted, usual if now.weekday() in OPEN else [])
    return [(dt.time(*divmod(opens, 60)), dt.time(*divmod(closes, 60))) for opens, closes in extra]


def _exceptions(site: Site, people: dict[str, Resource], now: dt.datetime) -> None:
    today = now.astimezone(site.zone).date()

    def days(first: dt.date, count: int = 1) -> DateTimeTZRange:
        until = first + dt.timedelta(days=count)
        return DateTimeTZRange(
            clock.local(first, dt.time(0), site.zone), clock.local(until, dt.time(0), site.zone)
        )

    Closure.objects.bulk_create(
        Closure(site=site, period=days(day, count), name=name) for name, day, count in _closed(today)
    )
    monday = today - dt.timedelta(days=today.weekday())
    away = [
        ("tomas.rivera", monday + dt.timedelta(days=15), 3, "Congress"),
        ("tomas.rivera", monday - dt.timedelta(days=70), 12, "Holiday"),
        ("ingrid.halvorsen", monday + dt.timedelta(days=35), 5, "Holiday"),
        ("ingrid.halvorsen", monday - dt.timedelta(days=160), 12, "Holiday"),
        ("miriam.okafor", monday - dt.timedelta(days=115), 12, "Holiday"),
        ("paul.kowalski", monday + dt.timedelta(days=11), 1, "Training"),
    ]
    TimeOff.objects.bulk_create(
        TimeOff(resource=people[name], period=days(first, count), reason=reason)
        for name, first, count, reason in away
    )


def _closed(today: dt.date) -> list[tuple[str, dt.date, int]]:
    """Public holidays of the years around, and a training day; never today."""
    found = []
    for year in range(today.year - 2, today.year + 2):
        november = dt.date(year, 11, 1)
        thanksgiving = november + dt.timedelta(days=(3 - november.weekday()) % 7 + 21)
        found += [
            ("New Year’s Day", dt.date(year, 1, 1), 1),
            ("Independence Day", dt.date(year, 7, 4), 1),
            ("Thanksgiving", thanksgiving, 2),
            ("Christmas", dt.date(year, 12, 24), 3),
        ]
    found.append(("Staff training", today + dt.timedelta(days=23 - today.weekday()), 1))
    window = (today - dt.timedelta(days=760), today + dt.timedelta(days=370))
    return [
        (name, day, count)
        for name, day, count in found
        if window[0] <= day <= window[1] and not day <= today < day + dt.timedelta(days=count)
    ]
