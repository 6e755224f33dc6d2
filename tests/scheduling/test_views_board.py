"""The board: what its cards say, whom one key tells, and somebody who comes after they were noted as a no-show."""

import datetime as dt
import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from clinic import clock
from clinic.enums import Role
from clinic.models import Message
from scheduling.enums import AppointmentStatus, Told
from scheduling.models import Allocation, Appointment
from scheduling.selectors import delays
from scheduling.services import booking, endings, latecomers, progress
from scheduling.services.plans import VisitRequest
from tests.factories import clinic, waiting
from tests.factories import scheduling as factory
from tests.factories.scheduling import BY, House

pytestmark = pytest.mark.django_db
BOARD = "/schedule/board/"


class Clock:
    """The site's clock, moved by hand."""

    def __init__(self, start: dt.datetime) -> None:
        self.now = start

    def passes(self, minutes: int) -> None:
        self.now += dt.timedelta(minutes=minutes)

    def in_(self, minutes: int) -> dt.datetime:
        return self.now + dt.timedelta(minutes=minutes)


@pytest.fixture
def house() -> House:
    return factory.house(physicians=1)


@pytest.fixture
def ten(house: House, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """It is ten o'clock at the site, three days from now."""
    moved = Clock(house.at(factory.days_ahead(3, house.site), 10))
    monkeypatch.setattr(clock, "now", lambda: moved.now)
    return moved


def client(house: House, role: Role) -> Client:
    browser = Client()
    browser.force_login(clinic.user(role, at=house.site))
    return browser


@pytest.fixture
def desk(house: House) -> Client:
    return client(house, Role.FRONT_DESK)


def book(house: House, start: dt.datetime, kind: str = "consultation", **more: Any) -> Appointment:
    patient = {name: more.pop(name) for name in ("email", "given_name", "family_name") if name in more}
    purpose = uuid4() if kind == "prp_session" else None
    request = VisitRequest(
        clinic.patient(**patient).pk, house.visit(kind).pk, house.site.pk, start, purpose=purpose, **more
    )
    return booking.book(request=request, by=BY)


def card(browser: Client, visit: Appointment) -> str:
    """What the board says of a visit, without its markup."""
    page = browser.get(BOARD).content.decode()
    found = re.search(rf'id="card-{visit.pk}">(.*?)</li>', page, re.DOTALL)
    assert found is not None
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())


def test_card_shows_what_waits_at_the_next_stage(desk: Client, house: House, ten: Clock) -> None:
    visit = book(house, ten.in_(5), "prp_session")
    progress.arrive(appointment_id=visit.pk, by=BY)
    seen = []
    for _tap in range(5):
        found = re.search(r"to: (.*?) (?:Check-in|Blood|Separation|Injection|Recovery)", card(desk, visit))
        seen.append(found[1] if found else "")
        progress.advance(appointment_id=visit.pk, by=BY)
    assert seen == [
        "",
        "Draw chair 1, Nurse 1",
        "Centrifuge 1",
        "Procedure room 1, Physician 1",
        "Recovery bay 1",
    ]


def test_card_shows_number_and_the_plan_beside_the_fact(desk: Client, house: House, ten: Clock) -> None:
    visit = book(house, ten.in_(0))
    progress.arrive(appointment_id=visit.pk, by=BY)
    ten.passes(8)
    progress.advance(appointment_id=visit.pk, by=BY)
    said = card(desk, visit)
    assert [said.startswith("1 Ada"), "10:08, planned 10:00" in said] == [True, True]
    ten.passes(32)
    assert "2 min over" in card(desk, visit)
    progress.advance(appointment_id=visit.pk, by=BY)
    assert "10:40, planned 10:30" in card(desk, visit)


def test_card_marks_provisional_untold_squeezed_and_same_name(desk: Client, house: House, ten: Clock) -> None:
    provisional = book(house, ten.in_(30), status=AppointmentStatus.PROVISIONAL)
    untold = book(house, ten.in_(60), told=Told.NOBODY, given_name="Anna", family_name="Weber")
    squeezed = book(house, ten.in_(90), given_name="Anton", family_name="Wéber")
    Appointment.objects.filter(pk=squeezed.pk).update(squeezed_on=house.one("physician"))
    assert "Provisional: not released" in card(desk, provisional)
    assert [words in card(desk, untold) for words in ("Nobody has told them", "Same name today")] == [
        True,
        True,
    ]
    assert "Squeezed in with Physician 1" in card(desk, squeezed)


def test_who_comes_next_is_on_top_also_when_they_said_later(desk: Client, house: House, ten: Clock) -> None:
    first, second = book(house, ten.in_(0)), book(house, ten.in_(30))
    Appointment.objects.filter(pk=first.pk).update(expected_at=ten.in_(45))
    page = desk.get(BOARD).content.decode()
    assert page.index(f"card-{second.pk}") < page.index(f"card-{first.pk}")
    ten.passes(10)
    assert ["Comes at 10:45" in card(desk, first), "late" in card(desk, first)] == [True, False]
    ten.passes(45)
    assert "10 min late" in card(desk, first)


def test_board_says_who_will_be_late_and_one_key_tells_them(desk: Client, house: House, ten: Clock) -> None:
    here, next_, phoned = (
        book(house, ten.in_(0)),
        book(house, ten.in_(30)),
        book(house, ten.in_(60), email=""),
    )
    waiting.phone(phoned.patient)
    progress.arrive(appointment_id=here.pk, by=BY)
    ten.passes(20)
    progress.advance(appointment_id=here.pk, by=BY)
    assert "likely 10:50 , not 10:30" in card(desk, next_)
    page = desk.get(BOARD).content.decode()
    assert ["Tell 1 by mail" in page, f'value="{phoned.pk}"' in page] == [True, True]
    assert page.count('href="tel:+49305550111">030 5550111</a>') == 1
    answer = desk.post(reverse("scheduling:board-late"), follow=True).content.decode()
    assert "1 patient is told by mail" in answer
    assert "1 patient has no mail: please phone." in answer
    assert Message.objects.filter(kind=delays.KIND).values_list("about", "state").get() == (
        delays.about(next_.pk),
        "pending",
    )
    assert ["Comes at 10:50" in card(desk, next_), "likely" in card(desk, next_)] == [True, False]
    desk.post(reverse("scheduling:board-late"), {"phoned": str(phoned.pk)})
    assert "board-news" not in desk.get(BOARD).content.decode()


@pytest.mark.parametrize("wrong", ["", "x", "\x00", "0192f0a0-0000-7000-8000-000000000000"])
def test_phoned_for_nobody_is_404(desk: Client, house: House, wrong: str) -> None:
    assert desk.post(reverse("scheduling:board-late"), {"phoned": wrong}).status_code == 404


def test_a_double_tap_counts_once(desk: Client, house: House, ten: Clock) -> None:
    visit = book(house, ten.in_(0), "prp_session")
    progress.arrive(appointment_id=visit.pk, by=BY)
    visit.refresh_from_db()
    url, data = reverse("scheduling:appointment-advance", args=[visit.pk]), {"version": str(visit.version)}
    answers = [desk.post(url, data, follow=True).content.decode() for _tap in range(2)]
    assert ["Somebody else has changed" in answer for answer in answers] == [False, True]
    assert visit.stages.filter(started_at__isnull=False).count() == 1


def test_eighty_visits_cost_the_same_queries_and_little_wire(desk: Client, house: House, ten: Clock) -> None:
    """The day's rooms hold four at once here, so that eighty visits make a believable day."""
    from gzip import compress

    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def cost() -> tuple[int, bytes]:
        with CaptureQueriesContext(connection) as captured:
            page = desk.get(BOARD, headers={"HX-Request": "true"}).content
        return len(captured.captured_queries), page

    visit = book(house, ten.in_(0))
    one, _page = cost()
    stages = list(visit.stages.all())
    for number in range(79):
        start = ten.in_(5 * number)
        copy = Appointment.objects.get(pk=visit.pk)
        copy.pk, copy.patient, copy._state.adding = uuid4(), clinic.patient(), True
        copy.period = type(visit.period)(start, start + dt.timedelta(minutes=30))
        copy.save(force_insert=True)
        for stage in stages:
            stage.pk, stage.appointment, stage._state.adding = None, copy, True
            stage.save()
    many, page = cost()
    assert many == one
    assert page.count(b"board-card") >= 80
    assert len(compress(page)) < 50_000


@pytest.fixture
def missed(house: House, ten: Clock) -> Appointment:
    """Booked for ten, noted as not come at 10:20; at 10:25 they stand at the desk."""
    visit = book(house, ten.in_(0))
    ten.passes(20)
    endings.no_show(appointment_id=visit.pk, by=BY)
    ten.passes(5)
    return visit


def test_came_after_all_is_offered_todays_fits_and_is_here_with_one_tap(
    desk: Client, house: House, ten: Clock, missed: Appointment
) -> None:
    book(house, house.at(clock.today(house.site.zone), 10, 30))  # somebody else
    url = reverse("scheduling:came-after-all", args=[missed.pk])
    assert reverse("scheduling:came-after-all", args=[missed.pk]) in desk.get(BOARD).content.decode()
    times = re.findall(r'name="start" value="([^"]+)"', desk.get(url).content.decode())
    assert [time[11:16] for time in times[:2]] == ["11:00", "11:15"]
    response = desk.post(url, {"start": times[0], "request_key": str(uuid4())})
    assert response["Location"] == BOARD
    new = Appointment.objects.get(patient=missed.patient, status="arrived")
    assert (new.call_number, new.period.lower) == (1, house.at(clock.today(house.site.zone), 11))
    missed.refresh_from_db()
    assert missed.status == "no_show"
    assert not Message.objects.filter(about=f"appointment:{new.pk}", state="pending").exists()


def test_came_after_all_never_evicts(desk: Client, house: House, ten: Clock, missed: Appointment) -> None:
    """Somebody takes the time while the page is open."""
    url = reverse("scheduling:came-after-all", args=[missed.pk])
    time = re.findall(r'name="start" value="([^"]+)"', desk.get(url).content.decode())[0]
    other = book(house, dt.datetime.fromisoformat(time))
    before = list(Allocation.objects.order_by("pk").values_list("pk", "active"))
    response = desk.post(url, {"start": time, "request_key": str(uuid4())})
    assert response.status_code == 409
    assert list(Allocation.objects.order_by("pk").values_list("pk", "active")) == before
    other.refresh_from_db()
    assert other.status == "booked"


def test_came_after_all_sent_twice_books_once(house: House, ten: Clock, missed: Appointment) -> None:
    by, key = clinic.staff(Role.FRONT_DESK, at=house.site), uuid4()
    start = house.at(clock.today(house.site.zone), 11)
    made = [
        latecomers.fit_in(appointment_id=missed.pk, start=start, request_key=key, by=by).pk for _ in range(2)
    ]
    assert made[0] == made[1]


def test_squeeze_in_is_the_managers_and_holds_no_clinician(
    desk: Client, house: House, ten: Clock, missed: Appointment
) -> None:
    book(house, house.at(clock.today(house.site.zone), 10, 30))  # the physician is busy
    url, key = reverse("scheduling:came-after-all", args=[missed.pk]), str(uuid4())
    asked = {"squeeze_on": str(house.one("physician").pk), "request_key": key}
    assert "squeeze_on" not in desk.get(url).content.decode()
    assert desk.post(url, asked).status_code == 403
    assert client(house, Role.MANAGER).post(url, asked).status_code == 302
    new = Appointment.objects.get(patient=missed.patient, status="arrived")
    assert new.squeezed_on == house.one("physician")
    assert not new.allocations.filter(resource=house.one("physician")).exists()


def test_came_after_all_is_for_no_shows_alone(desk: Client, house: House, ten: Clock) -> None:
    visit = book(house, ten.in_(30))
    assert desk.get(reverse("scheduling:came-after-all", args=[visit.pk])).status_code == 409


@pytest.mark.parametrize("wrong", [{}, {"start": "soon"}, {"start": "2030-01-01T10:00:00+01:00"}])
def test_came_after_all_with_no_time_of_today(
    desk: Client, house: House, ten: Clock, missed: Appointment, wrong: dict[str, str]
) -> None:
    url, before = reverse("scheduling:came-after-all", args=[missed.pk]), Appointment.objects.count()
    assert desk.post(url, {"request_key": str(uuid4())} | wrong).status_code == 409
    assert Appointment.objects.count() == before


def test_slip_shows_the_number_and_nobodys_name(desk: Client, house: House, ten: Clock) -> None:
    visit = book(house, ten.in_(0), family_name="Quandt")
    url = reverse("scheduling:appointment-slip", args=[visit.pk])
    assert "No number yet" in desk.get(url).content.decode()
    progress.arrive(appointment_id=visit.pk, by=BY)
    page = desk.get(url).content.decode()
    assert ['slip-number num">1<' in page, "Quandt" in page] == [True, False]
