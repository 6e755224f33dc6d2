"""Claimers against each other, and cancelling against sending, at full speed on real transactions."""

from uuid import UUID, uuid4

from clinic import clock
from clinic.actors import System
from clinic.models import Message
from clinic.services import claims, dispatch, outbox
from tests.concurrency.together import together
from tests.factories import clinic as make
from tests.faults import outgoing
from tests.faults.sink import Sink

BY = System("test")


def test_no_row_is_claimed_twice(server: Sink) -> None:
    site, patient, now = outgoing.site(), make.patient(), clock.now()
    rows = {outgoing.message(at=site, patient=patient, about=f"fact:{number}").pk for number in range(200)}

    def claim_all() -> list[UUID]:
        claimed: list[UUID] = []
        while rows := claims.claim(site.pk, token=uuid4(), kinds=["test.plain"], now=now, limit=5):
            claimed += [key for key, _due in rows]
        return claimed

    claimed = [key for outcome in together([claim_all] * 4) for key in outcome.value or ()]
    assert len(claimed) == len(set(claimed))
    # A claimer that saw only rows that others held stopped early; what it left is claimed now.
    assert set(claimed) | set(claim_all()) == rows
    assert set(Message.objects.values_list("state", "attempts")) == {("leased", 1)}


def test_what_is_cancelled_never_went_out(server: Sink) -> None:
    """Cancelling races with two senders: each fact ends cancelled and unheard of, or sent exactly once."""
    site, patient = outgoing.site(), make.patient()
    messages = [outgoing.message(at=site, patient=patient, about=f"fact:{number}") for number in range(150)]

    def send() -> None:
        while dispatch.run(by=BY, seconds=20).sent:
            pass

    def cancel() -> None:
        for message in reversed(messages):
            outbox.cancel(about=[message.about], by=BY, reason="moved")

    outcomes = together([send, send, cancel])
    assert [outcome.error for outcome in outcomes] == [None] * 3
    send()
    states = dict(Message.objects.values_list("pk", "state"))
    sent = {outgoing.message_id(message) for message in messages if states[message.pk] == "sent"}
    assert set(states.values()) == {"sent", "cancelled"}
    assert server.ids() == dict.fromkeys(sent, 1)
