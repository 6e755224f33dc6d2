"""A protocol version as a document to read: sections with rows, each with where its numbers come from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from treatments.clinical_rules import Level, Mark, Rule
from treatments.models import ProtocolVersion
from treatments.policies import protocol_sections as sections
from treatments.policies.protocol_compare import basis_of
from treatments.policies.protocol_fields import MARKS, Section, Text
from treatments.policies.protocol_sections import PLAN_FIELDS, SECTIONS

_DOES: Mapping[str, Text] = {
    Level.BLOCK: _("blocks"),
    Level.REVIEW: _("asks a physician"),
    Level.WARN: _("is pointed out"),
}

Column = tuple[Text, Callable[[Any], str]]

_MARK_WORDS: Mapping[str, Text] = {Mark.READ: _("read"), Mark.MEMORY: _("memory"), Mark.OURS: _("ours")}


@dataclass(frozen=True, slots=True)
class Basis:
    """The mark of a line in a word, what it means, and the source."""

    mark: str
    word: Text
    meaning: Text
    source: str


@dataclass(frozen=True, slots=True)
class RowView:
    """One line: its place in the section, what it is called, the cells beside it."""

    at: int
    name: str
    cells: tuple[tuple[Text, str], ...]
    basis: Basis | None


@dataclass(frozen=True, slots=True)
class SectionView:
    """A section of the document. `is_list`: its rows can be added to; otherwise it is edited as a whole."""

    key: str
    title: Text
    lede: Text
    line_word: Text
    is_list: bool
    head: tuple[Text, ...]
    rows: tuple[RowView, ...]
    basis: Basis | None = None

    @property
    def count(self) -> int:
        return len(self.rows)


def document(version: ProtocolVersion) -> list[SectionView]:
    """The whole version, in the order in which it is read."""
    return [_plan(version), *(_view(section, version) for section in SECTIONS)]


def _basis(line: Rule) -> Basis:
    mark = Mark(line.mark)
    return Basis(str(mark), _MARK_WORDS[mark], dict(MARKS)[mark], line.source)


def _plan(version: ProtocolVersion) -> SectionView:
    rows = tuple(
        RowView(
            at,
            str(field.label),
            ((_("Value"), field.shown(getattr(version, field.name))),),
            _basis(basis_of(version.clinical, field.name)),
        )
        for at, field in enumerate(PLAN_FIELDS)
    )
    lede = _("Days are counted from procedure date to procedure date.")
    return SectionView("plan", _("Sessions and intervals"), lede, "", False, (_("What"), _("Value")), rows)


def _view(section: Section, version: ProtocolVersion) -> SectionView:
    lines = section.lines(version.clinical)
    if not section.is_list:
        cells = tuple(
            RowView(at, str(field.label), ((_("Value"), words),), None)
            for at, (field, words) in enumerate(section.facts(lines[0]))
        )
        if section.key == "required":
            cells = _required(version)
        return SectionView(
            section.key,
            section.title,
            section.lede,
            section.line_word,
            False,
            (_("What"), _("Value")),
            cells,
            _basis(lines[0]) if section.has_basis else None,
        )
    columns = _COLUMNS[section.key]
    rows = tuple(
        RowView(
            at,
            section.name_of(line),
            tuple((label, words(line)) for label, words in columns),
            _basis(line),
        )
        for at, line in enumerate(lines)
    )
    head = (_("What"), *(label for label, _words in columns))
    return SectionView(section.key, section.title, section.lede, section.line_word, True, head, rows)


def _required(version: ProtocolVersion) -> tuple[RowView, ...]:
    """Names of the record's fields, by its parts."""
    parts: dict[str, list[str]] = {}
    for name in version.clinical.required:
        part, _dot, field = name.partition(".")
        parts.setdefault(part, []).append(field.replace("_", " "))
    return tuple(
        RowView(at, part.capitalize(), ((_("Value"), ", ".join(names)),), None)
        for at, (part, names) in enumerate(parts.items())
    )


def _of(section: str, name: str) -> Column:
    field = next(each for each in sections.BY_KEY[section].fields if each.name == name)
    return field.label, lambda line: field.shown(getattr(line, name))


def _volume(line: Any) -> str:
    return f"{line.ml_low:f}–{line.ml_high:f} mL"


def _asked(line: Any) -> str:
    fires = sections.limit_words(line)
    return _t("%(fires)s, if %(code)s") % {"fires": fires, "code": line.only_if} if line.only_if else fires


_COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "screening": (
        _of("screening", "moment"),
        (_("Fires when"), _asked),
        (_("Then it"), lambda line: str(_DOES[line.level])),
        (
            _("Counts for"),
            lambda line: (
                "–" if line.expires_days is None else _t("%(days)s days") % {"days": line.expires_days}
            ),
        ),
    ),
    "medicines": (_of("medicines", "group"), _of("medicines", "stop_days"), _of("medicines", "note")),
    "targets": ((_("Plausible volume"), _volume), _of("targets", "most_per_course")),
    "time_points": ((_("When"), sections.when_words), _of("time_points", "instruments")),
    "red_flags": (_of("red_flags", "words"), _of("red_flags", "emergency")),
    "guidance": (_of("guidance", "words"),),
}
