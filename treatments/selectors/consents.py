"""Consents of a course, and the texts that are read out."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from clinic.models import Contact, Site
from treatments.models import Consent, ConsentText, Course

Strokes = Sequence[Sequence[Sequence[int]]]


@dataclass(frozen=True, slots=True)
class Paper:
    """What a page of a consent shows: its title, and its parts as heading (where a part has one) and text."""

    title: str
    parts: list[tuple[str, str]]


def newest_texts(site: Site) -> list[ConsentText]:
    """The newest version in each language. One query."""
    rows = ConsentText.objects.filter(site=site).order_by("language", "-number").distinct("language")
    return list(rows.select_related("written_by"))


def paper(text: ConsentText) -> Paper:
    parts = [part.strip() for part in text.body.replace("\r\n", "\n").split("\n\n")]
    return Paper(text.title, [_headed(part) for part in parts if part])


def _headed(part: str) -> tuple[str, str]:
    """A first line without a full stop, with text under it, is its heading."""
    first, _newline, rest = part.partition("\n")
    return (first, rest) if rest and not first.rstrip().endswith((".", ":", "?", "!")) else ("", part)


def lines_of(strokes: Strokes | None) -> list[str]:
    """The strokes as the points of SVG polylines. A dot becomes a line to itself, which round ends make visible."""
    found = []
    for stroke in strokes or []:
        points = stroke if len(stroke) > 1 else [*stroke, *stroke]
        found.append(" ".join(f"{int(x)},{int(y)}" for x, y in points))
    return found


def of_course(course: Course) -> list[Consent]:
    """Newest first, with texts and withdrawals. One query."""
    rows = _with_parts(Consent.objects.filter(course=course)).order_by("-given_at", "-pk")
    return list(rows)


def consent(consent_id: UUID) -> Consent | None:
    return _with_parts(Consent.objects.filter(pk=consent_id)).first()


def signers(course: Course) -> list[Contact]:
    """The contacts who may sign for the patient."""
    return list(Contact.objects.filter(patient=course.patient_id, may_sign=True, ended_at=None))


def _with_parts(rows: QuerySet[Consent]) -> QuerySet[Consent]:
    return rows.select_related(
        "site",
        "course__patient",
        "course__site",
        "course__protocol_version__protocol",
        "text",
        "recorded_by",
        "withdrawal__recorded_by",
    )
