"""Every row of a session's record, as one thing. A constant number of queries for any number of sessions."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Prefetch

from treatments.classification import Measurements, Sample
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
    Signature,
    Spin,
)


@dataclass(frozen=True, slots=True)
class RecordRows:
    """What was written about one session; parts that nobody has written are None or empty."""

    session: Session
    recipient: Recipient | None
    draws: list[Draw]
    preparations: list[Preparation]
    readying: Readying | None
    anaesthetics: list[Anaesthetic]
    injections: list[Injection]
    discharge: Discharge | None
    identity_checks: list[IdentityCheck]
    sections: list[SectionVersion]
    amendments: list[Amendment]
    signatures: list[Signature]

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
    def spins(self) -> list[Spin]:
        return list(self.preparation.spins.all()) if self.preparation is not None else []

    @property
    def injected_ml(self) -> Decimal | None:
        return sum((row.volume_ml for row in self.injections), Decimal(0)) if self.injections else None

    @property
    def measurements(self) -> Measurements:
        """What was measured, for the figures that follow from it."""
        return measured(self.preparation, self.draw, self.injected_ml)


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


def of(session_ids: Collection[UUID]) -> dict[UUID, RecordRows]:
    """The records of these sessions. Twelve queries."""
    rows = Session.objects.filter(pk__in=session_ids).select_related(
        "course__patient",
        "course__site",
        "course__physician",
        "course__protocol_version__rules",
        "site",
        "signed_by",
        "recipient",
        "readying__time_out_by",
        "discharge",
    )
    made = Preparation.objects.select_related("draw", "kit", "device", "operator").prefetch_related("spins")
    later = Amendment.objects.select_related("author", "cosignature__by")
    rows = rows.prefetch_related(
        "draws",
        Prefetch("preparations", queryset=made),
        "anaesthetics",
        "injections",
        "identity_checks",
        Prefetch("section_versions", queryset=SectionVersion.objects.select_related("saved_by")),
        Prefetch("amendments", queryset=later),
        Prefetch("signatures", queryset=Signature.objects.select_related("by")),
    )
    return {row.pk: _rows(row) for row in rows}


def _rows(row: Any) -> RecordRows:
    # Any: which related rows a session has is not in its type.
    return RecordRows(
        session=row,
        recipient=getattr(row, "recipient", None),
        draws=list(row.draws.all()),
        preparations=list(row.preparations.all()),
        readying=getattr(row, "readying", None),
        anaesthetics=list(row.anaesthetics.all()),
        injections=list(row.injections.all()),
        discharge=getattr(row, "discharge", None),
        identity_checks=list(row.identity_checks.all()),
        sections=list(row.section_versions.all()),
        amendments=list(row.amendments.all()),
        signatures=list(row.signatures.all()),
    )
