"""Whether a patient is ready for a session: every line of the checklists, the medicines and the consent, each with its
state. Pure: who calls reads the facts and hands them in.

A line not answered is open, never cleared. One that fires at the level "block" or "review" stands until a physician
has ruled on exactly what it rests on; a warning is pointed out.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from treatments.clinical_rules import ClinicalRules, Level, MedicineGroup, Moment, ScreeningRule
from treatments.enums import Answer, MedicinePlan
from treatments.policies import medicines
from treatments.policies.medicines import Asks, Kept, Taken

_GRAVITY = {Level.WARN: 0, Level.REVIEW: 1, Level.BLOCK: 2}
_GROUPS = frozenset(group.value for group in MedicineGroup)


class Part(StrEnum):
    """Where a line stands on the page."""

    BOOKING = "booking"
    MEDICINES = "medicines"
    CONSENT = "consent"
    DAY = "day"


class State(StrEnum):
    CLEAR = "clear"
    OPEN = "open"
    FIRED = "fired"


class Mender(StrEnum):
    """Who can settle a line."""

    NURSE = "nurse"
    PHYSICIAN = "physician"


class Result(StrEnum):
    READY = "ready"
    OPEN = "open"
    REVIEW = "review"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Given:
    """The newest answer to one rule. `by` is a name to show."""

    key: str
    value: str
    number: Decimal | None
    measured_on: dt.date
    note: str = ""
    by: str = ""
    at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Ruled:
    """A physician's word on one line."""

    code: str
    basis: str
    reason: str
    by: str = ""
    at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class ConsentFact:
    """The newest consent of the course, withdrawn or not."""

    key: str
    given_on: dt.date
    given_at: dt.datetime
    is_withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """All that one session's readiness rests on."""

    rules: ClinicalRules
    session_key: str
    session_day: dt.date
    today: dt.date
    booking: Mapping[str, Given] = field(default_factory=dict)
    day: Mapping[str, Given] = field(default_factory=dict)
    taken: Sequence[Taken] = ()
    medicines_asked: bool = False
    consent: ConsentFact | None = None
    consent_since: dt.datetime | None = None
    """Where an extension asks for a fresh consent: when the course was extended."""
    rulings: Iterable[Ruled] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the page, judged. `words` says it whole, with the value; `title` names it."""

    code: str
    title: str
    part: Part
    level: Level
    state: State
    words: str
    basis: str
    mender: Mender
    unit: str = ""
    rules: tuple[ScreeningRule, ...] = ()
    given: Given | None = None
    ruled: Ruled | None = None

    @property
    def stands(self) -> bool:
        """Whether it keeps the session from being cleared."""
        if self.ruled is not None or self.state == State.CLEAR:
            return False
        return self.state == State.OPEN or self.level != Level.WARN

    @property
    def stops_draw(self) -> bool:
        """Whether no blood is drawn: a block that fired, or one that nobody looked at on the day."""
        if not self.stands or self.level != Level.BLOCK:
            return False
        return self.state == State.FIRED or self.part != Part.BOOKING

    @property
    def is_early(self) -> bool:
        """Whether it can and should be settled before the day."""
        return self.part in (Part.BOOKING, Part.MEDICINES)

    @property
    def is_pointed_out(self) -> bool:
        return self.state == State.FIRED and self.level == Level.WARN


@dataclass(frozen=True, slots=True)
class Readiness:
    """Every line of one session."""

    lines: tuple[Line, ...]

    def of(self, part: str) -> list[Line]:
        return [line for line in self.lines if line.part == part]

    def line(self, code: str) -> Line | None:
        return next((line for line in self.lines if line.code == code), None)

    @property
    def standing(self) -> list[Line]:
        """What keeps the session from being cleared, gravest first."""
        return sorted((line for line in self.lines if line.stands), key=_urgency)

    @property
    def stops(self) -> list[Line]:
        return [line for line in self.standing if line.stops_draw]

    @property
    def early(self) -> list[Line]:
        return [line for line in self.standing if line.is_early]

    @property
    def result(self) -> Result:
        fired = {line.level for line in self.standing if line.state == State.FIRED}
        if Level.BLOCK in fired:
            return Result.BLOCKED
        if Level.REVIEW in fired:
            return Result.REVIEW
        return Result.OPEN if self.standing else Result.READY


def judge(facts: Facts) -> Readiness:
    """The readiness of one session."""
    ruled = {(ruling.code, ruling.basis): ruling for ruling in facts.rulings}
    found = [
        *_checklist(Moment.BOOKING, Part.BOOKING, facts.booking, facts),
        *_medicines(facts),
        *_consent(facts),
    ]
    found += _checklist(Moment.DAY, Part.DAY, facts.day, facts, before=found)
    return Readiness(tuple(replace(line, ruled=ruled.get((line.code, line.basis))) for line in found))


def measures(rules: ClinicalRules, moment: str) -> list[tuple[ScreeningRule, ...]]:
    """The rules of a checklist as a person meets them: thresholds of one measurement are one line, asked once."""
    found: dict[tuple[str, ...], list[ScreeningRule]] = {}
    for rule in rules.screening:
        if rule.moment == moment:
            key = (rule.words, rule.unit, str(rule.only_if)) if rule.unit else (rule.code,)
            found.setdefault(key, []).append(rule)
    return [tuple(group) for group in found.values()]


def _checklist(
    moment: Moment, part: Part, given: Mapping[str, Given], facts: Facts, *, before: Sequence[Line] = ()
) -> list[Line]:
    lines: list[Line] = []
    for group in measures(facts.rules, moment):
        if _is_asked(group[0].only_if, facts, [*before, *lines]):
            lines.append(_judged(group, part, given.get(group[0].code), facts))
    return lines


def _is_asked(only_if: str | None, facts: Facts, earlier: Sequence[Line]) -> bool:
    if only_if is None:
        return True
    if only_if in _GROUPS and any(medicine.group == only_if for medicine in facts.taken):
        return True
    return any(
        line.state == State.FIRED for line in earlier if only_if in {line.code, *(r.code for r in line.rules)}
    )


def _judged(group: tuple[ScreeningRule, ...], part: Part, given: Given | None, facts: Facts) -> Line:
    first, gravest = group[0], max((rule.level for rule in group), key=_GRAVITY.__getitem__)
    if given is not None and _has_expired(group, given, facts.session_day):
        words = _("%(what)s: the value of %(day)s is too old for this session.") % {
            "what": first.words,
            "day": _day(given.measured_on),
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
        rule = max(fired, key=lambda each: _GRAVITY[each.level])
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


def _medicines(facts: Facts) -> list[Line]:
    if not facts.rules.medicines:
        return []
    asked = Line(
        code="medicines_asked",
        title=_("Medicines"),
        part=Part.MEDICINES,
        level=Level.REVIEW,
        state=State.CLEAR if facts.medicines_asked else State.OPEN,
        words=_("The list of medicines is complete.")
        if facts.medicines_asked
        else _("Nobody has asked for all medicines yet."),
        basis=f"open:{facts.session_key}",
        mender=Mender.NURSE,
    )
    return [asked, *(_medicine(medicine, facts) for medicine in facts.taken)]


def _medicine(taken: Taken, facts: Facts) -> Line:
    hold = medicines.hold(
        name=taken.name, group=taken.group, session_day=facts.session_day, rules=facts.rules
    )
    level, mender, name = Level.REVIEW, Mender.NURSE, {"name": taken.name}
    state = State.CLEAR
    if hold.asks == Asks.PRESCRIBER:
        level = Level.BLOCK
        if taken.is_decided:
            words = _("%(name)s: the prescriber's decision is on record.") % name
        else:
            state, words = State.OPEN, _("%(name)s: the prescriber has to decide. Nothing is advised.") % name
    elif hold.asks == Asks.NOTHING:
        words = _("%(name)s: nothing to do.") % name
    elif taken.plan == MedicinePlan.CONTINUE:
        state, mender = State.FIRED, Mender.PHYSICIAN
        words = _("%(name)s goes on through the session.") % name
    elif hold.asks == Asks.PHYSICIAN:
        state, mender = State.OPEN, Mender.PHYSICIAN
        words = _("%(name)s is not in the protocol's table: a physician decides.") % name
    else:
        state, words = _held(taken, hold, facts)
        mender = Mender.PHYSICIAN if state == State.FIRED else Mender.NURSE
    basis = f"v{taken.version}:{facts.session_day.isoformat()}:{state}"
    return Line(medicine_code(taken), taken.name, Part.MEDICINES, level, state, words, basis, mender)


def _held(taken: Taken, hold: medicines.Hold, facts: Facts) -> tuple[State, str]:
    assert hold.last_day is not None  # noqa: S101 - `hold` gives every Asks.HOLD its day
    said = {
        "name": taken.name,
        "day": _day(hold.last_day),
        "dose": _day(taken.last_dose_on) if taken.last_dose_on else "",
    }
    match medicines.kept(hold, last_dose_on=taken.last_dose_on, today=facts.today):
        case Kept.LATE:
            return State.FIRED, _("%(name)s: last taken %(dose)s, no later than %(day)s was asked.") % said
        case Kept.UNKNOWN:
            return State.OPEN, _(
                "%(name)s: last dose no later than %(day)s; when it was is not known."
            ) % said
        case Kept.TO_COME:
            return State.CLEAR, _("%(name)s: last dose no later than %(day)s.") % said
    return State.CLEAR, _("%(name)s: last taken %(dose)s, in time (%(day)s).") % said


def medicine_code(taken: Taken) -> str:
    return f"medicine_{taken.id.hex}"


def _consent(facts: Facts) -> list[Line]:
    rules, consent = facts.rules.consent, facts.consent
    if not rules.required:
        return []
    basis, state = f"none:{facts.session_key}", State.OPEN
    if consent is None:
        words = _("No consent is on record.")
    else:
        basis = f"{consent.key}:{facts.session_key}"
        if consent.is_withdrawn:
            state, words = State.FIRED, _("The consent was withdrawn.")
        elif (facts.session_day - consent.given_on).days > rules.valid_days:
            words = _("The consent of %(day)s is too old.") % {"day": _day(consent.given_on)}
        elif facts.consent_since is not None and consent.given_at < facts.consent_since:
            words = _("The course was extended: a fresh consent is needed.")
        else:
            state, words = (
                State.CLEAR,
                _("Consent given on %(day)s.") % {"day": _day(consent.given_on)},
            )
    return [
        Line(
            "consent", _("Consent"), Part.CONSENT, Level.BLOCK, state, words, f"{basis}:{state}", Mender.NURSE
        )
    ]


def _urgency(line: Line) -> tuple[int, int]:
    return (-_GRAVITY[line.level] if line.state == State.FIRED else 1, -_GRAVITY[line.level])


def _day(day: dt.date) -> str:
    return date_format(day, "D j M Y")
