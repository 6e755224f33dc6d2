"""What higher apps put on pages of the schedule: registered at start-up, asked while the page is written."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from clinic.actors import Actor
from scheduling.models import Appointment


@dataclass(frozen=True, slots=True)
class Link:
    """A way on from a visit, in words that say what it does."""

    words: str
    url: str


@dataclass(frozen=True, slots=True)
class PatientNote:
    """A paragraph under a heading for the patient's own page of a visit, both in their language."""

    title: str
    text: str


PatientNotes = Callable[[Appointment, str], Sequence[PatientNote]]
MoveLink = Callable[[Appointment], Link | None]
VisitLink = Callable[[Appointment, Actor], Link | None]

_move_links: list[MoveLink] = []
_visit_links: list[VisitLink] = []
_patient_notes: list[PatientNotes] = []


def register_patient_notes(notes: PatientNotes) -> None:
    """What a higher app tells the patient of a visit of theirs, in this language; plain words, nobody else sees them."""
    _patient_notes.append(notes)


def patient_notes(visit: Appointment, *, language: str) -> list[PatientNote]:
    """Every such note, in the order of registration."""
    return [note for notes in _patient_notes for note in notes(visit, language)]


def register_visit_link(link: VisitLink) -> None:
    """A page of a higher app about this visit, for those who may see it."""
    _visit_links.append(link)


def visit_links(visit: Appointment, by: Actor) -> list[Link]:
    """Every such page for this person, in the order of registration."""
    return [found for link in _visit_links if (found := link(visit, by)) is not None]


def register_move_link(link: MoveLink) -> None:
    """A way of moving this visit that only a higher app knows, for the page on which it is moved."""
    _move_links.append(link)


@dataclass(frozen=True, slots=True)
class MoveWarning:
    """What moving a visit to a start would do to others, and the way to move those along."""

    words: str
    link: Link


MoveCaution = Callable[[Appointment, dt.datetime, UUID | None], MoveWarning | None]

_move_cautions: list[MoveCaution] = []


def register_move_caution(caution: MoveCaution) -> None:
    """Asked when a visit is to go to a start with a clinician, or with any, on the page on which it is moved."""
    _move_cautions.append(caution)


def move_warnings(visit: Appointment, start: dt.datetime, lead_id: UUID | None) -> list[MoveWarning]:
    """What higher apps say of this start, in the order of registration."""
    return [found for caution in _move_cautions if (found := caution(visit, start, lead_id)) is not None]


def move_links(visit: Appointment) -> list[Link]:
    """Every such way, in the order of registration."""
    return [found for link in _move_links if (found := link(visit)) is not None]
