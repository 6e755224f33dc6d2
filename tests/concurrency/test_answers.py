"""Taps and guesses at once: no answer is lost, no birth date more than five is compared, nobody is asked twice.

Each twin shows the race with its guard out.
"""

import datetime as dt
import time
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from clinic import clock, locks
from clinic.actors import Patient as Acting
from clinic.models import AuditEvent, Link, Message
from clinic.models.link import MOST_TRIES
from clinic.services import links
from tests.concurrency.together import together
from tests.database import Database
from tests.factories import clinic, treatments
from tests.factories.scheduling import BY
from tests.factories.treatments import Ward
from treatments.models import AnswerSheet, Course
from treatments.services import answering, asking, planning, sheets

WRONG = dt.date(1900, 1, 1)


@pytest.fixture(scope="module")
def ward(own_database: Database) -> Ward:
    return treatments.ward()


def asked(ward: Ward, hour: int) -> Course:
    """A course whose baseline is open."""
    placed = treatments.order(ward)
    visits = {number: ward.at(5 + 28 * (number - 1), hour) for number in range(1, placed.sessions + 1)}
    planning.book_course(by=ward.desk, order_id=placed.pk, starts=visits, request_key=placed.pk)
    asking.ask_due(by=BY)
    placed.course.refresh_from_db()
    return placed.course


def tap(course: Course, item: int) -> None:
    answering.save(
        by=Acting(course.patient_id, course.pk),
        patient_id=course.patient_id,
        site_id=course.site_id,
        values={"rmdq": {str(item): 1}},
        source="link",
    )


def ticked(course: Course) -> int:
    return len(AnswerSheet.objects.get(course=course, time_point="baseline").answers.get("rmdq", {}))


def test_no_tap_is_lost(ward: Ward) -> None:
    course = asked(ward, 9)
    done = together([partial(tap, course, item) for item in range(1, 9)])
    assert [outcome.error for outcome in done] == [None] * 8
    assert ticked(course) == 8


def test_twin_without_the_lock_loses_taps(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    course = asked(ward, 11)
    read = answering.reads.open_sheets

    def slowly(**keys: Any) -> list[AnswerSheet]:
        rows = read(**keys)
        time.sleep(0.2)
        return rows

    monkeypatch.setattr(locks, "take", lambda *_then, **_keys: None)
    monkeypatch.setattr(answering.reads, "open_sheets", slowly)
    together([partial(tap, course, item) for item in range(1, 9)])
    assert ticked(course) < 8


def link_of(ward: Ward, about: str) -> Link:
    site = ward.house.site
    return links.issue(
        by=BY,
        purpose=asking.DOOR,
        about=about,
        site_id=site.pk,
        patient_id=clinic.patient().pk,
        until=clock.now() + dt.timedelta(days=1),
    )[0]


def guess(link: Link) -> None:
    links.prove(by=Acting(link.patient_id, link.pk), link_id=link.pk, birth_date=WRONG)


def compared(link: Link) -> int:
    return AuditEvent.objects.filter(action="clinic.link.wrong_birth_date", subject_key=str(link.pk)).count()


def test_no_more_than_five_birth_dates_are_compared(ward: Ward) -> None:
    link = link_of(ward, "answers:one")
    together([partial(guess, link) for _ in range(12)])
    assert compared(link) == MOST_TRIES


def test_twin_that_reads_before_it_writes_compares_more(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    link = link_of(ward, "answers:two")

    def naive(link_id: UUID) -> bool:
        tries = Link.objects.get(pk=link_id).tries
        time.sleep(0.2)
        return tries < MOST_TRIES and bool(Link.objects.filter(pk=link_id).update(tries=tries + 1))

    monkeypatch.setattr(links, "_take_a_try", naive)
    together([partial(guess, link) for _ in range(12)])
    assert compared(link) > MOST_TRIES


def test_two_workers_ask_once(ward: Ward) -> None:
    placed = treatments.order(ward)
    visits = {number: ward.at(6 + 28 * (number - 1), 13) for number in range(1, placed.sessions + 1)}
    planning.book_course(by=ward.desk, order_id=placed.pk, starts=visits, request_key=placed.pk)
    done = together([partial(asking.ask_due, by=BY) for _ in range(4)])
    assert [outcome.error for outcome in done] == [None] * 4
    mails = Message.objects.filter(patient=placed.patient_id, kind__in=sheets.MAILS)
    assert (mails.count(), AnswerSheet.objects.filter(course=placed.course_id).count()) == (1, 1)
