"""A kind of visit drawn as bars over its minutes, in shares of the whole: the picture follows the width of the page."""

from collections.abc import Mapping, Sequence
from typing import Any

from scheduling import blueprint
from scheduling.blueprint import Blueprint


def drawn(plan: Blueprint, *, supply: Mapping[str, int], names: Mapping[str, str]) -> dict[str, Any]:
    """Rows of stages and needs with their bars, marks of time, and what the plan means in words."""
    spans = [plan.span(need) for need in plan.needs]
    ends = [end + need.turnover for (_start, end), need in zip(spans, plan.needs, strict=True)]
    total = max([plan.minutes, *ends, 1])

    def share(minutes: int) -> str:
        return f"{100 * minutes / total:.3f}%"

    stages = [
        _row(part.name, *span, share) for part, span in zip(plan.parts, plan.stages().values(), strict=True)
    ]
    needs = [
        _row(_words(need.kinds, need.count, names), start, end, share)
        | {"lead": need.lead, "turnover": need.turnover, "after": share(end), "clear": share(need.turnover)}
        for (start, end), need in zip(spans, plan.needs, strict=True)
    ]
    step = next(step for step in (5, 10, 15, 30, 60, 120) if total / step <= 6 or step == 120)
    return {
        "minutes": plan.minutes,
        "stages": stages,
        "needs": needs,
        "marks": [{"at": share(minute), "minute": minute} for minute in range(0, total, step)],
        "words": blueprint.consequences(plan, supply=supply, names=names),
        "short": blueprint.shortages(plan, supply=supply, names=names),
    }


def _row(name: str, start: int, end: int, share: Any) -> dict[str, Any]:
    return {"name": name, "start": start, "end": end, "x": share(start), "width": share(end - start)}


def _words(kinds: Sequence[str], count: int, names: Mapping[str, str]) -> str:
    named = " / ".join(names.get(kind, kind) for kind in kinds)
    return f"{count} × {named}" if count > 1 else named
