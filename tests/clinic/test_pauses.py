"""Holding mails back and letting them go: nothing is lost, nothing stale goes out, and there is no flood."""

import datetime as dt
from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from clinic import clock
from clinic.actors import Staff, System
from clinic.enums import Role
from clinic.exceptions import Conflict, IllegalMove, InvalidInput, NotAllowed, NotFound
from clinic.models import AuditEvent, Message, Pause, Site
from clinic.services import claims, deaths, dispatch, drafts, leases, pauses
from tests.factories import clinic as make
from tests.faults import kinds, outgoing, sink
from tests.faults.sink import Sink

pytestmark = pytest.mark.django_db

BY = System("test")
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)


@pytest.fixture(scope="module")
def _server() -> Iterator[Sink]:
    with sink.running() as server:
        yield server


@pytest.fixture
def server(_server: Sink, settings: Settings) -> Sink:
    _server.clear()
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", _server.port
    return _server


@pytest.fixture(autouse=True)
def _on_the_minute() -> Iterator[None]:
    """From the beginning of a minute of the clock, by which the pace is counted."""
    now = dt.datetime.now(tz=dt.UTC)  # noqa: TID251
    clock.set_offset(now.replace(second=0, microsecond=0) + MINUTE - now)
    with kinds.known(*kinds.ALL):
        yield


@pytest.fixture
def site() -> Site:
    return outgoing.site()


@pytest.fixture
def manager(site: Site) -> Staff:
    return make.staff(Role.MANAGER, at=site)


def _run() -> int:
    return dispatch.run(by=BY, seconds=20).sent


def _pass(pause: dt.timedelta) -> None:
    clock.set_offset(clock.now() - dt.datetime.now(tz=dt.UTC) + pause)  # noqa: TID251


def _read(*messages: Message) -> list[tuple[str, str]]:
    for message in messages:
        message.refresh_from_db()
    return [(message.state, message.reason) for message in messages]


@pytest.mark.parametrize(
    ("everywhere", "kind", "sent"),
    [
        (False, "", {"b:test.plain", "b:test.parked"}),
        (False, "test.plain", {"a:test.parked", "b:test.plain", "b:test.parked"}),
        (True, "test.plain", {"a:test.parked", "b:test.parked"}),
        (True, "", set()),
    ],
)
def test_pause_holds_its_scope_and_nothing_else(
    server: Sink, site: Site, manager: Staff, everywhere: bool, kind: str, sent: set[str]
) -> None:
    other = outgoing.site(name="Elsewhere")
    both = Staff(manager.user_id, Role.MANAGER, frozenset({site.pk, other.pk}))
    rows = {
        f"{name}:{key}": outgoing.message(at=at, kind=key, about=f"{name}:{key}")
        for name, at in (("a", site), ("b", other))
        for key in ("test.plain", "test.parked")
    }
    held = pauses.pause(by=both, site_id=None if everywhere else site.pk, kind=kind, note="New words")
    _run()
    assert {name for name, row in rows.items() if _read(row) == [("sent", "")]} == sent
    assert {(row.state, row.attempts) for name, row in rows.items() if name not in sent} == {("pending", 0)}
    pauses.resume(by=both, pause_id=held.pk)
    _run()
    assert {state for state, _reason in _read(*rows.values())} == {"sent"}
    assert list(
        AuditEvent.objects.filter(subject_key=str(held.pk)).order_by("at").values_list("action", flat=True)
    ) == [
        "clinic.messages.paused",
        "clinic.messages.resumed",
    ]


def test_what_a_pause_made_too_late_is_missed_and_says_so(server: Sink, site: Site, manager: Staff) -> None:
    stale = outgoing.message(at=site, about="stale", expires_at=clock.now() + HOUR)
    held = pauses.pause(by=manager, site_id=site.pk, note="New words")
    just = outgoing.message(at=site, about="just", expires_at=clock.now() + 2 * HOUR)
    _pass(HOUR + MINUTE)
    _run()
    assert _read(stale, just) == [("missed", "paused"), ("pending", "")]
    _pass(HOUR)
    pauses.resume(by=manager, pause_id=held.pk)
    assert _read(just) == [("missed", "paused")]
    assert _run() == 0


def test_nothing_is_started_after_the_commit_of_a_pause(server: Sink, site: Site, manager: Staff) -> None:
    """Also what a sender holds already: each start asks the pauses in its own statement."""
    message, token, now = outgoing.message(at=site), uuid4(), clock.now()
    claims.claim(site.pk, token=token, kinds=["test.plain"], now=now)
    draft = drafts.make([message])[message.pk]
    row = leases.Start(message.pk, draft.text, draft.snapshot())
    held = pauses.pause(by=manager, site_id=site.pk, kind="test.plain", note="New words")
    assert not leases.start(row, token=token, now=now)
    assert _read(message) == [("leased", "")]
    pauses.resume(by=manager, pause_id=held.pk)
    assert leases.start(row, token=token, now=now)


def test_storm_goes_at_the_sites_pace_in_order_and_holds_up_nobody_else(
    server: Sink, site: Site, settings: Settings
) -> None:
    settings.MAILS_PER_MINUTE = 10
    patient, now = make.patient(), clock.now()
    storm = [
        outgoing.message(
            at=site,
            patient=patient,
            about=f"fact:{number}",
            next_at=now - HOUR + number * MINUTE,
            planned_for=now - HOUR + number * MINUTE,
        )
        for number in range(25)
    ]
    elsewhere = outgoing.message(at=outgoing.site(name="Elsewhere"), about="elsewhere")
    sent = []
    for _minute in range(4):
        sent.append(_run())
        _pass(MINUTE)
    assert sent == [11, 10, 5, 0]
    order = [str(mail["Message-ID"]) for mail in server.accepted]
    order.remove(outgoing.message_id(elsewhere))
    assert order == [outgoing.message_id(message) for message in storm]


def test_later_mail_to_a_patient_waits_for_one_in_other_hands(server: Sink, site: Site) -> None:
    patient, now = make.patient(), clock.now()
    first = outgoing.message(
        at=site, patient=patient, about="first", planned_for=now - HOUR, next_at=now - HOUR
    )
    second = outgoing.message(at=site, patient=patient, about="second")
    other = uuid4()
    claims.claim(site.pk, token=other, kinds=["test.plain"], now=now, limit=1)
    assert _run() == 0
    assert _read(first, second) == [("leased", ""), ("pending", "")]
    leases.release([first.pk], token=other)
    _pass(MINUTE)
    assert _run() == 2
    assert [str(mail["Message-ID"]) for mail in server.accepted] == [
        outgoing.message_id(first),
        outgoing.message_id(second),
    ]


def test_death_stops_what_a_sender_holds(server: Sink, site: Site) -> None:
    """One mail is at the server when the death is written down, one is claimed, one waits: only the first may arrive."""
    patient = make.patient()
    messages = [outgoing.message(at=site, patient=patient, about=f"fact:{number}") for number in range(3)]
    token, now = uuid4(), clock.now()
    claims.claim(site.pk, token=token, kinds=["test.plain"], now=now, limit=2)
    made = drafts.make(messages)
    starts = [leases.Start(one.pk, made[one.pk].text, made[one.pk].snapshot()) for one in messages]
    held = list(Message.objects.filter(lease_token=token).values_list("pk", flat=True))
    at_server, claimed = (next(row for row in starts if row.key == key) for key in held)
    assert leases.start(at_server, token=token, now=now)
    desk = make.staff(at=site)
    deaths.mark_deceased(
        by=desk, patient_id=patient.pk, version=patient.version, on=clock.now().date(), site_id=site.pk
    )
    assert not leases.start(claimed, token=token, now=now)
    states = dict(Message.objects.values_list("pk", "state"))
    assert states.pop(at_server.key) == "sending"
    assert set(states.values()) == {"cancelled"}
    pending = leases.MessageState.PENDING
    assert leases.finish(at_server.key, token=token, started_at=now, state=pending, now=now, next_at=now)
    assert Message.objects.get(pk=at_server.key).state == "cancelled"
    assert _run() == 0


@pytest.mark.parametrize(
    ("clock_at", "sent", "morning"),
    [
        (
            "2026-03-28T22:30",
            0,
            "2026-03-29T06:00+00:00",
        ),  # the night that is an hour short: 08:00 is 06:00 UTC
        ("2026-03-29T08:01", 1, None),
        ("2026-10-24T22:30", 0, "2026-10-25T07:00+00:00"),  # and the one that is an hour longer
        ("2026-10-25T07:59", 0, "2026-10-25T07:00+00:00"),
    ],
)
def test_quiet_hours_hold_across_both_changes_of_the_clock(
    server: Sink, clock_at: str, sent: int, morning: str | None
) -> None:
    berlin = outgoing.site(time_zone="Europe/Berlin", quiet_from="20:00", quiet_until="08:00")
    now = dt.datetime.fromisoformat(clock_at).replace(tzinfo=berlin.zone)
    clock.set_offset(now - dt.datetime.now(tz=dt.UTC))  # noqa: TID251
    message = outgoing.message(at=berlin, kind="test.quiet")
    assert _run() == sent
    message.refresh_from_db()
    assert message.next_at == (dt.datetime.fromisoformat(morning) if morning else message.planned_for)


def test_pause_is_refused_where_it_is_paused_not_ones_own_or_not_explained(
    site: Site, manager: Staff
) -> None:
    other = outgoing.site(name="Elsewhere")
    held = pauses.pause(by=manager, site_id=site.pk, note="New words")
    with pytest.raises(NotFound):
        pauses.pause(by=manager, site_id=other.pk, note="New words")
    with pytest.raises(NotAllowed):
        pauses.pause(by=manager, site_id=None, note="New words")
    with pytest.raises(NotAllowed):
        pauses.pause(by=make.staff(Role.NURSE, at=site), site_id=site.pk, kind="test.plain", note="New words")
    for wrong in ({"note": " "}, {"note": "x" * 201}, {"note": "New words", "kind": "no.such"}):
        with pytest.raises(InvalidInput):
            pauses.pause(by=manager, site_id=site.pk, **wrong)
    with pytest.raises(NotFound):
        pauses.resume(by=make.staff(Role.MANAGER, at=other), pause_id=held.pk)
    pauses.resume(by=manager, pause_id=held.pk)
    with pytest.raises(IllegalMove):
        pauses.resume(by=manager, pause_id=held.pk)


def test_pause_of_the_same_twice_is_a_conflict(site: Site, manager: Staff) -> None:
    pauses.pause(by=manager, site_id=site.pk, note="New words")
    with pytest.raises(Conflict):
        pauses.pause(by=manager, site_id=site.pk, note="Again")


def test_page_shows_pauses_lets_go_and_reads_with_constant_queries(client: Client, site: Site) -> None:
    user = make.user(Role.MANAGER, at=site)
    client.force_login(user)
    answer = client.post(
        "/messages/sending/", {"where": str(site.pk), "kind": "", "note": "Mail server moves"}
    )
    assert answer.status_code == 302
    held = Pause.objects.get()
    assert (held.site, held.kind, held.note, held.paused_by) == (site, "", "Mail server moves", user)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/messages/sending/").status_code == 200
        return len(captured)

    outgoing.message(at=site, about="fact:0")
    few = queries()
    for number in range(1, 30):
        outgoing.message(at=site, about=f"fact:{number}")
    assert queries() == few
    page = client.get("/messages/sending/").content.decode()
    assert "30 mails that are due wait." in page
    assert "Held back: All mails, " in client.get("/messages/").content.decode()
    assert client.post(f"/messages/sending/{held.pk}/resume/").status_code == 302
    assert "Nothing is held back." in client.get("/messages/sending/").content.decode()


def test_page_says_why_a_pause_is_refused_beside_the_field(client: Client, site: Site) -> None:
    client.force_login(make.user(Role.MANAGER, at=site))
    answer = client.post("/messages/sending/", {"where": str(site.pk), "kind": "", "note": ""})
    assert answer.status_code == 200
    assert set(answer.context["form"].errors) == {"note"}
