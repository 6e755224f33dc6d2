"""What the words of a mail may not say. A subject and the line beside it are read by whoever holds the phone."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from clinic.messaging import DefaultText, TextError, placeholders_of
from clinic.policies.names import folded

LONGEST_SUBJECT = 150
LONGEST_BODY = 5000
IN_SUBJECTS = frozenset({"clinic", "clinic_name", "phone"})
"""Placeholders that name nobody and no day: the only ones for a subject."""

_STEMS = (
    # English
    "prp", "platelet", "plasma", "spine", "spinal", "vertebra", "lumbar", "sacro", "sacral", "facet", "pain", "inject",
    "needle", "blood", "diagnos", "patholog", "arthr", "steroid", "cortison", "aspirin", "ibuprofen", "medicin",
    "medicat", "drug", "anticoag", "physician", "doctor", "surg", "orthop", "rheuma", "therap", "treat", "procedure",
    "session", "score",
    # Spanish
    "plaqueta", "columna", "espalda", "espinal", "vertebr", "dolor", "inyecc", "infiltra", "aguja", "sangre", "faceta",
    "medic", "cirug", "ciruj", "ortoped", "reumat", "tratamiento", "procedimiento", "sesion",
)  # fmt: skip
_WHOLE = ("back", "disc", "discs", "disk", "disks", "dr", "dra", "disco", "discos")
"""Forbidden as whole words only: "discuss" and "background" say nothing."""
_FORBIDDEN = re.compile(rf"(?:{'|'.join(_STEMS)})\w*|(?:{'|'.join(_WHOLE)})")
_WORD = re.compile(r"\w+")
_SHORTEST_NAME = 4


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and with which part of the text."""

    field: str
    words: str


def problems(words: DefaultText, *, known: Collection[str], names: Collection[str] = ()) -> Iterator[Problem]:
    """Everything that keeps these words from being saved.

    `known` are the placeholders of the kind, `names` the full names of people whose work a subject would tell.
    """
    for field, text in (("subject", words.subject), ("preheader", words.preheader), ("body", words.body)):
        yield from _unfillable(field, text, known)
    for field, text in (("subject", words.subject), ("preheader", words.preheader)):
        if found := said_in(text, names):
            yield Problem(
                field,
                _("Leave out “%(words)s”: this line is seen by whoever holds the phone.")
                % {"words": "”, “".join(found)},
            )
    if not words.subject.strip():
        yield Problem("subject", _("A mail needs a subject."))
    if not words.body.strip():
        yield Problem("body", _("A mail needs words."))
    if len(words.subject) > LONGEST_SUBJECT or len(words.preheader) > LONGEST_SUBJECT:
        yield Problem("subject", _("At most %(most)s letters.") % {"most": LONGEST_SUBJECT})
    if len(words.body) > LONGEST_BODY:
        yield Problem("body", _("At most %(most)s letters.") % {"most": LONGEST_BODY})


def said_in(text: str, names: Collection[str] = ()) -> list[str]:
    """The words of a text that tell a condition, a treatment or who works with the patient; each once, as written."""
    people = {word for name in names for word in _WORD.findall(folded(name)) if len(word) >= _SHORTEST_NAME}
    found = [
        word for word in _WORD.findall(text) if _FORBIDDEN.fullmatch(folded(word)) or folded(word) in people
    ]
    return list(dict.fromkeys(found))


def _unfillable(field: str, text: str, known: Collection[str]) -> Iterator[Problem]:
    try:
        used = placeholders_of(text)
    except TextError:
        yield Problem(
            field, _("A brace is open or does not belong here. Placeholders look like {given_name}.")
        )
        return
    if unknown := sorted(used - set(known)):
        yield Problem(
            field,
            _("This mail knows no %(names)s. Take one from the list below the text.")
            % {"names": ", ".join(f"{{{name}}}" for name in unknown)},
        )
    elif field == "subject" and (telling := sorted(used - IN_SUBJECTS)):
        yield Problem(
            field,
            _("%(names)s tells who or when: it belongs into the text, not into the subject.")
            % {"names": ", ".join(f"{{{name}}}" for name in telling)},
        )
    elif field == "preheader" and used:
        yield Problem(field, _("This line is the same for everybody: it takes no placeholders."))
