"""The checklists: answers, a physician's rulings, and whether a session may go on. Corrections are new rows."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import Conflict, IllegalMove, InvalidInput, StaleVersion, joined
from clinic.transactions import use_case
from treatments.clinical_rules import Moment
from treatments.data import AnswerData
from treatments.enums import Answer, SessionStatus
from treatments.models import ScreeningAnswer, ScreeningRuling, Session
from treatments.policies import checklist
from treatments.policies.readiness import Given, Line, Part, Readiness, State
from treatments.selectors import screening as reads
from treatments.services import reading
from treatments.services.moves import move

_CLOSED = (SessionStatus.SIGNED, SessionStatus.DROPPED)
_LARGEST = Decimal(100_000)


@use_case
def answer(
    *, by: Actor, session_id: UUID, moment: str, answers: Sequence[AnswerData], seen: int | None = None
) -> int:
    """Write the answers that differ from what is on record; returns how many.

    Those of the booking's list belong to the course, those of the day's to the session. `seen` is
    `answers_so_far` as the form was shown: StaleVersion when somebody else has answered since. An answer that makes a
    cleared session stand again takes its clearance back.
    """
    session = locked(session_id, by=by, permission=Permission.RECORD_CLINICAL)
    if seen is not None and seen != answers_so_far(session):
        raise StaleVersion(
            _(
                "Somebody else has answered meanwhile. Look at what is saved now beside your answers, then save again."
            ),
            current_version=answers_so_far(session),
        )
    checked = reads.checked([session])[0]
    groups = {group[0].code: group for group in checklist.measures(checked.facts.rules, moment)}
    known = checked.facts.booking if moment == Moment.BOOKING else checked.facts.day
    person, now = reading.person(by), clock.now()
    rows: list[ScreeningAnswer] = []
    for said in answers:
        if said.code not in groups:
            raise InvalidInput(
                _("The protocol does not ask this any more. Load the page again."), field=said.code
            )
        _check(said, has_unit=bool(groups[said.code][0].unit), today=checked.facts.today)
        line = checked.readiness.line(said.code)
        if not _differs(said, known.get(said.code)) and (line is None or line.state != State.OPEN):
            continue
        rows.append(
            ScreeningAnswer(
                site_id=session.site_id,
                course_id=session.course_id,
                session=None if moment == Moment.BOOKING else session,
                code=said.code,
                value=said.value,
                number=said.number,
                measured_on=said.measured_on or checked.facts.today,
                note=said.note,
                answered_by_id=person,
                answered_at=now,
            )
        )
    ScreeningAnswer.objects.bulk_create(rows)
    if rows:
        codes = sorted(row.code for row in rows)
        audit.record(
            "treatments.screening.answered", by=by, about=[session], detail={"moment": moment, "codes": codes}
        )
        take_back_clearance([session], by=by)
    return len(rows)


@use_case
def rule(*, by: Actor, session_id: UUID, code: str, basis: str, reason: str) -> None:
    """A physician's word on a line that stands, for exactly what it rested on when it was read.

    Overrides a block, clears a review, waives an open line. Raises StaleVersion when the line rests on something else
    by now, IllegalMove when it does not stand.
    """
    session = locked(session_id, by=by, permission=Permission.DECIDE_COURSE)
    line = reads.checked([session])[0].readiness.line(code)
    if line is None or not line.stands:
        raise IllegalMove(_("There is nothing to decide here any more."))
    if line.part == Part.CONSENT:
        raise IllegalMove(_("Nobody decides this for the patient: let them sign, or stop here."))
    if line.basis != basis:
        raise StaleVersion(
            _("This line has changed since you read it. Look at it as it is now, then decide."),
            current_version=0,
        )
    if not reason.strip() or len(reason) > 300 or "\x00" in reason:
        raise InvalidInput(_("Give the reason in a few words, at most 300 letters."), field="reason")
    ScreeningRuling.objects.create(
        site_id=session.site_id,
        course_id=session.course_id,
        session=session,
        code=line.code,
        basis=line.basis,
        level=str(line.level),
        reason=reason.strip(),
        ruled_by_id=reading.person(by),
        ruled_at=clock.now(),
    )
    audit.record(
        "treatments.screening.ruled",
        by=by,
        about=[session],
        detail={"code": line.code, "level": str(line.level), "state": str(line.state)},
    )


def check_clearable(session: Session) -> None:
    """Refuse the clearance while a line stands, and name what does. The caller holds the session."""
    standing = reads.checked([session])[0].readiness.standing
    if standing:
        raise Conflict(_("Not cleared yet. %(what)s") % {"what": _named(standing)})


def take_back_clearance(sessions: Sequence[Session], *, by: Actor) -> None:
    """Cleared sessions of which something stands again are planned. The caller holds them."""
    cleared = [session for session in sessions if session.status == SessionStatus.CLEARED]
    for one in reads.checked(cleared):
        if one.readiness.standing:
            move(one.session, SessionStatus.PLANNED, by=by)


def answers_so_far(session: Session) -> int:
    """How many answers stand on record for this session and its course."""
    rows = ScreeningAnswer.objects.filter(course_id=session.course_id)
    return rows.filter(session=None).count() + rows.filter(session=session).count()


def locked(session_id: UUID, *, by: Actor, permission: Permission) -> Session:
    """The session with its course, held and read again; refused where its record is closed."""
    course_ids = Session.objects.filter(pk=session_id).values_list("course_id", flat=True)
    locks.take(course=list(course_ids), session=[session_id])
    session = reading.session(session_id, by=by, permission=permission)
    if session.status in _CLOSED:
        raise IllegalMove(_("This session is signed or was dropped: its checklists are closed."))
    return session


def _named(lines: Sequence[Line], *, most: int = 4) -> str:
    words = [line.words for line in lines[:most]]
    if len(lines) > most:
        words.append(_("And %(count)s more.") % {"count": len(lines) - most})
    return joined(words)


def named(readiness: Readiness) -> str:
    """What stops the draw, in words for those who may read clinical things."""
    return _named(readiness.stops)


def _check(said: AnswerData, *, has_unit: bool, today: dt.date) -> None:
    fits = (Answer.NUMBER, Answer.NOT_DONE) if has_unit else (Answer.YES, Answer.NO)
    if said.value not in fits or (said.value == Answer.NUMBER) != (said.number is not None):
        raise InvalidInput(_("Answer this line with what it asks for."), field=said.code)
    if said.number is not None and not 0 <= said.number < _LARGEST:
        raise InvalidInput(_("This number cannot be right."), field=said.code)
    if said.measured_on is not None and said.measured_on > today:
        raise InvalidInput(_("The day of a measurement is not in the future."), field=said.code)
    if "\x00" in said.note or len(said.note) > 300:
        raise InvalidInput(_("At most 300 letters."), field=said.code)


def _differs(said: AnswerData, known: Given | None) -> bool:
    if known is None:
        return True
    day = said.measured_on or known.measured_on
    return (said.value, said.number, said.note, day) != (
        known.value,
        known.number,
        known.note,
        known.measured_on,
    )
