"""Run callables at once, each in a thread with a database connection of its own, and look at what the server saw."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

import psycopg
import pytest
from django.db import connection, connections

from clinic import locks
from clinic.models import Patient
from scheduling.enums import AppointmentStatus
from scheduling.models import Allocation, Appointment
from scheduling.services import booking, looking, occupancy
from scheduling.services.plans import VisitPlan
from tests.database import Database

T = TypeVar("T")


@dataclass
class Outcome(Generic[T]):
    """What one writer got: a value or an error, and how long it took in seconds."""

    value: T | None
    error: BaseException | None
    seconds: float


def together(writers: Sequence[Callable[[], T]]) -> list[Outcome[T]]:
    """Start every writer at the same moment and wait for all."""
    gate = threading.Barrier(len(writers))
    outcomes: list[Outcome[T] | None] = [None] * len(writers)

    def run(index: int, writer: Callable[[], T]) -> None:
        value, error = None, None
        try:
            connection.ensure_connection()
            gate.wait(timeout=30)
            began = time.monotonic()
            try:
                value = writer()
            except Exception as caught:
                error = caught
            outcomes[index] = Outcome(value, error, time.monotonic() - began)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index, writer)) for index, writer in enumerate(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert all(outcome is not None for outcome in outcomes)
    return [outcome for outcome in outcomes if outcome is not None]


def deadlocks() -> int:
    """Deadlocks that this database has seen since it was made."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def overlaps() -> int:
    """Pairs of active allocations of one resource, or of occupying visits of one patient, that overlap."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT (SELECT count(*) FROM scheduling_allocation a JOIN scheduling_allocation b
                      ON a.resource_id = b.resource_id AND a.id < b.id AND a.blocks && b.blocks
                     WHERE a.active AND b.active)
                 + (SELECT count(*) FROM scheduling_appointment a JOIN scheduling_appointment b
                      ON a.patient_id = b.patient_id AND a.id < b.id AND a.period && b.period
                     WHERE a.status NOT IN ('cancelled', 'no_show', 'not_done')
                       AND b.status NOT IN ('cancelled', 'no_show', 'not_done'))
            """
        )
        return int(cursor.fetchone()[0])


def look_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody takes a lock, and nobody looks once more under the locks: everybody has chosen before anybody writes."""

    def hesitate(*_args: object, **_keys: object) -> looking.Look:
        time.sleep(0.3)
        return looking.Look()

    def confirmed(plan: VisitPlan, patient: Patient, **_keys: object) -> occupancy.NewVisit:
        calendar = booking._calendar(plan.request, None, planned=plan)
        return occupancy.NewVisit(plan.request, plan.team, patient, calendar.visit_type, calendar.stages)

    monkeypatch.setattr(locks, "take", lambda *_then, **_keys: None)
    monkeypatch.setattr(looking, "check_free", hesitate)
    monkeypatch.setattr(looking, "check_free_again", hesitate)
    monkeypatch.setattr(booking, "_confirmed", confirmed)
    monkeypatch.setattr(booking, "confirmed_team", lambda plan, **_keys: plan.team)


@contextmanager
def without_the_constraint(database: Database) -> Iterator[None]:
    """The same database while it lets one resource be held twice; put back afterwards, with what overlapped ended."""
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute("ALTER TABLE scheduling_allocation DROP CONSTRAINT resource_taken_twice")
    yield
    Allocation.objects.update(active=False)
    Appointment.objects.update(status=AppointmentStatus.NO_SHOW)
    connections.close_all()
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute(
            "ALTER TABLE scheduling_allocation ADD CONSTRAINT resource_taken_twice"
            " EXCLUDE USING gist (resource_id WITH =, blocks WITH &&) WHERE (active)"
        )
