"""The registries through which higher apps say what the desk still has to do, without clinical content.

Readiness: whether what a visit needs beside its resources is there. Counts: what the strip at the head of the day
says. Closing: what the day must not end with. Each is asked in batches and answers in a constant number of queries.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from clinic.models import Patient, Site
from scheduling.models import Appointment


class Light(TextChoices):
    """The desk's light for one visit."""

    READY = "ready", _("Ready")
    OPEN = "open", _("Something open")
    UNKNOWN = "unknown", _("Not known")


@dataclass(frozen=True, slots=True)
class Count:
    """One count of the strip: its word, and the name of the address with the list behind it."""

    value: int
    word: str
    none: str
    """The quiet word for zero."""
    url_name: str
    query: str = ""
    is_urgent: bool = False
    """Somebody may stand before a closed door: shown so that it is seen."""


@dataclass(frozen=True, slots=True)
class OpenEnd:
    """One thing that the day must not end with, and the address of the act that closes it."""

    group: str
    words: str
    act: str
    url: tuple[str, ...]
    """A URL name and its keys."""
    patient: Patient | None = None
    at: dt.datetime | None = None


ReadinessSource = Callable[[Sequence[Appointment]], Mapping[UUID, Light]]
CountSource = Callable[[Site], Sequence[Count]]
ClosingSource = Callable[[Site, dt.datetime, dt.datetime], Sequence[OpenEnd]]

_readiness: list[ReadinessSource] = []
_counts: list[CountSource] = []
_closing: list[ClosingSource] = []


def register(
    *,
    readiness: ReadinessSource | None = None,
    counts: CountSource | None = None,
    closing: ClosingSource | None = None,
) -> None:
    """Called at start-up by the app that knows."""
    _readiness.extend([readiness] if readiness else [])
    _counts.extend([counts] if counts else [])
    _closing.extend([closing] if closing else [])


def lights(visits: Sequence[Appointment]) -> dict[UUID, Light]:
    """The light of each visit that serves something; the gravest word of all sources counts.

    A visit without a purpose needs nothing but its resources and has no light. One whose purpose nobody answers
    for is not known.
    """
    asked = [visit for visit in visits if visit.purpose is not None]
    found: dict[UUID, Light] = {}
    for source in _readiness if asked else []:
        for key, light in source(asked).items():
            if found.get(key) != Light.OPEN:
                found[key] = (
                    light if found.get(key) != Light.UNKNOWN or light == Light.OPEN else Light.UNKNOWN
                )
    return {visit.pk: found.get(visit.pk, Light.UNKNOWN) for visit in asked}


def counts(site: Site) -> list[Count]:
    return [count for source in _counts for count in source(site)]


def closing(site: Site, start: dt.datetime, end: dt.datetime) -> list[OpenEnd]:
    """What higher apps say of the day `[start, end)`."""
    return [line for source in _closing for line in source(site, start, end)]
