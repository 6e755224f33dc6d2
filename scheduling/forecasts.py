"""When a day's later stages will likely begin, given how far each visit really is: pure arithmetic in whole minutes.

The plan says for each visit which stages follow one another and which resource is held in which minutes. The facts
say which stages have begun and ended. From both follows the earliest time at which every later stage can begin
when nothing is re-ordered and nothing is hurried:

* a stage begins when it is planned, when the stages before it in its visit have ended, and when everything that it
  or a use that starts within it needs is free, whichever is latest;
* a stage that runs ends after its planned length, and at the soonest now; one that has ended, ended then;
* a resource is free when its use before (in the order of the plan) is likely to end, and its turnover is over;
* a patient who is here and waits begins at the soonest now.

A patient who is not here yet makes nobody else late: the room is free until they come, and whoever is there goes
first. A squeeze-in holds no clinician and so pushes nobody; a hold is not a visit.

The earliest times are the least solution of inequalities of the form `start >= other start + minutes`. Every one of
them holds in the plan, so no cycle of them adds minutes and repeated passes in the order of the plan end, in nearly
every case after the second. It follows that no stage is forecast earlier than planned, that more delay never makes
anything earlier, and that a visit that shares nothing with a late one keeps its times (tests/scheduling/
test_forecasts.py, which also plays the day minute by minute).
"""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of a visit: planned minutes `[start, end)`, and when it really began and ended."""

    start: int
    end: int
    began: int | None = None
    ended: int | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """One resource held by a visit in the planned minutes `[start, end)`; `before` and `after` it is kept free too."""

    resource: Hashable
    start: int
    end: int
    before: int = 0
    after: int = 0


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit of the day: its steps in order, what it holds, and whether the patient is here."""

    steps: Sequence[Step]
    uses: Sequence[Use] = ()
    is_here: bool = False


@dataclass(frozen=True, slots=True)
class Likely:
    """When one step likely begins and ends; for what has happened, when it did."""

    start: int
    end: int


@dataclass(slots=True)
class _Node:
    """A step while it is worked on. `waits`: (node, minutes after its end that this one may begin)."""

    step: Step
    floor: int
    start: int
    end: int
    waits: list[tuple["_Node", int]] = field(default_factory=list)
    fixed: bool = False


def likely(day: Mapping[Hashable, Visit], *, now: int) -> dict[Hashable, list[Likely]]:
    """The likely times of every step of every visit, in the order of its steps."""
    nodes = {key: _nodes(visit, now) for key, visit in day.items()}
    for chain in nodes.values():
        _one_after_another(chain)
    _in_turn(day, nodes)
    _settle(sorted((node for chain in nodes.values() for node in chain), key=_planned))
    return {key: [Likely(node.start, node.end) for node in chain] for key, chain in nodes.items()}


def _planned(node: _Node) -> tuple[int, int]:
    return node.step.start, node.step.end


def _nodes(visit: Visit, now: int) -> list[_Node]:
    """Each step with what is known of it. One that was passed over took no time when the next one began."""
    chain: list[_Node] = []
    later: int | None = None
    for step in reversed(visit.steps):
        began = step.began if step.began is not None else later
        if began is not None:
            length = step.end - step.start if step.began is not None else 0
            ended = step.ended if step.ended is not None else began + length
            if step.ended is None and step.began is not None and later is None:
                ended = max(ended, now)
            node = _Node(step, began, began, ended, fixed=True)
            later = began
        else:
            floor = max(step.start, now) if visit.is_here else step.start
            node = _Node(step, floor, floor, floor + step.end - step.start)
        chain.append(node)
    return chain[::-1]


def _one_after_another(chain: Sequence[_Node]) -> None:
    """A step waits for those before it; where the plan lets two overlap, they may overlap as much. A gap is slack."""
    for number, node in enumerate(chain):
        for earlier in chain[:number]:
            node.waits.append((earlier, min(0, node.step.start - earlier.step.end)))


def _in_turn(day: Mapping[Hashable, Visit], nodes: Mapping[Hashable, list[_Node]]) -> None:
    """Each use of a resource waits for the use before it."""
    turns: dict[Hashable, list[tuple[Use, list[_Node]]]] = defaultdict(list)
    for key, visit in day.items():
        for use in visit.uses:
            if nodes[key]:
                turns[use.resource].append((use, nodes[key]))
    for uses in turns.values():
        uses.sort(key=lambda each: (each[0].start, each[0].end))
        for (use, chain), (following, waiting) in pairwise(uses):
            last, first = _in_which_ends(use, chain), _in_which_starts(following, waiting)
            tail = use.end - last.step.end + use.after
            head = following.start - first.step.start - following.before
            # Where the plan itself is tighter than that (a setting was changed since), the plan is believed.
            slack = min(tail - head, first.step.start - last.step.end)
            if last is not first:
                first.waits.append((last, slack))


def _in_which_starts(use: Use, chain: Sequence[_Node]) -> _Node:
    return next((node for node in reversed(chain) if node.step.start <= use.start), chain[0])


def _in_which_ends(use: Use, chain: Sequence[_Node]) -> _Node:
    return next((node for node in chain if node.step.end >= use.end), chain[-1])


def _settle(order: Sequence[_Node]) -> None:
    """Push starts later until every wait is kept. In the order of the plan, so that few passes are needed."""
    for _pass in range(len(order) + 1):
        moved = False
        for node in order:
            if node.fixed:
                continue
            start = max([node.floor, *(other.end + minutes for other, minutes in node.waits)])
            if start > node.start:
                node.end += start - node.start
                node.start = start
                moved = True
        if not moved:
            return
