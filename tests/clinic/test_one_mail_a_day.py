"""At most one mail that counts goes to a person a day: what is due together goes as one, the rest waits or is missed."""

import datetime as dt
from collections.abc import Iterator
from email.message import EmailMessage
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from clinic import clock, messaging
from clinic.actors import System
from clinic.messaging import DefaultText
from clinic.models import Contact, Decline, Message, Patient, Site
from clinic.policies import parcels
from clinic.services import claims, dispatch, drafts, leases, previews, reconcile
from tests.factories import clinic as make
from tests.faults import kinds, outgoing, sink
from tests.faults.sink import Sink

pytestmark = pytest.mark.django_db

BY = System("test")
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
NEWS = kinds.kind("test.news")
QUESTIONS = DefaultText("A few questions", "Hello {given_name},\n\nplease answer {about}.\n\n{clinic_name}")
COUNTS = kinds.kind("test.counts", counts=True, group="reminders")
RIDES = kinds.kind(
    "test.rides",
    counts=True,
    rides=True,
    group="questionnaires",
    texts={"en": QUESTIONS, "es": QUESTIONS},
    resend_when_uncertain=False,
)
NOON = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)


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
def _at_noon() -> Iterator[None]:
    """Hours from midnight in every zone of these tests, so that a day does not end in between."""
    clock.set_offset(NOON - dt.datetime.now(tz=dt.UTC))  # noqa: TID251
    with kinds.known(NEWS, COUNTS, RIDES):
        yield


@pytest.fixture
def site() -> Site:
    return outgoing.site(time_zone="UTC")


@pytest.fixture
def patient() -> Patient:
    return make.patient()


def _due(
    at: Site, patient: Patient, kind: str, about: str, *, after: dt.timedelta = -MINUTE, **fields: object
) -> Message:
    due = clock.now() + after
    values = {"planned_for": due, "next_at": due, "idempotency_key": str(uuid4())} | fields
    return outgoing.message(at=at, patient=patient, kind=kind, about=about, **values)


def _run() -> int:
    return dispatch.run(by=BY, seconds=20).sent


def _pass(pause: dt.timedelta) -> None:
    clock.set_offset(clock.now() - dt.datetime.now(tz=dt.UTC) + pause)  # noqa: TID251


def _read(*messages: Message) -> list[tuple[str, str]]:
    for message in messages:
        message.refresh_from_db()
    return [(message.state, message.reason) for message in messages]


def _text(mail: EmailMessage) -> str:
    return mail.get_body(("plain",)).get_content().replace("\r\n", "\n")  # type: ignore[union-attr, no-any-return]


def test_what_is_due_the_same_day_goes_as_one_mail(site: Site, patient: Patient, server: Sink) -> None:
    reminder = _due(site, patient, "test.counts", "the visit", after=HOUR)
    questions = _due(site, patient, "test.rides", "three questions")
    assert _run() == 1
    (mail,) = server.accepted
    assert (mail["Message-ID"], mail["Subject"]) == (outgoing.message_id(reminder), "Your appointment")
    assert _text(mail) == (
        "Hello Ada,\n\nthis is about the visit.\n\n* * *\n\nplease answer three questions.\n\n"
        f"{site.sender_name}\nQuestions? Call us: {site.phone}\n"
    )
    assert _read(reminder, questions) == [("sent", ""), ("sent", "")]
    assert (reminder.counted_on, questions.counted_on) == (NOON.date(), None)
    assert questions.carried_by == reminder
    assert previews.preview(reminder).rendered.text == _text(mail)  # type: ignore[union-attr]


def test_second_mail_of_the_day_waits_for_the_next_morning(
    site: Site, patient: Patient, server: Sink
) -> None:
    _due(site, patient, "test.counts", "first")
    assert _run() == 1
    second = _due(site, patient, "test.counts", "second")
    hurried = _due(site, patient, "test.counts", "hurried", expires_at=clock.now() + 6 * HOUR)
    assert _run() == 0
    assert _read(second, hurried) == [("pending", ""), ("missed", "one_a_day")]
    assert second.next_at == dt.datetime(2026, 11, 26, 9, tzinfo=dt.UTC)
    _pass(22 * HOUR)
    assert _run() == 1
    assert _read(second) == [("sent", "")]


def test_news_goes_at_once_and_takes_along_what_rides(site: Site, patient: Patient, server: Sink) -> None:
    _due(site, patient, "test.counts", "first")
    assert _run() == 1
    news = _due(site, patient, "test.news", "a new time")
    questions = _due(site, patient, "test.rides", "three questions", after=2 * HOUR)
    later = _due(site, patient, "test.counts", "later", after=3 * HOUR)
    assert _run() == 1
    assert _read(news, questions, later) == [("sent", ""), ("sent", ""), ("pending", "")]
    assert questions.carried_by == news
    assert (later.attempts, later.next_at) == (0, later.planned_for)


def test_each_person_has_a_mail_of_their_own(site: Site, patient: Patient, server: Sink) -> None:
    daughter = Contact.objects.create(patient=patient, name="Bo", email="bo@mail.example", gets_mails=True)
    for contact in (None, daughter):
        _due(site, patient, "test.counts", "the visit", contact=contact)
        _due(site, patient, "test.rides", "three questions", contact=contact)
    assert _run() == 2
    assert {str(mail["To"]) for mail in server.accepted} == {patient.email, "bo@mail.example"}


def test_day_is_the_sites_own(patient: Patient, server: Sink) -> None:
    """Noon in London is one o'clock of the next day in Auckland: what is due there at eleven in the evening is today's."""
    far = outgoing.site(name="Far", time_zone="Pacific/Auckland")
    _due(far, patient, "test.counts", "first")
    next_evening = _due(far, patient, "test.counts", "same day there", after=22 * HOUR)
    day_after = _due(far, patient, "test.counts", "the day after", after=23 * HOUR)
    assert _run() == 1
    assert _read(next_evening, day_after) == [("sent", ""), ("pending", "")]


def test_rider_that_cannot_be_rendered_fails_alone(site: Site, patient: Patient, server: Sink) -> None:
    reminder = _due(site, patient, "test.counts", "the visit")
    poison = _due(site, patient, "test.rides", "poison")
    assert _run() == 1
    assert _read(reminder, poison) == [("sent", ""), ("failed", "render_error")]


def test_carrier_that_cannot_be_rendered_leaves_its_riders_to_go(
    site: Site, patient: Patient, server: Sink
) -> None:
    poison = _due(site, patient, "test.counts", "poison")
    questions = _due(site, patient, "test.rides", "three questions")
    assert _run() == 1
    assert _read(poison, questions) == [("failed", "render_error"), ("sent", "")]
    assert questions.counted_on == NOON.date()


def test_refused_mail_gives_its_place_back_and_its_riders(site: Site, patient: Patient, server: Sink) -> None:
    reminder = _due(site, patient, "test.counts", "the visit")
    questions = _due(site, patient, "test.rides", "three questions")
    server.answer("RCPT", "451 later")
    assert _run() == 0
    assert _read(reminder, questions) == [("pending", ""), ("pending", "")]
    assert (reminder.counted_on, questions.carried_by) == (None, None)
    _pass(3 * MINUTE)
    assert _run() == 1
    assert len(server.accepted) == 1


def test_mail_server_is_asked_for_the_mail_that_carried(
    site: Site, patient: Patient, server: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    reminder = _due(site, patient, "test.counts", "the visit")
    questions = _due(site, patient, "test.rides", "three questions")
    server.hang_up("DATA", accepting=True)
    _run()
    assert _read(reminder, questions) == [("uncertain", ""), ("uncertain", "")]
    monkeypatch.setattr(messaging, "delivery_oracle", lambda keys: {key: key == reminder.pk for key in keys})
    _pass(HOUR)
    reconcile.run(by=BY)
    assert _read(reminder, questions) == [("sent", "reconciled"), ("sent", "reconciled")]


def test_mail_that_goes_once_more_keeps_its_place_of_the_day(
    site: Site, patient: Patient, server: Sink
) -> None:
    reminder = _due(site, patient, "test.counts", "the visit")
    server.hang_up("DATA")
    _run()
    _pass(HOUR)
    reconcile.run(by=BY)
    assert _run() == 1
    assert _read(reminder) == [("sent", "resent")]
    assert reminder.counted_on == NOON.date()


def test_nothing_starts_where_one_of_a_mail_was_cancelled(site: Site, patient: Patient, server: Sink) -> None:
    """All of it or nothing: a mail that was rendered with words that no longer hold is not handed over."""
    token, now = uuid4(), clock.now()
    messages = [_due(site, patient, "test.counts", "a"), _due(site, patient, "test.rides", "b")]
    claims.claim(site.pk, token=token, kinds=["test.counts", "test.rides"], now=now)
    made = drafts.make(messages)
    carrier, rider = (leases.Start(one.pk, made[one.pk].text, made[one.pk].snapshot()) for one in messages)
    Message.objects.filter(pk=messages[1].pk).update(state="cancelled", lease_token=None)
    assert not leases.start(carrier, [rider], token=token, now=now, day=NOON.date())
    assert _read(*messages) == [("leased", ""), ("cancelled", "")]
    assert leases.start(carrier, token=token, now=now, day=NOON.date())


def test_database_refuses_a_second_mail_of_a_day(site: Site, patient: Patient) -> None:
    day = NOON.date()
    _due(site, patient, "test.counts", "first", state="sent", counted_on=day)
    with pytest.raises(IntegrityError, match="one_mail_a_day"), transaction.atomic():
        _due(site, patient, "test.counts", "second", state="sent", counted_on=day)
    _due(site, patient, "test.counts", "tomorrow", state="sent", counted_on=day + dt.timedelta(days=1))


def test_declined_group_is_not_sent_and_its_mails_can_be_declined(
    site: Site, patient: Patient, server: Sink
) -> None:
    Decline.objects.create(patient=patient, group="questionnaires", declined_at=clock.now())
    reminder = _due(site, patient, "test.counts", "the visit")
    questions = _due(site, patient, "test.rides", "three questions")
    _due(site, patient, "test.news", "a new time")
    assert _run() == 2
    assert _read(reminder, questions) == [("sent", ""), ("suppressed", "declined")]
    headers = {
        str(mail["Message-ID"]): (mail["List-Unsubscribe"], mail["List-Unsubscribe-Post"])
        for mail in server.accepted
    }
    address, post = headers.pop(outgoing.message_id(reminder))
    assert address.strip().startswith(f"<http://testserver/u/{reminder.pk}/")
    assert post == "List-Unsubscribe=One-Click"
    assert list(headers.values()) == [(None, None)]


def test_queries_for_a_batch_do_not_grow_with_people_or_with_what_they_get(site: Site, server: Sink) -> None:
    def queries(people: int) -> int:
        for _ in range(people):
            one = make.patient()
            _due(site, one, "test.counts", "the visit")
            _due(site, one, "test.rides", "three questions")
        with CaptureQueriesContext(connection) as captured:
            assert _run() == people
        return len(captured)

    queries(1)
    one, ten = queries(1), queries(10)
    assert ten - one == 3 * 9  # one start and two ends of each mail


def test_pack_gives_the_subject_to_the_earliest_that_can_stand_alone(site: Site, patient: Patient) -> None:
    known = {kind.key: kind for kind in (NEWS, COUNTS, RIDES)}
    questions = _due(site, patient, "test.rides", "q", after=-3 * HOUR)
    second = _due(site, patient, "test.counts", "second", after=-HOUR)
    first = _due(site, patient, "test.counts", "first", after=-2 * HOUR)
    packed = parcels.pack([second, questions, first], known, now=clock.now(), had_theirs=set())
    assert [(one.carrier, one.riders, one.counts) for one in packed.parcels] == [
        (first, (second, questions), True)
    ]
