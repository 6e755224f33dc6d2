"""Protocols, courses and their sessions, for tests."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import uuid4

import msgspec
import pgtrigger

from clinic.actors import Staff
from clinic.enums import Role
from clinic.models import Patient
from scheduling.models import Appointment
from tests.factories import clinic
from tests.factories import scheduling as scheduling_factory
from tests.factories.scheduling import BY, House
from treatments import clinical_rules
from treatments.data import DrawData, Findings, InjectionData, PreparationData, TargetData
from treatments.models import Course, Order, ProtocolRules, ProtocolVersion, Session
from treatments.services import consents, defaults, orders, planning, protocols, sessions

FACET = TargetData("facet", "L4-L5", "left")
JOINT = TargetData("si_joint", "S", "right")


@dataclass
class Ward:
    """An equipped site with a protocol and one member of staff of each kind."""

    house: House
    protocol: ProtocolVersion
    physician: Staff
    nurse: Staff
    desk: Staff

    def day(self, number: int) -> dt.date:
        return scheduling_factory.days_ahead(number, self.house.site)

    def at(self, number: int, hour: int = 9, minute: int = 0) -> dt.datetime:
        """The instant of a wall-clock time so many days ahead."""
        return self.house.at(self.day(number), hour, minute)


def ward(*, screened: bool = False, **house: Any) -> Ward:
    """`screened`: under the protocol's checklists, medicines and consent; else nothing of that is asked for."""
    return ward_in(scheduling_factory.house(**house), screened=screened)


def ward_in(built: House, *, screened: bool = False) -> Ward:
    """The same in a house that stands already; a protocol that is signed there stays as it is."""
    version = defaults.create_for_site(site_id=built.site.pk, by=BY)
    physician = clinic.staff(Role.PHYSICIAN, at=built.site)
    if version.signed_at is None:
        if screened:
            consents.create_defaults(site_id=built.site.pk, by=BY)
        else:
            _ask_for_nothing(version)
        version = protocols.sign(by=physician, version_id=version.pk)
    return Ward(
        house=built,
        protocol=version,
        physician=physician,
        nurse=clinic.staff(Role.NURSE, at=built.site),
        desk=clinic.staff(Role.FRONT_DESK, at=built.site),
    )


def _ask_for_nothing(protocol: ProtocolVersion) -> None:
    """Tests of other things treat patients without a word about screening."""
    rows = ProtocolRules.objects.filter(version=protocol)
    free = {"screening": [], "medicines": [], "consent": {"required": False}}
    rows.update(document=clinical_rules.default_document() | free)


def rewrite_protocol(ward: Ward, *, rules: Any = None, **fields: Any) -> ProtocolVersion:
    """Give the ward's protocol other numbers, past the trigger that keeps a signed version: for the arrangement of a test.

    `rules` replaces parts of its document, as `msgspec.structs.replace` does: `{"gate": GateRules(nrs_some=20)}`.
    """
    version = ward.protocol
    kept = [
        "treatments.ProtocolVersion:signed_version_is_kept",
        "treatments.ProtocolRules:signed_rules_are_kept",
    ]
    with pgtrigger.ignore(*kept):
        if fields:
            ProtocolVersion.objects.filter(pk=version.pk).update(**fields)
        if rules:
            changed = msgspec.structs.replace(version.clinical, **rules)
            ProtocolRules.objects.filter(version=version).update(document=clinical_rules.dump(changed))
    ward.protocol = ProtocolVersion.objects.get(pk=version.pk)
    return ward.protocol


def order(ward: Ward, patient: Patient | None = None, **fields: Any) -> Order:
    """An order of an approved course with two targets."""
    values: dict[str, Any] = {
        "patient_id": (patient or clinic.patient()).pk,
        "protocol_version_id": ward.protocol.pk,
        "physician_id": ward.house.one("physician").pk,
        "diagnosis_code": "M47.816",
        "diagnosis": "Spondylosis, lumbar region",
        "targets": [FACET, JOINT],
        "screening_complete": True,
        "by": ward.physician,
    }
    return orders.place(**(values | fields))


def booked(
    ward: Ward, *, first: int = 10, apart: int = 28, placed: Order | None = None
) -> tuple[Order, list[Appointment]]:
    """An order with all its sessions booked, the first so many days ahead."""
    placed = placed or order(ward)
    starts = {number: ward.at(first + apart * (number - 1)) for number in range(1, placed.sessions + 1)}
    appointments = planning.book_course(by=ward.desk, order_id=placed.pk, starts=starts, request_key=uuid4())
    placed.refresh_from_db()
    return placed, appointments


def session(course: Course, number: int = 1) -> Session:
    return course.sessions.get(number=number)


def draw(**fields: Any) -> DrawData:
    values: dict[str, Any] = {
        "blood_ml": Decimal(52),
        "anticoagulant": "acd_a",
        "anticoagulant_ml": Decimal(8),
        "baseline_platelets": 240,
    }
    return DrawData(**(values | fields))


def preparation(**fields: Any) -> PreparationData:
    values: dict[str, Any] = {"product_ml": Decimal(7), "product_platelets": 1200, "kit_lot": "K-2231"}
    return PreparationData(**(values | fields))


def injection(target: TargetData = FACET, ml: str = "2", guidance: str = "ultrasound") -> InjectionData:
    return InjectionData(target, Decimal(ml), guidance)


def inject(ward: Ward, course: Course, number: int = 1, *, at: dt.datetime | None = None) -> Session:
    """Record a session as treated."""
    row = session(course, number)
    return sessions.save(
        by=ward.physician,
        session_id=row.pk,
        version=row.version,
        draw=draw(),
        preparation=preparation(),
        injections=[injection(), injection(JOINT)],
        findings=Findings(pain_before=7),
        injected_at=at,
    )


def toy_instrument(**changes: Any) -> dict[str, Any]:
    """The definition of an invented disability index of three items, shaped like the licensed ones."""
    document: dict[str, Any] = {
        "code": "toy",
        "short": "TOY",
        "name": {"en": "Toy index"},
        "instruction": {"en": "Think of today."},
        "items": [
            {
                "code": name,
                "kind": "choice",
                "words": {"en": f"How is {name}?"},
                "options": [{"value": value, "words": {"en": f"Step {value}"}} for value in range(6)],
            }
            for name in ("walking", "sitting", "lifting")
        ],
        "scoring": {"kind": "percent", "least": 2},
        "low": "0",
        "high": "100",
        "licence": "Invented for tests.",
    }
    return document | changes
