"""The registry of stage guards: the one way in which a higher app can keep a patient from a stage of their visit.

A plan never refuses a fact; what a higher app knows of the patient may. Each guard is asked inside the transaction
that begins the stage, with the visit and what it serves held.
"""

from collections.abc import Callable
from dataclasses import dataclass

from clinic.actors import Actor
from scheduling.exceptions import StageRefused
from scheduling.models import Appointment


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a stage may not begin, in words for this actor, and the page where it can be settled, if they may see it."""

    words: str
    url: str = ""


Guard = Callable[[Appointment, str, Actor], Objection | None]

_guards: list[Guard] = []


def register(guard: Guard) -> None:
    """Called at start-up by the app that knows. It is asked with the visit, the stage's code and who acts."""
    _guards.append(guard)


def check(visit: Appointment, stage: str, *, by: Actor) -> None:
    """Raise StageRefused with the first guard's objection. A visit that serves nothing has no guard."""
    if visit.purpose is None:
        return
    for guard in _guards:
        objection = guard(visit, stage, by)
        if objection is not None:
            raise StageRefused(objection.words, url=objection.url)
