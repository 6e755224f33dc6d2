"""Letters as PDF: a fixed template, and data that is handed in as JSON and is only ever text, never markup."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import typst

_TEMPLATE: Final = (Path(__file__).parent / "letter.typ").read_bytes()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under heads."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Part:
    """A heading with paragraphs, pairs of term and value, and perhaps a table."""

    title: str
    paragraphs: Sequence[str] = ()
    facts: Sequence[tuple[str, str]] = ()
    table: Table | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter in one language. `site` stands as the letterhead: neutral, as in mails."""

    lang: str
    title: str
    site: str
    contact: Sequence[str]
    address: Sequence[str]
    day: str
    patient: str
    salutation: str
    parts: Sequence[Part]
    closing: str
    signed: Sequence[str]
    foot: str


def pdf(letter: Letter) -> bytes:
    """The letter on A4, tagged, with title and language.

    Latin, Greek, Cyrillic, Hebrew and Arabic are in the library's own fonts; other scripts take a font of the machine
    where it has one, and are left blank where it has none.
    """
    made = typst.compile(_TEMPLATE, sys_inputs={"letter": json.dumps(asdict(letter))}, format="pdf")
    if not isinstance(made, bytes):
        raise TypeError("One document was asked for.")
    return made
