"""The rows of a session's record, read in one place: as its course tells it, and whole.

A constant number of queries for any number of sessions.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from scheduling.models import Allocation, Appointment
from treatments import classification
from treatments.classification import Derived, Measurements, Sample
from treatments.enums import Activation, BaselineTube
from treatments.models import (
    Amendment,
    Anaesthetic,
    Discharge,
    Draw,
    IdentityCheck,
    Injection,
    Preparation,
    Readying,
    Recipient,
    SectionVersion,
    Session,
    SessionBooking,
    Signature,
    Spin,
)


@dataclass(frozen=True, slots=True)
class Written:
    """What was made and injected in one session, and what was corrected later."""

    session: Session
    draws: list[Draw]
    preparations: list[Preparation]
    injections: list[Injection]
    amendments: list[Amendment]

    @property
    def preparation(self) -> Preparation | None:
        """The one that was injected: the last that did not fail."""
        return next((row for row in reversed(self.preparations) if not row.failed), None)

    @property
    def draw(self) -> Draw | None:
        """The blood of that preparation; before there is one, the last draw that did not fail."""
        if self.preparation is not None and self.preparation.draw is not None:
            return self.preparation.draw
        return next((row for row in reversed(self.draws) if not row.failed), None)

    @property
    def injected_ml(self) -> Decimal | None:
        return sum((row.volume_ml for row in self.injections), Decimal(0)) if self.injections else None

    @property
    def measurements(self) -> Measurements:
        """What was measured, for the figures that follow from it."""
        return measured(self.preparation, self.draw, self.injected_ml)

    @property
    def derived(self) -> Derived | None:
        """What follows from the measured values; None without a preparation."""
        return classification.derive(self.measurements) if self.preparation is not None else None


@dataclass(frozen=True, slots=True)
class SessionView(Written):
    """One session as its course tells it: with the visit that serves it."""

    visit: Appointment | None

    @property
    def when(self) -> dt.datetime | None:
        """When it was done, else when it is meant to be."""
        start: dt.datetime | None = self.visit.period.lower if self.visit else None
        return self.session.injected_at or start


@dataclass(frozen=True, slots=True)
class RecordRows(Written):
    """Everything that was written about one session; parts that nobody has written are None or empty."""

    recipient: Recipient | None
    readying: Readying | None
    anaesthetics: list[Anaesthetic]
    discharge: Discharge | None
    identity_checks: list[IdentityCheck]
    sections: list[SectionVersion]
    signatures: list[Signature]

    @property
    def spins(self) -> list[Spin]:
        return list(self.preparation.spins.all()) if self.preparation is not None else []


def measured(preparation: Preparation | None, draw: Draw | None, injected_ml: Decimal | None) -> Measurements:
    """What a record says of one product and its blood, for the figures that follow from it."""
    blood, product = draw or Draw(), preparation or Preparation()
    return Measurements(
        baseline=Sample(
            blood.baseline_platelets,
            blood.baseline_leucocytes,
            blood.baseline_neutrophils,
            blood.baseline_red_cells,
        ),
        product=Sample(
            product.product_platelets,
            product.product_leucocytes,
            product.product_neutrophils,
            product.product_red_cells,
        ),
        baseline_is_diluted=blood.baseline_tube == BaselineTube.ANTICOAGULATED,
        blood_ml=blood.blood_ml,
        anticoagulant_ml=blood.anticoagulant_ml,
        product_ml=product.product_ml,
        injected_ml=injected_ml,
        activated=product.activation != Activation.NONE if product.activation else None,
    )


def told(rows: QuerySet[Session]) -> list[SessionView]:
    """These sessions as their course tells them, by course and number. Eight queries."""
    leads = Allocation.objects.filter(is_lead=True, active=True).select_related("resource")
    visits = (
        SessionBooking.objects.filter(is_open=True)
        .select_related("appointment__visit_type")
        .prefetch_related(
            Prefetch("appointment__allocations", queryset=leads, to_attr="leads"), "appointment__stages"
        )
    )
    found = _written(rows, Preparation.objects.select_related("draw")).prefetch_related(
        Prefetch("bookings", queryset=visits, to_attr="open_bookings")
    )
    return [_view(row) for row in found.order_by("course", "number")]


def of(session_ids: Collection[UUID]) -> dict[UUID, RecordRows]:
    """The whole records of these sessions. Ten queries."""
    made = Preparation.objects.select_related("draw", "kit", "device", "operator").prefetch_related("spins")
    rows = _written(Session.objects.filter(pk__in=session_ids), made).select_related(
        "course__site",
        "course__physician",
        "course__protocol_version__rules",
        "recipient",
        "readying__time_out_by",
        "discharge",
    )
    rows = rows.prefetch_related(
        "anaesthetics",
        Prefetch("identity_checks", queryset=IdentityCheck.objects.select_related("checked_by")),
        Prefetch("section_versions", queryset=SectionVersion.objects.select_related("saved_by")),
        Prefetch("signatures", queryset=Signature.objects.select_related("by")),
    )
    return {row.pk: _rows(row) for row in rows}


def _written(rows: QuerySet[Session], made: QuerySet[Preparation]) -> QuerySet[Session]:
    later = Amendment.objects.select_related("author", "cosignature__by")
    return rows.select_related(
        "course__patient", "course__protocol_version__protocol", "site", "signed_by"
    ).prefetch_related(
        "draws",
        Prefetch("preparations", queryset=made),
        "injections",
        Prefetch("amendments", queryset=later),
    )


def _view(row: Any) -> SessionView:
    # Any: which related rows a session has is not in its type.
    visit = next((booking.appointment for booking in row.open_bookings), None)
    return SessionView(**_parts(row), visit=visit)


def _rows(row: Any) -> RecordRows:
    return RecordRows(
        **_parts(row),
        recipient=getattr(row, "recipient", None),
        readying=getattr(row, "readying", None),
        anaesthetics=list(row.anaesthetics.all()),
        discharge=getattr(row, "discharge", None),
        identity_checks=list(row.identity_checks.all()),
        sections=list(row.section_versions.all()),
        signatures=list(row.signatures.all()),
    )


def _parts(row: Any) -> dict[str, Any]:
    return {
        "session": row,
        "draws": list(row.draws.all()),
        "preparations": list(row.preparations.all()),
        "injections": list(row.injections.all()),
        "amendments": list(row.amendments.all()),
    }
