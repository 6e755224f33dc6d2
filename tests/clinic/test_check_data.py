"""`manage.py check_data`: silent on a sound clinic, and each check names the row that breaks its promise.

The rows are broken as the owner, with the guard that would refuse it taken out, in a transaction that is rolled back.
"""

import datetime as dt
from io import StringIO
from uuid import uuid4

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from clinic import clock, integrity
from clinic.integrity import Check
from clinic.models import Patient
from scheduling.enums import HoldReason, OfferStatus, WaitStatus
from scheduling.models import Allocation, Appointment, Hold, Offer, Resource, VisitType, WaitlistEntry
from tests.database import Database

NO_OVERLAP = "ALTER TABLE scheduling_allocation DROP CONSTRAINT resource_taken_twice"
NO_PATIENT_OVERLAP = "ALTER TABLE scheduling_appointment DROP CONSTRAINT patient_in_two_visits"
NO_WHOLE_BLOCK = "ALTER TABLE scheduling_allocation DROP CONSTRAINT allocation_blocks_hold_period"
NO_STAGE_ORDER = "ALTER TABLE scheduling_visitstage DROP CONSTRAINT stage_started_before_it_ended"

A_BOOKED = "(SELECT id FROM scheduling_appointment WHERE status = 'booked' ORDER BY id LIMIT 1)"
A_DONE = "(SELECT id FROM scheduling_appointment WHERE status = 'completed' ORDER BY id LIMIT 1)"
A_SESSION_VISIT = (
    "(SELECT a.id FROM scheduling_appointment a JOIN treatments_sessionbooking b ON b.appointment_id = a.id"
    " AND b.is_open WHERE a.status IN ('booked', 'provisional') ORDER BY a.id LIMIT 1)"
)

A_WAITING_GROUP = (
    "INSERT INTO clinic_message (id, site_id, patient_id, kind, about, about_rev, idempotency_key, state, reason,"
    " withdrawn, planned_for, next_at, expires_at, attempts, created_at) SELECT gen_random_uuid(), site_id, patient_id,"
    " 'appointment.changed_several', '{about}', 1, '{about}', 'pending', '', '', now(), now(),"
    f" now() + interval '1 day', 0, now() FROM scheduling_appointment WHERE id = {A_BOOKED}"
)

BROKEN = {
    "resource_taken_twice": [
        NO_OVERLAP,
        (
            "INSERT INTO scheduling_allocation (site_id, resource_id, appointment_id, stage_code, is_lead, period, blocks, active)"
            " SELECT site_id, resource_id, appointment_id, stage_code, is_lead, period, blocks, active"
            " FROM scheduling_allocation WHERE active ORDER BY id LIMIT 1"
        ),
    ],
    "patient_in_two_visits": [
        NO_PATIENT_OVERLAP,
        (
            f"UPDATE scheduling_appointment SET period = (SELECT period FROM scheduling_appointment WHERE id = {A_BOOKED}),"
            f" patient_id = (SELECT patient_id FROM scheduling_appointment WHERE id = {A_BOOKED}) WHERE id = {A_DONE}"
        ),
    ],
    "ended_visit_holds_nothing": [
        f"UPDATE scheduling_appointment SET status = 'no_show' WHERE id = {A_BOOKED}"
    ],
    "standing_visit_holds_its_team": [
        f"UPDATE scheduling_allocation SET active = false WHERE is_lead AND appointment_id = {A_BOOKED}"
    ],
    "allocation_within_its_visit": [
        NO_OVERLAP,
        NO_WHOLE_BLOCK,
        (
            "UPDATE scheduling_allocation SET period = tstzrange(lower(period), upper(period) + interval '1 day')"
            f" WHERE active AND appointment_id = {A_BOOKED}"
        ),
    ],
    "stages_within_their_visit": [
        (
            "UPDATE scheduling_visitstage SET planned_end = planned_end + interval '1 day'"
            f" WHERE appointment_id = {A_BOOKED}"
        )
    ],
    "stages_end_after_they_begin": [
        NO_STAGE_ORDER,
        f"UPDATE scheduling_visitstage SET ended_at = started_at - interval '1 hour' WHERE appointment_id = {A_DONE}",
    ],
    "status_agrees_with_the_stages": [
        f"UPDATE scheduling_visitstage SET ended_at = NULL WHERE appointment_id = {A_DONE}"
    ],
    "arrival_agrees_with_the_status": [
        f"UPDATE scheduling_appointment SET arrived_at = NULL WHERE id = {A_DONE}"
    ],
    "provisional_visit_is_untold": [
        "UPDATE scheduling_appointment SET told_rev = 1 WHERE status = 'provisional'"
    ],
    "waiting_mail_tells_the_truth": [
        "UPDATE scheduling_appointment SET told_rev = told_rev + 1 WHERE status = 'booked'"
    ],
    "waiting_mail_about_several_tells_something": [
        A_WAITING_GROUP.format(about="visits:nothing"),
    ],
    "one_waiting_mail_of_a_change": [
        A_WAITING_GROUP.format(about="visits:one"),
        A_WAITING_GROUP.format(about="visits:two"),
        (
            "INSERT INTO scheduling_noticeline (about, appointment_id, told_rev, kind)"
            " SELECT about, a.id, a.told_rev, 'appointment.moved' FROM scheduling_appointment a,"
            f" (VALUES ('visits:one'), ('visits:two')) AS mail (about) WHERE a.id = {A_BOOKED}"
        ),
    ],
    "ledger_agrees_with_the_status": [
        (
            "INSERT INTO scheduling_visitchange (id, appointment_id, site_id, kind, told, old_status, old_allocations,"
            " actor_kind, actor_key, at) SELECT gen_random_uuid(), id, site_id, 'cancelled', '', 'booked', '{}', 'system',"
            f" 'tests', now() FROM scheduling_appointment WHERE id = {A_BOOKED}"
        )
    ],
    "ended_hold_holds_nothing": ["UPDATE scheduling_hold SET released_at = now()"],
    "open_offer_is_held": ["UPDATE scheduling_allocation SET active = false WHERE hold_id IS NOT NULL"],
    "accepted_offer_is_booked": ["UPDATE scheduling_offer SET status = 'accepted'"],
    "offered_entry_has_its_offer": ["UPDATE scheduling_waitlistentry SET status = 'waiting'"],
    "open_booking_has_a_standing_visit": [
        f"UPDATE scheduling_appointment SET status = 'no_show' WHERE id = {A_SESSION_VISIT}"
    ],
    "standing_visit_serves_its_session": [
        f"UPDATE treatments_sessionbooking SET is_open = false WHERE appointment_id = {A_SESSION_VISIT}"
    ],
    "ended_course_holds_no_time": [
        "ALTER TABLE treatments_course DISABLE TRIGGER USER",
        (
            "UPDATE treatments_course SET status = 'discontinued', ended_at = now() WHERE id IN (SELECT s.course_id FROM treatments_session s"
            f" JOIN scheduling_appointment a ON a.purpose = s.id WHERE a.id = {A_SESSION_VISIT})"
        ),
    ],
    "sessions_in_order": [
        "ALTER TABLE treatments_session DISABLE TRIGGER USER",
        "UPDATE treatments_session SET injected_at = '2001-01-01' WHERE number = 2 AND injected_at IS NOT NULL",
    ],
    "undecided_repeat_is_untold": [
        (
            "UPDATE scheduling_appointment a SET status = 'booked' FROM treatments_session s"
            " WHERE s.id = a.purpose AND a.status = 'provisional'"
        )
    ],
    "course_summary_says_its_sessions": [
        (
            "UPDATE treatments_coursesummary SET sessions = sessions + 1"
            " WHERE course_id = (SELECT min(course_id::text)::uuid FROM treatments_coursesummary)"
        )
    ],
    "score_summary_says_the_answers": [
        (
            "UPDATE treatments_scoresummary SET change = coalesce(change, 0) + 1"
            " WHERE id = (SELECT min(id) FROM treatments_scoresummary)"
        )
    ],
}


@pytest.fixture(scope="module")
def clinic_of_demo(own_database: Database) -> Database:
    """The demo clinic, and one open offer on its waitlist."""
    call_command("seed_demo", verbosity=0)
    _offer()
    return own_database


def _offer() -> Offer:
    now = clock.now()
    visit_type = VisitType.objects.filter(code="consultation").first()
    assert visit_type is not None
    period = DateTimeTZRange(now + dt.timedelta(days=900), now + dt.timedelta(days=900, minutes=30))
    room = Resource.objects.filter(site=visit_type.site, is_clinician=False).first()
    hold = Hold.objects.create(
        site=visit_type.site,
        reason=HoldReason.OFFER,
        visit_type=visit_type,
        period=period,
        expires_at=now + dt.timedelta(days=1),
        created_at=now,
    )
    Allocation.objects.create(site=visit_type.site, resource=room, hold=hold, period=period, blocks=period)
    waiting = WaitlistEntry.objects.values("patient")
    entry = WaitlistEntry.objects.create(
        site=visit_type.site,
        patient=Patient.objects.exclude(pk__in=waiting).order_by("pk")[0],
        visit_type=visit_type,
        status=WaitStatus.OFFERED,
        created_at=now,
    )
    return Offer.objects.create(
        site=visit_type.site,
        entry=entry,
        hold=hold,
        start=period.lower,
        status=OfferStatus.OPEN,
        expires_at=hold.expires_at,
        created_at=now,
    )


def test_check_data_of_a_sound_clinic_finds_nothing(clinic_of_demo: Database) -> None:
    printed = StringIO()

    call_command("check_data", stdout=printed)

    assert printed.getvalue() == f"{len(integrity.names())} checks, nothing wrong.\n"


def test_check_data_has_a_broken_row_for_every_check() -> None:
    statements = [name for name in integrity.names() if isinstance(integrity.get(name), Check)]
    assert sorted(BROKEN) == sorted(statements)


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_check_data_names_the_row_that_breaks(name: str, clinic_of_demo: Database) -> None:
    check = integrity.get(name)
    assert isinstance(check, Check)
    with psycopg.connect(clinic_of_demo.owner_url) as owner:
        before = owner.execute(check.sql, {"site": None}).fetchall()
        for statement in BROKEN[name]:
            owner.execute(statement)
        after = owner.execute(check.sql, {"site": None}).fetchall()
        owner.rollback()

    assert before == []
    assert after != []


def test_check_data_prints_keys_and_fails(clinic_of_demo: Database) -> None:
    visit = Appointment.objects.filter(status="booked").order_by("pk")[0]
    Appointment.objects.filter(pk=visit.pk).update(arrived_at=clock.now())
    printed = StringIO()
    try:
        with pytest.raises(CommandError, match="1 of 1 checks found something wrong"):
            call_command("check_data", "arrival_agrees_with_the_status", stdout=printed)
    finally:
        Appointment.objects.filter(pk=visit.pk).update(arrived_at=None)

    assert printed.getvalue() == (
        "arrival_agrees_with_the_status: 1 wrong. Whoever is here has an arrival time; whoever is not has none.\n"
        f"  {visit.pk}\n"
    )


def test_check_data_of_another_site_does_not_see_it(clinic_of_demo: Database) -> None:
    visit = Appointment.objects.filter(status="booked").order_by("pk")[0]
    Appointment.objects.filter(pk=visit.pk).update(arrived_at=clock.now())
    try:
        found = list(integrity.find(site_id=uuid4()))
    finally:
        Appointment.objects.filter(pk=visit.pk).update(arrived_at=None)

    assert found == []


def test_check_data_refuses_a_check_that_it_does_not_know() -> None:
    with pytest.raises(CommandError, match="No such check: nonsense"):
        call_command("check_data", "nonsense")
