"""Whether a patient is ready for a session: every line of the checklists, the medicines and the consent, each with its
state. Pure: who calls reads the facts and hands them in.

A line not answered is open, never cleared. One that fires at the level "block" or "review" stands until a physician
has ruled on exactly what it rests on; a warning is pointed out.
"""

from dataclasses import replace

from django.utils.translation import gettext as _

from treatments.clinical_rules import Level, Moment
from treatments.enums import MedicinePlan
from treatments.policies import checklist, medicines
from treatments.policies.medicines import Asks, Kept, Taken
from treatments.policies.readiness import Facts, Line, Mender, Part, Readiness, State, day_words


def judge(facts: Facts) -> Readiness:
    """The readiness of one session."""
    ruled = {(ruling.code, ruling.basis): ruling for ruling in facts.rulings}
    found = [
        *checklist.judged(Moment.BOOKING, Part.BOOKING, facts.booking, facts),
        *_medicines(facts),
        *_consent(facts),
    ]
    found += checklist.judged(Moment.DAY, Part.DAY, facts.day, facts, before=found)
    return Readiness(tuple(replace(line, ruled=ruled.get((line.code, line.basis))) for line in found))


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
        "day": day_words(hold.last_day),
        "dose": day_words(taken.last_dose_on) if taken.last_dose_on else "",
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
            words = _("The consent of %(day)s is too old.") % {"day": day_words(consent.given_on)}
        elif facts.consent_since is not None and consent.given_at < facts.consent_since:
            words = _("The course was extended: a fresh consent is needed.")
        else:
            state, words = (
                State.CLEAR,
                _("Consent given on %(day)s.") % {"day": day_words(consent.given_on)},
            )
    return [
        Line(
            "consent", _("Consent"), Part.CONSENT, Level.BLOCK, state, words, f"{basis}:{state}", Mender.NURSE
        )
    ]
