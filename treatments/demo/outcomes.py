"""What invented patients report: most improve, some hardly, a few not at all."""

import datetime as dt
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from treatments import scoring
from treatments.enums import Instrument
from treatments.models import Course, Response
from treatments.policies.gate import Evidence, Suggestion, suggest
from treatments.scoring import PEG_ITEMS, RMDQ_ITEMS

BASELINE = (Instrument.NRS, Instrument.PEG, Instrument.RMDQ, Instrument.SANE)
AT_GATE = (Instrument.NRS, Instrument.PEG, Instrument.RMDQ, Instrument.PGIC)
AFTER = (Instrument.NRS, Instrument.PEG, Instrument.RMDQ, Instrument.PGIC, Instrument.SANE)
FOLLOW_UP = (("week_1", 7), ("week_6", 42), ("month_3", 91), ("month_6", 182), ("month_12", 365))
"""Time points by days after the last session."""
_WEEKS_TO_EFFECT = 6.0


@dataclass
class Patient:
    """How one patient feels over the course, and what they have answered so far."""

    rng: random.Random
    course: Course
    gain: float
    first_day: dt.datetime
    pain: int = field(init=False)
    disability: int = field(init=False)
    given: list[Response] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pain = self.rng.choices((5, 6, 7, 8, 9), (14, 28, 32, 19, 7))[0]
        self.disability = min(22, max(7, round(self.pain * 1.9 + self.rng.gauss(0, 2.2))))

    def pain_on(self, at: dt.datetime) -> int:
        return self._scaled(self.pain, at, 10)

    def answer(
        self, instruments: Sequence[Instrument], time_point: str, at: dt.datetime, *, rate: float = 1.0
    ) -> None:
        """The answers at one time point. Now and then somebody answers nothing."""
        if self.rng.random() > rate:
            return
        for number, instrument in enumerate(instruments):
            answers = self._answers(instrument, at)
            self.given.append(
                Response(
                    site=self.course.site,
                    course=self.course,
                    instrument=instrument,
                    time_point=time_point,
                    answers=answers,
                    score=scoring.score(instrument, answers),
                    answered_at=at + dt.timedelta(minutes=number),
                )
            )

    def suggestion(self, at: dt.datetime, *, injected: int, left: int) -> Suggestion:
        """What the gate's rule made of it at that time."""
        return suggest(
            self.evidence(at, injected=injected, left=left), self.course.protocol_version.clinical.gate
        )

    def evidence(self, at: dt.datetime, *, injected: int, left: int) -> Evidence:
        """What was known at that time."""
        known = [row for row in self.given if row.answered_at <= at]

        def of(instrument: Instrument) -> list[Decimal]:
            return [row.score for row in known if row.instrument == instrument]

        nrs, rmdq, pgic = of(Instrument.NRS), of(Instrument.RMDQ), of(Instrument.PGIC)
        return Evidence(
            nrs_before=nrs[0] if nrs else None,
            nrs_now=nrs[-1] if len(nrs) > 1 else None,
            rmdq_before=rmdq[0] if rmdq else None,
            rmdq_now=rmdq[-1] if len(rmdq) > 1 else None,
            pgic_now=pgic[-1] if pgic else None,
            injected=injected,
            left=left,
        )

    def _answers(self, instrument: Instrument, at: dt.datetime) -> Mapping[str, int]:
        better = self._better(at)
        if instrument == Instrument.NRS:
            return {"value": self.pain_on(at)}
        if instrument == Instrument.PEG:
            level = self.pain_on(at)
            return {item: min(10, max(0, level + self.rng.choice((-1, 0, 0, 1)))) for item in PEG_ITEMS}
        if instrument == Instrument.RMDQ:
            ticked = set(
                self.rng.sample(range(1, RMDQ_ITEMS + 1), self._scaled(self.disability, at, RMDQ_ITEMS))
            )
            return {str(item): int(item in ticked) for item in range(1, RMDQ_ITEMS + 1)}
        if instrument == Instrument.PGIC:
            return {
                "value": next(
                    (
                        value
                        for value, least in ((1, 0.7), (2, 0.45), (3, 0.2), (4, -0.05))
                        if better >= least
                    ),
                    5,
                )
            }
        return {
            "value": min(
                100, max(5, round((100 - self.pain * 8) + better * self.pain * 7 + self.rng.gauss(0, 3)))
            )
        }

    def _better(self, at: dt.datetime) -> float:
        weeks = max(0.0, (at - self.first_day).total_seconds() / 604800)
        return self.gain * (1 - math.exp(-weeks / _WEEKS_TO_EFFECT)) / (1 - math.exp(-16 / _WEEKS_TO_EFFECT))

    def _scaled(self, start: int, at: dt.datetime, most: int) -> int:
        value = start * (1 - min(1.0, self._better(at))) + self.rng.gauss(0, 0.05) * start
        return min(most, max(0, round(value)))
