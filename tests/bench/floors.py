"""Floors: the same rows with plain statements and the same locks, without anything that makes them right."""

import datetime as dt
import os
from typing import Any
from uuid import UUID, uuid4

import psycopg
from django.db import connection
from psycopg.types.json import Jsonb
from psycopg.types.range import TimestamptzRange

from clinic import clock
from clinic.actors import Staff
from clinic.ids import new_id
from scheduling.models import Requirement, Stage
from scheduling.services.plans import VisitRequest
from tests.bench.clocked import milliseconds
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import House


def fetch_allocations(house: House, *, days: int) -> int:
    """Every active allocation of the site in the window, as rows."""
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT resource_id, lower(blocks), upper(blocks) FROM scheduling_allocation"
            " WHERE active AND resource_id = ANY(%s) AND blocks && tstzrange(%s, %s)",
            [
                [row.pk for rows in house.resources.values() for row in rows],
                now,
                now + dt.timedelta(days=days),
            ],
        )
        return len(cursor.fetchall())


def plain_booking_ms(house: House) -> float:
    """One booking by plain statements on an open connection, in milliseconds."""
    plain, days = Plain(house, by=clinic.staff(at=house.site)), iter(range(40, 340))
    requests = iter(
        [
            VisitRequest(
                clinic.patient().pk,
                house.visit("prp_session").pk,
                house.site.pk,
                house.at(factory.days_ahead(next(days), house.site), 20),  # after hours: nothing is there
            )
            for _ in range(20)
        ]
    )
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as kept:
        return milliseconds(lambda: plain.write(kept, next(requests)), runs=15)


class Taken(Exception):
    """A plain writer found the time taken."""


class Plain:
    """A booking without the clinic: it knows its team beforehand, locks, looks once, and writes a batch a table."""

    def __init__(self, house: House, *, by: Staff) -> None:
        self.house, self.by = house, by
        self.visit_type = house.visit("prp_session")
        self.needs = list(Requirement.objects.filter(visit_type=self.visit_type).select_related("stage"))
        self.stages = list(Stage.objects.filter(visit_type=self.visit_type))

    def book(self, request: VisitRequest) -> None:
        """On the connection that Django has open for this thread, so that connecting costs both alike."""
        connection.ensure_connection()
        self.write(connection.connection, request)

    def write(self, to: "psycopg.Connection[Any]", request: VisitRequest) -> None:
        with to.transaction():
            self._write(to, request)

    def _write(self, to: "psycopg.Connection[Any]", request: VisitRequest) -> None:
        start, now, visit = request.start, clock.now(), new_id()
        quarter = int(start.timestamp()) // 900
        team = []
        for need in self.needs:
            alike = self.house.resources[need.kind_id]
            team.append((need, alike[quarter % len(alike)].pk))
        to.execute(
            "SELECT set_config('lock_timeout', '3000', true), set_config('pghistory.context_id', %s, true),"
            " set_config('pghistory.context_metadata', %s, true)",
            [str(uuid4()), f'{{"actor_kind": "{self.by.kind}", "actor": "{self.by.key}"}}'],
        )
        keys = sorted({key for _need, key in team})
        to.execute(
            "SELECT id FROM scheduling_resource WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [keys]
        )
        to.execute("SELECT id FROM clinic_patient WHERE id = %s FOR NO KEY UPDATE", [request.patient_id])
        spans = [(need, key, _span(start, need, 0), _span(start, need, need.turnover)) for need, key in team]
        taken = to.execute(
            "SELECT 1 FROM unnest(%s::uuid[], %s::tstzrange[]) wish(resource_id, blocks) JOIN scheduling_allocation held"
            " ON held.resource_id = wish.resource_id AND held.blocks && wish.blocks AND held.active LIMIT 1",
            [[key for _need, key, _period, _blocks in spans], [blocks for *_rest, blocks in spans]],
        ).fetchone()
        if taken:
            raise Taken
        self._insert(to, request, visit, spans, now)

    def _insert(
        self,
        to: "psycopg.Connection[Any]",
        request: VisitRequest,
        visit: UUID,
        spans: list[Any],
        now: dt.datetime,
    ) -> None:
        start, site = request.start, self.house.site.pk
        period = TimestamptzRange(start, start + dt.timedelta(minutes=self.visit_type.minutes))
        to.execute(
            "INSERT INTO scheduling_appointment (id, site_id, patient_id, visit_type_id, period, status, purpose, told, told_rev,"
            " version, note, override_reason, created_at) VALUES (%s, %s, %s, %s, %s, 'booked', %s, 'mail', 1, 1, '', '', %s)",
            [visit, site, request.patient_id, self.visit_type.pk, period, request.purpose, now],
        )
        _many(
            to,
            "INSERT INTO scheduling_visitstage (appointment_id, code, name, done_name, position, planned_start, planned_end)",
            [
                (
                    visit,
                    stage.code,
                    stage.name,
                    stage.done_name,
                    stage.position,
                    start + dt.timedelta(minutes=stage.offset),
                    start + dt.timedelta(minutes=stage.offset + stage.minutes),
                )
                for stage in self.stages
            ],
        )
        _many(
            to,
            "INSERT INTO scheduling_allocation (site_id, resource_id, appointment_id, requirement_id, stage_code, is_lead,"
            " period, blocks, active)",
            [
                (
                    site,
                    key,
                    visit,
                    need.pk,
                    need.stage.code if need.stage else "",
                    need.is_lead,
                    period,
                    blocks,
                    True,
                )
                for need, key, period, blocks in spans
            ],
        )
        _many(
            to,
            "INSERT INTO clinic_message (id, site_id, patient_id, kind, about, about_rev, idempotency_key, state, reason,"
            " planned_for, next_at, expires_at, attempts, withdrawn, created_at)",
            [
                (
                    (key := new_id()),
                    site,
                    request.patient_id,
                    "floor",
                    f"floor:{visit}",
                    1,
                    f"floor:{key}",
                    "suppressed",
                    "floor",
                    start,
                    start,
                    start + dt.timedelta(1),
                    0,
                    "",
                    now,
                )
                for _mail in range(3)
            ],
        )
        _many(
            to,
            "INSERT INTO clinic_link (id, site_id, patient_id, purpose, about, token_hash, tries, created_at, expires_at,"
            " reason)",
            [
                (
                    (link := new_id()),
                    site,
                    request.patient_id,
                    "floor",
                    f"floor:{visit}",
                    link.hex,
                    0,
                    now,
                    period.upper,
                    "",
                )
            ],
        )
        _many(
            to,
            "INSERT INTO clinic_auditevent (at, actor_kind, actor_key, action, subject_type, subject_key, patient_id, site_id,"
            " request_id, detail)",
            [
                (
                    now,
                    self.by.kind,
                    self.by.key,
                    action,
                    "floor",
                    str(visit),
                    request.patient_id,
                    site,
                    "",
                    Jsonb({}),
                )
                for action in ("floor.booked", "floor.planned")
            ],
        )


def _many(to: "psycopg.Connection[Any]", insert: str, rows: list[tuple[Any, ...]]) -> None:
    """One statement with all rows."""
    places = ", ".join(["(" + ", ".join(["%s"] * len(rows[0])) + ")"] * len(rows))
    to.execute(f"{insert} VALUES {places}", [value for values in rows for value in values])


def _span(start: dt.datetime, need: Requirement, more: int) -> TimestamptzRange:
    begin = start + dt.timedelta(minutes=need.offset)
    return TimestamptzRange(begin, begin + dt.timedelta(minutes=need.minutes + more))
