"""Sending what is due, against a real SMTP server: what goes out, what does not, and what each answer leads to."""

import datetime as dt
import socket
from collections.abc import Iterator, Sequence
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from clinic import clock, messaging
from clinic.actors import System
from clinic.enums import MessageState, Role
from clinic.exceptions import NotAllowed
from clinic.messaging import Attachment, DefaultText
from clinic.models import Contact, Message, Site
from clinic.policies.quiet_hours import quiet_end
from clinic.services import claims, delivery, dispatch, drafts, leases, outbox, reconcile
from clinic.services.dispatch import Run
from tests.factories import clinic as make
from tests.faults import kinds, outgoing, sink
from tests.faults.outgoing import HOUR
from tests.faults.sink import Sink

pytestmark = pytest.mark.django_db

BY = System("test")
MINUTE = dt.timedelta(minutes=1)


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
def _kinds() -> Iterator[None]:
    with kinds.known(*kinds.ALL):
        yield


@pytest.fixture
def site() -> Site:
    return outgoing.site()


def _run() -> Run:
    return dispatch.run(by=BY, seconds=20)


def _after(pause: dt.timedelta) -> None:
    """Let time pass for every process."""
    clock.set_offset(clock.now() - dt.datetime.now(tz=dt.UTC) + pause)  # noqa: TID251


def _read(message: Message) -> Message:
    message.refresh_from_db()
    return message


# What goes out


def test_due_message_is_sent_and_keeps_what_it_said(site: Site, server: Sink) -> None:
    message = outgoing.message(at=site)
    assert _run().sent == 1
    (mail,) = server.accepted
    assert mail["To"] == message.patient.email
    assert "this is about fact:1." in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    _read(message)
    assert (message.state, message.smtp_code, message.attempts, message.lease_token) == ("sent", 250, 1, None)
    assert message.text is not None
    assert (message.text.kind, message.text.language) == ("test.plain", "en")
    assert message.snapshot["address"] == message.patient.email
    assert message.snapshot["placeholders"] == {
        "given_name": "Ada",
        "clinic_name": site.sender_name,
        "phone": site.phone,
        "about": "fact:1",
    }
    assert message.started_at is not None
    assert message.ended_at is not None
    assert message.started_at <= message.ended_at


def test_patient_reads_it_in_their_language_and_a_contact_in_their_own_mailbox(
    site: Site, server: Sink
) -> None:
    patient = make.patient(language="es")
    daughter = Contact.objects.create(patient=patient, name="Bo", email="bo@mail.example", gets_mails=True)
    outgoing.message(at=site, patient=patient)
    outgoing.message(at=site, patient=patient, contact=daughter, idempotency_key="other")
    assert _run().sent == 2
    assert {(mail["To"], mail["Subject"]) for mail in server.accepted} == {
        (patient.email, "Su cita"),
        ("bo@mail.example", "Su cita"),
    }


def test_unknown_language_falls_back_to_english(site: Site, server: Sink) -> None:
    outgoing.message(at=site, patient=make.patient(language="de"))
    _run()
    assert [mail["Subject"] for mail in server.accepted] == ["Your appointment"]


def test_one_connection_and_constant_queries_for_a_batch(site: Site, server: Sink) -> None:
    def queries(count: int) -> int:
        for _ in range(count):
            outgoing.message(at=site, about=f"fact:{uuid4()}")
        with CaptureQueriesContext(connection) as captured:
            assert _run().sent == count
        return len(captured)

    queries(1)
    one, ten = queries(1), queries(10)
    assert ten - one == 2 * 9  # start and finish of each mail, nothing else
    assert server.connections == 3


def test_not_due_foreign_and_ended_messages_stay(site: Site, server: Sink) -> None:
    now = clock.now()
    outgoing.message(at=site, about="a", planned_for=now + MINUTE, next_at=now + MINUTE)
    outgoing.message(at=site, about="b", kind="test.of_a_later_version")
    for state in ("cancelled", "sent", "failed", "uncertain", "suppressed", "missed"):
        outgoing.message(at=site, about=state, state=state)
    assert _run().sent == 0
    assert server.accepted == []


def test_attachments_are_made_and_dots_survive(site: Site, server: Sink) -> None:
    dotted = DefaultText("Your appointment", ".\n\n.. {about}\n\n.end")
    files = lambda _message, _values: [Attachment("note.txt", ".dot\r\n..two", "text/plain")]  # noqa: E731
    with kinds.known(kinds.kind("test.dots", texts={"en": dotted, "es": dotted}, attachments=files)):
        outgoing.message(at=site, kind="test.dots")
        assert _run().sent == 1
    (mail,) = server.accepted
    assert mail.get_body(("plain",)).get_content().startswith(".\r\n\r\n.. fact:1\r\n\r\n.end")  # type: ignore[union-attr]
    (note,) = mail.iter_attachments()
    assert note.get_content().startswith(".dot\r\n..two")


# What does not go out


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"reminders_consent": False}, "no_consent"),
        ({"email": ""}, "no_address"),
        ({"deceased_on": dt.date(2026, 1, 1)}, "patient_inactive"),
    ],
)
def test_standing_of_the_patient_is_asked_again(
    site: Site, server: Sink, fields: dict[str, object], reason: str
) -> None:
    message = outgoing.message(at=site)
    type(message.patient).objects.filter(pk=message.patient_id).update(**fields)
    assert _run().sent == 0
    assert (_read(message).state, message.reason) == ("suppressed", reason)


def test_contact_whose_rights_ended_gets_nothing(site: Site, server: Sink) -> None:
    patient = make.patient()
    ended = Contact.objects.create(
        patient=patient, name="Bo", email="bo@mail.example", gets_mails=True, ended_at=clock.now()
    )
    message = outgoing.message(at=site, patient=patient, contact=ended)
    assert _run().sent == 0
    assert _read(message).reason == "contact_ended"


def test_recheck_of_the_kind_suppresses(site: Site, server: Sink) -> None:
    def stale(messages: Sequence[Message]) -> dict[UUID, str]:
        return {message.pk: "superseded" for message in messages if message.about == "old"}

    with kinds.known(kinds.kind("test.checked", recheck=stale)):
        old = outgoing.message(at=site, kind="test.checked", about="old")
        new = outgoing.message(at=site, kind="test.checked", about="new")
        assert _run().sent == 1
    assert (_read(old).state, old.reason) == ("suppressed", "superseded")
    assert _read(new).state == "sent"


def test_nothing_is_started_at_or_after_its_expiry(site: Site, server: Sink) -> None:
    message = outgoing.message(at=site, expires_at=clock.now())
    assert _run().sent == 0
    assert (_read(message).state, message.reason) == ("missed", "expired")


def test_message_that_expires_between_claim_and_start_is_not_started(site: Site, server: Sink) -> None:
    message = outgoing.message(at=site)
    now, token = clock.now(), UUID(int=1)
    claimed = claims.claim(site.pk, token=token, kinds=["test.plain"], now=now)
    assert [key for key, _due in claimed] == [message.pk]
    draft = drafts.make([message])[message.pk]
    row = leases.Start(message.pk, draft.text, draft.snapshot())
    Message.objects.filter(pk=message.pk).update(expires_at=now + MINUTE)
    assert not leases.start(row, token=token, now=now + MINUTE)
    Message.objects.filter(pk=message.pk).update(expires_at=now + HOUR)
    assert not leases.start(row, token=token, now=now + claims.LEASE - MINUTE)
    assert leases.start(row, token=token, now=now + MINUTE)


def test_cancel_between_claim_and_start_stops_it(site: Site, server: Sink) -> None:
    """The cancelling commit falls exactly between the claim and the start: into the kind's own re-check."""

    def cancels(messages: Sequence[Message]) -> dict[UUID, str]:
        outbox.cancel(about=["fact:moved"], by=BY, reason="moved")
        return {}

    with kinds.known(kinds.kind("test.cancels", recheck=cancels)):
        moved = outgoing.message(at=site, kind="test.cancels", about="fact:moved")
        other = outgoing.message(at=site, kind="test.cancels", about="fact:other")
        assert _run().sent == 1
    assert (_read(moved).state, moved.reason) == ("cancelled", "moved")
    assert _read(other).state == "sent"
    assert server.ids() == {outgoing.message_id(other): 1}


def test_poison_fails_alone(site: Site, server: Sink) -> None:
    good = [outgoing.message(at=site, about=f"fact:{number}") for number in range(99)]
    poison = outgoing.message(at=site, about="poison")
    assert _run().sent == 99
    assert set(server.ids()) == {outgoing.message_id(message) for message in good}
    assert (_read(poison).state, poison.reason) == ("failed", "render_error")


def test_kind_that_raises_for_one_fails_that_one(site: Site, server: Sink) -> None:
    def fragile(messages: Sequence[Message]) -> dict[UUID, dict[str, str]]:
        if any(message.about == "bad" for message in messages):
            raise LookupError("bad")
        return {message.pk: {"about": message.about} for message in messages}

    with kinds.known(kinds.kind("test.fragile", placeholders=fragile)):
        bad = outgoing.message(at=site, kind="test.fragile", about="bad")
        outgoing.message(at=site, kind="test.fragile", about="good")
        assert _run().sent == 1
    assert (_read(bad).state, bad.reason) == ("failed", "render_error")


def test_attachment_that_cannot_be_made_fails_that_one(site: Site, server: Sink) -> None:
    def broken(message: Message, _values: object) -> list[Attachment]:
        return [Attachment("a.txt", None if message.about == "bad" else "text", "text/plain")]  # type: ignore[arg-type]

    with kinds.known(kinds.kind("test.files", attachments=broken)):
        bad = outgoing.message(at=site, kind="test.files", about="bad")
        outgoing.message(at=site, kind="test.files", about="good")
        assert _run().sent == 1
    assert (_read(bad).state, bad.reason) == ("failed", "render_error")


def test_message_that_breaks_the_dispatcher_ends_as_failed(
    site: Site, server: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that is nobody's fault but ours must not be repeated for ever."""
    message = outgoing.message(at=site)
    monkeypatch.setattr(drafts, "refusals", lambda _messages: 1 / 0)
    for _ in range(leases.LAPSES):
        with pytest.raises(ZeroDivisionError):
            _run()
        _after(6 * MINUTE)
        reconcile.run(by=BY)
    assert (_read(message).state, message.reason) == ("failed", "set_aside")


def test_message_that_breaks_the_dispatcher_takes_no_other_with_it(
    site: Site, server: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was in one batch with it waits for one lease, is then sent, and only the one that breaks is set aside."""
    good = [outgoing.message(at=site, about=f"fact:{number}") for number in range(3)]
    bad = outgoing.message(at=site, about="bad")
    elsewhere = outgoing.message(at=outgoing.site(name="Elsewhere"), about="fact:elsewhere")
    asked = drafts.refusals

    def breaks(messages: Sequence[Message]) -> dict[UUID, str]:
        if any(message.about == "bad" for message in messages):
            raise MemoryError
        return asked(messages)

    monkeypatch.setattr(drafts, "refusals", breaks)
    for lapse in range(leases.LAPSES):
        with pytest.raises(MemoryError):
            _run()
        assert _read(elsewhere).state == "sent"  # in the same run: another site's mails do not wait
        _after(6 * MINUTE)
        reconcile.run(by=BY)
        assert _read(bad).lapses == lapse + 1
    _run()
    assert {_read(message).state for message in good} == {"sent"}
    assert (_read(bad).state, bad.reason) == ("failed", "set_aside")


def test_run_needs_the_permission(site: Site) -> None:
    with pytest.raises(NotAllowed):
        dispatch.run(by=make.staff(Role.NURSE, at=site))


# What the server answers


@pytest.mark.parametrize(
    ("step", "reply", "state", "reason", "code"),
    [
        ("RCPT", "550 no such mailbox", "failed", "refused_by_server", 550),
        ("RCPT", "451 greylisted", "pending", "", 451),
        ("RCPT", "421 closing", "pending", "", 421),
        ("DATA", "554 refused", "failed", "refused_by_server", 554),
        ("DATA", "451 later", "pending", "", 451),
        ("DATA", "421 closing", "pending", "", 421),
        ("MAIL", "421 closing", "pending", "", 421),
        ("MAIL", "553 sender refused", "pending", "", 553),
    ],
)
def test_answers(site: Site, server: Sink, step: str, reply: str, state: str, reason: str, code: int) -> None:
    message = outgoing.message(at=site)
    second = outgoing.message(at=site, about="fact:2")
    server.answer(step, reply)
    before = clock.now()
    assert _run().sent == 1  # the other one goes out, over the same connection or a new one
    first = next(row for row in (_read(message), _read(second)) if row.state != "sent")
    assert (first.state, first.reason, first.smtp_code, first.lease_token) == (state, reason, code, None)
    if state == "pending":
        assert before + 0.8 * MINUTE <= first.next_at <= clock.now() + 1.2 * MINUTE
        _after(2 * MINUTE)
        assert _run().sent == 1
        assert _read(first).attempts == 2


@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
def test_connection_lost_before_the_dot_is_a_safe_retry(site: Site, server: Sink, step: str) -> None:
    message = outgoing.message(at=site)
    server.hang_up(step)
    assert _run().sent == 0
    assert _read(message).state == "pending"
    _after(2 * MINUTE)
    _run()
    assert server.ids() == {outgoing.message_id(message): 1}


@pytest.mark.parametrize("accepting", [True, False])
def test_connection_lost_after_the_dot_is_uncertain(site: Site, server: Sink, accepting: bool) -> None:
    message = outgoing.message(at=site)
    server.hang_up("DATA", accepting=accepting)
    assert _run().sent == 0
    assert (_read(message).state, message.lease_token) == ("uncertain", None)
    assert message.next_at > clock.now() + 9 * MINUTE
    _after(HOUR)
    assert _run().sent == 0
    assert len(server.accepted) == accepting


def test_refused_connections_open_the_breaker_and_cost_no_attempt(site: Site, settings: Settings) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        settings.EMAIL_HOST, settings.EMAIL_PORT = probe.getsockname()
    messages = [outgoing.message(at=site, about=f"fact:{number}") for number in range(8)]
    now = clock.now()
    assert _run().server_is_away
    rows = [_read(message) for message in messages]
    assert {(row.state, row.attempts) for row in rows} == {("pending", 0)}
    assert sum(row.next_at > now for row in rows) == delivery.BREAKER_LIMIT


def test_backoff_grows_until_the_attempts_end(site: Site, server: Sink) -> None:
    message = outgoing.message(at=site)
    server.answer("RCPT", *["451 later"] * 8)
    pauses = []
    for _ in range(8):
        before = clock.now()
        _run()
        pauses.append(round((_read(message).next_at - before) / MINUTE))
        _after(2 * HOUR)
    assert (message.state, message.reason, message.attempts) == ("failed", "too_many_attempts", 8)
    for pause, wanted in zip(pauses, [1, 5, 15, 60, 60, 60, 60, 60], strict=True):
        assert 0.75 * wanted <= pause <= 1.25 * wanted


def test_retry_that_would_come_too_late_is_missed(site: Site, server: Sink) -> None:
    message = outgoing.message(at=site, expires_at=clock.now() + MINUTE / 2)
    server.answer("RCPT", "451 later")
    _run()
    assert (_read(message).state, message.reason) == ("missed", "expired")


def test_mail_withdrawn_in_the_senders_hands_is_not_tried_again(site: Site, server: Sink) -> None:
    message = outgoing.message(at=site)
    now, token = clock.now(), UUID(int=1)
    claims.claim(site.pk, token=token, kinds=["test.plain"], now=now)
    draft = drafts.make([message])[message.pk]
    assert leases.start(leases.Start(message.pk, draft.text, draft.snapshot()), token=token, now=now)
    assert outbox.cancel(about=["fact:1"], by=BY, reason="moved") == 1
    assert _read(message).state == "sending"
    pending = MessageState.PENDING
    assert leases.finish(message.pk, token=token, started_at=now, state=pending, now=now, next_at=now)
    assert (_read(message).state, message.reason) == ("cancelled", "moved")


# Quiet hours


@pytest.mark.parametrize(
    ("local", "morning"),
    [
        ("2026-11-22T19:59", None),
        ("2026-11-22T20:00", "2026-11-23T08:00"),
        ("2026-11-23T07:59", "2026-11-23T08:00"),
        ("2026-11-23T08:00", None),
        ("2026-03-28T23:00", "2026-03-29T08:00"),  # the night that is an hour short
        ("2026-10-24T23:00", "2026-10-25T08:00"),  # and the one that is an hour longer
    ],
)
def test_quiet_hours_are_wall_time_in_the_sites_zone(local: str, morning: str | None) -> None:
    site = Site(time_zone="Europe/Berlin", quiet_from=dt.time(20), quiet_until=dt.time(8))
    berlin = ZoneInfo("Europe/Berlin")
    now = dt.datetime.fromisoformat(local).replace(tzinfo=berlin)
    until = dt.datetime.fromisoformat(morning).replace(tzinfo=berlin) if morning else None
    assert quiet_end(site, now.astimezone(dt.UTC)) == until


def test_quiet_hours_within_a_day() -> None:
    site = Site(time_zone="UTC", quiet_from=dt.time(12), quiet_until=dt.time(14))
    noon = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
    assert quiet_end(site, noon) == noon + 2 * HOUR
    assert quiet_end(site, noon + 2 * HOUR) is None


def _quiet_now() -> Site:
    """A site whose quiet hours began an hour ago and last one more."""
    now = clock.now()
    return outgoing.site(time_zone="UTC", quiet_from=(now - HOUR).time(), quiet_until=(now + HOUR).time())


def test_quiet_hours_defer_without_costing_an_attempt(server: Sink) -> None:
    message = outgoing.message(at=_quiet_now(), kind="test.quiet")
    urgent = outgoing.message(at=message.site, kind="test.plain")
    assert _run().sent == 1
    assert (_read(message).state, message.attempts) == ("pending", 0)
    assert abs(message.next_at - clock.now() - HOUR) < MINUTE
    assert _read(urgent).state == "sent"
    _after(HOUR + MINUTE)
    assert _run().sent == 1


def test_quiet_hours_miss_what_would_be_too_late(server: Sink) -> None:
    message = outgoing.message(at=_quiet_now(), kind="test.quiet", expires_at=clock.now() + HOUR / 2)
    assert _run().sent == 0
    assert (_read(message).state, message.reason) == ("missed", "quiet_hours")


# Reconciling


def _uncertain(site: Site, **fields: object) -> Message:
    long_ago = clock.now() - HOUR
    return outgoing.message(
        at=site, state="uncertain", attempts=1, started_at=long_ago, next_at=long_ago, **fields
    )


def test_uncertain_is_not_judged_before_the_server_has_given_up(site: Site) -> None:
    message = _uncertain(site)
    Message.objects.update(next_at=clock.now() + MINUTE)
    assert reconcile.run(by=BY) == 0
    assert _read(message).state == "uncertain"


def test_uncertain_goes_once_more_and_is_then_parked(site: Site, server: Sink) -> None:
    message = _uncertain(site)
    assert reconcile.run(by=BY) == 1
    assert (_read(message).state, message.reason) == ("pending", "resent")
    server.hang_up("DATA", accepting=True)
    _run()
    assert (_read(message).state, message.reason) == ("uncertain", "resent")
    _after(HOUR)
    reconcile.run(by=BY)
    assert (_read(message).state, message.reason) == ("uncertain", "parked")
    assert reconcile.run(by=BY) == 0
    assert server.ids() == {outgoing.message_id(message): 1}


def test_uncertain_sent_once_more_says_so(site: Site, server: Sink) -> None:
    message = _uncertain(site)
    reconcile.run(by=BY)
    assert _run().sent == 1
    assert (_read(message).state, message.reason) == ("sent", "resent")


@pytest.mark.parametrize("fields", [{"kind": "test.parked"}, {"kind": "test.gone"}, {"reason": "resent"}])
def test_uncertain_is_parked_where_a_double_is_worse(site: Site, fields: dict[str, str]) -> None:
    message = _uncertain(site, **fields)
    reconcile.run(by=BY)
    assert (_read(message).state, message.reason) == ("uncertain", "parked")


def test_uncertain_that_was_withdrawn_ends(site: Site) -> None:
    message = _uncertain(site)
    outbox.cancel(about=["fact:1"], by=BY, reason="moved")
    reconcile.run(by=BY)
    assert (_read(message).state, message.reason) == ("cancelled", "moved")


def test_oracle_knows(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    sent, absent, unknown = (_uncertain(site, about=f"fact:{number}") for number in range(3))
    monkeypatch.setattr(messaging, "delivery_oracle", lambda _keys: {sent.pk: True, absent.pk: False})
    reconcile.run(by=BY)
    assert [_read(message).state for message in (sent, absent, unknown)] == ["sent", "pending", "uncertain"]
    assert unknown.next_at > clock.now()


def test_leases_that_ran_out_are_taken_back(site: Site) -> None:
    over = {"lease_token": UUID(int=1), "lease_until": clock.now() - MINUTE, "started_at": clock.now() - HOUR}
    leased = outgoing.message(at=site, about="a", state="leased", attempts=1, **over)
    worn = outgoing.message(at=site, about="b", state="leased", lapses=leases.LAPSES - 1, **over)
    sending = outgoing.message(at=site, about="c", state="sending", attempts=1, **over)
    alive = outgoing.message(
        at=site, about="d", state="sending", **(over | {"lease_until": clock.now() + MINUTE})
    )
    reconcile.run(by=BY)
    rows = [_read(message) for message in (leased, worn, sending, alive)]
    assert [row.state for row in rows] == ["pending", "failed", "uncertain", "sending"]
    assert [row.lease_token for row in rows] == [None, None, None, UUID(int=1)]
    assert sending.next_at > clock.now() + 9 * MINUTE


def test_late_sender_still_writes_what_it_knows(site: Site) -> None:
    started = clock.now() - HOUR
    message = outgoing.message(
        at=site, state="sending", lease_token=UUID(int=1), lease_until=started, started_at=started
    )
    leases.reap(clock.now())
    sent = MessageState.SENT
    assert not leases.finish(
        message.pk, token=UUID(int=2), started_at=clock.now(), state=sent, now=clock.now()
    )
    assert leases.finish(
        message.pk, token=UUID(int=1), started_at=started, state=sent, now=clock.now(), code=250
    )
    assert _read(message).state == "sent"
