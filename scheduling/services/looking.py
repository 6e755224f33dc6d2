"""The look under the locks: nobody was faster. Whoever lost learns it here, in one statement, and makes room."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import starmap
from typing import Any
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext as _

from clinic import locks
from scheduling.exceptions import SlotTaken
from scheduling.intervals import Interval, minute, minute_up
from scheduling.models import Allocation
from scheduling.selectors import facts
from scheduling.services.plans import VisitPlan, blocks_of, span_of


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen under the locks: nobody has taken any of it meanwhile."""

    expired: set[UUID] = field(default_factory=set)
    """Expired holds that still stand in the way, to be lapsed."""
    taken: Mapping[UUID, Sequence[Interval]] = field(default_factory=dict)
    """When the plans' resources and patients are taken around them, in minutes."""

    def around(self, plan: VisitPlan) -> facts.Taken | None:
        """For one of the plans looked at; None where its length was not known, so that all of it has to be read."""
        if plan.visit_type is None:
            return None
        busy = {key: list(self.taken.get(key, ())) for key in plan.resource_ids}
        return facts.Taken(busy, list(self.taken.get(plan.request.patient_id, ())))


def question(plans: Sequence[VisitPlan]) -> locks.Question:
    """What `check_free` asks, to be sent along with the locks: `check_free(…, seen=locks.take(question, …))`."""
    return _question(_wanted(plans), plans, appointment_id=None)


def check_free(
    plans: Sequence[VisitPlan],
    *,
    now: dt.datetime,
    appointment_id: UUID | None = None,
    seen: Sequence[tuple[Any, ...]] | None = None,
) -> Look:
    """Under the locks, in one query: nobody has taken any of these resources meanwhile. Raises SlotTaken.

    Hours, time off and the patient's own visits are judged afterwards; whoever lost a race learns it here,
    cheaply, and makes room for the next. `seen` are the rows of `question`, where they came with the locks.
    """
    wanted = _wanted(plans)
    if seen is None:
        seen = locks.ask(_question(wanted, plans, appointment_id=appointment_id))
    return _judge(seen, wanted, now=now)


def check_free_again(rows: Sequence[Allocation], *, now: dt.datetime, appointment_id: UUID) -> None:
    """Under the locks: what these ended allocations blocked is still nobody else's. Raises SlotTaken."""
    wanted = [(row.resource_id, row.blocks) for row in rows]
    if wanted:
        _judge(locks.ask(_question(wanted, [], appointment_id=appointment_id)), wanted, now=now)


Wanted = Sequence[tuple[UUID, DateTimeTZRange]]


def _wanted(plans: Sequence[VisitPlan]) -> Wanted:
    return [
        (member.resource_id, blocks_of(plan.request.start, member)) for plan in plans for member in plan.team
    ]


def _question(wanted: Wanted, plans: Sequence[VisitPlan], *, appointment_id: UUID | None) -> locks.Question:
    spans = [*(block for _, block in wanted), *map(_period_of, plans)]
    return facts.question(
        resources={key for key, _ in wanted},
        patients={plan.request.patient_id for plan in plans},
        low=min(span.lower for span in spans),
        high=max(span.upper for span in spans),
        besides=appointment_id,
    )


def _judge(rows: Sequence[tuple[Any, ...]], wanted: Wanted, *, now: dt.datetime) -> Look:
    lost: set[str] = set()
    expired: set[UUID] = set()
    taken: dict[UUID, list[Interval]] = defaultdict(list)
    for row in starmap(facts.Standing, rows):
        has_expired = row.expires is not None and row.expires <= now
        if not has_expired:
            taken[row.key].append((minute(row.start), minute_up(row.end)))
        if row.name is not None and any(
            row.key == wish and row.start < block.upper and block.lower < row.end for wish, block in wanted
        ):
            if has_expired and row.hold_id is not None:
                expired.add(row.hold_id)
            else:
                lost.add(row.name)
    if lost:
        raise SlotTaken([_("%(names)s: just taken.") % {"names": ", ".join(sorted(lost))}])
    return Look(expired, taken)


def _period_of(plan: VisitPlan) -> DateTimeTZRange:
    return span_of(plan.request.start, 0, plan.visit_type.minutes if plan.visit_type else 1)
