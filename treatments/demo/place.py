"""The invented site: its staff, rooms, equipment and hours."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.contrib.auth.hashers import make_password

from clinic.actors import Actor
from clinic.enums import Role
from clinic.models import Site, User
from scheduling.models import Qualification, Resource, VisitType
from scheduling.services import defaults as scheduling_defaults
from scheduling.services import displays
from treatments.demo import bench, exceptions, opening, protocols
from treatments.demo.bench import Bench
from treatments.models import ProtocolVersion

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


QUALIFIED = {
    "consultation": ("miriam.okafor", "tomas.rivera"),
    "prp_session": ("miriam.okafor", "tomas.rivera", "ingrid.halvorsen", "grace.mensah", "paul.kowalski"),
}
"""Who serves which kind of visit; the others are open to every clinician."""


@dataclass(frozen=True)
class Place:
    """The site with its accounts by e-mail name and its physicians and nurses in order."""

    site: Site
    users: dict[str, User]
    physicians: list[Resource]
    nurses: list[Resource]
    protocol: ProtocolVersion
    bench: Bench

    def of_role(self, role: Role) -> list[User]:
        return [self.users[name] for name, _, each in STAFF if each == role]


def build(*, now: dt.datetime, by: Actor) -> Place:
    """Write the site and everything in it that does not depend on patients."""
    site = Site.objects.create(
        name="Alder Court",
        sender_name="Alder Court Practice",
        address="14 Alder Court, Suite 2, Millbrook, MA 01099",
        directions=(
            "Bus 12 stops in front of the house (Alder Court).\n"
            "Parking is free behind the building; the first two places are for wheelchairs.\n"
            "Suite 2 is on the first floor. The lift is to the right of the entrance."
        ),
        phone="+1 413 555 0100",
        emergency_phone="911",
        on_call_phone="+1 413 555 0198",
        reply_to=f"desk@{DOMAIN}",
        time_zone=ZONE.key,
        country="US",
        region="MA",
    )
    site.refresh_from_db()  # the quiet hours as times
    scheduling_defaults.create_for_site(site_id=site.pk, by=by)
    users = _users(site)
    resources = _resources(site, users)
    protocol = protocols.write(site, users[STAFF[0][0]], now=now, by=by)
    displays.make(site_id=site.pk, name="Waiting room", by=users["helen.brandt"].actor())
    opening.write_hours(site, resources, now)
    exceptions.write(site, resources, now)
    _qualify(site, resources)
    return Place(
        site,
        users,
        [resources[name] for name, _, role in STAFF if role == Role.PHYSICIAN],
        [resources[name] for name, _, role in STAFF if role == Role.NURSE],
        protocol,
        bench.build(site, [users[name] for name, _, role in STAFF if role == Role.NURSE]),
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


def _qualify(site: Site, people: dict[str, Resource]) -> None:
    types = {row.code: row for row in VisitType.objects.filter(site=site)}
    Qualification.objects.bulk_create(
        Qualification(resource=people[name], visit_type=types[code])
        for code, names in QUALIFIED.items()
        for name in names
    )
