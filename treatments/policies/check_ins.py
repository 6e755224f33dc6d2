"""What a check-in may say, and when one is asked for."""

import datetime as dt
from collections.abc import Collection
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from clinic.exceptions import IllegalMove, InvalidInput
from clinic.policies import text
from treatments.clinical_rules import DayGuidance, RecoveryRules, RedFlag
from treatments.data import CheckInData
from treatments.enums import Able, PainMedicine, SessionStatus, Trend
from treatments.models import Session

NOTE = 300
LONGEST_WAIT = dt.timedelta(days=3)
"""A phone without network keeps an answer no longer than this; beyond it the answer counts from its arrival."""
TREATED = (SessionStatus.INJECTED, SessionStatus.SIGNED, SessionStatus.STOPPED)


def day_of(injected_at: dt.datetime, at: dt.datetime, *, zone: ZoneInfo) -> int:
    """Local calendar days since the injection; 0 is the day itself. Negative before it."""
    return (at.astimezone(zone).date() - injected_at.astimezone(zone).date()).days


def check_is_asked(session: Session, rules: RecoveryRules, *, day: int) -> None:
    """Raise IllegalMove unless this session was done, its patient lives and its days are not over.

    A course that was discontinued after it is still followed: what went wrong may show later.
    """
    if session.injected_at is None or session.status not in TREATED or not session.course.patient.is_active:
        raise IllegalMove(_("There is nothing to tell here."))
    if not 0 <= day <= rules.red_flag_days:
        raise IllegalMove(_("These days are over. Please call us instead."))


def check(data: CheckInData, rules: RecoveryRules) -> CheckInData:
    """The same, tidied. Raises InvalidInput beside the answer that there is not, or where nothing was said at all."""
    if data.pain is not None and not 0 <= data.pain <= 10:
        raise InvalidInput(_("Choose a number from 0 to 10."), field="pain")
    for name, choices in (("trend", Trend), ("able", Able), ("medicine", PainMedicine)):
        if getattr(data, name) not in {"", *choices.values}:
            raise InvalidInput(_("Choose one of the answers."), field=name)
    known = [flag.code for flag in rules.red_flags]
    if not set(data.red_flags) <= set(known):
        raise InvalidInput(_("Choose one of the answers."), field="red_flags")
    note = " ".join(data.note.split())
    if len(note) > NOTE or text.has_control_characters(note):
        raise InvalidInput(_("Write at most 300 plain characters."), field="note")
    ticked = tuple(code for code in known if code in data.red_flags)
    said = CheckInData(data.pain, data.trend, data.able, data.medicine, ticked, note)
    if said == CheckInData():
        raise InvalidInput(_("Choose at least one answer."), field="pain")
    return said


def flags(rules: RecoveryRules, codes: Collection[str]) -> list[RedFlag]:
    """These red flags, emergencies first."""
    found = [flag for flag in rules.red_flags if flag.code in codes]
    return sorted(found, key=lambda flag: not flag.emergency)


def guidance(rules: RecoveryRules, *, day: int) -> DayGuidance | None:
    """What holds on this day: the latest that has begun."""
    begun = [line for line in rules.guidance if line.day <= day]
    return max(begun, key=lambda line: line.day, default=None)
