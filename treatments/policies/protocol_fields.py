"""The fields and sections of a protocol version's editor: what the document's shapes say of each, and what words add.

Kind and need follow from the msgspec structs of `clinical_rules`, so that a field added there is typed in, compared and
shown with a line of words here. A field without words is not offered.
"""

import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, StrEnum
from functools import cached_property
from typing import Annotated, Any, Final, Union, get_args, get_origin

import msgspec
from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from treatments import clinical_rules as rules
from treatments.clinical_rules import ClinicalRules, Mark, RulesError

Text = str | Promise
Choices = Sequence[tuple[str, Text]]

DAYS: Text = _("days")
LANGUAGES: Choices = (("en", _("English")), ("es", _("Spanish")))
MARKS: Choices = (
    (Mark.READ, _("Read in the source")),
    (Mark.MEMORY, _("From memory: check the source")),
    (Mark.OURS, _("Decided by the clinic")),
)
MOMENTS: Choices = ((rules.Moment.BOOKING, _("Before booking")), (rules.Moment.DAY, _("On the day")))
LEVELS: Choices = (
    (rules.Level.BLOCK, _("Blocks until a physician overrides")),
    (rules.Level.REVIEW, _("Goes to a physician")),
    (rules.Level.WARN, _("Is pointed out")),
)
GROUPS: Choices = (
    (rules.MedicineGroup.NSAID, _("NSAID painkiller")),
    (rules.MedicineGroup.ASPIRIN, _("Aspirin")),
    (rules.MedicineGroup.ANTICOAGULANT, _("Anticoagulant")),
    (rules.MedicineGroup.ANTIPLATELET, _("Antiplatelet medicine")),
    (rules.MedicineGroup.STEROID, _("Steroid")),
    (rules.MedicineGroup.ALLOWED, _("Allowed")),
)
ANCHORS: Choices = (
    (rules.Anchor.FIRST_SESSION, _("the first session")),
    (rules.Anchor.BEFORE_REPEAT, _("each repeat")),
    (rules.Anchor.SESSION, _("each session")),
    (rules.Anchor.LAST_SESSION, _("the last session")),
)
ICE: Choices = (
    (rules.Ice.AVOID, _("Avoid ice")),
    (rules.Ice.AVOID_72H, _("Avoid ice for 72 hours")),
    (rules.Ice.USE, _("Use ice on days 1 to 3")),
)
_OF_ENUM: Final[Mapping[type, Choices]] = {
    Mark: MARKS,
    rules.Moment: MOMENTS,
    rules.Level: LEVELS,
    rules.MedicineGroup: GROUPS,
    rules.Anchor: ANCHORS,
    rules.Ice: ICE,
}


class Kind(StrEnum):
    """How a field is typed in and read."""

    LINE = "line"
    CODE = "code"
    WHOLE = "whole"
    DECIMAL = "decimal"
    YES_NO = "yes_no"
    CHOICE = "choice"
    MANY = "many"
    BY_LANGUAGE = "by_language"
    SPINS = "spins"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a line. `needed`: a line without it is none; `empty`: how nothing reads."""

    name: str
    label: Text
    kind: Kind = Kind.LINE
    unit: Text = ""
    choices: Choices = ()
    help: Text = ""
    needed: bool = False
    empty: Text = "–"

    def shown(self, value: Any) -> str:
        """The value as it reads in the document and in a comparison."""
        if value is None or value == "" or value == () or value == {}:
            return str(self.empty)
        if self.kind == Kind.YES_NO:
            return _t("yes") if value else _t("no")
        if self.kind in (Kind.CHOICE, Kind.MANY):
            labels = {str(key): str(label) for key, label in self.choices}
            chosen = value if self.kind == Kind.MANY else [value]
            return ", ".join(labels.get(str(each), str(each)) for each in chosen)
        if self.kind == Kind.BY_LANGUAGE:
            return "\n".join(f"{code}: {words}" for code, words in sorted(value.items()))
        if self.kind == Kind.SPINS:
            return "; ".join(_spin(spin) for spin in value)
        if self.unit == DAYS:
            return ngettext("%(count)s day", "%(count)s days", value) % {"count": value}
        text = plain_number(value) if isinstance(value, Decimal) else str(value)
        return f"{text} {self.unit}".strip()


@dataclass(frozen=True, slots=True)
class Said:
    """What a shape cannot tell of its field. `choices`: of a code that another module's vocabulary gives."""

    label: Text
    unit: Text = ""
    help: Text = ""
    choices: Choices = ()
    empty: Text = "–"


CODE: Final = Said(_("Code"), help=_("Small letters; it stays the same for ever."))


def fields_of(
    shape: type[msgspec.Struct], said: Mapping[str, Said | Text], *, whole: bool
) -> Iterator[Field]:
    """The fields of one shape, in the order of their words.

    One without a default is needed; where the shape is one set of fields (`whole`), a number or a choice is as well.
    """
    known = {found.name: found for found in msgspec.structs.fields(shape)}
    for name, one in said.items():
        words = one if isinstance(one, Said) else Said(one)
        plain, may_be_empty = _plain_type(known[name].type)
        kind = Kind.CHOICE if words.choices and get_origin(plain) is not tuple else _kind(plain)
        counts = kind in (Kind.WHOLE, Kind.DECIMAL, Kind.CHOICE, Kind.CODE)
        needed = known[name].required or (whole and counts and not may_be_empty)
        yield Field(
            name=name,
            label=words.label,
            kind=kind,
            unit=words.unit,
            choices=words.choices or _OF_ENUM.get(plain, ()),
            help=words.help,
            needed=needed and kind != Kind.YES_NO,
            empty=words.empty,
        )


def _plain_type(annotation: Any) -> tuple[Any, bool]:
    """The type without "or None", and whether there was one. A code stays what it is."""
    if get_origin(annotation) in (Union, types.UnionType):
        parts = [part for part in get_args(annotation) if part is not type(None)]
        return _plain_type(parts[0])[0], True
    if get_origin(annotation) is Annotated and annotation != rules.Code:
        return get_args(annotation)[0], False
    return annotation, False


def _kind(plain: Any) -> Kind:
    if plain == rules.Code:
        return Kind.CODE
    if get_origin(plain) is dict:
        return Kind.BY_LANGUAGE
    if get_origin(plain) is tuple:
        return Kind.SPINS if get_args(plain)[0] is rules.Spin else Kind.MANY
    if isinstance(plain, type) and issubclass(plain, Enum):
        return Kind.CHOICE
    return {bool: Kind.YES_NO, int: Kind.WHOLE, Decimal: Kind.DECIMAL}.get(plain, Kind.LINE)


@dataclass(frozen=True)
class Section:
    """A part of the document: a list of lines of one shape, or one set of fields."""

    key: str
    title: Text
    lede: Text
    shape: type[msgspec.Struct]
    said: Mapping[str, Said | Text]
    """The words of its fields, in their order."""
    path: tuple[str, ...]
    name_of: Callable[[Any], str] = str
    line_word: Text = ""
    identity: str = ""
    """The field by which a line of a list is known again in another version. Without one it is one set of fields."""
    summary: tuple[str, ...] = ()
    """Fields that stand as columns of the table; the first is the line's name."""
    has_basis: bool = True

    @property
    def is_list(self) -> bool:
        return bool(self.identity)

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        return tuple(fields_of(self.shape, self.said, whole=not self.is_list))

    def lines(self, document: ClinicalRules) -> tuple[Any, ...]:
        """The lines of a list; the one set of fields as a list of one."""
        found: Any = document
        for step in self.path:
            found = getattr(found, step)
        return tuple(found) if self.is_list else (found,)

    def replaced(self, document: ClinicalRules, lines: Sequence[Any]) -> ClinicalRules:
        """The document with this section's lines exchanged."""
        value: Any = tuple(lines) if self.is_list else lines[0]
        if not self.path:
            return msgspec.structs.replace(document, required=value.required)
        *outer, last = self.path
        if not outer:
            return msgspec.structs.replace(document, **{last: value})
        inner = msgspec.structs.replace(getattr(document, outer[0]), **{last: value})
        return msgspec.structs.replace(document, **{outer[0]: inner})

    def built(self, values: Mapping[str, Any], *, on: Any = None) -> Any:
        """A line from a form's values. Fields that the form does not have keep what `on` has. Raises RulesError."""
        kept = msgspec.to_builtins(on) if on is not None else {}
        given = {
            field.name: values[field.name]
            for field in self.fields
            if values.get(field.name) not in (None, "") or field.kind in (Kind.MANY, Kind.SPINS)
        }
        emptied = {field.name for field in self.fields} - set(given)
        basis = {"mark": values["mark"], "source": values["source"]} if self.has_basis else {}
        try:
            return msgspec.convert(
                {key: value for key, value in kept.items() if key not in emptied} | given | basis,
                self.shape,
                strict=False,
            )
        except msgspec.ValidationError as error:
            raise RulesError(str(error)) from error

    def facts(self, line: Any) -> Iterator[tuple[Field, str]]:
        """Every field of a line and how its value reads."""
        for field in self.fields:
            yield field, field.shown(getattr(line, field.name))


def plain_number(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _spin(spin: rules.Spin) -> str:
    words = _t("%(g)s g for %(minutes)s min") % {"g": spin.g, "minutes": plain_number(spin.minutes)}
    return words if spin.celsius is None else f"{words}, {spin.celsius} °C"
