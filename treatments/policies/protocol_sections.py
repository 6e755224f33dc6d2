"""The sections of a protocol version: which lines they hold, what each field is called, how a value reads.

Pages, forms and the comparison all go by these lists, so that a rule is named alike wherever it stands.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec
from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from treatments import clinical_rules as rules
from treatments.clinical_rules import ClinicalRules, Mark, RulesError
from treatments.enums import Anticoagulant, Guidance, Instrument, Structure

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
            names = {str(key): str(label) for key, label in self.choices}
            chosen = value if self.kind == Kind.MANY else [value]
            return ", ".join(names.get(str(each), str(each)) for each in chosen)
        if self.kind == Kind.BY_LANGUAGE:
            return "\n".join(f"{code}: {words}" for code, words in sorted(value.items()))
        if self.kind == Kind.SPINS:
            return "; ".join(_spin(spin) for spin in value)
        if self.unit == DAYS:
            return ngettext("%(count)s day", "%(count)s days", value) % {"count": value}
        text = _plain(value) if isinstance(value, Decimal) else str(value)
        return f"{text} {self.unit}".strip()


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the document: a list of lines of one shape, or one set of fields."""

    key: str
    title: Text
    lede: Text
    shape: type[msgspec.Struct]
    fields: tuple[Field, ...]
    is_list: bool
    path: tuple[str, ...]
    name_of: Callable[[Any], str] = str
    line_word: Text = ""
    identity: str = ""
    """The field by which a line is known again in another version."""
    summary: tuple[str, ...] = ()
    """Fields that stand as columns of the table; the first is the line's name."""
    has_basis: bool = True

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


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _spin(spin: rules.Spin) -> str:
    words = _t("%(g)s g for %(minutes)s min") % {"g": spin.g, "minutes": _plain(spin.minutes)}
    return words if spin.celsius is None else f"{words}, {spin.celsius} °C"


def limit_words(line: rules.ScreeningRule) -> str:
    """When a line of the checklist fires, in a few words."""
    if line.below is None and line.above is None:
        return _t("answered yes")
    parts = []
    if line.below is not None:
        parts.append(_t("below %(value)s") % {"value": _plain(line.below)})
    if line.above is not None:
        parts.append(_t("above %(value)s") % {"value": _plain(line.above)})
    return f"{_t(' or ').join(parts)} {line.unit}".strip()


def when_words(point: rules.TimePoint) -> str:
    """When a time point is, with its window."""
    anchor = dict(ANCHORS)[point.anchor]
    if point.days == 0:
        words = _t("on the day of %(anchor)s") % {"anchor": anchor}
    elif point.days < 0:
        words = _t("%(days)s days before %(anchor)s") % {"days": -point.days, "anchor": anchor}
    else:
        words = _t("%(days)s days after %(anchor)s") % {"days": point.days, "anchor": anchor}
    if point.early or point.late:
        words += _t(" (−%(early)s to +%(late)s days)") % {"early": point.early, "late": point.late}
    return words


def _english(line: Any) -> str:
    return str(line.words.get("en") or next(iter(line.words.values())))


_BLANK = (("", _("—")),)

PLAN_FIELDS = (
    Field("planned_sessions", _("Planned sessions"), Kind.WHOLE, needed=True),
    Field("max_sessions", _("Most sessions"), Kind.WHOLE, needed=True),
    Field("interval_days", _("Interval: planned"), Kind.WHOLE, unit=DAYS, needed=True),
    Field("interval_warn_days", _("Interval: warn below"), Kind.WHOLE, unit=DAYS, needed=True),
    Field("interval_block_days", _("Interval: refuse below"), Kind.WHOLE, unit=DAYS, needed=True),
    Field("interval_max_days", _("Interval: warn above"), Kind.WHOLE, unit=DAYS, needed=True),
    Field("review_lead_days", _("Review before the repeat"), Kind.WHOLE, unit=DAYS, needed=True),
    Field("preparation_lead_days", _("Preparation before the session"), Kind.WHOLE, unit=DAYS, needed=True),
    Field("approval_days", _("Approval lapses after"), Kind.WHOLE, unit=DAYS, needed=True),
)
"""The numbers of a version that stand beside its document, because the calendar is reckoned with them."""

SECTIONS: tuple[Section, ...] = (
    Section(
        "screening",
        _("Checklists"),
        _("What is asked before booking and again on the day, and what an answer does."),
        rules.ScreeningRule,
        (
            Field("words", _("What is asked"), needed=True),
            Field("moment", _("Asked"), Kind.CHOICE, choices=MOMENTS, needed=True),
            Field("level", _("When it fires, it"), Kind.CHOICE, choices=LEVELS, needed=True),
            Field("unit", _("Unit"), help=_("Leave it empty for a question with yes or no.")),
            Field("below", _("Fires below"), Kind.DECIMAL),
            Field("above", _("Fires above"), Kind.DECIMAL),
            Field("expires_days", _("An answer counts for"), Kind.WHOLE, unit=DAYS),
            Field(
                "only_if",
                _("Asked only if"),
                Kind.CODE,
                help=_("The code of another line, or a group of medicines: anticoagulant, nsaid."),
            ),
            Field(
                "code",
                _("Code"),
                Kind.CODE,
                help=_("Small letters; it stays the same for ever."),
                needed=True,
            ),
        ),
        is_list=True,
        path=("screening",),
        name_of=lambda line: str(line.words),
        line_word=_("a question"),
        identity="code",
        summary=("words", "moment", "level"),
    ),
    Section(
        "medicines",
        _("Medicines before a session"),
        _("“No number” is never advice to stop: a prescriber decides."),
        rules.MedicineHold,
        (
            Field("name", _("Medicine"), needed=True),
            Field("group", _("Group"), Kind.CHOICE, choices=GROUPS, needed=True),
            Field(
                "stop_days",
                _("Last dose before the session"),
                Kind.WHOLE,
                unit=DAYS,
                empty=_("no number"),
                help=_("Leave it empty where the prescriber decides."),
            ),
            Field("note", _("Note")),
        ),
        is_list=True,
        path=("medicines",),
        name_of=lambda line: str(line.name),
        line_word=_("a medicine"),
        identity="name",
        summary=("name", "group", "stop_days", "note"),
    ),
    Section(
        "targets",
        _("Targets and volumes"),
        _("A volume outside its range is pointed out, never refused."),
        rules.TargetRule,
        (
            Field("structure", _("Structure"), Kind.CHOICE, choices=Structure.choices, needed=True),
            Field("ml_low", _("Lowest plausible volume"), Kind.DECIMAL, unit="mL", needed=True),
            Field("ml_high", _("Highest plausible volume"), Kind.DECIMAL, unit="mL", needed=True),
            Field(
                "most_per_course",
                _("Injections of one level a course"),
                Kind.WHOLE,
                empty=_("as often as there are sessions"),
            ),
        ),
        is_list=True,
        path=("targets",),
        name_of=lambda line: str(dict(Structure.choices).get(line.structure, line.structure)),
        line_word=_("a target"),
        identity="structure",
        summary=("structure", "ml_low", "ml_high", "most_per_course"),
    ),
    Section(
        "time_points",
        _("Questionnaires and their days"),
        _("What the patient is asked, when, and how far off the day an answer still counts."),
        rules.TimePoint,
        (
            Field("words", _("Name"), needed=True),
            Field("anchor", _("Counted from"), Kind.CHOICE, choices=ANCHORS, needed=True),
            Field("days", _("Days after it"), Kind.WHOLE, help=_("Below 0: before it."), needed=True),
            Field("early", _("Counts when so early"), Kind.WHOLE, unit=DAYS),
            Field("late", _("Counts when so late"), Kind.WHOLE, unit=DAYS),
            Field("instruments", _("Questionnaires"), Kind.MANY, choices=Instrument.choices, needed=True),
            Field(
                "code",
                _("Code"),
                Kind.CODE,
                help=_("Small letters; it stays the same for ever."),
                needed=True,
            ),
        ),
        is_list=True,
        path=("time_points",),
        name_of=lambda line: str(line.words),
        line_word=_("a time point"),
        identity="code",
        summary=("words", "instruments"),
    ),
    Section(
        "gate",
        _("Review before a repeat"),
        _("The suggestion is reckoned with these; the physician decides."),
        rules.GateRules,
        (
            Field("nrs_some", _("Some gain: pain down by"), Kind.WHOLE, unit="%", needed=True),
            Field("nrs_substantial", _("Substantial gain: pain down by"), Kind.WHOLE, unit="%", needed=True),
            Field("rmdq_some", _("Function better by"), Kind.WHOLE, unit="%", needed=True),
            Field("rmdq_points", _("Some gain: RMDQ down by"), Kind.WHOLE, unit=_("points"), needed=True),
            Field("rmdq_recovered", _("Recovered: RMDQ at most"), Kind.WHOLE, unit=_("points"), needed=True),
            Field("pgic_good", _("Feels better: PGIC at most"), Kind.WHOLE, needed=True),
            Field(
                "reevaluate_after",
                _("Re-evaluate without gain after"),
                Kind.WHOLE,
                unit=_("sessions"),
                needed=True,
            ),
            Field("grave_grade", _("An event stops the course from grade"), Kind.WHOLE, needed=True),
            Field(
                "escalate_days",
                _("Undecided: a task so long before the release"),
                Kind.WHOLE,
                unit=DAYS,
                needed=True,
            ),
        ),
        is_list=False,
        path=("gate",),
    ),
    Section(
        "usual",
        _("As usual"),
        _("What a session written up as planned is filled in with."),
        rules.Usual,
        (
            Field("blood_ml", _("Blood drawn"), Kind.DECIMAL, unit="mL"),
            Field(
                "anticoagulant", _("Anticoagulant"), Kind.CHOICE, choices=(*_BLANK, *Anticoagulant.choices)
            ),
            Field("anticoagulant_ml", _("Anticoagulant"), Kind.DECIMAL, unit="mL"),
            Field("draw_site", _("Drawn from")),
            Field("kit", _("Kit")),
            Field("spins", _("Spins"), Kind.SPINS),
            Field("plasma_removed_ml", _("Plasma removed"), Kind.DECIMAL, unit="mL"),
            Field("product_ml", _("Product"), Kind.DECIMAL, unit="mL"),
            Field("target_ml", _("For each target"), Kind.DECIMAL, unit="mL"),
            Field("needle_gauge", _("Needle"), Kind.WHOLE, unit="G"),
            Field("needle_mm", _("Needle length"), Kind.WHOLE, unit="mm"),
            Field("guidance", _("Guidance"), Kind.CHOICE, choices=Guidance.choices, needed=True),
            Field("skin_preparation", _("Skin preparation"), Kind.CODE, needed=True),
            Field("anaesthetic", _("Anaesthetic"), Kind.CODE, needed=True),
            Field("anaesthetic_percent", _("Anaesthetic strength"), Kind.DECIMAL, unit="%"),
            Field("anaesthetic_ml", _("Anaesthetic"), Kind.DECIMAL, unit="mL"),
        ),
        is_list=False,
        path=("usual",),
    ),
    Section(
        "limits",
        _("Pointed out in the record"),
        _("Values outside are possible and unusual: they are shown, not refused."),
        rules.Limits,
        (
            Field(
                "product_minutes",
                _("Product flagged when older than"),
                Kind.WHOLE,
                unit=_("minutes"),
                needed=True,
            ),
            Field(
                "nsaid_floor_days",
                _("Every NSAID is held for at least"),
                Kind.WHOLE,
                unit=DAYS,
                needed=True,
            ),
            Field(
                "baseline_platelets_low",
                _("Platelets in the blood, low"),
                Kind.WHOLE,
                unit="10³/µL",
                needed=True,
            ),
            Field(
                "baseline_platelets_high",
                _("Platelets in the blood, high"),
                Kind.WHOLE,
                unit="10³/µL",
                needed=True,
            ),
            Field("product_factor_low", _("Concentration factor, low"), Kind.DECIMAL, unit="×", needed=True),
            Field(
                "product_factor_high", _("Concentration factor, high"), Kind.DECIMAL, unit="×", needed=True
            ),
            Field("blood_ml_low", _("Blood drawn, low"), Kind.DECIMAL, unit="mL", needed=True),
            Field("blood_ml_high", _("Blood drawn, high"), Kind.DECIMAL, unit="mL", needed=True),
        ),
        is_list=False,
        path=("limits",),
    ),
    Section(
        "consent",
        _("Consent"),
        _("Whether it is needed before blood is drawn, and how long one stands."),
        rules.ConsentRules,
        (
            Field("required", _("Needed before blood is drawn"), Kind.YES_NO),
            Field("valid_days", _("Stands for"), Kind.WHOLE, unit=DAYS, needed=True),
            Field("fresh_on_extension", _("A fresh one for an extension"), Kind.YES_NO),
        ),
        is_list=False,
        path=("consent",),
    ),
    Section(
        "recovery",
        _("Recovery week"),
        _("Advice that the published sources do not agree on, and how fast a sign of trouble is answered."),
        rules.RecoveryRules,
        (
            Field("ice", _("Ice"), Kind.CHOICE, choices=ICE, needed=True),
            Field("red_flag_days", _("Signs of trouble are asked for"), Kind.WHOLE, unit=DAYS, needed=True),
            Field("same_day_minutes", _("Called back within"), Kind.WHOLE, unit=_("minutes"), needed=True),
            Field(
                "emergency_minutes", _("In an emergency within"), Kind.WHOLE, unit=_("minutes"), needed=True
            ),
        ),
        is_list=False,
        path=("recovery",),
    ),
    Section(
        "red_flags",
        _("Signs of trouble"),
        _("What the patient may tick after a session."),
        rules.RedFlag,
        (
            Field("words", _("Words"), Kind.BY_LANGUAGE, needed=True),
            Field("emergency", _("An emergency"), Kind.YES_NO),
            Field(
                "code",
                _("Code"),
                Kind.CODE,
                help=_("Small letters; it stays the same for ever."),
                needed=True,
            ),
        ),
        is_list=True,
        path=("recovery", "red_flags"),
        name_of=_english,
        line_word=_("a sign"),
        identity="code",
        summary=("words", "emergency"),
    ),
    Section(
        "guidance",
        _("Advice by day"),
        _("What the recovery page says from this day on."),
        rules.DayGuidance,
        (
            Field("day", _("From day"), Kind.WHOLE, needed=True),
            Field("words", _("Words"), Kind.BY_LANGUAGE, needed=True),
        ),
        is_list=True,
        path=("recovery", "guidance"),
        name_of=lambda line: _t("Day %(day)s") % {"day": line.day},
        line_word=_("a day"),
        identity="day",
        summary=("day", "words"),
    ),
    Section(
        "required",
        _("A complete record has"),
        _("Without these a session's record is called incomplete."),
        ClinicalRules,
        (Field("required", _("Fields"), Kind.MANY),),
        is_list=False,
        path=(),
        has_basis=False,
    ),
)
BY_KEY: Mapping[str, Section] = {section.key: section for section in SECTIONS}
