"""The sections of a protocol version: which lines they hold, what each field is called, how a value reads.

Pages, forms and the comparison all go by these lists, so that a rule is named alike wherever it stands.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from clinic.enums import Sex
from treatments import clinical_rules as rules
from treatments.clinical_rules import ClinicalRules
from treatments.enums import Anticoagulant, Guidance, Instrument, Structure
from treatments.policies.protocol_fields import (
    ANCHORS,
    CODE,
    DAYS,
    Field,
    Kind,
    Said,
    Section,
    plain_number,
)


def limit_words(line: rules.ScreeningRule) -> str:
    """When a line of the checklist fires, in a few words."""
    if line.below is None and line.above is None:
        return _t("answered yes")
    parts = []
    if line.below is not None:
        parts.append(_t("below %(value)s") % {"value": plain_number(line.below)})
    if line.above is not None:
        parts.append(_t("above %(value)s") % {"value": plain_number(line.above)})
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
        {
            "words": _("What is asked"),
            "moment": _("Asked"),
            "level": _("When it fires, it"),
            "unit": Said(_("Unit"), help=_("Leave it empty for a question with yes or no.")),
            "below": _("Fires below"),
            "above": _("Fires above"),
            "expires_days": Said(_("An answer counts for"), unit=DAYS),
            "only_if": Said(
                _("Asked only if"),
                help=_("The code of another line, or a group of medicines: anticoagulant, nsaid."),
            ),
            "only_sex": Said(
                _("Asked only of"),
                choices=(("", _("everybody")), (Sex.FEMALE, _("women")), (Sex.MALE, _("men"))),
                empty=_("everybody"),
                help=_("Where the sex is not stated, it is asked as well."),
            ),
            "only_diagnosis": Said(
                _("Asked only with the diagnosis"), help=_("How its code begins: M51 for a disc.")
            ),
            "code": CODE,
        },
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
        {
            "name": _("Medicine"),
            "group": _("Group"),
            "stop_days": Said(
                _("Last dose before the session"),
                unit=DAYS,
                empty=_("no number"),
                help=_("Leave it empty where the prescriber decides."),
            ),
            "note": _("Note"),
        },
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
        {
            "structure": Said(_("Structure"), choices=Structure.choices),
            "ml_low": Said(_("Lowest plausible volume"), unit="mL"),
            "ml_high": Said(_("Highest plausible volume"), unit="mL"),
            "most_per_course": Said(
                _("Injections of one level a course"), empty=_("as often as there are sessions")
            ),
        },
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
        {
            "words": _("Name"),
            "anchor": _("Counted from"),
            "days": Said(_("Days after it"), help=_("Below 0: before it.")),
            "early": Said(_("Counts when so early"), unit=DAYS),
            "late": Said(_("Counts when so late"), unit=DAYS),
            "instruments": Said(_("Questionnaires"), choices=Instrument.choices),
            "code": CODE,
        },
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
        {
            "nrs_some": Said(_("Some gain: pain down by"), unit="%"),
            "nrs_substantial": Said(_("Substantial gain: pain down by"), unit="%"),
            "rmdq_some": Said(_("Function better by"), unit="%"),
            "rmdq_points": Said(_("Some gain: RMDQ down by"), unit=_("points")),
            "rmdq_recovered": Said(_("Recovered: RMDQ at most"), unit=_("points")),
            "pgic_good": _("Feels better: PGIC at most"),
            "reevaluate_after": Said(_("Re-evaluate without gain after"), unit=_("sessions")),
            "grave_grade": _("An event stops the course from grade"),
            "escalate_days": Said(_("Undecided: a task so long before the release"), unit=DAYS),
        },
        path=("gate",),
    ),
    Section(
        "usual",
        _("As usual"),
        _("What a session written up as planned is filled in with."),
        rules.Usual,
        {
            "blood_ml": Said(_("Blood drawn"), unit="mL"),
            "anticoagulant": Said(_("Anticoagulant"), choices=(*_BLANK, *Anticoagulant.choices)),
            "anticoagulant_ml": Said(_("Anticoagulant"), unit="mL"),
            "draw_site": _("Drawn from"),
            "kit": _("Kit"),
            "spins": _("Spins"),
            "plasma_removed_ml": Said(_("Plasma removed"), unit="mL"),
            "product_ml": Said(_("Product"), unit="mL"),
            "target_ml": Said(_("For each target"), unit="mL"),
            "needle_gauge": Said(_("Needle"), unit="G"),
            "needle_mm": Said(_("Needle length"), unit="mm"),
            "guidance": Said(_("Guidance"), choices=Guidance.choices),
            "skin_preparation": _("Skin preparation"),
            "anaesthetic": _("Anaesthetic"),
            "anaesthetic_percent": Said(_("Anaesthetic strength"), unit="%"),
            "anaesthetic_ml": Said(_("Anaesthetic"), unit="mL"),
        },
        path=("usual",),
    ),
    Section(
        "limits",
        _("Pointed out in the record"),
        _("Values outside are possible and unusual: they are shown, not refused."),
        rules.Limits,
        {
            "product_minutes": Said(_("Product flagged when older than"), unit=_("minutes")),
            "nsaid_floor_days": Said(_("Every NSAID is held for at least"), unit=DAYS),
            "baseline_platelets_low": Said(_("Platelets in the blood, low"), unit="10³/µL"),
            "baseline_platelets_high": Said(_("Platelets in the blood, high"), unit="10³/µL"),
            "product_factor_low": Said(_("Concentration factor, low"), unit="×"),
            "product_factor_high": Said(_("Concentration factor, high"), unit="×"),
            "blood_ml_low": Said(_("Blood drawn, low"), unit="mL"),
            "blood_ml_high": Said(_("Blood drawn, high"), unit="mL"),
        },
        path=("limits",),
    ),
    Section(
        "consent",
        _("Consent"),
        _("Whether it is needed before blood is drawn, and how long one stands."),
        rules.ConsentRules,
        {
            "required": _("Needed before blood is drawn"),
            "valid_days": Said(_("Stands for"), unit=DAYS),
            "fresh_on_extension": _("A fresh one for an extension"),
        },
        path=("consent",),
    ),
    Section(
        "recovery",
        _("Recovery week"),
        _("Advice that the published sources do not agree on, and how fast a sign of trouble is answered."),
        rules.RecoveryRules,
        {
            "ice": _("Ice"),
            "red_flag_days": Said(_("Signs of trouble are asked for"), unit=DAYS),
            "same_day_minutes": Said(_("Called back within"), unit=_("minutes")),
            "emergency_minutes": Said(_("In an emergency within"), unit=_("minutes")),
        },
        path=("recovery",),
    ),
    Section(
        "red_flags",
        _("Signs of trouble"),
        _("What the patient may tick after a session."),
        rules.RedFlag,
        {
            "words": _("Words"),
            "emergency": _("An emergency"),
            "code": CODE,
        },
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
        {
            "day": _("From day"),
            "words": _("Words"),
        },
        path=("recovery", "guidance"),
        name_of=lambda line: _t("Day %(day)s") % {"day": line.day},
        line_word=_("a day"),
        identity="day",
        summary=("day", "words"),
    ),
    Section(
        "evidence",
        _("Level of evidence"),
        _("A statement about the evidence is only told with its level and its source."),
        rules.EvidenceBasis,
        {"level": _("Level")},
        path=("evidence",),
    ),
    Section(
        "required",
        _("A complete record has"),
        _("Without these a session's record is called incomplete."),
        ClinicalRules,
        {
            "required": _("Fields"),
        },
        path=(),
        has_basis=False,
    ),
)
BY_KEY: Mapping[str, Section] = {section.key: section for section in SECTIONS}
