"""We run late: who is told, once, with which start; who has to be phoned; and that nothing moves by itself."""

import datetime as dt
from uuid import UUID

import pytest

from clinic import clock
from clinic.actors import Staff
from clinic.enums import Role
from clinic.exceptions import IllegalMove, NotFound
from clinic.models import Message, PatientPhone
from scheduling import delay_mail, policies
from scheduling.models import Allocation, Appointment
from scheduling.selectors import delays, visits
from scheduling.services import booking, moves, progress
from scheduling.services import delays as telling
from scheduling.services.plans import VisitRequest
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import House

pytestmark = pytest.mark.django_db


class Clock:
    """The site's clock, moved by hand."""

    def __init__(self, start: dt.datetime) -> None:
        self.now = start

    def passes(self, minutes: int) -> None:
        self.now += dt.timedelta(minutes=minutes)


@pytest.fixture
def house() -> House:
    return factory.house(physicians=1, rooms=2)


@pytest.fixture
def nine(house: House, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """It is nine o'clock, three days from now."""
    moved = Clock(house.at(factory.days_ahead(3, house.site), 9))
    monkeypatch.setattr(clock, "now", lambda: moved.now)
    return moved


@pytest.fixture
def nurse(house: House) -> Staff:
    return clinic.staff(Role.NURSE, at=house.site)


def consultation(house: House, start: dt.datetime, **patient: str) -> Appointment:
    request = VisitRequest(clinic.patient(**patient).pk, house.visit("consultation").pk, house.site.pk, start)
    return booking.book(request=request, by=factory.BY)


@pytest.fixture
def day(house: House, nine: Clock, nurse: Staff) -> list[Appointment]:
    """One physician, visits at 9:00, 9:30, 10:00 and 10:45; the first has begun at 9:20."""
    minutes = (0, 30, 60, 105)
    made = [consultation(house, nine.now + dt.timedelta(minutes=each)) for each in minutes]
    progress.arrive(appointment_id=made[0].pk, by=nurse)
    nine.passes(20)
    progress.advance(appointment_id=made[0].pk, by=nurse)
    return made


def told(visit: Appointment) -> list[tuple[str, str]]:
    """The mails about its delay: the new start on the wall clock, and their state."""
    rows = Message.objects.filter(about=delays.about(visit.pk)).order_by("about_rev")
    zone = visit.site.zone
    return [(f"{delays.instant_of(row.about_rev).astimezone(zone):%H:%M}", row.state) for row in rows]


def test_tell_mails_those_whom_we_make_late(house: House, day: list[Appointment], nurse: Staff) -> None:
    before = list(Allocation.objects.order_by("pk").values_list("pk", "period", "active"))
    result = telling.tell(site_id=house.site.pk, by=nurse)
    assert [news.visit.pk for news in result.mailed] == [day[1].pk, day[2].pk]
    assert [told(visit) for visit in day] == [[], [("09:50", "pending")], [("10:20", "pending")], []]
    assert list(Allocation.objects.order_by("pk").values_list("pk", "period", "active")) == before
    day[1].refresh_from_db()
    assert day[1].delay_told_at == clock.now()


def test_tell_twice_mails_once(house: House, day: list[Appointment], nurse: Staff) -> None:
    telling.tell(site_id=house.site.pk, by=nurse)
    again = telling.tell(site_id=house.site.pk, by=nurse)
    assert (again.mailed, again.to_phone) == ([], [])
    assert told(day[1]) == [("09:50", "pending")]


def test_tell_again_only_when_it_grew_by_ten_minutes(
    house: House, nine: Clock, day: list[Appointment], nurse: Staff
) -> None:
    telling.tell(site_id=house.site.pk, by=nurse)
    nine.passes(39)  # 9:59, nine minutes over
    telling.tell(site_id=house.site.pk, by=nurse)
    assert told(day[2]) == [("10:20", "pending")]
    nine.passes(1)
    telling.tell(site_id=house.site.pk, by=nurse)
    assert told(day[2]) == [("10:20", "cancelled"), ("10:30", "pending")]
    assert told(day[1]) == [("09:50", "pending")]  # its start has passed: they are on their way


def test_the_mail_expires_with_the_start_that_the_patient_knows(
    house: House, nine: Clock, day: list[Appointment], nurse: Staff
) -> None:
    telling.tell(site_id=house.site.pk, by=nurse)
    nine.passes(40)
    telling.tell(site_id=house.site.pk, by=nurse)
    rows = Message.objects.filter(about=delays.about(day[2].pk)).order_by("about_rev")
    start = day[2].period.lower
    assert [row.expires_at for row in rows] == [start, start + dt.timedelta(minutes=20)]


def test_who_is_here_or_less_than_ten_minutes_late_is_not_told(
    house: House, nine: Clock, nurse: Staff
) -> None:
    made = [consultation(house, nine.now + dt.timedelta(minutes=each)) for each in (0, 30, 60)]
    progress.arrive(appointment_id=made[0].pk, by=nurse)
    progress.arrive(appointment_id=made[1].pk, by=nurse)
    nine.passes(9)
    assert telling.tell(site_id=house.site.pk, by=nurse).mailed == []
    nine.passes(1)
    assert [news.visit.pk for news in telling.tell(site_id=house.site.pk, by=nurse).mailed] == [made[2].pk]


def test_who_has_no_mail_is_to_be_phoned_and_stays_so_until_told(
    house: House, nine: Clock, nurse: Staff
) -> None:
    first = consultation(house, nine.now)
    second = consultation(house, nine.now + dt.timedelta(minutes=30), email="")
    PatientPhone.objects.create(patient=second.patient, e164="+49305550177", national="305550177")
    progress.arrive(appointment_id=first.pk, by=nurse)
    nine.passes(20)
    for _press in range(2):
        result = telling.tell(site_id=house.site.pk, by=nurse)
        assert [(news.visit.pk, news.phone) for news in result.to_phone] == [(second.pk, "+49305550177")]
    telling.told_by_phone(appointment_id=second.pk, by=nurse)
    assert telling.tell(site_id=house.site.pk, by=nurse).to_phone == []
    assert told(second) == [("09:50", "suppressed")]
    with pytest.raises(IllegalMove):
        telling.told_by_phone(appointment_id=second.pk, by=nurse)


def test_told_by_phone_sends_no_mail_beside(house: House, day: list[Appointment], nurse: Staff) -> None:
    telling.told_by_phone(appointment_id=day[1].pk, by=nurse)
    row = Message.objects.get(about=delays.about(day[1].pk))
    assert (row.state, row.reason) == ("cancelled", "told_by_phone")


def test_another_sites_staff_tell_nobody(house: House, day: list[Appointment]) -> None:
    stranger = clinic.staff(Role.NURSE, at=clinic.site(name="Elsewhere"))
    with pytest.raises(NotFound):
        telling.tell(site_id=house.site.pk, by=stranger)
    with pytest.raises(NotFound):
        telling.told_by_phone(appointment_id=day[1].pk, by=stranger)


def test_arriving_withdraws_the_mail(house: House, day: list[Appointment], nurse: Staff) -> None:
    telling.tell(site_id=house.site.pk, by=nurse)
    progress.arrive(appointment_id=day[1].pk, by=nurse)
    assert told(day[1]) == [("09:50", "cancelled")]


def test_a_move_withdraws_the_mail_and_the_told_start_counts_no_more(
    house: House, day: list[Appointment], nurse: Staff
) -> None:
    telling.tell(site_id=house.site.pk, by=nurse)
    moves.move(appointment_id=day[2].pk, start=day[2].period.lower + dt.timedelta(hours=3), by=nurse)
    day[2].refresh_from_db()
    assert told(day[2]) == [("10:20", "cancelled")]
    assert delays.told_starts([day[2]]) == {}


@pytest.mark.parametrize(("language", "words"), [("en", "about 20 minutes late"), ("es", "unos 20 minutos")])
def test_words_say_when_to_come_and_no_other_time(
    language: str, words: str, house: House, day: list[Appointment], nurse: Staff
) -> None:
    telling.tell(site_id=house.site.pk, by=nurse)
    row = Message.objects.get(about=delays.about(day[1].pk))
    values = delay_mail.placeholders([row])[row.pk]
    text = delay_mail.TEXTS[language].body.format(**values)
    assert [words in text, "09:50" in text, "09:30" in text] == [True, True, False]


def test_recheck_refuses_whoever_came_meanwhile(house: House, day: list[Appointment], nurse: Staff) -> None:
    telling.tell(site_id=house.site.pk, by=nurse)
    rows = list(Message.objects.filter(kind=delays.KIND).order_by("about_rev"))
    Appointment.objects.filter(pk=day[1].pk).update(status="in_progress")
    assert delay_mail.recheck(rows) == {rows[0].pk: "visit_changed"}


NINE = dt.datetime(2026, 11, 24, 9, tzinfo=dt.UTC)


def at(minute: int) -> dt.datetime:
    return NINE + dt.timedelta(minutes=minute)


@pytest.mark.parametrize(
    ("likely", "told", "now", "said"),
    [
        (9, None, -60, None),
        (14, None, -60, 10),
        (24, None, -60, 20),
        (24, 15, -60, None),
        (29, 15, -60, 25),
        (5, 20, -60, None),  # it got better: who was told 9:20 keeps 9:20
        (40, None, 0, None),  # their start has passed
        (40, 20, 10, 40),
    ],
)
def test_start_to_tell(likely: int, told: int | None, now: int, said: int | None) -> None:
    found = policies.start_to_tell(
        planned=NINE, likely=at(likely), told=None if told is None else at(told), now=at(now)
    )
    assert found == (None if said is None else at(said))


def test_outlook_of_a_stage_within_a_visit(house: House, day: list[Appointment], nine: Clock) -> None:
    found = visits.day_list(site=house.site, day=clock.today(house.site.zone))
    outlooks = delays.outlooks(found, now=clock.now())
    late: dict[UUID, int] = {row.pk: outlooks[row.pk].late(row.stages.get()) for row in found}
    assert [late[visit.pk] for visit in day] == [0, 20, 20, 5]


def test_somebody_who_does_not_come_stops_counting(house: House, nine: Clock, nurse: Staff) -> None:
    made = [consultation(house, nine.now + dt.timedelta(minutes=each)) for each in (0, 30, 60)]
    progress.arrive(appointment_id=made[0].pk, by=nurse)
    nine.passes(25)
    progress.advance(appointment_id=made[0].pk, by=nurse)

    def last() -> int:
        found = visits.day_list(site=house.site, day=clock.today(house.site.zone))
        return delays.outlooks(found, now=clock.now())[made[2].pk].late(made[2].stages.get())

    seen = [last()]
    nine.passes(20)  # 9:45, and the visit of 9:30 is not here
    seen.append(last())
    assert seen == [25, 0]
