"""The invented site's kits and centrifuges, and what they add to a draw and its preparation."""

import datetime as dt
import random
from dataclasses import dataclass
from decimal import Decimal

from clinic.models import Site, User
from scheduling.models import Resource
from treatments.enums import Activation, BaselineTube
from treatments.models import Centrifuge, Draw, KitType, Preparation, Spin

_KITS = (
    ("Invented 60", "09990000000015", {"blood_ml": "52", "anticoagulant_ml": "8", "product_ml": "7"}),
    ("Invented 30", "09990000000022", {"blood_ml": "30", "anticoagulant_ml": "4", "product_ml": "5"}),
)
_RADIUS_MM = 155
_VEINS = ("left antecubital vein", "right antecubital vein", "left antecubital vein", "left forearm")


@dataclass(frozen=True)
class Bench:
    """What blood is prepared with, and by whom."""

    kits: list[KitType]
    centrifuges: list[Resource]
    nurses: list[User]


def build(site: Site, nurses: list[User]) -> Bench:
    """Write the kits, and the profile of each centrifuge."""
    kits = [
        KitType(site=site, name=name, maker="Invented Devices", device_identifier=number, preset=preset)
        for name, number, preset in _KITS
    ]
    KitType.objects.bulk_create(kits)
    centrifuges = list(Resource.objects.filter(site=site, kind="centrifuge").order_by("position"))
    Centrifuge.objects.bulk_create(
        Centrifuge(resource=row, model="Invented Bench 4", rotor_radius_mm=_RADIUS_MM, most_rpm=4000)
        for row in centrifuges
    )
    return Bench(kits, centrifuges, nurses)


def complete(
    rng: random.Random, bench: Bench, drawn: Draw, made: Preparation, *, drawn_at: dt.datetime
) -> list[Spin]:
    """Where and when the blood was drawn, with which kit it was spun, and the counts that a full panel has."""
    drawn.drawn_at, drawn.site, drawn.needle_gauge = drawn_at, rng.choice(_VEINS), rng.choice((18, 19, 20))
    if drawn.baseline_platelets:
        drawn.baseline_tube = BaselineTube.EDTA
        drawn.baseline_haematocrit = Decimal(rng.randrange(365, 470)) / 10
    if drawn.baseline_leucocytes:
        drawn.baseline_neutrophils = _part(drawn.baseline_leucocytes, rng.uniform(0.5, 0.68))
        drawn.baseline_red_cells = Decimal(rng.randrange(405, 540)) / 100
    kit = bench.kits[0] if drawn.blood_ml and drawn.blood_ml > 40 else bench.kits[1]
    made.kit, made.device_identifier = kit, kit.device_identifier
    made.device, made.operator = rng.choice(bench.centrifuges), rng.choice(bench.nurses)
    made.buffy_coat, made.activation = True, Activation.NONE
    if made.product_leucocytes:
        made.product_neutrophils = _part(made.product_leucocytes, rng.uniform(0.2, 0.5))
        made.product_red_cells = Decimal(rng.randrange(5, 90)) / 100
    if not made.failed:
        made.appearance = rng.choice(("straw-coloured, clear", "straw-coloured", "slightly red"))
    return [Spin(preparation=made, position=0, g=1100, minutes=Decimal(15))]


def _part(whole: Decimal, share: float) -> Decimal:
    return (whole * Decimal(str(round(share, 3)))).quantize(Decimal("0.1"))
