"""Two people save one part of a record at the same moment: the second is told, and nothing is lost in silence."""

import time
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from clinic import locks
from clinic.exceptions import StaleVersion
from tests.concurrency.together import Outcome, together
from tests.database import Database
from tests.factories import treatments as factory
from tests.factories.treatments import Ward
from treatments.models import Draw, Session
from treatments.services import blood, writing

ROUNDS = 4


@pytest.fixture(scope="module")
def ward(own_database: Database) -> Ward:
    return factory.ward()


@pytest.fixture
def slow_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has looked at the version hesitates before writing."""
    look = writing._check_section

    def hesitate(*asked: Any) -> None:
        look(*asked)
        time.sleep(0.2)

    monkeypatch.setattr(writing, "_check_section", hesitate)


def both_save(ward: Ward, session: Session) -> list[Outcome[Draw]]:
    """Both have seen the first version: 40 mL."""
    blood.record_draw(by=ward.nurse, session_id=session.pk, data=factory.draw(blood_ml=Decimal(40)))
    return together(
        [
            partial(
                blood.record_draw,
                by=by,
                session_id=session.pk,
                version=1,
                data=factory.draw(blood_ml=Decimal(ml)),
            )
            for by, ml in ((ward.nurse, 52), (ward.physician, 30))
        ]
    )


@pytest.mark.usefixtures("slow_to_write")
def test_of_two_saves_of_one_part_the_second_is_told(ward: Ward) -> None:
    for _ in range(ROUNDS):
        outcomes = both_save(ward, factory.session(factory.order(ward).course))
        assert sorted(type(each.error).__name__ for each in outcomes) == ["NoneType", "StaleVersion"]


@pytest.mark.usefixtures("slow_to_write")
def test_without_the_lock_one_save_is_lost_in_silence(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: both look at the version, both write, nobody is told."""
    session = factory.session(factory.order(ward).course)
    monkeypatch.setattr(locks, "take", lambda *_then, **_keys: None)
    outcomes = both_save(ward, session)
    assert not any(isinstance(each.error, StaleVersion) for each in outcomes)
