"""The grace of 3 minutes, asked of the mail server with the clock moved on: a correction sends one mail, or none."""

import datetime as dt
from collections.abc import Iterator
from uuid import uuid4

import pytest

from clinic import clock
from clinic.actors import System
from clinic.models import Message
from clinic.services import dispatch
from scheduling.enums import Told
from scheduling.models import Appointment, VisitChange
from scheduling.services import booking, endings, moves, undoing
from scheduling.services.plans import VisitRequest
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import BY, House
from tests.mail import MailServer

MINUTE = dt.timedelta(minutes=1)
DAY = dt.timedelta(days=1)
GRACE = 4 * MINUTE
MIDNIGHT = dt.time(0)


def book(house: House, hour: int = 9, *, days: int = 10, **fields: object) -> Appointment:
    values: dict[str, object] = {
        "patient_id": clinic.patient().pk,
        "visit_type_id": house.visit("prp_session").pk,
        "site_id": house.site.pk,
        "start": house.at(factory.days_ahead(days, house.site), hour),
        "purpose": uuid4(),
    }
    return booking.book(request=VisitRequest(**(values | fields)), by=BY)  # type: ignore[arg-type]


def latest(visit: Appointment) -> VisitChange:
    change = visit.changes.first()
    assert change is not None
    return change


@pytest.fixture
def later(own_database: object) -> Iterator[None]:
    yield
    clock.set_offset(dt.timedelta(0))


@pytest.fixture
def committed(own_database: object) -> House:
    return factory.house(physicians=1, site=clinic.site(quiet_from=MIDNIGHT, quiet_until=MIDNIGHT))


class Post:
    """Moves the clock on and sends what is due by then."""

    def __init__(self, server: MailServer) -> None:
        self.server, self.gone = server, dt.timedelta(0)
        self.words = ""

    def after(self, span: dt.timedelta, visit: Appointment) -> list[str]:
        """The subjects of what reaches the visit's patient until then; `words` is the text of the first."""
        self.gone += span
        clock.set_offset(self.gone)
        self.server.clear()
        dispatch.run(by=System("tests"), seconds=5)
        mails = self.server.to(visit.patient.email)
        texts = [part for mail in mails for part in mail.walk() if part.get_content_type() == "text/plain"]
        self.words = texts[0].get_content() if texts else ""
        return [str(mail["Subject"]) for mail in mails]


@pytest.fixture
def post(smtp_server: MailServer, later: None) -> Post:
    return Post(smtp_server)


CONFIRMED = "Your appointment"
MOVED = "Your appointment has moved"
OFF = "Your appointment is cancelled"


def test_book_move_and_cancel_within_the_grace_sends_nothing(committed: House, post: Post) -> None:
    visit = book(committed)
    moves.move(appointment_id=visit.pk, start=visit.period.lower + DAY, by=BY)
    endings.cancel(appointment_id=visit.pk, reason="booked_by_mistake", by=BY)
    assert post.after(GRACE, visit) == []


def test_book_and_move_within_the_grace_sends_one_mail_with_the_new_time(
    committed: House, post: Post
) -> None:
    visit = book(committed, 10)
    moves.move(appointment_id=visit.pk, start=visit.period.lower + 2 * DAY, by=BY)
    assert post.after(GRACE, visit) == [CONFIRMED]


def test_moved_there_and_back_within_the_grace_sends_nothing(committed: House, post: Post) -> None:
    visit = book(committed, 11)
    start = visit.period.lower
    assert post.after(GRACE, visit) == [CONFIRMED]
    moves.move(appointment_id=visit.pk, start=start + DAY, by=BY)
    moves.move(appointment_id=visit.pk, start=start, by=BY)
    assert post.after(GRACE, visit) == []


def test_a_move_undone_within_the_grace_sends_nothing(committed: House, post: Post) -> None:
    visit = book(committed, 12)
    assert post.after(GRACE, visit) == [CONFIRMED]
    moves.move(appointment_id=visit.pk, start=visit.period.lower + DAY, by=BY)
    undoing.undo(change_id=latest(visit).pk, by=BY)
    assert post.after(GRACE, visit) == []


def test_a_move_undone_before_anything_went_out_confirms_once(committed: House, post: Post) -> None:
    visit = book(committed, 13)
    moves.move(appointment_id=visit.pk, start=visit.period.lower + DAY, by=BY)
    undoing.undo(change_id=latest(visit).pk, by=BY)
    assert post.after(GRACE, visit) == [CONFIRMED]
    assert "at 13:00" in post.words


def test_a_move_undone_after_its_mail_tells_the_old_time_once_more(committed: House, post: Post) -> None:
    visit = book(committed, 14)
    assert post.after(GRACE, visit) == [CONFIRMED]
    moves.move(appointment_id=visit.pk, start=visit.period.lower + DAY, by=BY)
    assert post.after(GRACE, visit) == [MOVED]
    undoing.undo(change_id=latest(visit).pk, by=BY)
    assert post.after(GRACE, visit) == [MOVED]
    assert "at 14:00" in post.words


def test_a_cancellation_undone_within_the_grace_sends_nothing_and_after_it_one_mail(
    committed: House, post: Post
) -> None:
    visit = book(committed, 15)
    assert post.after(GRACE, visit) == [CONFIRMED]
    for expected in ([], [OFF]):
        endings.cancel(appointment_id=visit.pk, reason="booked_by_mistake", by=BY)
        if expected:
            assert post.after(GRACE, visit) == expected
        undoing.undo(change_id=latest(visit).pk, by=BY)
        assert post.after(GRACE, visit) == ([CONFIRMED] if expected else [])


def test_a_cancellation_names_the_time_that_the_patient_knew(committed: House, post: Post) -> None:
    visit = book(committed, 16)
    assert post.after(GRACE, visit) == [CONFIRMED]
    moves.move(appointment_id=visit.pk, start=visit.period.lower - 8 * 60 * MINUTE, by=BY)
    endings.cancel(appointment_id=visit.pk, reason="patient_unwell", by=BY)
    assert post.after(GRACE, visit) == [OFF]
    assert ["at 16:00" in post.words, "at 08:00" in post.words] == [True, False]


def test_who_was_told_by_phone_is_told_by_mail_that_it_is_off(committed: House, post: Post) -> None:
    visit = book(committed, 9, days=12, told=Told.PHONE)
    assert post.after(GRACE, visit) == []
    endings.cancel(appointment_id=visit.pk, reason="patient_unwell", by=BY)
    assert post.after(GRACE, visit) == [OFF]


def test_cancelled_visit_sends_no_reminder_and_a_moved_one_only_the_new(committed: House, post: Post) -> None:
    """Bug 16 of docs/reference/bugs-of-others.md: cancel → none; reschedule → moved, the old one dead."""
    off, moved = book(committed, 10, days=20), book(committed, 12, days=20)
    assert post.after(GRACE, off) == [CONFIRMED]
    endings.cancel(appointment_id=off.pk, reason="patient_unwell", told=Told.NOBODY, by=BY)
    moves.move(appointment_id=moved.pk, start=moved.period.lower + 5 * DAY, told=Told.NOBODY, by=BY)
    reminders = Message.objects.filter(kind__startswith="appointment.reminder", state="pending")
    assert set(reminders.filter(about=f"appointment:{off.pk}")) == set()
    assert set(reminders.filter(about=f"appointment:{moved.pk}").values_list("about_rev", flat=True)) == {2}
    assert post.after(20 * DAY, off) == []
    assert post.after(2 * DAY + 12 * 60 * MINUTE, moved) == ["A reminder from Lindenhof Practice"]
