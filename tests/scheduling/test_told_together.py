"""Several visits of one patient changed in one action: one mail, counted at the mail server."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator
from email.message import EmailMessage

import icalendar
import pytest
import vobject
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic import clock, integrity
from clinic.actors import Staff, System
from clinic.enums import MessageState, Role
from clinic.exceptions import DomainError
from clinic.models import Contact, Message, Patient
from clinic.selectors.messages import messages_of_patient
from clinic.services import dispatch, drafts, previews
from scheduling.enums import Told
from scheduling.models import Appointment, NoticeLine
from scheduling.services import booking, endings, moves, progress, rebooking, several, telling, undoing
from scheduling.services.plans import VisitRequest
from scheduling.services.rebooking import Choice
from scheduling.services.several import Shift
from tests.database import Database
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import House
from tests.mail import MailServer

DAY = dt.timedelta(days=1)
GRACE = dt.timedelta(minutes=4)
SEVERAL = "Your appointments have changed"
MOVED = "Your appointment has moved"
OFF = "Your appointment is cancelled"
MIDNIGHT = dt.time(0)


def go_to(instant: dt.datetime) -> None:
    """Let every process believe that it is then."""
    with_offset = clock.now()
    clock.set_offset(dt.timedelta(0))
    assert instant >= with_offset
    clock.set_offset(instant - clock.now())


class Desk:
    """A patient's visits, booked and told, with a mail server whose mails are read after the grace."""

    def __init__(self, house: House, server: MailServer, visits: int, **patient: object) -> None:
        self.house, self.server = house, server
        self.by: Staff = clinic.staff(Role.FRONT_DESK, at=house.site)
        self.patient: Patient = clinic.patient(**patient)
        self.mails: list[EmailMessage] = []
        self.visits = [self.book(10 + 7 * number) for number in range(visits)]
        assert len(self.sent()) == visits

    def book(self, days: int) -> Appointment:
        start = self.house.at(factory.days_ahead(days, self.house.site), 9)
        visit_type = self.house.visit("consultation").pk
        request = VisitRequest(self.patient.pk, visit_type, self.house.site.pk, start)
        return booking.book(request=request, by=self.by)

    def rebook(self, *visits: Appointment, by: dt.timedelta = DAY, told: Told = Told.MAIL) -> None:
        for visit in visits:
            visit.refresh_from_db()
        choices = [Choice(visit.pk, visit.period.lower + by) for visit in visits]
        rebooking.rebook(site_id=self.house.site.pk, choices=choices, by=self.by, told=told)

    def undo(self, visit: Appointment) -> None:
        change = visit.changes.first()
        assert change is not None
        undoing.undo(change_id=change.pk, by=self.by)

    def sent(self) -> list[str]:
        """The subjects of what reaches the patient within the next four minutes."""
        go_to(clock.now() + GRACE)
        self.server.clear()
        dispatch.run(by=System("tests"), seconds=10)
        self.mails = self.server.to(self.patient.email)
        return [str(mail["Subject"]) for mail in self.mails]

    @property
    def words(self) -> str:
        part = self.mails[0].get_body(("plain",))
        assert part is not None
        return str(part.get_content())

    def lines(self) -> list[str]:
        return [
            line
            for line in self.words.splitlines()
            if line.partition(":")[0] in ("New time", "Cancelled", "New", "Nueva hora", "Cancelada")
        ]

    def reads(self, start: dt.datetime) -> str:
        local = start.astimezone(self.house.site.zone)
        return f"{local:%A}, {local.day} {local:%B %Y} at {local:%H:%M}"


@pytest.fixture
def quiet_house(own_database: Database) -> Iterator[Callable[[], House]]:
    """Makes sites that send their mails at any hour."""
    yield lambda: factory.house(physicians=2, site=clinic.site(quiet_from=MIDNIGHT, quiet_until=MIDNIGHT))
    clock.set_offset(dt.timedelta(0))


@pytest.fixture
def house(quiet_house: Callable[[], House]) -> House:
    return quiet_house()


@pytest.fixture
def desk(house: House, smtp_server: MailServer) -> Desk:
    return Desk(house, smtp_server, 4)


def waiting(desk: Desk) -> list[str]:
    """The kinds of the patient's mails about changes that wait."""
    rows = Message.objects.filter(state="pending", patient=desk.patient)
    return sorted(rows.exclude(kind__contains="reminder").values_list("kind", flat=True))


def test_four_visits_moved_in_one_action_are_one_mail_of_four_lines(desk: Desk) -> None:
    before = [visit.period.lower for visit in desk.visits]
    desk.rebook(*desk.visits)
    assert desk.sent() == [SEVERAL]
    assert desk.lines() == [
        f"New time: {desk.reads(was + DAY)} (before: {desk.reads(was)})." for was in before
    ]


def test_a_shift_of_three_is_one_mail_and_another_patient_of_it_gets_one_of_their_own(desk: Desk) -> None:
    other = Desk(desk.house, desk.server, 1)
    moved = [*desk.visits[:3], other.book(60)]
    assert other.sent() == ["Your appointment"]
    shifts = [Shift(visit.pk, visit.period.lower + DAY) for visit in moved]
    several.move_many(shifts=shifts, by=desk.by)
    assert desk.sent() == [SEVERAL]
    assert [str(mail["Subject"]) for mail in desk.server.to(other.patient.email)] == [MOVED]


def test_one_visit_alone_keeps_its_own_mail(desk: Desk) -> None:
    desk.rebook(desk.visits[0])
    assert waiting(desk) == ["appointment.moved"]
    assert (desk.sent(), NoticeLine.objects.filter(appointment=desk.visits[0]).count()) == ([MOVED], 0)


def test_a_correction_within_the_grace_sends_one_mail_with_the_last_word(desk: Desk) -> None:
    first, second, third, _fourth = desk.visits
    was = first.period.lower
    desk.rebook(first, second, third)
    desk.rebook(first, by=2 * DAY)
    assert desk.sent() == [SEVERAL]
    assert desk.lines()[0] == f"New time: {desk.reads(was + 3 * DAY)} (before: {desk.reads(was)})."
    assert len(desk.lines()) == 3


def test_one_of_three_undone_within_the_grace_takes_its_line_out(desk: Desk) -> None:
    first, second, third, _fourth = desk.visits
    desk.rebook(first, second, third)
    desk.undo(second)
    assert desk.sent() == [SEVERAL]
    assert len(desk.lines()) == 2
    assert desk.reads(second.period.lower) not in desk.words


def test_one_of_two_undone_within_the_grace_leaves_the_mail_of_one(desk: Desk) -> None:
    first, second, *_rest = desk.visits
    desk.rebook(first, second)
    desk.undo(second)
    assert waiting(desk) == ["appointment.moved"]
    assert desk.sent() == [MOVED]


def test_all_undone_within_the_grace_sends_nothing(desk: Desk) -> None:
    first, second, third, _fourth = desk.visits
    desk.rebook(first, second, third)
    for visit in (first, second, third):
        desk.undo(visit)
    assert desk.sent() == []


def test_undone_after_the_mail_tells_the_old_time_once_more(desk: Desk) -> None:
    first, second, *_rest = desk.visits
    was = first.period.lower.astimezone(desk.house.site.zone)
    desk.rebook(first, second)
    assert desk.sent() == [SEVERAL]
    desk.undo(first)
    assert desk.sent() == [MOVED]
    assert f"{was:%A}, {was.day} {was:%B %Y} at {was:%H:%M}" in desk.words


def test_cancelled_after_the_mail_names_the_time_that_it_told(desk: Desk) -> None:
    first, second, *_rest = desk.visits
    desk.rebook(first, second)
    assert desk.sent() == [SEVERAL]
    endings.cancel(appointment_id=first.pk, reason="patient_unwell", by=desk.by)
    assert desk.sent() == [OFF]
    assert desk.reads(first.period.lower + DAY) in desk.words


def test_cancelled_within_the_grace_is_told_at_the_time_that_they_knew(desk: Desk) -> None:
    first, second, third, _fourth = desk.visits
    desk.rebook(first, second, third)
    endings.cancel(appointment_id=first.pk, reason="patient_unwell", by=desk.by)
    assert desk.sent() == [SEVERAL]
    assert desk.lines()[0] == f"Cancelled: {desk.reads(first.period.lower)}. You do not need to come."
    assert len(desk.lines()) == 3


def test_told_by_phone_takes_its_line_out(desk: Desk) -> None:
    first, second, third, _fourth = desk.visits
    desk.rebook(first, second, third)
    assert telling.mail_waits(first)
    telling.by_phone(appointment_id=first.pk, by=desk.by)
    assert not telling.mail_waits(first)
    assert (desk.sent(), len(desk.lines())) == ([SEVERAL], 2)


def test_arrival_of_one_takes_its_line_out(desk: Desk) -> None:
    first, second, third, _fourth = desk.visits
    desk.rebook(first, second, third)
    progress.arrive(appointment_id=first.pk, by=System("tests"))
    assert (desk.sent(), len(desk.lines())) == ([SEVERAL], 2)


def test_a_visit_that_begins_before_the_mail_is_due_hears_of_it_alone(
    house: House, smtp_server: MailServer
) -> None:
    """Whatever the others' grace, nobody's news is lost for it."""
    desk = Desk(house, smtp_server, 2)
    first, second = desk.visits
    desk.rebook(first, second)
    go_to(first.period.lower + DAY - dt.timedelta(minutes=2))
    moves.move(appointment_id=second.pk, start=second.period.lower + 3 * DAY, by=desk.by)
    assert waiting(desk) == ["appointment.moved", "appointment.moved"]


def test_a_line_that_is_stale_when_the_mail_is_sent_is_left_out(desk: Desk) -> None:
    """The courtesy behind the guarantee: a change that forgot to withdraw the mail."""
    first, second, third, _fourth = desk.visits
    desk.rebook(first, second, third)
    Appointment.objects.filter(pk=first.pk).update(told_rev=9)
    assert (desk.sent(), len(desk.lines())) == ([SEVERAL], 2)


def test_a_mail_of_which_nothing_holds_is_not_sent(desk: Desk) -> None:
    first, second, *_rest = desk.visits
    desk.rebook(first, second)
    Appointment.objects.filter(pk__in=[first.pk, second.pk]).update(told_rev=9)
    assert desk.sent() == []
    assert (
        Message.objects.get(kind="appointment.changed_several", patient=desk.patient).reason == "superseded"
    )


def test_a_mail_in_the_senders_hands_is_not_repeated_for_the_others(desk: Desk) -> None:
    """It may be on its way. Should it come back, it goes on with what still holds, and else not at all."""
    first, second, third, _fourth = desk.visits
    desk.rebook(first, second, third)
    mail = Message.objects.get(kind="appointment.changed_several", patient=desk.patient)
    draft = drafts.make([mail])[mail.pk]
    sending = {"state": MessageState.SENDING, "started_at": clock.now(), "text": draft.text}
    Message.objects.filter(pk=mail.pk).update(**sending, snapshot=draft.snapshot())
    endings.cancel(appointment_id=first.pk, reason="patient_unwell", by=desk.by)
    mail.refresh_from_db()
    assert (mail.withdrawn, waiting(desk)) == ("", ["appointment.cancelled"])
    Message.objects.filter(pk=mail.pk).update(state=MessageState.PENDING)
    assert sorted(desk.sent()) == [OFF, SEVERAL]
    assert Message.objects.get(pk=mail.pk).state == MessageState.SENT


def test_each_visit_keeps_its_own_calendar_entry(desk: Desk) -> None:
    """One file a visit, with its own UID, SEQUENCE and METHOD: RFC 5546 gives a REQUEST one UID. Two parsers read it."""
    first, second, third, _fourth = desk.visits
    desk.rebook(first, second, third)
    endings.cancel(appointment_id=third.pk, reason="patient_unwell", by=desk.by)
    desk.sent()
    parts = [part for part in desk.mails[0].walk() if part.get_content_type() == "text/calendar"]
    assert [part.get_filename() for part in parts] == ["invite-1.ics", "invite-2.ics", "invite-3.ics"]
    found = []
    for part in parts:
        calendar = icalendar.Calendar.from_ical(part.get_content())
        (event,) = calendar.walk("VEVENT")
        assert str(vobject.readOne(part.get_content()).vevent.uid.value) == str(event["UID"])
        assert part.get_param("method") == str(calendar["METHOD"])
        found.append(
            (str(event["UID"]), int(event["SEQUENCE"]), str(calendar["METHOD"]), event["DTSTART"].dt)
        )
    assert found == [
        (str(first.pk), 2, "REQUEST", first.period.lower + DAY),
        (str(second.pk), 2, "REQUEST", second.period.lower + DAY),
        (str(third.pk), 3, "CANCEL", third.period.lower),
    ]


def test_the_mail_is_neutral_and_reads_in_spanish(house: House, smtp_server: MailServer) -> None:
    desk = Desk(house, smtp_server, 3, language="es")
    first, second, third = desk.visits
    desk.rebook(first, second, third)
    endings.cancel(appointment_id=third.pk, reason="patient_unwell", by=desk.by)
    assert desk.sent() == ["Sus citas han cambiado"]
    assert [line.partition(":")[0] for line in desk.lines()] == ["Nueva hora", "Nueva hora", "Cancelada"]
    html = desk.mails[0].get_body(("html",))
    assert html is not None
    assert [
        word for word in ("PRP", "spine", "columna", "Dr.") if word in desk.words + html.get_content()
    ] == []


def test_the_contact_who_gets_the_mails_gets_one_too(desk: Desk) -> None:
    Contact.objects.create(patient=desk.patient, name="Eva", email="eva@mail.example", gets_mails=True)
    desk.rebook(*desk.visits)
    assert desk.sent() == [SEVERAL]
    assert len(desk.server.to("eva@mail.example")) == 1


@pytest.mark.parametrize("about", ["appointment:", "appointment:nonsense", "session:"])
def test_a_visits_list_of_mails_has_those_that_tell_of_it_among_others(desk: Desk, about: str) -> None:
    first, second, third, _fourth = desk.visits
    desk.rebook(first, second)

    def kinds(key: str) -> list[str]:
        rows = messages_of_patient(patient_id=desk.patient.pk, site_ids=[desk.house.site.pk], about=key)
        return sorted(row.kind for row in rows if "reminder" not in row.kind)

    assert [kinds(f"appointment:{visit.pk}") for visit in (first, second, third)] == [
        ["appointment.changed_several", "appointment.confirmation"],
        ["appointment.changed_several", "appointment.confirmation"],
        ["appointment.confirmation"],
    ]
    assert kinds(about) == []


def test_the_page_of_a_mail_shows_what_it_will_say_and_what_it_said(desk: Desk) -> None:
    desk.rebook(*desk.visits[:2])
    mail = Message.objects.select_related("text", "patient", "site").get(
        kind="appointment.changed_several", patient=desk.patient
    )
    will = previews.preview(mail).rendered
    desk.sent()
    mail.refresh_from_db()
    said = previews.preview(mail).rendered
    assert will is not None
    assert said is not None
    assert (will.text, said.text.split()) == (said.text, desk.words.split())


CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("rebook"), st.sets(st.integers(0, 2), min_size=1), st.integers(1, 3)),
        st.tuples(st.sampled_from(["undo", "cancel", "phone", "move"]), st.integers(0, 2), st.integers(1, 3)),
        st.tuples(st.just("send"), st.just(0), st.just(0)),
    ),
    min_size=2,
    max_size=7,
)


PROMISES = (
    "waiting_mail_tells_the_truth",
    "waiting_mail_about_several_tells_something",
    "one_waiting_mail_of_a_change",
)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(changes=CHANGES)
def test_whatever_the_desk_does_the_last_mail_says_what_holds(
    quiet_house: Callable[[], House], smtp_server: MailServer, changes: list[tuple[str, object, int]]
) -> None:
    """And nobody ever waits for two mails about one visit."""
    clock.set_offset(dt.timedelta(0))
    house = quiet_house()
    desk = Desk(house, smtp_server, 3)
    heard: dict[str, tuple[str, bool]] = {}
    for what, which, days in [*changes, ("send", 0, 0)]:
        try:
            _do(desk, what, which, days * DAY)
        except DomainError:
            continue
        assert list(integrity.find(site_id=house.site.pk, only=PROMISES)) == []
        for mail in desk.mails if what == "send" else []:
            heard |= _heard(mail)
    for visit in desk.visits:
        visit.refresh_from_db()
        is_off = visit.status == "cancelled"
        if str(visit.pk) in heard and visit.told == Told.MAIL:
            start = heard[str(visit.pk)][0] if is_off else visit.period.lower.isoformat()
            assert heard[str(visit.pk)] == (start, is_off)
        elif visit.told == Told.MAIL:
            assert (is_off, visit.period.lower) == (False, _booked_at(visit))


def _do(desk: Desk, what: str, which: object, by: dt.timedelta) -> None:
    if what == "send":
        desk.sent()
        assert max(Counter(uid for mail in desk.mails for uid in _heard(mail)).values(), default=1) == 1
        return
    if what == "rebook":
        desk.rebook(*(desk.visits[index] for index in which), by=by)  # type: ignore[attr-defined]
        return
    visit = desk.visits[which]  # type: ignore[call-overload]
    visit.refresh_from_db()
    if what == "undo":
        desk.undo(visit) if visit.changes.exists() else None
    elif what == "cancel":
        endings.cancel(appointment_id=visit.pk, reason="patient_unwell", by=desk.by)
    elif what == "phone":
        telling.by_phone(appointment_id=visit.pk, by=desk.by)
    else:
        moves.move(appointment_id=visit.pk, start=visit.period.lower + by, by=desk.by)


def _heard(mail: EmailMessage) -> dict[str, tuple[str, bool]]:
    """What a mail's calendar files say of each visit: when it starts, and whether it is off."""
    found = {}
    for part in mail.walk():
        if part.get_content_type() == "text/calendar":
            (event,) = icalendar.Calendar.from_ical(part.get_content()).walk("VEVENT")
            start = event["DTSTART"].dt.astimezone(dt.UTC).isoformat()
            found[str(event["UID"])] = (start, str(event["STATUS"]) == "CANCELLED")
    return found


def _booked_at(visit: Appointment) -> dt.datetime:
    first = visit.changes.order_by("at").first()
    booked: dt.datetime = first.old_period.lower if first is not None else visit.period.lower
    return booked
