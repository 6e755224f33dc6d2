"""Real dispatcher processes, killed at each step of a mail by a server that holds them there.

The mail server's own log of accepted mails is the truth: how many were lost, how many doubled.
"""

import datetime as dt
from collections.abc import Callable

import pytest
from django.db import connection

from clinic import clock, messaging
from clinic.actors import System
from clinic.models import Message
from clinic.services import outbox, reconcile
from tests.factories import clinic as make
from tests.faults import outgoing
from tests.faults.conftest import Dispatcher, until
from tests.faults.sink import Sink

BY = System("test")
MINUTE = dt.timedelta(minutes=1)
Start = Callable[[], Dispatcher]


def _messages(count: int, **fields: object) -> list[Message]:
    site, patient = outgoing.site(), make.patient()
    return [
        outgoing.message(at=site, patient=patient, about=f"fact:{number}", **fields)
        for number in range(count)
    ]


def _states() -> dict[str, int]:
    states: dict[str, int] = {}
    for state in Message.objects.values_list("state", flat=True):
        states[state] = states.get(state, 0) + 1
    return states


def _pass(minutes: float) -> None:
    clock.set_offset(clock.now() - dt.datetime.now(tz=dt.UTC) + minutes * MINUTE)  # noqa: TID251


def _kill_at(server: Sink, start: Start, step: str, *, accepting: bool = False) -> None:
    server.hold(step, accepting=accepting)
    dispatcher = start()
    assert server.reached.wait(30), f"nobody came to {step}"
    dispatcher.kill()


def _finish(server: Sink, start: Start, *, sent: int) -> None:
    """Time passes, leases run out, what is uncertain is judged, and a new dispatcher sends the rest."""
    _pass(6)
    reconcile.run(by=BY)
    _pass(11)
    dispatcher = start()
    until(lambda: _states() == {"sent": sent})
    assert dispatcher.stop() == 0


def test_kill_between_claim_and_start_loses_and_doubles_nothing(
    server: Sink, start_dispatcher: Start
) -> None:
    messages = _messages(5)
    _kill_at(server, start_dispatcher, "EHLO")
    assert _states() == {"leased": 5}
    _finish(server, start_dispatcher, sent=5)
    assert server.ids() == {outgoing.message_id(message): 1 for message in messages}


@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
def test_kill_between_start_and_dot_leaves_one_uncertain_and_doubles_nothing(
    server: Sink, start_dispatcher: Start, step: str
) -> None:
    messages = _messages(5)
    _kill_at(server, start_dispatcher, step)
    assert _states() == {"leased": 4, "sending": 1}
    _pass(6)
    reconcile.run(by=BY)
    assert _states() == {"pending": 4, "uncertain": 1}
    _finish(server, start_dispatcher, sent=5)
    assert server.ids() == {outgoing.message_id(message): 1 for message in messages}


def test_kill_after_the_dot_doubles_one_at_most(server: Sink, start_dispatcher: Start) -> None:
    messages = _messages(5)
    _kill_at(server, start_dispatcher, "DATA", accepting=True)
    assert len(server.accepted) == 1
    _pass(6)
    reconcile.run(by=BY)
    assert _states() == {"pending": 4, "uncertain": 1}
    _finish(server, start_dispatcher, sent=5)
    assert set(server.ids()) == {outgoing.message_id(message) for message in messages}
    assert sorted(server.ids().values()) == [1, 1, 1, 1, 2]
    assert Message.objects.filter(reason="resent").count() == 1


def test_kill_after_the_dot_with_a_log_to_ask_doubles_nothing(
    server: Sink, start_dispatcher: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        messaging, "delivery_oracle", lambda keys: {key: f"<{key}@localhost>" in server.ids() for key in keys}
    )
    messages = _messages(6)
    _kill_at(server, start_dispatcher, "DATA", accepting=True)
    _pass(6)
    reconcile.run(by=BY)
    _kill_at(server, start_dispatcher, "DATA")  # this one was not taken
    _pass(6)
    reconcile.run(by=BY)
    assert _states()["uncertain"] == 2
    _pass(11)
    reconcile.run(by=BY)
    dispatcher = start_dispatcher()
    until(lambda: _states() == {"sent": 6})
    dispatcher.stop()
    assert server.ids() == {outgoing.message_id(message): 1 for message in messages}


def test_kill_after_the_dot_parks_a_kind_that_must_not_double(server: Sink, start_dispatcher: Start) -> None:
    _messages(1, kind="test.parked")
    _kill_at(server, start_dispatcher, "DATA", accepting=True)
    _pass(6)
    reconcile.run(by=BY)
    _pass(11)
    reconcile.run(by=BY)
    message = Message.objects.get()
    assert (message.state, message.reason) == ("uncertain", "parked")
    assert len(server.accepted) == 1


def test_two_dispatchers_send_each_mail_once(server: Sink, start_dispatcher: Start) -> None:
    server.pause = 0.02
    messages = _messages(120)
    dispatchers = [start_dispatcher(), start_dispatcher()]
    until(lambda: _states() == {"sent": 120}, seconds=60)
    assert [dispatcher.stop() for dispatcher in dispatchers] == [0, 0]
    assert server.connections >= 2
    assert server.ids() == {outgoing.message_id(message): 1 for message in messages}


def test_stop_ends_between_two_mails_and_gives_the_rest_back(server: Sink, start_dispatcher: Start) -> None:
    server.pause = 0.2
    _messages(30)
    dispatcher = start_dispatcher()
    server.wait_for(2)
    assert dispatcher.stop() == 0
    states = _states()
    assert set(states) == {"sent", "pending"}
    assert states["sent"] == len(server.accepted)
    assert set(Message.objects.filter(state="pending").values_list("attempts", flat=True)) == {0}


def test_mail_cancelled_after_its_claim_is_not_started(server: Sink, start_dispatcher: Start) -> None:
    """The first mail is held at the server; the second, claimed with it, is withdrawn meanwhile."""
    first, second = _messages(2)
    server.hold("RCPT")
    dispatcher = start_dispatcher()
    assert server.reached.wait(30)
    held = Message.objects.get(state="sending")
    other = second if held == first else first
    assert outbox.cancel(about=[other.about], by=BY, reason="moved") == 1
    assert outbox.cancel(about=[held.about], by=BY, reason="moved") == 1
    dispatcher.kill()
    _pass(6)
    reconcile.run(by=BY)
    _pass(11)
    reconcile.run(by=BY)
    again = start_dispatcher()
    fresh = outgoing.message(at=first.site, patient=first.patient, about="fact:new")
    server.wait_for(1)
    again.stop()
    assert server.ids() == {outgoing.message_id(fresh): 1}
    assert _states() == {"cancelled": 2, "sent": 1}


def test_dispatcher_waits_out_a_database_that_drops_it(server: Sink, start_dispatcher: Start) -> None:
    """Its connection is ended while a mail is in its hands: the mail is written as sent over a new one, or uncertain."""
    message = _messages(1)[0]
    server.pause = 1.0
    dispatcher = start_dispatcher()
    until(lambda: _states() == {"sending": 1})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
        )
    server.wait_for(1)
    until(lambda: _states() == {"sent": 1}, seconds=10)
    assert dispatcher.process.poll() is None
    assert server.ids() == {outgoing.message_id(message): 1}
