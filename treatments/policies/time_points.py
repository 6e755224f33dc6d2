"""When a course's questionnaires are asked: each time point of its protocol with its days, once there is a day to count from.

Pure: days are the site's calendar days. A point before a repeat is due just before the review lead of that repeat, since
the physician decides with its answers; it may be answered late, until the day before the repeat, for late evidence is
better than none. All others may be answered within their window only.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _

from treatments.clinical_rules import Anchor, TimePoint

BASELINE = "baseline"
_GATE = "before_repeat"
_BEFORE_THE_LEAD = 2
"""Days that the patient has to answer before the review lead begins."""
_AFTER_THE_LAST = 3
"""Days after a session before which nobody is asked how the repeat should be decided."""
_NUDGE_AFTER = 7
_ANEW = "_after_"
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SessionDay:
    """A session that counts in the series: its number, its day (done, booked or kept free), whether it was injected."""

    number: int
    day: dt.date | None
    injected: bool


@dataclass(frozen=True, slots=True)
class Slot:
    """One time point of one course. `until` is the last day on which it may be answered, `nudge` of the one nudge."""

    code: str
    words: str
    instruments: tuple[str, ...]
    session: int | None
    opens: dt.date
    due: dt.date
    closes: dt.date
    until: dt.date
    nudge: dt.date | None
    mailed: bool
    """False for what is asked in the house, on the day of a session."""


class PointState(StrEnum):
    UPCOMING = "upcoming"
    DUE = "due"
    ASKED = "asked"
    PARTLY = "partly"
    ANSWERED = "answered"
    MISSED = "missed"


def gate_code(number: int) -> str:
    """The time point that the gate before session `number` reads."""
    return f"before_{number}"


def session_code(point: TimePoint, number: int) -> str:
    """The time point of one session, for a point that is counted from each of them."""
    return f"{point.code}_{number}"


def slots(
    points: Sequence[TimePoint],
    sessions: Sequence[SessionDay],
    *,
    review_lead: int,
    in_follow_up: bool = False,
    extended: bool = False,
) -> list[Slot]:
    """Every time point that has its day, the earliest first.

    What follows the last session has a day once no session is left to do, or the course is followed up. A course that
    was extended is followed up anew, under codes of its own: `week_6_after_5`.
    """
    found = [
        slot
        for point in points
        for slot in _of_point(point, sessions, review_lead, in_follow_up=in_follow_up, extended=extended)
    ]
    return sorted(found, key=lambda slot: (slot.due, slot.code))


def catalogue(points: Sequence[TimePoint], planned_sessions: int) -> list[tuple[str, str]]:
    """Code and words of every time point that a course of so many sessions can have, dated or not yet."""
    found: list[tuple[str, str]] = []
    for point in points:
        if point.anchor == Anchor.SESSION:
            found += [(session_code(point, n), _of_session(point, n)) for n in range(1, planned_sessions + 1)]
        elif point.anchor == Anchor.BEFORE_REPEAT:
            numbers = range(2, planned_sessions + 1)
            found += [(_before_code(point, number), _before_words(number)) for number in numbers]
        else:
            found.append((point.code, point.words))
    return found


def state(slot: Slot, *, today: dt.date, answered: Collection[str], asked: bool) -> PointState:
    """`answered` holds the instruments with an answer at this point."""
    left = [code for code in slot.instruments if code not in answered]
    if not left:
        return PointState.ANSWERED
    if today > slot.until:
        return PointState.PARTLY if len(left) < len(slot.instruments) else PointState.MISSED
    if asked:
        return PointState.ASKED
    return PointState.DUE if slot.opens <= today else PointState.UPCOMING


def to_ask(
    found: Sequence[Slot], *, today: dt.date, asked: Collection[str], early: bool = False
) -> list[Slot]:
    """Those that are asked today and were not yet; `early` once their window has opened, as when the patient is here."""
    return [
        slot
        for slot in found
        if slot.code not in asked and (slot.opens if early else slot.due) <= today <= slot.until
    ]


def rank(time_point: str) -> tuple[int, int]:
    """The order of time points in a course, whenever their answers were written down."""
    head, _sign, tail = time_point.rpartition("_")
    if time_point == BASELINE:
        return (0, 0)
    if head in ("before", "day") and tail.isdecimal():
        return (1, 2 * int(tail) - (head == "before"))
    return (2, 0)


def pooled(points: Sequence[TimePoint], time_point: str) -> tuple[str, int]:
    """The time point as cohorts count it, and its series: 0 before and between the sessions, 1 after the last one, 2 after
    the last one of a course that was extended."""
    for point in points:
        if point.anchor == Anchor.LAST_SESSION:
            if time_point == point.code:
                return point.code, 1
            if time_point.startswith(f"{point.code}{_ANEW}"):
                return point.code, 2
    return time_point, 0


def _of_point(
    point: TimePoint, sessions: Sequence[SessionDay], lead: int, *, in_follow_up: bool, extended: bool
) -> Iterator[Slot]:
    dated = {one.number: one.day for one in sessions if one.day is not None}
    if point.anchor == Anchor.FIRST_SESSION and 1 in dated:
        yield _slot(point, point.code, point.words, dated[1])
    elif point.anchor == Anchor.SESSION:
        for number, day in sorted(dated.items()):
            words = _of_session(point, number)
            yield _slot(point, session_code(point, number), words, day, number, mailed=point.days != 0)
    elif point.anchor == Anchor.BEFORE_REPEAT:
        for number, day in sorted(dated.items()):
            if number > 1:
                yield _before(point, number, day, dated.get(number - 1), lead)
    elif point.anchor == Anchor.LAST_SESSION:
        done = {one.number: one.day for one in sessions if one.injected and one.day is not None}
        over = in_follow_up or all(one.injected for one in sessions)
        if done and over:
            last = max(done)
            code = f"{point.code}{_ANEW}{last}" if extended else point.code
            yield _slot(point, code, point.words, done[last])


def _slot(
    point: TimePoint,
    code: str,
    words: str,
    anchor: dt.date,
    number: int | None = None,
    *,
    mailed: bool = True,
) -> Slot:
    due = anchor + point.days * _DAY
    closes = due + point.late * _DAY
    return Slot(
        code=code,
        words=words,
        instruments=point.instruments,
        session=number,
        opens=due - point.early * _DAY,
        due=due,
        closes=closes,
        until=closes,
        nudge=_nudge(due, point.late) if mailed else None,
        mailed=mailed,
    )


def _before(point: TimePoint, number: int, day: dt.date, previous: dt.date | None, lead: int) -> Slot:
    """Early enough for the gate, whatever the protocol's figures; never while the last session still aches."""
    due = day - max(-point.days, lead + _BEFORE_THE_LEAD) * _DAY
    if previous is not None:
        due = max(due, previous + _AFTER_THE_LAST * _DAY)
    due = min(due, day - _DAY)
    closes = min(due + point.late * _DAY, day - _DAY)
    return Slot(
        code=_before_code(point, number),
        words=_before_words(number),
        instruments=point.instruments,
        session=number,
        opens=due - point.early * _DAY,
        due=due,
        closes=closes,
        until=day - _DAY,
        nudge=_nudge(due, (closes - due).days),
        mailed=True,
    )


def _nudge(due: dt.date, late: int) -> dt.date | None:
    """Half-way to the end of the window, after a week at most; none where the window is a day."""
    return due + min(_NUDGE_AFTER, max(1, late // 2)) * _DAY if late else None


def _before_code(point: TimePoint, number: int) -> str:
    return gate_code(number) if point.code == _GATE else f"{point.code}_{number}"


def _before_words(number: int) -> str:
    return _("Before session %(number)s") % {"number": number}


def _of_session(point: TimePoint, number: int) -> str:
    return _("Session %(number)s, %(point)s") % {"number": number, "point": point.words.lower()}
