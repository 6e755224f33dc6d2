"""The look under the locks: nobody was faster. Whoever lost learns it here, in one statement, and makes room."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext as _

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


def check_free(plans: Sequence[VisitPlan], *, now: dt.datetime, appointment_id: UUID | None = None) -> Look:
    """Under the locks, in one query: nobody has taken any of these resources meanwhile. Raises SlotTaken.

    Hours, time off and the patient's own visits are judged afterwards; whoever lost a race learns it here,
    cheaply, and makes room for the next.
    """
    wanted = [
        (member.resource_id, blocks_of(plan.request.start, member)) for plan in plans for member in plan.team
    ]
    return _check_blocks_free(
        wanted, [_period_of(plan) for plan in plans], plans, now=now, appointment_id=appointment_id
    )


def check_free_again(rows: Sequence[Allocation], *, now: dt.datetime, appointment_id: UUID) -> None:
    """Under the locks: what these ended allocations blocked is still nobody else's. Raises SlotTaken."""
    wanted = [(row.resource_id, row.blocks) for row in rows]
    _check_blocks_free(wanted, [], [], now=now, appointment_id=appointment_id)


def _check_blocks_free(
    wanted: Sequence[tuple[UUID, DateTimeTZRange]],
    periods: Sequence[DateTimeTZRange],
    plans: Sequence[VisitPlan],
    *,
    now: dt.datetime,
    appointment_id: UUID | None,
) -> Look:
    spans = [*(block for _, block in wanted), *periods]
    if not spans:
        return Look()
    rows = facts.standing(
        resources={key for key, _ in wanted},
        patients={plan.request.patient_id for plan in plans},
        low=min(span.lower for span in spans),
        high=max(span.upper for span in spans),
        besides=appointment_id,
    )
    lost: set[str] = set()
    expired: set[UUID] = set()
    taken: dict[UUID, list[Interval]] = defaultdict(list)
    for row in rows:
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
