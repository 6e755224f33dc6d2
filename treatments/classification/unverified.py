"""Further systems, as data: their cuts were not checked against the publications, and whatever shows them says so."""

import tomllib
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from treatments.classification.values import Figure

_FILE: Final = Path(__file__).with_name("unverified.toml")


class Cut(Struct, frozen=True):
    """A class holds from this value on, the value included where `inclusive`."""

    name: str
    above: Decimal
    inclusive: bool = True


class Dimension(Struct, frozen=True):
    """One letter of a system: the figure it grades, and its cuts, highest first. Below the last: `below`."""

    figure: str
    cuts: tuple[Cut, ...]
    below: str = ""


class System(Struct, frozen=True):
    """A system whose cuts are unverified."""

    key: str
    name: str
    source: str
    dimensions: tuple[Dimension, ...]


class _Document(Struct, frozen=True):
    systems: tuple[System, ...]


@cache
def systems() -> tuple[System, ...]:
    return msgspec.convert(tomllib.loads(_FILE.read_text(encoding="utf-8")), _Document, strict=False).systems


def classify(system: System, figures: dict[str, Figure]) -> Figure:
    """The class by this system's cuts. A value below every cut that has no class leaves the product without one."""
    used = [figures[dimension.figure] for dimension in system.dimensions]
    made_from = tuple(dict.fromkeys(code for row in used for code in row.made_from))
    missing = tuple(dict.fromkeys(code for row in used for code in row.missing))
    if missing:
        return Figure(None, made_from, missing)
    letters = [
        grade(dimension, row.value)
        for dimension, row in zip(system.dimensions, used, strict=True)
        if isinstance(row.value, Decimal)
    ]
    return Figure("".join(letters), made_from)


def grade(dimension: Dimension, value: Decimal) -> str:
    for cut in dimension.cuts:
        if value > cut.above or (cut.inclusive and value == cut.above):
            return cut.name
    return dimension.below
