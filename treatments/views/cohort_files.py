"""The tables of a cohort report as rows of a file: every number by itself, "hidden" where it is too small to be shown."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from django.utils.translation import gettext as _

from clinic.csv import Cell
from treatments.policies.statistics import Interval
from treatments.views.cohort_tables import Average, Count, Rate, Report, Share

Table = tuple[Sequence[str], list[Sequence[Cell]]]
"""The head, and the rows."""
HIDDEN: Final = "hidden"


def responders(report: Report) -> Table:
    measures = [_("pain"), _("function"), _("impression"), _("all three")]
    head = [_("Group"), _("Courses"), _("Answered"), _("Due")]
    for measure in measures:
        head += [
            _("%(measure)s: judged") % {"measure": measure},
            _("%(measure)s: met") % {"measure": measure},
            _("%(measure)s: %%") % {"measure": measure},
            _("%(measure)s: low") % {"measure": measure},
            _("%(measure)s: high") % {"measure": measure},
        ]
    rows: list[Sequence[Cell]] = []
    for line in report.responders():
        cells: list[Cell] = [line.name, line.courses, _count(line.answered), _count(line.due)]
        for share in line.shares:
            cells += _share(share)
        rows.append(cells)
    return head, rows


def standings(report: Report) -> Table:
    head = [
        *(_("Time point"), _("Code"), _("Courses")),
        *(_("Answered"), _("Missing"), _("Not yet due"), _("Left"), _("Not of this course")),
        *(_("Scores"), _("Mean score"), _("Pairs"), _("Mean change"), _("Low"), _("High"), _("SD of change")),
    ]
    rows: list[Sequence[Cell]] = []
    for line in report.standings():
        score: list[Cell] = [None, None]
        if line.score.hidden:
            score = [HIDDEN, HIDDEN]
        elif line.score.mean is not None:
            score = [line.score.mean.count, _number(line.score.mean.value)]
        counts = [_count(count) for count in line.counts]
        rows.append([line.name, line.code, line.total, *counts, *score, *_average(line.change)])
    return head, rows


def changes(report: Report) -> Table:
    head = [
        *(_("Group"), _("Courses"), _("Time point")),
        *(_("Pairs"), _("Mean change"), _("Low"), _("High"), _("SD of change")),
    ]
    rows: list[Sequence[Cell]] = [
        [line.name, line.courses, point, *_average(average)]
        for line in report.changes()
        for point, average in line.cells
    ]
    return head, rows


def endings(report: Report) -> Table:
    head = [
        *(_("Group"), _("Begun"), _("Completed"), _("Completed, %"), _("Low"), _("High")),
        *(_("Followed up"), _("In treatment"), _("On hold")),
        *(_("Discontinued"), _("Discontinued, %"), _("Low"), _("High"), _("Sessions a course")),
    ]
    rows: list[Sequence[Cell]] = [
        [
            line.name,
            line.courses,
            *_share(line.completed)[1:],
            _count(line.followed),
            _count(line.going),
            _count(line.held),
            *_share(line.left)[1:],
            round(line.sessions, 2),
        ]
        for line in report.endings()
    ]
    return head, rows


def harms(report: Report) -> Table:
    head = [
        *(_("Group"), _("Signed sessions"), _("Events"), _("Per 100 sessions"), _("Low"), _("High")),
        *(_("Serious"), _("Grade 3 or more")),
    ]
    rows: list[Sequence[Cell]] = [
        [line.name, line.sessions, *_rate(line.rate), _count(line.serious), _count(line.grave)]
        for line in report.harms()
    ]
    return head, rows


TABLES: Final[Mapping[str, Callable[[Report], Table]]] = {
    "responders": responders,
    "standings": standings,
    "changes": changes,
    "endings": endings,
    "events": harms,
}


def _count(count: Count) -> Cell:
    return HIDDEN if count is None else count


def _share(share: Share) -> list[Cell]:
    """Of how many, how many, per cent, low, high."""
    if share.hidden:
        return [HIDDEN] * 5
    if not share.of:
        return [0, 0, None, None, None]
    return [share.of, share.met, _number(share.percent), *_ends(share.interval)]


def _rate(rate: Rate) -> list[Cell]:
    if rate.hidden:
        return [HIDDEN] * 4
    return [rate.events, _number(rate.value), *_ends(rate.interval)]


def _average(average: Average) -> list[Cell]:
    """How many, mean, low, high, standard deviation."""
    if average.hidden:
        return [HIDDEN] * 5
    if average.mean is None:
        return [0, None, None, None, None]
    mean = average.mean
    spread = None if mean.spread is None else _number(mean.spread)
    return [mean.count, _number(mean.value), *_ends(mean.interval), spread]


def _ends(interval: Interval | None) -> list[Cell]:
    return [None, None] if interval is None else [_number(interval.low), _number(interval.high)]


def _number(value: float) -> float:
    return round(value, 2)
