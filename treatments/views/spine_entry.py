"""Entering targets on the drawn spine: what can be tapped, in which layer, with which volume it begins."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils.translation import gettext as _

from treatments.clinical_rules import ClinicalRules, Usual
from treatments.data import TargetData
from treatments.enums import Level, Side, Structure
from treatments.views import spine
from treatments.views.spine import VERTEBRAE, Vertebra

Given = Mapping[TargetData, Mapping[int, Decimal]]
"""mL by the session's number, by target."""

_SPINE: Sequence[Level] = [level for level in Level if level != Level.SACRUM]
_PAIR: Sequence[Side] = (Side.LEFT, Side.RIGHT)
_MID: Sequence[Side] = (Side.MIDLINE,)
_OFFERED: dict[str, list[tuple[Structure, Sequence[Level], Sequence[Side]]]] = {
    "joints": [(Structure.FACET, _SPINE, _PAIR), (Structure.SI_JOINT, [Level.SACRUM], _PAIR)],
    "ligaments": [
        (Structure.SUPRASPINOUS, _SPINE, _MID),
        (Structure.ILIOLUMBAR, [Level.L4_L5, Level.L5_S1], _PAIR),
        (Structure.SI_LIGAMENT, [Level.SACRUM], _PAIR),
    ],
    "muscle": [(Structure.MULTIFIDUS, _SPINE, _PAIR), (Structure.FASCIA, _SPINE, _PAIR)],
    "discs": [(Structure.DISC, _SPINE, _MID)],
    "epidural": [(Structure.EPIDURAL, list(Level), (Side.LEFT, Side.MIDLINE, Side.RIGHT))],
}
INITIALS = {
    Structure.FACET: "f",
    Structure.SI_JOINT: "si",
    Structure.SI_LIGAMENT: "sl",
    Structure.SUPRASPINOUS: "ss",
    Structure.ILIOLUMBAR: "il",
    Structure.MULTIFIDUS: "m",
    Structure.FASCIA: "fa",
    Structure.DISC: "d",
    Structure.EPIDURAL: "e",
}
"""What a keyboard person types for a structure."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One target that can be tapped. `ml` is what it begins with; `earlier` the sessions that injected it before."""

    layer: str
    structure: str
    level: str
    side: str
    ml: str = ""
    step: str = "0.5"
    earlier: str = ""
    is_planned: bool = False

    @property
    def x(self) -> int:
        return spine.place(self.structure, self.level, self.side)[0]

    @property
    def y(self) -> int:
        return spine.place(self.structure, self.level, self.side)[1]

    @property
    def name(self) -> str:
        return spine.name(self.structure, self.level, self.side)

    @property
    def initials(self) -> str:
        return INITIALS[Structure(self.structure)]

    @property
    def word(self) -> str:
        return str(Structure(self.structure).label).lower()


@dataclass(frozen=True, slots=True)
class Entry:
    """For templates/treatments/_spine.html. `doses`: a tap gives a volume; without, it chooses or leaves out."""

    name: str
    doses: bool
    choices: list[Choice]
    layer: str
    vertebrae: list[Vertebra] = field(default_factory=lambda: VERTEBRAE)

    @property
    def layers(self) -> list[tuple[str, str]]:
        words = {
            "joints": _("Joints"),
            "ligaments": _("Ligaments"),
            "muscle": _("Muscle, fascia"),
            "discs": _("Discs"),
            "epidural": _("Epidural"),
        }
        return list(words.items())

    @property
    def codes(self) -> list[tuple[str, str]]:
        return [(code, str(structure.label)) for structure, code in INITIALS.items()]


def for_order() -> Entry:
    """Choosing the targets of a course."""
    return Entry("order", False, _choices(), "joints")


def for_session(
    *, targets: Iterable[spine.Target], given: Given, rules: ClinicalRules, usual: Usual
) -> Entry:
    """Noting what is injected. It begins with the volume of last time, else the usual one within the plausible range."""
    planned = [TargetData(row.structure, row.level, row.side) for row in targets]
    choices = _choices(planned, given, rules, usual)
    layer = next((each.layer for each in choices if each.is_planned), "joints")
    return Entry("injections", True, choices, layer)


def _choices(
    planned: Iterable[TargetData] = (),
    given: Given | None = None,
    rules: ClinicalRules | None = None,
    usual: Usual | None = None,
) -> list[Choice]:
    wanted, before = set(planned), given or {}
    found = []
    for layer, rows in _OFFERED.items():
        for structure, levels, sides in rows:
            for target in (TargetData(structure, level, side) for level in levels for side in sides):
                volumes = before.get(target, {})
                last = volumes[max(volumes)] if volumes else None
                ml, step = _begins(structure, last, rules, usual)
                found.append(
                    Choice(
                        layer,
                        structure.value,
                        str(target.level),
                        str(target.side),
                        ml=ml,
                        step=step,
                        earlier=spine.runs(list(volumes)),
                        is_planned=target in wanted,
                    )
                )
    return found


def _begins(
    structure: Structure, last: Decimal | None, rules: ClinicalRules | None, usual: Usual | None
) -> tuple[str, str]:
    """The volume to begin with and the step of its buttons, in mL. No volume where the protocol presumes none."""
    rule = next((each for each in rules.targets if each.structure == structure), None) if rules else None
    step = "0.1" if rule is not None and rule.ml_high <= 2 else "0.5"
    ml = last or (usual.target_ml if usual else None)
    if ml is not None and last is None and rule is not None:
        ml = min(max(ml, rule.ml_low), rule.ml_high)
    return ("" if ml is None else str(ml.quantize(Decimal("0.1")))), step
