"""What a session written up as planned holds: the protocol's presets, the kit's before them, the planned targets."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from treatments.clinical_rules import Usual
from treatments.data import (
    AnaestheticData,
    DrawData,
    InjectionData,
    PreparationData,
    ReadyingData,
    SpinData,
    TargetData,
)

_HALF = Decimal("0.5")
Volumes = Mapping[TargetData, Decimal]


def usual(protocol: Usual, kit: Mapping[str, Any] | None = None) -> Usual:
    """The protocol's presets with what the kit says in their place. Raises ValueError for a kit's unknown field."""
    if not kit:
        return protocol
    return msgspec.convert({**msgspec.to_builtins(protocol), **kit}, Usual, strict=False)


def draw(preset: Usual, *, at: dt.datetime | None) -> DrawData:
    """The usual draw. Counts stay not measured."""
    return DrawData(
        blood_ml=preset.blood_ml,
        site=preset.draw_site,
        anticoagulant=preset.anticoagulant or "",
        anticoagulant_ml=preset.anticoagulant_ml,
        drawn_at=at,
    )


def preparation(
    preset: Usual,
    *,
    ready_at: dt.datetime | None,
    kit_id: UUID | None = None,
    device_id: UUID | None = None,
    operator_id: UUID | None = None,
) -> tuple[PreparationData, list[SpinData]]:
    """The usual preparation and its runs. Counts stay not measured, and a lot is only ever read from its kit."""
    data = PreparationData(
        product_ml=preset.product_ml,
        kit_id=kit_id,
        device_id=device_id,
        plasma_removed_ml=preset.plasma_removed_ml,
        operator_id=operator_id,
        ready_at=ready_at,
        activation="none",
    )
    return data, [SpinData(minutes=spin.minutes, g=spin.g, celsius=spin.celsius) for spin in preset.spins]


def readying(preset: Usual, *, now: ReadyingData | None = None) -> tuple[ReadyingData, list[AnaestheticData]]:
    """The usual skin preparation and numbing. A time-out is never presumed: what was noted stays."""
    noted = now or ReadyingData()
    data = ReadyingData(
        skin_agent=preset.skin_preparation,
        antibiotic=noted.antibiotic,
        time_out_at=noted.time_out_at,
        checked=noted.checked,
    )
    if not preset.anaesthetic:
        return data, []
    line = AnaestheticData(
        agent=preset.anaesthetic, percent=preset.anaesthetic_percent, ml=preset.anaesthetic_ml
    )
    return data, [line]


def injections(
    targets: Sequence[TargetData], preset: Usual, *, product_ml: Decimal | None, earlier: Volumes
) -> list[InjectionData]:
    """Each planned target with its volume of last time, else the usual one; never more together than was prepared.

    Where that would be more, or no volume is usual, every target gets an even share in steps of 0.5 mL. Without any
    of these nothing is presumed, and the list is empty.
    """
    volumes = [earlier.get(target) or preset.target_ml for target in targets]
    if None in volumes or (product_ml is not None and sum(filter(None, volumes)) > product_ml):
        volumes = [share(product_ml, len(targets))] * len(targets)
    return [
        InjectionData(
            target,
            volume,
            preset.guidance,
            needle_gauge=preset.needle_gauge,
            needle_mm=preset.needle_mm,
        )
        for target, volume in zip(targets, volumes, strict=True)
        if volume
    ]


def share(product_ml: Decimal | None, rows: int) -> Decimal | None:
    """An even share of the product, rounded down to 0.5 mL; None when that is nothing."""
    if not product_ml or not rows:
        return None
    return (product_ml / rows / _HALF).quantize(Decimal(1), rounding="ROUND_FLOOR") * _HALF or None
