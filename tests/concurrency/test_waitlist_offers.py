"""An offer is answered once, whoever comes at the same moment: two answers, time running out, a booking, two ticks.

Each test has its twin in which the claim that guards the end of an offer is taken away, and the locks with it: there
the same race goes wrong, so that the test would notice.
"""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from clinic import clock, locks
from clinic.actors import Patient as PatientActor
from clinic.actors import Staff
from scheduling import wishes
from scheduling.exceptions import OfferClosed, SlotTaken
from scheduling.models import Allocation, Appointment, FreedSlot, Hold, Offer, WaitlistEntry
from scheduling.services import occupancy, offer_ends, offering, offers
from tests.concurrency.together import (
    Outcome,
    deadlocks,
    look_away,
    overlaps,
    together,
    without_the_constraint,
)
from tests.database import Database
from tests.factories import clinic, waiting
from tests.factories import scheduling as factory
from tests.factories.scheduling import BY, House

ROUNDS = 3


@pytest.fixture(scope="module")
def house(own_database: Database) -> House:
    return factory.house(physicians=1, rooms=1)


@pytest.fixture(scope="module")
def desk(house: House) -> Staff:
    return clinic.staff(at=house.site)


@pytest.fixture(autouse=True)
def clean(house: House) -> Iterator[None]:
    """What one race left stands in no other's way."""
    yield
    Allocation.objects.update(active=False)
    Appointment.objects.update(status="no_show")
    Offer.objects.filter(status="open").update(status="withdrawn")
    WaitlistEntry.objects.update(status="withdrawn")
    FreedSlot.objects.update(closed_at=clock.now())


def make_offer(house: House, days: int, *, lasts: dt.timedelta = dt.timedelta(hours=1)) -> Offer:
    """An offer of a free hour, standing for so long."""
    start = house.at(factory.days_ahead(days, house.site), 9)
    entry = waiting.waits(house)
    offer = offers.make(entry_id=entry.pk, start=start, by=BY, by_phone=True)
    until = clock.now() + lasts
    Offer.objects.filter(pk=offer.pk).update(expires_at=until)
    type(offer.hold).objects.filter(pk=offer.hold_id).update(expires_at=until)
    offer.refresh_from_db()
    return offer


def link(offer: Offer) -> PatientActor:
    return PatientActor(offer.entry.patient_id, offer.pk)


def errors(outcomes: list[Outcome[Any]]) -> list[type[BaseException]]:
    return [type(outcome.error) for outcome in outcomes if outcome.error is not None]


@pytest.fixture
def hesitating(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may answer still hesitates before the answer is written: without a guard the other slips in between."""
    look = occupancy.team_of_hold

    def hesitate(hold: Hold) -> Any:
        team = look(hold)
        time.sleep(0.25)
        return team

    monkeypatch.setattr(occupancy, "team_of_hold", hesitate)


@pytest.fixture
def unguarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """No locks, and an end that is written without asking whether the offer is still open."""
    monkeypatch.setattr(locks, "take", lambda *_then, **_keys: None)

    def claim(offer: Offer, to: str) -> None:
        occupancy.free_holds([offer.hold_id], now=clock.now())
        Offer.objects.filter(pk=offer.pk).update(status=to, answered_at=clock.now())
        offer.status = to

    monkeypatch.setattr(offer_ends, "claim", claim)


def yes_and_no(house: House, desk: Staff, days: int) -> tuple[Offer, list[Outcome[Any]]]:
    """The patient says yes by link while the daughter says no by phone."""
    offer = make_offer(house, days)
    yes = partial(offers.accept, offer_id=offer.pk, by=link(offer))
    no = partial(offers.decline, offer_id=offer.pk, by=desk)
    outcomes = together([yes, no] if days % 2 else [no, yes])
    offer.refresh_from_db()
    return offer, outcomes


def agrees(offer: Offer) -> bool:
    """A visit stands exactly where the offer says accepted, and the entry says the same."""
    booked = Appointment.objects.filter(patient=offer.entry.patient_id, status="booked").count()
    entry = WaitlistEntry.objects.get(pk=offer.entry_id)
    return (offer.status == "accepted", entry.status == "booked") == (booked == 1, booked == 1)


def two_accepts(house: House, desk: Staff, days: int) -> tuple[Offer, list[Outcome[Any]]]:
    """The patient taps yes while the clerk, with the daughter on the phone, says yes for them."""
    offer = make_offer(house, days)
    by_link = partial(offers.accept, offer_id=offer.pk, by=link(offer))
    by_phone = partial(offers.accept, offer_id=offer.pk, by=desk)
    return offer, together([by_link, by_phone])


@pytest.mark.usefixtures("hesitating")
def test_two_accepts_at_once_by_link_and_by_phone_book_once(house: House, desk: Staff) -> None:
    before = deadlocks()
    for round_ in range(ROUNDS):
        offer, outcomes = two_accepts(house, desk, 20 + round_)
        assert errors(outcomes) == [OfferClosed]
        assert Appointment.objects.filter(patient=offer.entry.patient_id).count() == 1
    assert (overlaps(), deadlocks()) == (0, before)


@pytest.mark.usefixtures("hesitating", "unguarded")
def test_two_accepts_at_once_without_the_guard_are_not_told_apart(house: House, desk: Staff) -> None:
    """Nobody is told that the other was first: the second is refused for the wrong reason, or believes to have won."""
    results = [two_accepts(house, desk, 25 + round_)[1] for round_ in range(ROUNDS)]
    assert not all(errors(outcomes) == [OfferClosed] for outcomes in results)


@pytest.mark.usefixtures("hesitating")
def test_yes_and_no_at_once_leave_one_answer(house: House, desk: Staff) -> None:
    for round_ in range(ROUNDS):
        offer, outcomes = yes_and_no(house, desk, 30 + round_)
        assert errors(outcomes) == [OfferClosed]
        assert agrees(offer)


@pytest.mark.usefixtures("hesitating", "unguarded")
def test_yes_and_no_at_once_without_the_guard_contradict_each_other(house: House, desk: Staff) -> None:
    results = [yes_and_no(house, desk, 40 + round_) for round_ in range(ROUNDS)]
    assert not all(errors(outcomes) == [OfferClosed] and agrees(offer) for offer, outcomes in results)


def at_the_last_moment(
    house: House, days: int, against: Callable[[Offer], Callable[[], object]]
) -> tuple[Offer, list[Outcome[Any]]]:
    """An answer just in time hesitates; meanwhile the time runs out and somebody else acts on that."""
    offer = make_offer(house, days, lasts=dt.timedelta(milliseconds=150))

    def later() -> object:
        time.sleep(0.2)
        return against(offer)()

    outcomes = together([partial(offers.accept, offer_id=offer.pk, by=link(offer)), later])
    offer.refresh_from_db()
    return offer, outcomes


def expiring(offer: Offer) -> Callable[[], object]:
    return partial(offers.expire, offer_id=offer.pk, by=BY)


def ends(outcomes: list[Outcome[Any]]) -> int:
    """How many of the racers ended the offer: a visit, or True from an expiry that was in time."""
    return sum(bool(outcome.value) for outcome in outcomes)


def booking_it(house: House) -> Callable[[Offer], Callable[[], object]]:
    return lambda offer: partial(waiting.visit, house, offer.start)


@pytest.mark.usefixtures("hesitating")
def test_accept_against_expiry_has_one_end(house: House) -> None:
    for round_ in range(ROUNDS):
        offer, outcomes = at_the_last_moment(house, 50 + round_, expiring)
        assert set(errors(outcomes)) <= {OfferClosed}
        assert (ends(outcomes), agrees(offer)) == (1, True)


@pytest.mark.usefixtures("hesitating", "unguarded")
def test_accept_against_expiry_without_the_guard_has_two(house: House) -> None:
    """It was told to be expired, so that its time could go to the next, and accepted all the same."""
    results = [at_the_last_moment(house, 60 + round_, expiring)[1] for round_ in range(ROUNDS)]
    assert max(map(ends, results)) == 2


@pytest.mark.usefixtures("hesitating")
def test_accept_against_a_booking_has_one_winner(house: House) -> None:
    """The hold has just expired: whoever holds the locks first has the time, the other is told kindly."""
    for round_ in range(ROUNDS):
        offer, outcomes = at_the_last_moment(house, 70 + round_, booking_it(house))
        assert len(outcomes) - len(errors(outcomes)) == 1
        assert set(errors(outcomes)) <= {OfferClosed, SlotTaken}
        assert Appointment.objects.filter(period__startswith=offer.start, status="booked").count() == 1
        assert agrees(offer)
    assert overlaps() == 0


@pytest.mark.usefixtures("hesitating", "unguarded")
def test_accept_against_a_booking_without_guards_gives_the_time_twice(
    house: House, own_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Locks, claim, look and constraint out: the patient says yes and somebody else has been booked meanwhile."""
    look_away(monkeypatch)
    with without_the_constraint(own_database):
        for round_ in range(ROUNDS):
            at_the_last_moment(house, 90 + round_, booking_it(house))
        assert overlaps() > 0


def test_an_accept_in_time_beats_a_booking_of_the_same_moment(house: House, desk: Staff) -> None:
    """While the offer stands nobody else can have the time, however the two interleave."""
    for round_ in range(ROUNDS):
        offer = make_offer(house, 80 + round_)
        outcomes = together(
            [partial(waiting.visit, house, offer.start), partial(offers.accept, offer_id=offer.pk, by=desk)]
        )
        assert errors(outcomes) == [SlotTaken]
        offer.refresh_from_db()
        assert offer.status == "accepted"


@pytest.fixture
def slow_look_at_the_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is about to offer hesitates after looking at the patient's entry."""
    check = wishes.check_wait_move

    def hesitate(*asked: Any) -> None:
        check(*asked)
        time.sleep(0.2)

    monkeypatch.setattr(wishes, "check_wait_move", hesitate)


def two_ticks(house: House, days: int, monkeypatch: pytest.MonkeyPatch) -> list[Outcome[Any]]:
    noon = house.at(factory.days_ahead(days, house.site), 12)
    with monkeypatch.context() as patch:
        patch.setattr(clock, "now", lambda: noon - dt.timedelta(minutes=10))
        waiting.waits(house)
        waiting.waits(house)
        waiting.freed(house, noon + dt.timedelta(days=2))
        patch.setattr(clock, "now", lambda: noon)
        return together([partial(offering.run, by=BY), partial(offering.run, by=BY)])


@pytest.mark.usefixtures("slow_look_at_the_entry")
def test_two_ticks_at_once_make_one_offer(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = two_ticks(house, 100, monkeypatch)
    assert errors(outcomes) == []
    assert Offer.objects.filter(status="open").count() == 1


@pytest.mark.usefixtures("slow_look_at_the_entry")
def test_two_ticks_at_once_without_locks_are_stopped_by_the_constraints(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock is the courtesy; the constraint is the guarantee."""
    seen: list[str] = []
    monkeypatch.setattr(locks, "take", lambda *_then, **_keys: None)
    note = offering.log.info
    monkeypatch.setattr(offering.log, "info", lambda event, **_facts: seen.append(event) or note(event))
    two_ticks(house, 110, monkeypatch)
    assert Offer.objects.filter(status="open").count() == 1
    assert "offer not made" in seen
