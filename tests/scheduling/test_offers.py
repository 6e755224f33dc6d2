"""Freed times and offers: written down, offered to the best who fits, held, answered once, passed on."""

import datetime as dt
from uuid import uuid4

import pytest

from clinic import clock
from clinic.actors import Patient as PatientActor
from clinic.exceptions import DomainError, IllegalMove, NotAllowed, NotFound
from clinic.models import AuditEvent, Message, Task
from scheduling.enums import WaitStatus
from scheduling.exceptions import OfferClosed, SlotTaken
from scheduling.models import Allocation, Appointment, FreedSlot, Hold, Offer, VisitChange, VisitType
from scheduling.services import endings, holds, moves, offering, offers, undoing, waitlist
from tests.factories import clinic, waiting
from tests.factories import scheduling as factory
from tests.factories.scheduling import BY, House

pytestmark = pytest.mark.django_db

GRACE = dt.timedelta(minutes=3)


class Watch:
    """A clock that stands until it is told to go on."""

    def __init__(self, now: dt.datetime) -> None:
        self.now = now

    def __call__(self) -> dt.datetime:
        return self.now

    def pass_(self, **by: float) -> None:
        self.now += dt.timedelta(**by)


@pytest.fixture
def house() -> House:
    return factory.house(physicians=1, rooms=1)


@pytest.fixture
def watch(house: House, monkeypatch: pytest.MonkeyPatch) -> Watch:
    """It is ten o'clock at the site, two days from now."""
    watch = Watch(house.at(factory.days_ahead(2, house.site), 10))
    monkeypatch.setattr(clock, "now", watch)
    return watch


@pytest.fixture
def tomorrow(house: House, watch: Watch) -> dt.datetime:
    """Nine o'clock on the day after, when the clinic's only physician has been freed."""
    return house.at(factory.days_ahead(1, house.site), 9)


def tick() -> offering.Done:
    return offering.run(by=BY)


def freed_and_due(house: House, watch: Watch, start: dt.datetime, **of: str) -> FreedSlot:
    slot = waiting.freed(house, start, **of)
    watch.pass_(minutes=3)
    return slot


def state(offer: Offer) -> tuple[str, str]:
    offer.refresh_from_db()
    return offer.status, offer.entry.__class__.objects.get(pk=offer.entry_id).status


# What is freed


def test_cancelling_frees_its_time_for_after_the_grace(
    house: House, watch: Watch, tomorrow: dt.datetime
) -> None:
    visit = waiting.visit(house, tomorrow)
    endings.cancel(appointment_id=visit.pk, reason="patient_cannot_come", by=BY)
    slot = FreedSlot.objects.get()
    assert (slot.source_id, slot.period, slot.lead_id) == (visit.pk, visit.period, house.one("physician").pk)
    assert (slot.freed_at, slot.offer_from) == (watch.now, watch.now + GRACE)


def test_moving_frees_the_old_time(house: House, watch: Watch, tomorrow: dt.datetime) -> None:
    visit = waiting.visit(house, tomorrow)
    moves.move(appointment_id=visit.pk, start=tomorrow + dt.timedelta(hours=2), by=BY)
    slot = FreedSlot.objects.get()
    assert (slot.period, slot.visit_type_id) == (visit.period, visit.visit_type_id)


def test_a_no_show_frees_what_is_left_of_its_time(house: House, watch: Watch, tomorrow: dt.datetime) -> None:
    visit = waiting.visit(house, tomorrow)
    watch.now = tomorrow + dt.timedelta(minutes=12, seconds=20)
    endings.no_show(appointment_id=visit.pk, by=BY)
    slot = FreedSlot.objects.get()
    assert slot.period.lower == tomorrow + dt.timedelta(minutes=13)
    assert slot.period.upper == visit.period.upper


def test_a_no_show_told_at_its_end_frees_nothing(house: House, watch: Watch, tomorrow: dt.datetime) -> None:
    visit = waiting.visit(house, tomorrow)
    watch.now = tomorrow + dt.timedelta(minutes=25)
    endings.no_show(appointment_id=visit.pk, by=BY)
    assert not FreedSlot.objects.exists()


@pytest.mark.parametrize("change", ["no_show", "cancel", "move"])
def test_what_is_taken_back_has_freed_nothing(
    house: House, watch: Watch, tomorrow: dt.datetime, change: str
) -> None:
    visit = waiting.visit(house, tomorrow)
    if change == "no_show":
        watch.now = tomorrow + dt.timedelta(minutes=2)
        endings.no_show(appointment_id=visit.pk, by=BY)
    elif change == "cancel":
        endings.cancel(appointment_id=visit.pk, reason="booked_by_mistake", by=BY)
    else:
        moves.move(appointment_id=visit.pk, start=tomorrow + dt.timedelta(hours=1), by=BY)
    undoing.undo(change_id=VisitChange.objects.get(appointment=visit).pk, by=BY)
    assert [slot.closed_at for slot in FreedSlot.objects.all()] == [watch.now]


def test_nothing_is_offered_within_the_grace(house: House, watch: Watch, tomorrow: dt.datetime) -> None:
    entry = waiting.waits(house)
    waiting.freed(house, tomorrow)
    watch.pass_(minutes=2, seconds=59)
    tick()
    assert not Offer.objects.exists()
    watch.pass_(seconds=1)
    tick()
    assert [offer.entry_id for offer in Offer.objects.all()] == [entry.pk]


def test_a_time_booked_meanwhile_is_closed_and_not_offered(
    house: House, watch: Watch, tomorrow: dt.datetime
) -> None:
    waiting.waits(house)
    slot = freed_and_due(house, watch, tomorrow)
    taken = waiting.visit(house, tomorrow)
    tick()
    slot.refresh_from_db()
    assert (slot.filled_by_id, slot.closed_at) == (taken.pk, watch.now)
    assert not Offer.objects.exists()


def test_bug_19_past_times_are_never_offered(house: House, watch: Watch, tomorrow: dt.datetime) -> None:
    """Bug 19 of docs/reference/bugs-of-others.md."""
    waiting.waits(house)
    slot = freed_and_due(house, watch, tomorrow)
    watch.now = tomorrow + dt.timedelta(minutes=1)
    tick()
    assert not Offer.objects.exists()
    watch.now = tomorrow + dt.timedelta(minutes=30)
    tick()
    slot.refresh_from_db()
    assert (slot.closed_at, slot.filled_by) == (watch.now, None)


# The offer


def test_an_offer_holds_the_whole_team_and_plans_one_mail(
    house: House, watch: Watch, tomorrow: dt.datetime
) -> None:
    entry = waiting.waits(house)
    slot = freed_and_due(house, watch, tomorrow)
    tick()
    offer = Offer.objects.get()
    until = watch.now + dt.timedelta(hours=2)
    assert (offer.entry_id, offer.freed_id, offer.start, offer.expires_at) == (
        entry.pk,
        slot.pk,
        tomorrow,
        until,
    )
    assert state(offer) == ("open", "offered")
    held = Allocation.objects.filter(hold=offer.hold, active=True).values_list("resource__kind", flat=True)
    assert sorted(held) == ["consulting_room", "physician"]
    assert (offer.hold.reason, offer.hold.patient_id, offer.hold.expires_at) == (
        "offer",
        entry.patient_id,
        until,
    )
    mail = Message.objects.get(kind="appointment.offer")
    assert (mail.about, mail.next_at, mail.expires_at) == (f"offer:{offer.pk}", watch.now, until)


def test_an_offer_stands_for_as_long_as_its_kind_of_visit_says(
    house: House, watch: Watch, tomorrow: dt.datetime
) -> None:
    """The manager's rule, not a constant; the hold ends with it."""
    VisitType.objects.filter(pk=house.visit("consultation").pk).update(offer_minutes=45)
    waiting.waits(house)
    freed_and_due(house, watch, tomorrow)
    tick()
    offer = Offer.objects.get()
    until = watch.now + dt.timedelta(minutes=45)
    assert (offer.expires_at, offer.hold.expires_at) == (until, until)


def test_bug_19_an_offer_blocks_everybody_else(house: House, watch: Watch, tomorrow: dt.datetime) -> None:
    """Bug 19 of docs/reference/bugs-of-others.md."""
    waiting.waits(house)
    freed_and_due(house, watch, tomorrow)
    tick()
    with pytest.raises(SlotTaken):
        waiting.visit(house, tomorrow)


def test_bug_19_one_offer_at_a_time_for_a_slot_and_for_a_patient(
    house: House, watch: Watch, tomorrow: dt.datetime
) -> None:
    """Bug 19 of docs/reference/bugs-of-others.md."""
    entry = waiting.waits(house)
    waiting.freed(house, tomorrow)
    freed_and_due(house, watch, tomorrow + dt.timedelta(hours=1))
    tick()
    tick()
    assert list(Offer.objects.values_list("entry", "start")) == [(entry.pk, tomorrow)]


def test_the_most_urgent_comes_first_then_who_waits_longest(
    house: House, watch: Watch, tomorrow: dt.datetime
) -> None:
    long = waiting.waits(house)
    watch.pass_(minutes=1)
    urgent = waiting.waits(house, urgency=1)
    watch.pass_(minutes=1)
    waiting.waits(house, urgency=1)
    freed_and_due(house, watch, tomorrow)
    asked = []
    for _round in range(4):
        tick()
        offer = Offer.objects.filter(status="open").first()
        if offer is None:
            break
        asked.append(offer.entry_id)
        offers.decline(offer_id=offer.pk, by=BY)
    assert [asked[0], asked[-1], len(asked)] == [urgent.pk, long.pk, 3]


def test_bug_19_expiry_passes_the_time_on(house: House, watch: Watch, tomorrow: dt.datetime) -> None:
    """Bug 19 of docs/reference/bugs-of-others.md."""
    first = waiting.waits(house, urgency=1)
    second = waiting.waits(house)
    freed_and_due(house, watch, tomorrow)
    tick()
    watch.pass_(hours=2)
    tick()
    assert list(Offer.objects.order_by("created_at").values_list("entry", "status")) == [
        (first.pk, "expired"),
        (second.pk, "open"),
    ]
    first.refresh_from_db()
    assert first.status == WaitStatus.WAITING
    assert Message.objects.get(about=f"offer:{Offer.objects.earliest('created_at').pk}").state == "cancelled"


@pytest.mark.parametrize(
    "wishes",
    [
        {"part": "afternoon"},
        {"notice_hours": 48},
        {"not_before": dt.date(2200, 1, 1)},
        {"not_after": dt.date(2020, 1, 1)},
    ],
    ids=str,
)
def test_a_time_against_the_wishes_is_not_offered(
    house: House, watch: Watch, tomorrow: dt.datetime, wishes: dict[str, object]
) -> None:
    waiting.waits(house, **wishes)
    freed_and_due(house, watch, tomorrow)
    tick()
    assert not Offer.objects.exists()


def test_only_the_weekdays_and_the_clinician_wished_for(
    house: House, watch: Watch, tomorrow: dt.datetime
) -> None:
    other = factory.resource("physician", "Physician 2", position=9)
    factory.hours(house.site, other)
    weekday = tomorrow.astimezone(house.site.zone).weekday()
    waiting.waits(house, weekdays=tuple({0, 1, 2, 3, 4, 5, 6} - {weekday}))
    waiting.waits(house, lead_id=other.pk)
    right = waiting.waits(house, weekdays=(weekday,), lead_id=house.one("physician").pk)
    freed_and_due(house, watch, tomorrow)
    tick()
    assert [offer.entry_id for offer in Offer.objects.all()] == [right.pk]


def test_the_slot_must_fit_the_waiting_kind_of_visit(
    house: House, watch: Watch, tomorrow: dt.datetime
) -> None:
    """A PRP session of 75 minutes begins at the freed half hour only while its whole team is free."""
    waiting.visit(house, tomorrow + dt.timedelta(minutes=30))
    waiting.waits(house, kind="prp_session", purpose=uuid4())
    freed_and_due(house, watch, tomorrow)
    tick()
    assert not Offer.objects.exists()


def test_a_patient_with_another_visit_then_is_passed_over(
    house: House, watch: Watch, tomorrow: dt.datetime
) -> None:
    other = factory.resource("physician", "Physician 2", position=9)
    factory.hours(house.site, other)
    factory.resource("consulting_room", "Room 2", site=house.site, position=9)
    busy = waiting.waits(house)
    waiting.visit(house, tomorrow, busy.patient, kind="review", lead=other)
    busy.refresh_from_db()
    freed_and_due(house, watch, tomorrow)
    tick()
    assert not Offer.objects.exists()


def test_at_night_nobody_is_asked(house: House, watch: Watch, tomorrow: dt.datetime) -> None:
    waiting.waits(house)
    watch.now = house.at(factory.days_ahead(0, house.site), 19, 50)
    freed_and_due(house, watch, tomorrow + dt.timedelta(hours=4))
    tick()
    watch.now = house.at(factory.days_ahead(0, house.site), 23)
    tick()
    assert not Offer.objects.exists()
    watch.now = house.at(factory.days_ahead(1, house.site), 8)
    tick()
    assert Offer.objects.count() == 1


def test_an_offer_never_stands_beyond_the_notice(house: House, watch: Watch, tomorrow: dt.datetime) -> None:
    waiting.waits(house, notice_hours=22)
    freed_and_due(house, watch, tomorrow)
    tick()
    assert Offer.objects.get().expires_at == tomorrow - dt.timedelta(hours=22)


def test_who_gets_no_mails_is_rung_by_the_desk(house: House, watch: Watch, tomorrow: dt.datetime) -> None:
    patient = waiting.phone(clinic.patient(email="", reminders_consent=False))
    waiting.waits(house, patient)
    freed_and_due(house, watch, tomorrow)
    tick()
    offer = Offer.objects.get()
    task = Task.objects.get(kind="waitlist.call")
    assert (task.about, task.patient_id, task.state) == (f"offer:{offer.pk}", patient.pk, "open")
    assert not Message.objects.filter(kind="appointment.offer").exists()
    offers.accept(offer_id=offer.pk, by=clinic.staff(at=house.site))
    task.refresh_from_db()
    assert (task.state, task.outcome) == ("dropped", "Accepted")


def test_who_cannot_be_reached_is_passed_over(house: House, watch: Watch, tomorrow: dt.datetime) -> None:
    waiting.waits(house, clinic.patient(email=""))
    freed_and_due(house, watch, tomorrow)
    tick()
    assert not Offer.objects.exists()


# The answer


@pytest.fixture
def offer(house: House, watch: Watch, tomorrow: dt.datetime) -> Offer:
    waiting.waits(house)
    freed_and_due(house, watch, tomorrow)
    tick()
    return Offer.objects.get()


def patient_of(offer: Offer) -> PatientActor:
    return PatientActor(offer.entry.patient_id, offer.pk)


def test_accept_books_with_the_team_that_was_held(house: House, watch: Watch, offer: Offer) -> None:
    held = set(Allocation.objects.filter(hold=offer.hold).values_list("resource", flat=True))
    visit = offers.accept(offer_id=offer.pk, by=patient_of(offer))
    assert state(offer) == ("accepted", "booked")
    assert (visit.period.lower, visit.status, visit.patient_id) == (
        offer.start,
        "booked",
        offer.entry.patient_id,
    )
    team = set(visit.allocations.filter(active=True).values_list("resource", flat=True))
    assert team == held
    assert not Allocation.objects.filter(hold=offer.hold, active=True).exists()
    offer.hold.refresh_from_db()
    assert (offer.hold.released_at, offer.appointment_id) == (watch.now, visit.pk)
    slot = FreedSlot.objects.get()
    assert (slot.filled_by_id, slot.closed_at) == (visit.pk, watch.now)
    kinds = Message.objects.filter(state="pending").values_list("kind", flat=True)
    assert "appointment.offer" not in kinds
    event = AuditEvent.objects.get(action="scheduling.appointment.booked", subject_key=str(visit.pk))
    assert (event.actor_kind, event.actor_key) == ("patient", str(offer.entry.patient_id))


def test_accept_moves_the_visit_they_have_and_frees_its_time(
    house: House, watch: Watch, tomorrow: dt.datetime
) -> None:
    later = tomorrow + dt.timedelta(days=5)
    visit = waiting.visit(house, later)
    waiting.waits(house, visit.patient, appointment_id=visit.pk)
    freed_and_due(house, watch, tomorrow)
    tick()
    offer = Offer.objects.get()
    moved = offers.accept(offer_id=offer.pk, by=patient_of(offer))
    assert (moved.pk, moved.period.lower, moved.told_rev) == (visit.pk, tomorrow, 2)
    assert state(offer) == ("accepted", "booked")
    assert FreedSlot.objects.get(source=visit).period.lower == later
    assert VisitChange.objects.get(appointment=visit).reason_id == "earlier_slot"


def test_a_visit_that_is_earlier_already_is_not_moved_back(
    house: House, watch: Watch, tomorrow: dt.datetime
) -> None:
    visit = waiting.visit(house, tomorrow - dt.timedelta(minutes=30))
    waiting.waits(house, visit.patient, appointment_id=visit.pk)
    freed_and_due(house, watch, tomorrow)
    tick()
    assert not Offer.objects.exists()


def test_decline_frees_the_time_and_the_patient_waits_on(house: House, watch: Watch, offer: Offer) -> None:
    offers.decline(offer_id=offer.pk, by=patient_of(offer))
    assert state(offer) == ("declined", "waiting")
    assert not Allocation.objects.filter(hold=offer.hold, active=True).exists()
    tick()
    assert Offer.objects.count() == 1


def test_decline_and_leave_the_list(house: House, watch: Watch, offer: Offer) -> None:
    offers.decline(offer_id=offer.pk, by=patient_of(offer), leave=True)
    assert state(offer) == ("declined", "withdrawn")


@pytest.mark.parametrize("ended", ["accept", "decline", "withdraw", "expire"])
def test_an_offer_is_answered_once(house: House, watch: Watch, offer: Offer, ended: str) -> None:
    """The table walked: no end follows an end."""
    if ended == "expire":
        watch.now = offer.expires_at
    getattr(offers, ended)(offer_id=offer.pk, by=BY)
    before = state(offer)
    assert (
        before[0]
        == {"accept": "accepted", "decline": "declined", "withdraw": "withdrawn", "expire": "expired"}[ended]
    )
    watch.now = min(watch.now, offer.expires_at - dt.timedelta(minutes=1))
    for answer in (offers.accept, offers.decline, offers.withdraw):
        with pytest.raises(OfferClosed):
            answer(offer_id=offer.pk, by=BY)
    assert not offers.expire(offer_id=offer.pk, by=BY)
    assert state(offer) == before


def test_an_expired_offer_cannot_be_accepted_before_any_sweep(
    house: House, watch: Watch, offer: Offer
) -> None:
    watch.now = offer.expires_at
    with pytest.raises(OfferClosed, match="expired"):
        offers.accept(offer_id=offer.pk, by=patient_of(offer))
    assert not Appointment.objects.filter(status="booked").exists()


def test_an_expired_offer_never_blocks_a_booking_and_lapses_with_it(
    house: House, watch: Watch, offer: Offer
) -> None:
    watch.now = offer.expires_at
    waiting.visit(house, offer.start)
    assert state(offer) == ("expired", "waiting")
    assert AuditEvent.objects.get(action="scheduling.offer.expired").actor_key == "expired_hold"


def test_tidying_holds_ends_the_offers_that_stood_on_them(house: House, watch: Watch, offer: Offer) -> None:
    watch.now = offer.expires_at
    holds.tidy(by=BY)
    assert state(offer) == ("expired", "waiting")


def test_only_the_patient_of_the_link_or_the_desk_may_answer(house: House, offer: Offer) -> None:
    strangers = [
        (PatientActor(offer.entry.patient_id, uuid4()), NotFound),
        (PatientActor(clinic.patient().pk, offer.pk), NotFound),
        (clinic.staff(at=clinic.site(name="Elsewhere")), NotFound),
    ]
    for by, error in strangers:
        for answer in (offers.accept, offers.decline):
            with pytest.raises(error):
                answer(offer_id=offer.pk, by=by)
    with pytest.raises(NotAllowed):
        offers.make(entry_id=offer.entry_id, start=offer.start, by=patient_of(offer))
    assert state(offer) == ("open", "offered")


def test_booking_otherwise_withdraws_the_offer_and_ends_the_wait(
    house: House, watch: Watch, offer: Offer
) -> None:
    waiting.visit(house, offer.start + dt.timedelta(hours=3), offer.entry.patient)
    assert state(offer) == ("withdrawn", "booked")
    assert not Hold.objects.filter(released_at=None).exists()


def test_the_desk_offers_a_time_by_phone(house: House, watch: Watch, tomorrow: dt.datetime) -> None:
    """No mail, and the notice is for the patient to say."""
    desk = clinic.staff(at=house.site)
    waiting.waits(house, urgency=1)
    chosen = waiting.waits(house, notice_hours=72)
    slot = freed_and_due(house, watch, tomorrow)
    offer = offers.make(entry_id=chosen.pk, start=tomorrow, freed_id=slot.pk, by=desk, by_phone=True)
    assert state(offer) == ("open", "offered")
    assert not Message.objects.filter(kind="appointment.offer").exists()
    with pytest.raises(SlotTaken):
        offers.make(
            entry_id=waiting.waits(house).pk, start=tomorrow, freed_id=slot.pk, by=desk, by_phone=True
        )


def test_an_offer_within_the_grace_is_refused_also_by_hand(
    house: House, watch: Watch, tomorrow: dt.datetime
) -> None:
    entry = waiting.waits(house)
    slot = waiting.freed(house, tomorrow)
    with pytest.raises(DomainError, match="a moment ago"):
        offers.make(entry_id=entry.pk, start=tomorrow, freed_id=slot.pk, by=BY)


def test_a_patient_who_considers_an_offer_gets_no_second(house: House, watch: Watch, offer: Offer) -> None:
    with pytest.raises(IllegalMove):
        offers.make(entry_id=offer.entry_id, start=offer.start + dt.timedelta(hours=2), by=BY)


def test_bug_2_accept_is_refused_by_what_every_booking_is_refused_by(
    house: House, watch: Watch, offer: Offer
) -> None:
    """Bug 2 of docs/reference/bugs-of-others.md, the way in through an accepted offer: the patient's other visit, made meanwhile, stands."""
    other = factory.resource("physician", "Physician 2", position=9)
    factory.hours(house.site, other)
    factory.resource("consulting_room", "Room 2", site=house.site, position=9)
    waiting.visit(house, offer.start, offer.entry.patient, kind="review", lead=other)
    with pytest.raises(SlotTaken, match="another visit"):
        offers.accept(offer_id=offer.pk, by=patient_of(offer))
    assert state(offer) == ("open", "offered")
    assert Allocation.objects.filter(hold=offer.hold, active=True).count() == 2


def test_withdrawing_the_wait_withdraws_the_offer(house: House, watch: Watch, offer: Offer) -> None:
    waitlist.withdraw(entry_id=offer.entry_id, by=BY)
    assert state(offer) == ("withdrawn", "withdrawn")
