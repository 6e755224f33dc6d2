"""The checklists of a protocol, judged by what was answered: which questions are asked, and which of them fire."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal

from django.utils.translation import gettext as _

from clinic.enums import Sex
from treatments.clinical_rules import ClinicalRules, Level, MedicineGroup, Moment, ScreeningRule
from treatments.enums import Answer
from treatments.policies.readiness import GRAVITY, Facts, Given, Line, Mender, Part, State, day_words

_KNOWN_SEX = (Sex.FEMALE, Sex.MALE)
_GROUPS = frozenset(group.value for group in MedicineGroup)


def measures(rules: ClinicalRules, moment: str) -> list[tuple[ScreeningRule, ...]]:
    """The rules of a checklist as a person meets them: thresholds of one measurement are one line, asked once."""
    found: dict[tuple[str, ...], list[ScreeningRule]] = {}
    for rule in rules.screening:
        if rule.moment == moment:
            whose = (str(rule.only_if), str(rule.only_sex), str(rule.only_diagnosis))
            key = (rule.words, rule.unit, *whose) if rule.unit else (rule.code,)
            found.setdefault(key, []).append(rule)
    return [tuple(group) for group in found.values()]


def judged(
    moment: Moment, part: Part, given: Mapping[str, Given], facts: Facts, *, before: Sequence[Line] = ()
) -> list[Line]:
    """The lines of one checklist, those that are asked of this patient. `before`: lines that these may depend on."""
    lines: list[Line] = []
    for group in measures(facts.rules, moment):
        if _is_asked(group[0], facts, [*before, *lines]):
            lines.append(_judged(group, part, given.get(group[0].code), facts))
    return lines


def _is_asked(rule: ScreeningRule, facts: Facts, earlier: Sequence[Line]) -> bool:
    if rule.only_sex and facts.sex in _KNOWN_SEX and facts.sex != rule.only_sex:
        return False
    if rule.only_diagnosis and not facts.diagnosis_code.startswith(rule.only_diagnosis):
        return False
    only_if = rule.only_if
    if only_if is None:
        return True
    if only_if in _GROUPS and any(medicine.group == only_if for medicine in facts.taken):
        return True
    return any(
        line.state == State.FIRED for line in earlier if only_if in {line.code, *(r.code for r in line.rules)}
    )


def _judged(group: tuple[ScreeningRule, ...], part: Part, given: Given | None, facts: Facts) -> Line:
    first, gravest = group[0], max((rule.level for rule in group), key=GRAVITY.__getitem__)
    if given is not None and _has_expired(group, given, facts.session_day):
        words = _("%(what)s: the value of %(day)s is too old for this session.") % {
            "what": first.words,
            "day": day_words(given.measured_on),
        }
        state, level, basis = State.OPEN, gravest, f"expired:{given.key}:{facts.session_key}"
    elif given is None:
        words, state, level = _("%(what)s: not asked yet.") % {"what": first.words}, State.OPEN, gravest
        basis = f"open:{facts.session_key}"
    else:
        state, level, words = _verdict(group, gravest, given)
        basis = f"answer:{given.key}"
    mender = Mender.PHYSICIAN if state == State.FIRED else Mender.NURSE
    return Line(first.code, first.words, part, level, state, words, basis, mender, first.unit, group, given)


def _verdict(group: tuple[ScreeningRule, ...], gravest: Level, given: Given) -> tuple[State, Level, str]:
    first = group[0]
    if given.value == Answer.NUMBER and given.number is not None:
        fired = [rule for rule in group if _fires(rule, given.number)]
        if not fired:
            return State.CLEAR, gravest, _value(first, given.number)
        rule = max(fired, key=lambda each: GRAVITY[each.level])
        return State.FIRED, rule.level, f"{_value(first, given.number)}, {_limit(rule)}."
    if given.value == Answer.NOT_DONE:
        words = _("%(what)s: not measured.") % {"what": first.words}
        # Whoever may not be treated below a limit is not waved through for want of a number.
        return (State.FIRED, Level.REVIEW, words) if gravest == Level.BLOCK else (State.CLEAR, gravest, words)
    if given.value == Answer.YES:
        return State.FIRED, gravest, f"{first.words}."
    return State.CLEAR, gravest, _("%(what)s: no.") % {"what": first.words}


def _fires(rule: ScreeningRule, number: Decimal) -> bool:
    return (rule.below is not None and number < rule.below) or (
        rule.above is not None and number > rule.above
    )


def _has_expired(group: tuple[ScreeningRule, ...], given: Given, session_day: dt.date) -> bool:
    limits = [rule.expires_days for rule in group if rule.expires_days is not None]
    return bool(limits) and (session_day - given.measured_on).days > min(limits)


def _value(rule: ScreeningRule, number: Decimal) -> str:
    unit = "" if rule.unit == rule.words else f" {rule.unit}"
    return f"{rule.words} {number.normalize():f}{unit}"


def _limit(rule: ScreeningRule) -> str:
    parts = [
        _("below %(limit)s") % {"limit": f"{rule.below.normalize():f}"} if rule.below is not None else "",
        _("above %(limit)s") % {"limit": f"{rule.above.normalize():f}"} if rule.above is not None else "",
    ]
    return _(" or ").join(part for part in parts if part)
