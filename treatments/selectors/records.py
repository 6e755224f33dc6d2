"""A session's whole record as its page writes it: each part with what is stored, who saved it, what is missing before it.

A constant number of queries, however much was written.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from clinic import clock
from clinic.models import User
from scheduling.models import Appointment, Resource
from treatments.clinical_rules import ClinicalRules, Usual
from treatments.data import TargetData
from treatments.enums import IdentityStep, RecordSection, SessionStatus
from treatments.models import (
    Centrifuge,
    Draw,
    Injection,
    KitType,
    Preparation,
    SectionVersion,
    Session,
    Target,
)
from treatments.policies import presets
from treatments.selectors import history, record_rows, tubes
from treatments.selectors.record_rows import RecordRows

Span = tuple[dt.datetime | None, dt.datetime | None]


@dataclass(frozen=True)
class RecordView:
    """One record, with the vocabulary of its site."""

    rows: RecordRows
    visit: Appointment | None
    targets: list[Target]
    kits: list[KitType]
    radii: dict[UUID, int]
    centrifuges: list[Resource]
    staff: list[User]
    other_tubes: int
    rules: ClinicalRules
    earlier: bool
    """Whether an earlier session of the course was injected, from which can be copied."""
    now: dt.datetime = field(default_factory=clock.now)

    @property
    def session(self) -> Session:
        return self.rows.session

    @property
    def when(self) -> dt.datetime:
        """When it was done, else when it is meant to be, else now."""
        start: dt.datetime | None = self.visit.period.lower if self.visit else None
        return self.session.injected_at or start or self.now

    @property
    def versions(self) -> dict[str, SectionVersion]:
        return {row.section: row for row in self.rows.sections}

    @property
    def draw_in_hand(self) -> Draw | None:
        """The last draw, unless it failed."""
        last = self.rows.draws[-1] if self.rows.draws else None
        return last if last is not None and not last.failed else None

    @property
    def preparation_in_hand(self) -> Preparation | None:
        """The last preparation, unless it failed."""
        last = self.rows.preparations[-1] if self.rows.preparations else None
        return last if last is not None and not last.failed else None

    @property
    def usual(self) -> Usual:
        """The presets of the protocol, with those of the kit in hand."""
        made = self.preparation_in_hand
        kit = next((row for row in self.kits if made is not None and row.pk == made.kit_id), None)
        return presets.usual(self.rules.usual, kit.preset if kit else None)

    @property
    def use_by(self) -> dt.datetime | None:
        """Until when the product may be injected without being flagged; None without one, or once it was injected."""
        made = self.preparation_in_hand
        if made is None or made.ready_at is None or self.session.injected_at is not None:
            return None
        return made.ready_at + dt.timedelta(minutes=self.rules.limits.product_minutes)

    def version(self, section: RecordSection) -> int:
        row = self.versions.get(section)
        return row.version if row else 0

    def unchecked(self, section: RecordSection) -> list[IdentityStep]:
        """Checks of two identifiers that this part still asks for."""
        if not self.other_tubes:
            return []
        done = {row.step for row in self.rows.identity_checks}
        return [step for step in STEPS.get(section, ()) if step not in done]

    def clock_time(self, moment: dt.datetime | None) -> dt.time | None:
        """An instant as the site's wall clock, to the minute."""
        if moment is None:
            return None
        return moment.astimezone(self.session.site.zone).time().replace(second=0, microsecond=0)

    def moment(self, time: dt.time | None, *, known: dt.datetime | None) -> dt.datetime | None:
        """A time typed in belongs to the day of the injection or of the visit, at most today.

        `known` is what is stored: where its minute is the same, it stays as exact as it was.
        """
        if time is None:
            return None
        if known is not None and self.clock_time(known) == time:
            return known
        zone = self.session.site.zone
        day = min(self.when.astimezone(zone).date(), self.now.astimezone(zone).date())
        return clock.local(day, time, zone)

    def radius_of(self, device: UUID | None) -> int | None:
        """The rotor's radius in mm; None when the centrifuge's profile is not known."""
        return self.radii.get(device) if device else None

    @staticmethod
    def key(value: str) -> UUID | None:
        return UUID(value) if value else None

    def injection_rows(self, most: int) -> list[tuple[Target | None, Injection | None]]:
        """The planned targets in their order, each with its injection or none, then what was injected besides."""
        left = list(self.rows.injections)
        rows: list[tuple[Target | None, Injection | None]] = []
        for target in self.targets:
            given = next((row for row in left if _same(row, target)), None)
            if given is not None:
                left.remove(given)
            rows.append((target, given))
        further = [(Target(structure=row.structure, level=row.level, side=row.side), row) for row in left]
        rows += further
        excess = len(rows) - most
        return rows if excess <= 0 else [row for row in rows if row[1] is not None][:most]


STEPS: dict[str, Sequence[IdentityStep]] = {
    RecordSection.DRAW: (IdentityStep.DRAW,),
    RecordSection.PREPARATION: (IdentityStep.LOAD,),
    RecordSection.INJECTIONS: (IdentityStep.DRAW_UP, IdentityStep.INJECTION),
}
"""Which part of the record stands behind which checks."""


def of(session_id: UUID) -> RecordRows | None:
    """The whole record of one session."""
    return record_rows.of([session_id]).get(session_id)


def record_view(view: RecordRows) -> RecordView:
    """The record of one session."""
    session = view.session
    serving = session.bookings.filter(is_open=True).select_related("appointment").first()
    profiles = dict(
        Centrifuge.objects.filter(resource__site=session.site_id).values_list("resource", "rotor_radius_mm")
    )
    return RecordView(
        rows=view,
        visit=serving.appointment if serving is not None else None,
        targets=list(session.course.targets.all()),
        kits=list(KitType.objects.filter(site=session.site_id, is_active=True)),
        radii=profiles,
        centrifuges=list(Resource.objects.filter(site=session.site_id, kind="centrifuge", is_active=True)),
        staff=list(
            User.objects.filter(sites=session.site_id, is_active=True, role__in=["nurse", "physician"])
        ),
        other_tubes=tubes.others(session) if session.status != SessionStatus.SIGNED else 0,
        rules=session.course.protocol_version.clinical,
        earlier=Session.objects.filter(
            course=session.course_id, number__lt=session.number, injected_at__isnull=False
        ).exists(),
    )


def section_versions(session_id: UUID) -> dict[str, int]:
    """How often each part was saved. One query: what a page asks every few seconds."""
    return dict(SectionVersion.objects.filter(session=session_id).values_list("section", "version"))


def stage_times(session: Session) -> dict[str, Span]:
    """When the stages of its visit began and ended, by code; empty without a visit."""
    booking = session.bookings.filter(is_open=True).select_related("appointment").first()
    if booking is None:
        return {}
    return {row.code: (row.started_at, row.ended_at) for row in booking.appointment.stages.all()}


def last_injected(session: Session) -> RecordRows | None:
    """The record of the last injected session before this one in its course."""
    row = (
        Session.objects.filter(course=session.course_id, number__lt=session.number, injected_at__isnull=False)
        .order_by("-number")
        .values_list("pk", flat=True)
        .first()
    )
    return of(row) if row is not None else None


def volumes_before(session: Session) -> dict[TargetData, Decimal]:
    """The volume in mL last injected into each target of this course, before this session."""
    return {TargetData(*target): ml for target, ml in history.earlier_volumes(session).items()}


def given_before(session: Session) -> dict[TargetData, dict[int, Decimal]]:
    """The mL of each earlier session of this course, by its number in their order, by target."""
    rows = Injection.objects.filter(session__course=session.course_id, session__number__lt=session.number)
    found: dict[TargetData, dict[int, Decimal]] = {}
    for structure, level, side, number, ml in rows.order_by("session__number", "position").values_list(
        "structure", "level", "side", "session__number", "volume_ml"
    ):
        volumes = found.setdefault(TargetData(structure, level, side), {})
        volumes[number] = volumes.get(number, Decimal(0)) + ml
    return found


def _same(given: Injection, target: Target) -> bool:
    return (given.structure, given.level, given.side) == (target.structure, target.level, target.side)
