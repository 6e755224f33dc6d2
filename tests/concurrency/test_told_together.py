"""Two clerks change two visits of one patient, whom one waiting mail tells of both, at the same moment.

Each withdraws that mail and tells the rest anew. The patient's lock lets one of them see what the other planned; the
twin shows what waits without it: two mails that tell of one visit.
"""

import datetime as dt
import time
from collections.abc import Iterable
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from clinic import clock, integrity, locks
from clinic.actors import Actor, Staff
from clinic.enums import Role
from clinic.models import Message
from scheduling.models import Appointment
from scheduling.services import booking, endings, rebooking
from scheduling.services.plans import VisitRequest
from scheduling.services.rebooking import Choice
from scheduling.services.together import Together
from tests.concurrency.together import together
from tests.database import Database
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import House

ROUNDS = 3
PROMISES = (
    "waiting_mail_tells_the_truth",
    "waiting_mail_about_several_tells_something",
    "one_waiting_mail_of_a_change",
)


@pytest.fixture
def house(own_database: Database) -> House:
    return factory.house(physicians=2)


@pytest.fixture
def _lingering(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each waits before it commits, so that the other reads what waited before it."""
    tell = Together.tell

    def slowly(self: Together, *, by: Actor) -> None:
        tell(self, by=by)
        time.sleep(0.3)

    monkeypatch.setattr(Together, "tell", slowly)


def told_together(house: House, by: Staff, first: int) -> list[Appointment]:
    """Three visits of a patient, known by mail, moved in one action that nobody has told yet."""
    patient, kind = clinic.patient(), house.visit("consultation").pk
    starts = [house.at(factory.days_ahead(first + 7 * number, house.site), 9) for number in range(3)]
    visits = [
        booking.book(request=VisitRequest(patient.pk, kind, house.site.pk, start), by=by) for start in starts
    ]
    for row in Message.objects.filter(patient=patient, kind="appointment.confirmation"):
        start = next(visit.period.lower for visit in visits if str(visit.pk) in row.about)
        row.state, row.started_at = "sent", clock.now()
        row.snapshot = {"placeholders": {"starts_at": start.isoformat()}}
        row.save()
    choices = [Choice(visit.pk, visit.period.lower + dt.timedelta(days=1)) for visit in visits]
    return rebooking.rebook(site_id=house.site.pk, choices=choices, by=by)


def cancelled_at_once(house: House, first: int) -> set[str]:
    """The promises about waiting mails that are broken after two of three visits were cancelled at one moment."""
    by = clinic.staff(Role.FRONT_DESK, at=house.site)
    one, other, _third = told_together(house, by, first)
    outcomes = together(
        [
            partial(endings.cancel, appointment_id=visit.pk, reason="patient_unwell", by=by, key=uuid4())
            for visit in (one, other)
        ]
    )
    assert [outcome.error for outcome in outcomes] == [None, None]
    return {finding.check.name for finding in integrity.find(site_id=house.site.pk, only=PROMISES)}


@pytest.mark.usefixtures("_lingering")
def test_two_visits_of_one_waiting_mail_changed_at_once(house: House) -> None:
    for number in range(ROUNDS):
        assert cancelled_at_once(house, 10 + 30 * number) == set()
    mails = Message.objects.filter(state="pending", site=house.site).exclude(kind__contains="reminder")
    assert [row.kind for row in mails] == ["appointment.changed_several"] * ROUNDS


@pytest.mark.usefixtures("_lingering")
def test_without_the_lock_of_the_patient_one_visit_waits_in_two_mails(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = locks.take

    def without_patients(*then: Any, **keys: Iterable[Any]) -> None:
        take(
            *then, **{rank: values for rank, values in keys.items() if rank != "patient" or keys["resource"]}
        )

    monkeypatch.setattr(locks, "take", without_patients)
    assert "one_waiting_mail_of_a_change" in cancelled_at_once(house, 10)
