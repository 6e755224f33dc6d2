"""Moving a session with those after it: what breaks the interval moves along, all or nothing, told once."""

import datetime as dt
import itertools
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from clinic.exceptions import InvalidInput, NotFound, StaleVersion
from clinic.models import Message, User
from scheduling.exceptions import BookingRefused, SlotTaken
from scheduling.models import Allocation, Appointment
from scheduling.services import booking, moves, several
from scheduling.services.plans import VisitRequest
from scheduling.services.several import Shift
from tests.factories import clinic
from tests.factories import treatments as factory
from tests.factories.treatments import Ward
from treatments.services import shifting
from treatments.services.horizon import Wishes
from treatments.services.proposals import CoursePlan

pytestmark = pytest.mark.django_db


@pytest.fixture
def ward() -> Ward:
    return factory.ward()


def propose(ward: Ward, visit: Appointment, earliest: dt.datetime) -> CoursePlan:
    return shifting.propose(by=ward.desk, appointment_id=visit.pk, wishes=Wishes(earliest))


def starts(visits: list[Appointment]) -> list[dt.datetime]:
    for visit in visits:
        visit.refresh_from_db()
    return [visit.period.lower for visit in visits]


def leads(plan: CoursePlan) -> dict[int, UUID | None]:
    return {step.number: step.chosen.lead_id for step in plan.steps if step.chosen}


def chosen(plan: CoursePlan) -> dict[int, dt.datetime]:
    return {step.number: step.chosen.start for step in plan.steps if step.chosen}


def test_small_move_leaves_the_others_where_they_are(ward: Ward) -> None:
    _order, visits = factory.booked(ward)
    plan = propose(ward, visits[1], ward.at(41))
    assert chosen(plan) == {2: ward.at(41), 3: visits[2].period.lower, 4: visits[3].period.lower}


def test_large_move_takes_along_what_would_break_the_interval(ward: Ward) -> None:
    _order, visits = factory.booked(ward)
    plan = propose(ward, visits[1], ward.at(59))
    days = [start.astimezone(plan.order.site.zone) for start in plan.starts]
    assert days[0].date() >= ward.day(59)
    assert {day.time() for day in days} == {dt.time(9)}
    assert all(14 <= (b.date() - a.date()).days <= 56 for a, b in itertools.pairwise(days))
    assert [step.refusals for step in plan.steps] == [()] * 3


def test_whole_course_moves_onto_its_own_places(ward: Ward) -> None:
    """Each session goes where the next one stands: none of them is in another's way."""
    _order, visits = factory.booked(ward)
    before = starts(visits)
    wanted = {1: before[1], 2: before[2], 3: before[3], 4: ward.at(122)}
    moved = shifting.shift(by=ward.desk, appointment_id=visits[0].pk, starts=wanted)
    assert starts(visits) == [*before[1:], ward.at(122)]
    assert len(moved) == 4
    held = Allocation.objects.filter(active=True, is_lead=True).order_by("period")
    assert [row.period.lower for row in held] == [
        start + dt.timedelta(minutes=40) for start in starts(visits)
    ]


def test_shift_tells_only_of_the_visit_that_was_told(ward: Ward) -> None:
    _order, visits = factory.booked(ward)
    wanted = {number: ward.at(11 + 28 * (number - 1)) for number in range(1, 5)}
    shifting.shift(by=ward.desk, appointment_id=visits[0].pk, starts=wanted)
    waiting = Message.objects.filter(state="pending").exclude(kind__contains="reminder")
    assert {row.kind: row.about for row in waiting} == {
        "appointment.confirmation": f"appointment:{visits[0].pk}",
        "appointment.preparation": f"appointment:{visits[0].pk}",
    }
    assert {row.about for row in Message.objects.all()} == {f"appointment:{visits[0].pk}"}


def test_shift_sent_twice_moves_once(ward: Ward) -> None:
    _order, visits = factory.booked(ward)
    wanted = {2: ward.at(45), 3: ward.at(73)}
    for expected in (2, 0):
        assert len(shifting.shift(by=ward.desk, appointment_id=visits[1].pk, starts=wanted)) == expected
    assert visits[1].changes.count() == 1


def test_shift_is_all_or_nothing(ward: Ward) -> None:
    _order, visits = factory.booked(ward)
    before = starts(visits)
    for physician in ward.house.resources["physician"]:
        request = VisitRequest(
            clinic.patient().pk,
            ward.house.visit("consultation").pk,
            ward.house.site.pk,
            ward.at(73, 9, 45),
            physician.pk,
        )
        booking.book(request=request, by=ward.desk)
    with pytest.raises(SlotTaken):
        shifting.shift(
            by=ward.desk,
            appointment_id=visits[1].pk,
            starts={2: ward.at(45), 3: ward.at(73), 4: ward.at(101)},
        )
    assert starts(visits) == before


def test_shift_asks_the_rules_of_the_plan_as_a_whole(ward: Ward) -> None:
    _order, visits = factory.booked(ward)
    with pytest.raises(BookingRefused, match="Only 3 days"):
        shifting.shift(by=ward.desk, appointment_id=visits[1].pk, starts={2: ward.at(63)})
    wanted = {2: ward.at(63), 3: ward.at(85), 4: ward.at(110)}
    assert len(shifting.shift(by=ward.desk, appointment_id=visits[1].pk, starts=wanted)) == 3


def test_only_sessions_from_this_one_on_are_moved(ward: Ward) -> None:
    _order, visits = factory.booked(ward)
    with pytest.raises(InvalidInput, match="Session 1"):
        shifting.shift(by=ward.desk, appointment_id=visits[1].pk, starts={1: ward.at(11)})
    other = VisitRequest(
        clinic.patient().pk, ward.house.visit("consultation").pk, ward.house.site.pk, ward.at(5)
    )
    lone = booking.book(request=other, by=ward.desk)
    with pytest.raises(NotFound):
        shifting.shift(by=ward.desk, appointment_id=lone.pk, starts={})


def test_visit_changed_meanwhile_is_refused(ward: Ward) -> None:
    _order, visits = factory.booked(ward)
    seen = visits[2].version
    moves.move(appointment_id=visits[2].pk, start=ward.at(67), by=ward.desk)
    with pytest.raises(StaleVersion):
        several.move_many(
            shifts=[Shift(visits[2].pk, ward.at(68))], by=ward.desk, versions={visits[2].pk: seen}
        )


def sign_in(ward: Ward) -> Client:
    client = Client()
    client.force_login(
        User.objects.get(pk=ward.desk.user_id), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    return client


def test_a_page_that_is_stale_moves_nothing_and_shows_the_plan_anew(ward: Ward) -> None:
    _order, visits = factory.booked(ward)
    client, url = sign_in(ward), reverse("treatments:visit-shift", args=[visits[1].pk])
    page = client.get(url, {"earliest": ward.day(59).isoformat()})
    assert all(f'name="v{number}" value="1"' in page.content.decode() for number in (2, 3, 4))
    data = {"earliest": ward.day(59).isoformat()}
    data |= {f"s{row.number}": row.value for row in page.context["rows"] if row.step}
    data |= {f"v{row.number}": str(row.version) for row in page.context["rows"] if row.step}
    moves.move(appointment_id=visits[2].pk, start=ward.at(67), by=ward.desk)
    before = starts(visits)
    answer = client.post(url, data)
    assert (answer.status_code, starts(visits)) == (422, before)
    assert "Somebody else has changed one of these visits" in answer.content.decode()
    assert [row.version for row in answer.context["rows"] if row.step] == [1, 2, 1]


def pick(ward: Ward, visit: Appointment, start: dt.datetime) -> str:
    """What the page on which a visit is moved says of a start."""
    data = {"appointment": visit.pk, "start": start.isoformat(), "earliest": start.date().isoformat()}
    return sign_in(ward).get(reverse("scheduling:pick"), data).content.decode()


@pytest.mark.parametrize(("day", "words"), [(63, "Only 3 days before session 3"), (70, "must come before")])
def test_moving_one_too_near_to_those_after_it_leads_to_the_shift(ward: Ward, day: int, words: str) -> None:
    _order, visits = factory.booked(ward)
    said = pick(ward, visits[1], ward.at(day))
    assert (words in said, "Move the sessions after it along" in said) == (True, True)
    url = said.split('<a class="btn btn-secondary" href="')[1].split('"')[0].replace("&amp;", "&")
    page = sign_in(ward).get(url)
    first = next(row for row in page.context["rows"] if row.step)
    assert (first.number, first.start, first.is_kept) == (2, ward.at(day), True)
    assert page.context["plan"].keeps_band


def test_moving_one_where_nothing_breaks_or_too_near_to_the_one_before_says_nothing_of_a_shift(
    ward: Ward,
) -> None:
    _order, visits = factory.booked(ward)
    assert "along" not in pick(ward, visits[1], ward.at(40))
    assert "along" not in pick(ward, visits[1], ward.at(12))
    assert "along" not in pick(ward, visits[3], ward.at(96))


def test_shift_page_is_reached_from_the_visit_and_moves(ward: Ward) -> None:
    _order, visits = factory.booked(ward)
    client = Client()
    client.force_login(
        User.objects.get(pk=ward.desk.user_id), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    url = reverse("treatments:visit-shift", args=[visits[1].pk])
    assert url in client.get(reverse("scheduling:appointment-move", args=[visits[1].pk])).content.decode()
    last = reverse("scheduling:appointment-move", args=[visits[3].pk])
    assert "/shift/" not in client.get(last).content.decode()
    page = client.get(url, {"earliest": ward.day(59).isoformat()})
    data = {"earliest": ward.day(59).isoformat()}
    data |= {f"s{row.number}": row.value for row in page.context["rows"] if row.step}
    answer = client.post(url, data)
    assert answer.status_code == 302
    assert starts(visits)[1:] == [row.start for row in page.context["rows"] if row.step]
