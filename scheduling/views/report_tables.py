"""A report's figures as tables that page and CSV share: each with its definition, each rate with its denominator."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _

from clinic import clock
from clinic.csv import Cell
from clinic.models import Site
from scheduling.enums import ChangeKind
from scheduling.selectors import reports
from scheduling.selectors.reports import Missed, Tally
from scheduling.selectors.utilisation import Used, utilisation

TEXT, NUMBER, PERCENT, DECIMAL = "text", "number", "percent", "decimal"


@dataclass(frozen=True, slots=True)
class Column:
    label: str
    kind: str = NUMBER


@dataclass(frozen=True, slots=True)
class Row:
    """Cells as values. `bar` is this period's share and `mark` the one before, in per cent, drawn beside them."""

    cells: Sequence[Cell]
    bar: float | None = None
    mark: float | None = None

    @property
    def width(self) -> float | None:
        return None if self.bar is None else min(self.bar, 100.0)

    @property
    def at(self) -> float | None:
        return None if self.mark is None else min(self.mark, 100.0)


@dataclass(frozen=True, slots=True)
class Table:
    """One table; `key` names its file."""

    key: str
    title: str
    says: str
    columns: Sequence[Column]
    rows: Sequence[Row] = field(default_factory=list)

    @property
    def paired(self) -> list[tuple[Row, list[tuple[Column, Cell]]]]:
        """Each row with its cells beside their columns."""
        return [(row, list(zip(self.columns, row.cells, strict=True))) for row in self.rows]

    @property
    def drawn(self) -> bool:
        return any(row.bar is not None for row in self.rows)


@dataclass(frozen=True, slots=True)
class Span:
    """The days of a report, both included, and as many days before them to compare with."""

    first: dt.date
    last: dt.date

    @property
    def before(self) -> "Span":
        days = self.last - self.first + dt.timedelta(days=1)
        return Span(self.first - days, self.last - days)

    def bounds(self, site: Site) -> tuple[dt.datetime, dt.datetime]:
        return clock.day_bounds(self.first, site.zone)[0], clock.day_bounds(self.last, site.zone)[1]


def percent(part: float, whole: float) -> float | None:
    """One decimal; nothing where there is nothing to divide by."""
    return round(100 * part / whole, 1) if whole else None


def tables(site: Site, span: Span, *, now: dt.datetime) -> list[Table]:
    """All tables of one site and period, in a constant number of queries."""
    window, earlier = span.bounds(site), span.before.bounds(site)
    used = utilisation(site=site, windows=[window, earlier])
    now_missed, then_missed = (
        reports.missed(site=site, start=start, end=end, now=now) for start, end in (window, earlier)
    )
    return [
        _used("utilisation", used[0].resources, used[1].resources),
        _used("stages", used[0].stages, used[1].stages),
        _freed(site, window, earlier, now),
        _lead(site, window, earlier),
        _missed(now_missed, then_missed),
        _reasons(now_missed, then_missed),
        _split("weekdays", now_missed),
        _split("lead-times", now_missed),
    ]


def _used(key: str, these: dict[Any, Used], those: dict[Any, Used]) -> Table:
    rows = []
    for name, used in these.items():
        then = those.get(name)
        share = percent(used.held, used.open)
        earlier = percent(then.held, then.open) if then else None
        cells: list[Cell] = [
            used.name or _("over several stages"),
            used.kind,
            used.count,
            _hours(used.held),
            _hours(used.open),
        ]
        rows.append(Row([*cells, share, earlier], share, earlier))
    heads = [
        Column(_("Visits")),
        Column(_("Hours held"), DECIMAL),
        Column(_("Hours open"), DECIMAL),
        Column(_("Used"), PERCENT),
        Column(_("Before"), PERCENT),
    ]
    if key == "utilisation":
        return Table(
            key,
            _("Use of people, rooms and equipment"),
            _(
                "Hours held by visits, of the hours in which the resource is there: working or opening hours and extra"
                " hours, without closures and time off. Cancelled and missed visits hold nothing; cleaning between"
                " visits does not count as held. Work after hours can make more than 100 %."
            ),
            [Column(_("Resource"), TEXT), Column(_("Kind"), TEXT), *heads],
            rows,
        )
    return Table(
        key,
        _("Use by stage of the visit"),
        _(
            "Hours that each stage holds of each kind of resource, of the open hours of all resources of that kind"
            " together. The stages of one kind add up to the use of the kind."
        ),
        [Column(_("Stage"), TEXT), Column(_("Kind"), TEXT), *heads],
        rows,
    )


def _freed(site: Site, window: Any, earlier: Any, now: dt.datetime) -> Table:
    these, those = (reports.freed(site=site, start=s, end=e, now=now) for s, e in (window, earlier))
    rows = []
    for name, found in these.items():
        then = those.get(name)
        share = percent(found.filled, found.of)
        before = percent(then.filled, then.of) if then else None
        counts = [found.freed, found.taken_back, found.standing, found.by_offer, found.otherwise, found.lost]
        rows.append(Row([name, *counts, found.of, share, before], share, before))
    return Table(
        "freed",
        _("Freed times that were filled"),
        _(
            "Times that a cancelled, moved or missed visit gave back within the period. Filled: another visit got the"
            " clinician’s time, by an offer from the waitlist or otherwise. The rate is of those filled or lost; times"
            " taken back by whoever gave them up and times still to be had are left out."
        ),
        [
            Column(_("Kind of visit"), TEXT),
            *(Column(label) for label in (_("Freed"), _("Taken back"), _("Still free"))),
            *(Column(label) for label in (_("By offer"), _("Otherwise"), _("Lost"), _("Filled or lost"))),
            Column(_("Filled"), PERCENT),
            Column(_("Before"), PERCENT),
        ],
        rows,
    )


def _lead(site: Site, window: Any, earlier: Any) -> Table:
    these, those = (reports.lead_times(site=site, start=s, end=e) for s, e in (window, earlier))
    rows = []
    for name in sorted(these, key=lambda name: (name == "", name)):
        found, then = these[name], those.get(name)
        quarters = [round(each, 1) for each in found.quarters]
        before = [then.count, round(then.quarters[1], 1)] if then else [0, None]
        rows.append(Row([name or _("Squeeze-ins"), found.count, *quarters, *before]))
    return Table(
        "lead",
        _("Days from booking to the visit"),
        _(
            "Of visits that start within the period and are not cancelled: a quarter of them were booked within the"
            " first number of days, half within the second, three quarters within the third. Squeeze-ins apart."
        ),
        [
            Column(_("Kind of visit"), TEXT),
            Column(_("Visits")),
            Column(_("A quarter within"), DECIMAL),
            Column(_("Half within"), DECIMAL),
            Column(_("Three quarters within"), DECIMAL),
            Column(_("Visits before")),
            Column(_("Half within, before"), DECIMAL),
        ],
        rows,
    )


def _missed(these: Missed, those: Missed) -> Table:
    def line(label: str, now: Tally, then: Tally, count: Callable[[Tally], int]) -> Row:
        share, before = percent(count(now), now.due), percent(count(then), then.due)
        return Row([label, count(now), now.due, share, count(then), then.due, before], share, before)

    rows = [
        line(_("No-shows"), these.whole, those.whole, lambda each: each.no_shows),
        line(_("Late cancellations"), these.whole, those.whole, lambda each: each.late),
        line(_("No-shows among squeeze-ins"), these.squeezed, those.squeezed, lambda each: each.no_shows),
        line(
            _("Late cancellations among squeeze-ins"), these.squeezed, those.squeezed, lambda each: each.late
        ),
    ]
    return Table(
        "missed",
        _("No-shows and late cancellations"),
        _(
            "Late is less than 24 hours before the start. Due are visits that should have started within the period and"
            " before now: those still booked at their start, and those cancelled late. Provisional visits are not due;"
            " what was taken back has not happened. Squeeze-ins apart."
        ),
        [
            Column(_("What"), TEXT),
            Column(_("Visits")),
            Column(_("Of due")),
            Column(_("Share"), PERCENT),
            Column(_("Visits before")),
            Column(_("Of due before")),
            Column(_("Before"), PERCENT),
        ],
        rows,
    )


def _reasons(these: Missed, those: Missed) -> Table:
    words = {ChangeKind.NO_SHOW.value: _("No-show"), ChangeKind.CANCELLED.value: _("Late cancellation")}
    total: dict[str, int] = {}
    for (kind, _reason), count in these.reasons.items():
        total[kind] = total.get(kind, 0) + count
    rows = [
        Row(
            [
                words[kind],
                reason or _("no reason given"),
                count,
                total[kind],
                share,
                those.reasons.get((kind, reason), 0),
            ],
            share,
        )
        for (kind, reason), count in sorted(
            these.reasons.items(), key=lambda item: (item[0][0], -item[1], item[0][1])
        )
        for share in (percent(count, total[kind]),)
    ]
    return Table(
        "reasons",
        _("Their reasons"),
        _("As coded by the desk. The share is of all no-shows, or of all late cancellations, of the period."),
        [
            Column(_("What"), TEXT),
            Column(_("Reason"), TEXT),
            Column(_("Visits")),
            Column(_("Of")),
            Column(_("Share"), PERCENT),
            Column(_("Visits before")),
        ],
        rows,
    )


def _split(key: str, found: Missed) -> Table:
    if key == "weekdays":
        parts = [(str(WEEKDAYS[day]), tally) for day, tally in sorted(found.weekdays.items())]
        title, head = _("By day of the week"), _("Day")
        says = _("The same visits by the day of the week on which they were due, at the site’s own time.")
    else:
        words = [_("under 2 days"), _("2–6 days"), _("7–13 days"), _("14–27 days"), _("28 days or more")]
        parts = [(words[bucket], tally) for bucket, tally in sorted(found.leads.items())]
        title, head = _("By time from booking to visit"), _("Booked ahead")
        says = _("The same visits by how long before their start they were booked.")
    rows = []
    for label, tally in parts:
        missed, late = percent(tally.no_shows, tally.due), percent(tally.late, tally.due)
        rows.append(Row([label, tally.due, tally.no_shows, missed, tally.late, late], missed))
    return Table(
        key,
        title,
        says,
        [
            Column(head, TEXT),
            Column(_("Due")),
            Column(_("No-shows")),
            Column(_("Share"), PERCENT),
            Column(_("Late cancellations")),
            Column(_("Share"), PERCENT),
        ],
        rows,
    )


def _hours(minutes: int) -> float:
    return round(minutes / 60, 1)
