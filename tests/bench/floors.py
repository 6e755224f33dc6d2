"""Floors: the same rows with plain statements and the same locks, without anything that makes them right."""

import datetime as dt
from uuid import UUID, uuid4

from django.db import connection, transaction

from scheduling.models import Requirement
from tests.bench.clocked import milliseconds
from tests.bench.swarm import swarm
from tests.factories import clinic
from tests.factories.scheduling import House

_days = iter(range(200, 2000))


def plain_bookings(house: House, *, writers: int, day: dt.date) -> float:
    """Committed bookings per second of as many writers, each locking the same resources and writing the same rows."""
    patients = [clinic.patient().pk for _ in range(writers)]
    needs = list(Requirement.objects.filter(visit_type=house.visit("prp_session")))
    starts = [house.at(day, 8) + dt.timedelta(minutes=15 * (index % 8)) for index in range(writers)]

    def book(item: tuple[UUID, dt.datetime, int]) -> None:
        patient, start, index = item
        _book(house, needs, patient, start, index)

    outcomes = swarm(book, list(zip(patients, starts, range(writers), strict=True)))
    return sum(not error for error, _taken in outcomes) / max(taken for _error, taken in outcomes)


def plain_booking_ms(house: House) -> float:
    """One booking by plain statements, in milliseconds."""
    needs = list(Requirement.objects.filter(visit_type=house.visit("prp_session")))
    patient = clinic.patient().pk
    return milliseconds(lambda: _book(house, needs, patient, _next_start(house), 0))


def fetch_allocations() -> int:
    """Every active allocation, as rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT resource_id, lower(blocks), upper(blocks) FROM scheduling_allocation WHERE active"
        )
        return len(cursor.fetchall())


def _next_start(house: House) -> dt.datetime:
    return house.at(dt.date(2032, 1, 1) + dt.timedelta(days=next(_days)), 9)


def _book(house: House, needs: list[Requirement], patient: UUID, start: dt.datetime, index: int) -> None:
    team = [
        (need, house.resources[need.kind_id][index % len(house.resources[need.kind_id])].pk) for need in needs
    ]
    visit = uuid4()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM scheduling_resource WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
            [[key for _, key in team]],
        )
        cursor.execute("SELECT id FROM clinic_patient WHERE id = %s FOR NO KEY UPDATE", [patient])
        cursor.execute(
            "INSERT INTO scheduling_appointment (id, site_id, patient_id, visit_type_id, period, status, told, told_rev,"
            " version, note, override_reason, created_at) VALUES (%s, %s, %s, %s, tstzrange(%s, %s), 'booked', 'mail', 1, 1, '', '', %s)",
            [
                visit,
                house.site.pk,
                patient,
                house.visit("prp_session").pk,
                start,
                start + dt.timedelta(minutes=75),
                start,
            ],
        )
        cursor.executemany(
            "INSERT INTO scheduling_allocation (site_id, resource_id, appointment_id, requirement_id, stage_code, is_lead,"
            " period, blocks, active) VALUES (%s, %s, %s, %s, '', false, tstzrange(%s, %s), tstzrange(%s, %s), true)",
            [
                (
                    house.site.pk,
                    key,
                    visit,
                    need.pk,
                    *_span(start, need, 0),
                    *_span(start, need, need.turnover),
                )
                for need, key in team
            ],
        )
        cursor.executemany(
            "INSERT INTO clinic_message (id, site_id, patient_id, kind, about, about_rev, idempotency_key, state, reason,"
            " planned_for, next_at, expires_at, attempts, withdrawn, created_at) VALUES (%s, %s, %s, 'floor', %s, 1, %s,"
            " 'suppressed', 'floor', %s, %s, %s, 0, '', %s)",
            [
                (
                    uuid4(),
                    house.site.pk,
                    patient,
                    f"floor:{visit}",
                    str(uuid4()),
                    start,
                    start,
                    start + dt.timedelta(1),
                    start,
                )
                for _ in range(3)
            ],
        )


def _span(start: dt.datetime, need: Requirement, more: int) -> tuple[dt.datetime, dt.datetime]:
    begin = start + dt.timedelta(minutes=need.offset)
    return begin, begin + dt.timedelta(minutes=need.minutes + more)
