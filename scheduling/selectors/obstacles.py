"""What stands in the way of one start, cause by cause, in sentences that a clerk can read to a patient."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scheduling.intervals import instant
from scheduling.selectors import teams
from scheduling.selectors.calendar import Calendar, Span


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause for which a start is not offered. `free_from` is the next instant at which it would be gone, where
    one is known: within the calendar that was read."""

    code: str
    words: str
    free_from: dt.datetime | None = None


def obstacles(calendar: Calendar, at: int, lead_id: UUID | None = None) -> list[Cause]:
    """Who and what is missing at this minute; empty when a team can be found. The patient's own visits come first."""
    found = _patient(calendar, at)
    lacking, free = [], []
    for span in calendar.spans:
        ids = calendar.candidates(span, lead_id)
        able = [key for key in ids if calendar.serves(span, key, at)]
        if len(able) < span.requirement.count:
            lacking.append(_lacking(calendar, span, ids, able, at, lead_id))
        else:
            free.append(span)
    if not found and not lacking and teams.team_at(calendar, at, lead_id) is None:
        lacking += _contested(calendar, at, lead_id)
    lacking = list({cause.words: cause for cause in lacking}.values())
    if lacking and free:
        kinds = dict.fromkeys(span.requirement.kind.name for span in free)
        words = _("Free at that time: %(names)s.") % {"names": _listed(list(kinds))}
        lacking[-1] = Cause(lacking[-1].code, f"{lacking[-1].words} {words}", lacking[-1].free_from)
    return found + lacking


def _patient(calendar: Calendar, at: int) -> list[Cause]:
    length = calendar.visit_type.minutes
    ends = [high for low, high in calendar.patient_busy if low < at + length and at < high]
    if not ends:
        return []
    until = instant(max(ends))
    words = _("The patient has another visit at that time, until %(time)s.")
    return [Cause("patient", words % {"time": clock_time(calendar, until, near=at)}, until)]


def _lacking(
    calendar: Calendar, span: Span, ids: Sequence[UUID], able: Sequence[UUID], at: int, lead_id: UUID | None
) -> Cause:
    kind = span.requirement.kind.name
    if not ids:
        if lead_id is not None and span.requirement.is_lead and (others := calendar.candidates(span, None)):
            return Cause("lead", _one_of(calendar, others))
        return Cause("nobody", _("%(kind)s: there is none here for this kind of visit.") % {"kind": kind})
    begin, end = at + span.offset, at + span.offset + span.minutes
    there = [
        key
        for key in ids
        if key not in able and any(low <= begin and end <= high for low, high in calendar.open.get(key, []))
    ]
    if not there and not able:
        free_from = _next(calendar, span, ids, at)
        words = _("%(names)s: not working or closed at that time.") % {"names": _names(calendar, ids)}
        if free_from is not None:
            when = clock_time(calendar, free_from, near=at)
            words = _("%(names)s: not working or closed at that time; free from %(time)s.") % {
                "names": _names(calendar, ids),
                "time": when,
            }
        return Cause("closed", words, free_from)
    free_from = _next(calendar, span, ids, at)
    ends = [_busy_until(calendar, span, key, begin, end) for key in there]
    until = free_from or (instant(min(ends)) if ends else None)
    sentences = []
    if there and until is not None:
        words = ngettext(
            "%(names)s is taken until %(time)s.", "%(names)s are taken until %(time)s.", len(there)
        )
        when = clock_time(calendar, until, near=at)
        sentences.append(words % {"names": _names(calendar, there), "time": when})
    away = [key for key in ids if key not in there and key not in able]
    if away and span.requirement.is_lead:
        words = _("%(names)s: not working or closed at that time.")
        sentences.append(words % {"names": _names(calendar, away)})
    if span.requirement.count > 1:
        words = _("%(kind)s: %(needed)s are needed and %(free)s free.")
        sentences.append(words % {"kind": kind, "needed": span.requirement.count, "free": len(able)})
    if lead_id is not None and span.requirement.is_lead:
        others = [key for key in calendar.candidates(span, None) if calendar.serves(span, key, at)]
        if others:
            words = ngettext("%(names)s is free.", "%(names)s are free.", len(others))
            sentences.append(words % {"names": _names(calendar, others)})
    return Cause("taken", " ".join(sentences), until)


def _one_of(calendar: Calendar, others: Sequence[UUID]) -> str:
    return _("The clinician asked for does not serve this kind of visit here; %(names)s can.") % {
        "names": _listed([calendar.resources[key].name for key in others], last=_("or"))
    }


def _contested(calendar: Calendar, at: int, lead_id: UUID | None) -> list[Cause]:
    """Each need finds somebody, but not all of them somebody else."""
    units = [span for span in calendar.spans for _unit in range(span.requirement.count)]
    options = teams.options(calendar, units, at, lead_id)
    few = {
        key
        for index, keys in enumerate(options)
        for other in options[index + 1 :]
        for key in set(keys) & set(other)
    }
    names = _names(calendar, [key for key in calendar.resources if key in few])
    words = _("%(names)s: would be needed twice at once.")
    return [Cause("contested", words % {"names": names})]


def _busy_until(calendar: Calendar, span: Span, key: UUID, begin: int, end: int) -> int:
    before, after = calendar.kept_free(span, key)
    busy = calendar.busy.get(key, [])
    return max(
        (high + before for low, high in busy if low < end + after and begin - before < high), default=end
    )


def _next(calendar: Calendar, span: Span, ids: Sequence[UUID], at: int) -> dt.datetime | None:
    """When the span could next begin, with enough of them free, in the minutes that were read."""
    shown = at - calendar.earliest
    firsts = sorted(first for key in ids if (first := calendar.lane(span, key).find(1, max(shown, 0))) >= 0)
    if not firsts or len(firsts) < span.requirement.count:
        return None
    for first in range(firsts[span.requirement.count - 1], calendar.size):
        if sum(calendar.lane(span, key)[first] for key in ids) >= span.requirement.count:
            return instant(calendar.earliest + first + span.offset)
    return None


def clock_time(calendar: Calendar, when: dt.datetime, *, near: int) -> str:
    """The site's wall time, with the day where it is another one than that of the start."""
    local = when.astimezone(calendar.zone)
    if local.date() == instant(near).astimezone(calendar.zone).date():
        return f"{local:%H:%M}"
    return f"{date_format(local, 'D j M')} {local:%H:%M}"


def _names(calendar: Calendar, ids: Sequence[UUID]) -> str:
    return _listed([calendar.resources[key].name for key in ids])


def _listed(names: Sequence[str], *, last: str = "") -> str:
    """A, B and C."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {last or _('and')} {names[-1]}"
