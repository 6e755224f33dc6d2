"""What a course's signed sessions and answers come to, for reports over many courses. Pure functions."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from treatments.clinical_rules import ClinicalRules
from treatments.enums import Instrument
from treatments.models.summary import CourseSummary
from treatments.policies import gate, time_points
from treatments.policies.gate import Evidence


@dataclass(frozen=True, slots=True)
class SignedSession:
    """A signed session in which something was injected: its day at the site, its classes, the structures."""

    day: dt.date
    leucocytes: str = ""
    paw: str = ""
    structures: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Answer:
    """One response, in the order in which they were given."""

    instrument: str
    time_point: str
    score: Decimal


@dataclass
class Facts:
    """All that the summaries of one course are made from."""

    rules: ClinicalRules
    sessions: list[SignedSession] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)


Begun = tuple[dt.date, dt.date, int, list[str], str, str]
"""First and last day, sessions, structures, leucocytes, PAW: the columns of `CourseSummary`."""
Key = tuple[str, int]
"""A pooled time point and its series."""
Met = tuple[bool | None, bool | None, bool | None, bool | None]
"""Pain, function, impression, all three."""
Change = tuple[Decimal, Decimal | None]
"""A score, and how far it is from the baseline."""


def begun(facts: Facts) -> Begun | None:
    """None: no signed session in which something was injected."""
    if not facts.sessions:
        return None
    days = [one.day for one in facts.sessions]
    structures = sorted(set().union(*(one.structures for one in facts.sessions)))
    return (
        min(days),
        max(days),
        len(days),
        structures,
        _shared(one.leucocytes for one in facts.sessions),
        _shared(one.paw for one in facts.sessions),
    )


def _shared(classes: Iterable[str]) -> str:
    """The class of all products that could be classified."""
    found = {one for one in classes if one}
    if len(found) > 1:
        return CourseSummary.MIXED
    return found.pop() if found else ""


def points(facts: Facts) -> dict[Key, Met]:
    """What was met at each time point at which something was answered, by the gate's thresholds of the protocol version.

    At the baseline there is nothing to judge.
    """
    scores = _by_point(facts)
    before = scores.get((time_points.BASELINE, 0), {})
    return {key: _met(key, now, before, facts.rules) for key, now in scores.items()}


def _met(key: Key, now: dict[str, Decimal], before: dict[str, Decimal], rules: ClinicalRules) -> Met:
    if key[0] == time_points.BASELINE:
        return (None, None, None, None)
    evidence = Evidence(
        nrs_before=before.get(Instrument.NRS),
        nrs_now=now.get(Instrument.NRS),
        rmdq_before=before.get(Instrument.RMDQ),
        rmdq_now=now.get(Instrument.RMDQ),
        pgic_now=now.get(Instrument.PGIC),
    )
    each = (
        gate.pain_met(evidence, rules.gate),
        gate.function_met(evidence, rules.gate),
        gate.impression_met(evidence, rules.gate),
    )
    return (*each, None if None in each else gate.target_met(evidence, rules.gate))


def scores(facts: Facts) -> dict[tuple[str, str, int], Change]:
    """Each score with its distance from the same instrument's baseline, by instrument, time point and series."""
    by_point = _by_point(facts)
    before = by_point.get((time_points.BASELINE, 0), {})
    return {
        (instrument, *key): (
            score,
            score - before[instrument] if instrument in before and key[0] != time_points.BASELINE else None,
        )
        for key, found in by_point.items()
        for instrument, score in found.items()
    }


def _by_point(facts: Facts) -> dict[Key, dict[str, Decimal]]:
    """Scores by pooled time point and instrument; of two that fall together the later answer counts."""
    found: dict[Key, dict[str, Decimal]] = {}
    for answer in facts.answers:
        key = time_points.pooled(facts.rules.time_points, answer.time_point)
        found.setdefault(key, {})[answer.instrument] = answer.score
    return found
