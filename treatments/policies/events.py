"""What an adverse event may say: its parts must not contradict each other."""

from django.utils.translation import gettext as _

from clinic.exceptions import InvalidInput
from treatments.data import EventData
from treatments.enums import ENDED_EVENT, EventOutcome, EventTerm, Seriousness

FATAL_GRADE = 5
SERIOUS_GRADE = 4
"""CTCAE: grade 4 is life-threatening, which is one of the criteria of seriousness."""


def check(data: EventData) -> None:
    """Refuse what cannot be together."""
    if data.code == EventTerm.OTHER and not data.term.strip():
        raise InvalidInput(_("Say in words what happened."), field="term")
    if not 1 <= data.grade <= FATAL_GRADE:
        raise InvalidInput(_("The grade is from 1 to 5."), field="grade")
    if data.grade >= SERIOUS_GRADE and not data.seriousness:
        raise InvalidInput(
            _("An event of grade %(grade)s is serious: say why.") % {"grade": data.grade}, field="seriousness"
        )
    fatal = (
        data.grade == FATAL_GRADE,
        data.outcome == EventOutcome.FATAL,
        data.seriousness == Seriousness.DEATH,
    )
    if any(fatal) and not all(fatal):
        raise InvalidInput(
            _("Grade 5, the outcome “fatal” and the reason “death” belong together."), field="outcome"
        )
    if data.resolved_on is not None and data.outcome not in ENDED_EVENT:
        raise InvalidInput(_("It has an end: choose how it ended."), field="outcome")
    if data.resolved_on is not None and data.resolved_on < data.started_on:
        raise InvalidInput(_("It cannot have ended before it began."), field="resolved_on")
    if data.outcome == EventOutcome.RESOLVED and data.resolved_on is None:
        raise InvalidInput(_("Say since when it is over."), field="resolved_on")
