"""Out of order and leave: the list of visits to move, moved one by one or many in one action, all or none."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic import clock
from clinic.actors import Staff
from clinic.enums import CallOutcome, Role, TaskState
from clinic.exceptions import IllegalMove, InvalidInput
from clinic.models import Call, Message, Task
from clinic.services import tasks
from clinic.services.calls import CallData
from scheduling.enums import AppointmentStatus, Told
from scheduling.forms.disruption import as_text
from scheduling.models import Allocation, Appointment, Resource, TimeOff
from scheduling.selectors import disruption as reads
from scheduling.services import absences, booking, disruption, endings, moves, phoned, rebooking, undoing
from scheduling.services.plans import VisitRequest
from scheduling.services.rebooking import Choice, RebookingFailed
from tests.factories import clinic
from tests.factories.scheduling import BY, House, days_ahead
from tests.factories.scheduling import house as build

pytestmark = pytest.mark.django_db

DAYS = 9


@pytest.fixture
def house() -> House:
    return build(physicians=2, rooms=2)


@pytest.fixture
def desk(house: House) -> Staff:
    return clinic.staff(at=house.site)


def nine(house: House, hour: int = 9, day: int = DAYS) -> dt.datetime:
    return house.at(days_ahead(day, house.site), hour)


def book(
    house: House, hour: int = 9, day: int = DAYS, lead: Resource | None = None, **more: Any
) -> Appointment:
    patient = more.pop("patient", None) or clinic.patient()
    request = VisitRequest(
        patient.pk,
        house.visit("consultation").pk,
        house.site.pk,
        nine(house, hour, day),
        (lead or house.one("physician")).pk,
        **more,
    )
    return booking.book(request=request, by=BY)


def leave(house: House, days: int = 1) -> TimeOff:
    start = nine(house, 8)
    row, _visits = absences.take_off(
        by=BY,
        site_id=house.site.pk,
        resource_id=house.one("physician").pk,
        start=start,
        end=start + dt.timedelta(days=days, hours=10),
        accept=True,
    )
    return row


def leads(visit: Appointment) -> list[str]:
    rows = Allocation.objects.filter(appointment=visit, active=True, is_lead=True)
    return list(rows.values_list("resource__name", flat=True))


def states(house: House) -> list[str]:
    return sorted(Task.objects.filter(site=house.site, kind=reads.REBOOK).values_list("state", flat=True))


def test_each_visit_in_the_way_is_a_line_soonest_first(house: House) -> None:
    later, sooner, spared = book(house, 11), book(house, 9), book(house, 10, day=DAYS + 5)
    found = reads.lines(site=house.site, since=clock.now(), off=leave(house))
    assert [line.visit.pk for line in found] == [sooner.pk, later.pk]
    assert spared.pk not in {line.visit.pk for line in found}


def test_first_suggestion_keeps_the_time_with_a_colleague(house: House) -> None:
    visit = book(house)
    leave(house)
    first = rebooking.suggestions(visit, lead_id=house.one("physician").pk)[0]
    assert (first.same_time, first.lead) == (True, house.resources["physician"][1])


def test_suggestions_name_the_same_clinician_where_the_time_differs(house: House) -> None:
    visit = book(house)
    leave(house)
    found = rebooking.suggestions(visit, lead_id=house.one("physician").pk)
    assert {one.lead for one in found if one.same_lead} == {house.one("physician")}


def test_same_time_with_a_colleague_tells_the_patient_nothing(house: House, desk: Staff) -> None:
    visit = book(house)
    endings.confirm(appointment_id=visit.pk, by=desk)
    leave(house)
    before = set(Message.objects.values_list("pk", "state"))
    colleague = house.resources["physician"][1]
    moved = rebooking.rebook(
        site_id=house.site.pk, choices=[Choice(visit.pk, visit.period.lower, colleague.pk)], by=desk
    )[0]
    assert (leads(moved), moved.status, moved.told_rev) == ([colleague.name], AppointmentStatus.CONFIRMED, 1)
    assert set(Message.objects.values_list("pk", "state")) == before
    assert states(house) == [TaskState.DONE]


def test_two_are_moved_in_one_action_and_the_third_stays_a_task(house: House, desk: Staff) -> None:
    visits = [book(house, hour) for hour in (9, 10, 11)]
    leave(house)
    to = [nine(house, hour, day=DAYS + 3) for hour in (9, 10)]
    choices = [Choice(visit.pk, start) for visit, start in zip(visits, to, strict=False)]
    moved = rebooking.rebook(site_id=house.site.pk, choices=choices, by=desk)
    assert [visit.period.lower for visit in moved] == to
    assert states(house) == [TaskState.DONE, TaskState.DONE, TaskState.OPEN]


def test_all_or_none_and_it_says_which(house: House, desk: Staff) -> None:
    fits, clashes = book(house, 9), book(house, 10)
    for lead in house.resources["physician"]:
        book(house, 12, day=DAYS + 3, lead=lead)
    leave(house)
    choices = [Choice(fits.pk, nine(house, 9, DAYS + 3)), Choice(clashes.pk, nine(house, 12, DAYS + 3))]
    with pytest.raises(RebookingFailed) as failed:
        rebooking.rebook(site_id=house.site.pk, choices=choices, by=desk)
    assert set(failed.value.why) == {clashes.pk}
    assert Appointment.objects.get(pk=fits.pk).period == fits.period
    assert states(house) == [TaskState.OPEN, TaskState.OPEN]


def test_a_visit_goes_where_another_of_the_action_makes_room(house: House, desk: Staff) -> None:
    first, second = book(house, 9), book(house, 10)
    lead = house.one("physician").pk
    choices = [Choice(first.pk, nine(house, 10), lead), Choice(second.pk, nine(house, 11), lead)]
    moved = rebooking.rebook(site_id=house.site.pk, choices=choices, by=desk)
    assert {visit.pk: visit.period.lower for visit in moved} == {
        first.pk: nine(house, 10),
        second.pk: nine(house, 11),
    }


def test_a_version_that_is_over_is_refused(house: House, desk: Staff) -> None:
    visit = book(house)
    moves.move(appointment_id=visit.pk, start=nine(house, 10), by=desk)
    with pytest.raises(RebookingFailed):
        rebooking.rebook(
            site_id=house.site.pk, choices=[Choice(visit.pk, nine(house, 11), version=1)], by=desk
        )


def test_a_visit_moved_or_cancelled_elsewhere_leaves_the_list(house: House, desk: Staff) -> None:
    one, other = book(house, 9), book(house, 10)
    leave(house)
    moves.move(appointment_id=one.pk, start=nine(house, 9, DAYS + 3), by=desk)
    endings.cancel(appointment_id=other.pk, reason="patient_unwell", told=Told.NOBODY, by=desk)
    assert states(house) == [TaskState.DONE, TaskState.DONE]


def test_out_of_order_begins_now_and_needs_no_manager(house: House, desk: Staff) -> None:
    until = clock.now() + dt.timedelta(days=DAYS + 1)
    visit = book(house)
    off = disruption.start_now(
        by=desk, site_id=house.site.pk, resource_id=house.one("physician").pk, until=until
    )
    assert (off.period.lower <= clock.now(), off.period.upper) == (True, until)
    assert [line.visit.pk for line in reads.lines(site=house.site, since=clock.now(), off=off)] == [visit.pk]


@pytest.mark.parametrize("hours", [-1, 61 * 24])
def test_out_of_order_refuses_an_end_that_is_over_or_too_far(house: House, desk: Staff, hours: int) -> None:
    with pytest.raises(InvalidInput):
        disruption.start_now(
            by=desk,
            site_id=house.site.pk,
            resource_id=house.one("physician").pk,
            until=clock.now() + dt.timedelta(hours=hours),
        )
    assert TimeOff.objects.count() == 0


def test_told_by_phone_moves_keeps_the_call_and_sends_no_mail(house: House, desk: Staff) -> None:
    visit = book(house)
    leave(house)
    task = Task.objects.get(kind=reads.REBOOK)
    choice = Choice(visit.pk, nine(house, 9, DAYS + 3), version=visit.version)
    moved = disruption.move_by_phone(by=desk, task_id=task.pk, choice=choice)
    assert (moved.told, Call.objects.get().outcome, states(house)) == (
        Told.PHONE,
        CallOutcome.REACHED,
        ["done"],
    )
    assert not Message.objects.filter(kind="appointment.moved").exists()


def test_a_line_is_worked_by_one_person(house: House, desk: Staff) -> None:
    visit = book(house)
    leave(house)
    task = Task.objects.get(kind=reads.REBOOK)
    tasks.claim(by=clinic.staff(at=house.site), task_id=task.pk)
    with pytest.raises(IllegalMove):
        disruption.note_call(by=desk, task_id=task.pk, data=CallData(outcome=CallOutcome.VOICEMAIL))
    with pytest.raises(IllegalMove):
        disruption.move_by_phone(by=desk, task_id=task.pk, choice=Choice(visit.pk, nine(house, 15)))
    assert (Call.objects.count(), Appointment.objects.get().period) == (0, visit.period)


def test_confirmed_by_phone_keeps_both_or_neither(house: House, desk: Staff) -> None:
    visit = book(house)
    data = CallData(outcome=CallOutcome.REACHED)
    phoned.confirm(by=desk, appointment_id=visit.pk, data=data)
    with pytest.raises(IllegalMove):
        phoned.confirm(by=desk, appointment_id=visit.pk, data=data)
    assert (Appointment.objects.get().status, Call.objects.count()) == (AppointmentStatus.CONFIRMED, 1)


@pytest.fixture
def client(house: House) -> Client:
    browser = Client()
    browser.force_login(clinic.user(Role.FRONT_DESK, at=house.site))
    return browser


def test_pages_from_out_of_order_to_moved(house: House, client: Client) -> None:
    visit = book(house)
    until = days_ahead(DAYS + 1, house.site)
    said = {"resource": house.one("physician").pk, "until_day": until.isoformat(), "until_time": "18:00"}
    answer = client.post(reverse("scheduling:out-of-order"), said)
    off = TimeOff.objects.get()
    assert answer.headers["Location"] == reverse("scheduling:to-move", args=[off.pk])
    options = client.get(reverse("scheduling:move-offers", args=[visit.pk])).content.decode()
    colleague = Choice(visit.pk, visit.period.lower, house.resources["physician"][1].pk, visit.version)
    assert options.index(as_text(colleague)) > 0
    moved = client.post(reverse("scheduling:rebook", args=[off.pk]), {"go": as_text(colleague)})
    assert (moved.status_code, states(house)) == (302, [TaskState.DONE])


def test_take_and_leave_do_what_they_say_and_the_other_clerk_is_told(house: House, client: Client) -> None:
    """One key takes a line for oneself, the same key leaves it; nobody takes what another has."""
    book(house)
    leave(house)
    task = Task.objects.get(kind=reads.REBOOK)
    url = reverse("scheduling:to-move-line", args=[task.pk])
    me, other = client.session["_auth_user_id"], clinic.user(Role.FRONT_DESK, at=house.site)
    rival = Client()
    rival.force_login(other)

    def owner_after(browser: Client, act: str) -> tuple[str, bool]:
        said = browser.post(url, {"act": act}, headers={"HX-Request": "true"}).content.decode()
        task.refresh_from_db()
        return str(task.owner_id), "Take another" in said

    assert owner_after(client, "take") == (me, False)
    assert owner_after(client, "take") == (me, False)
    assert owner_after(rival, "take") == (me, True)
    assert owner_after(rival, "leave") == (me, False)
    assert owner_after(client, "leave") == ("None", False)
    assert owner_after(rival, "take") == (str(other.pk), False)


def test_the_poll_brings_the_line_that_a_colleague_took_and_no_other(
    house: House, client: Client, desk: Staff
) -> None:
    book(house, 9), book(house, 10)
    leave(house)
    url = reverse("scheduling:to-move-changes")
    shown = {"s": [line.mark for line in reads.lines(site=house.site, since=clock.now())]}
    assert client.get(url, shown).status_code == 204
    task = Task.objects.filter(kind=reads.REBOOK).order_by("pk")[0]
    tasks.claim(by=desk, task_id=task.pk)
    page = client.get(url, shown).content.decode()
    assert (page.count("<li"), f'id="line-{task.pk}"' in page, "has this one" in page) == (1, True, True)
    now = {"s": [line.mark for line in reads.lines(site=house.site, since=clock.now())]}
    assert client.get(url, now).status_code == 204
    assert (client.get(url).status_code, client.get(url).content.decode().count("<li")) == (200, 0)


def test_undo_of_a_move_opens_its_line_again_though_the_team_is_away(house: House, desk: Staff) -> None:
    visit = book(house)
    leave(house)
    task = Task.objects.get(kind=reads.REBOOK)
    choice = Choice(visit.pk, nine(house, 9, DAYS + 3), version=visit.version)
    disruption.move_by_phone(by=desk, task_id=task.pk, choice=choice)
    assert states(house) == [TaskState.DONE]
    change = visit.changes.get()
    for _twice in range(2):
        back = undoing.undo(change_id=change.pk, by=desk)
        assert (back.period, states(house)) == (visit.period, [TaskState.OPEN])
    assert [line.is_open for line in reads.lines(site=house.site, since=clock.now())] == [True]


def test_undo_of_a_move_from_elsewhere_opens_no_line(house: House, desk: Staff) -> None:
    visit = book(house)
    off = leave(house)
    absences.end(by=clinic.staff(Role.MANAGER, at=house.site), site_id=house.site.pk, time_off_id=off.pk)
    tasks.drop(by=desk, task_id=Task.objects.get(kind=reads.REBOOK).pk)
    moves.move(appointment_id=visit.pk, start=nine(house, 11), by=desk)
    undoing.undo(change_id=visit.changes.get().pk, by=desk)
    assert states(house) == [TaskState.DROPPED]


def test_one_key_on_a_line_answers_the_line_alone(house: House, client: Client) -> None:
    book(house)
    leave(house)
    url = reverse("scheduling:to-move-line", args=[Task.objects.get(kind=reads.REBOOK).pk])
    page = client.post(url, {"act": "call_back"}, headers={"HX-Request": "true"}).content.decode()
    assert (page.count("<li"), Call.objects.get().outcome) == (1, CallOutcome.CALL_BACK)
    page = client.post(url, {"act": "moved"}, headers={"HX-Request": "true"}).content.decode()
    assert "Choose the time that you agreed on first." in page


@pytest.mark.parametrize("count", [1, 30])
def test_list_asks_the_same_questions_however_long(house: House, client: Client, count: int) -> None:
    for number in range(count):
        book(house, 8 + number % 10, day=DAYS + number // 10)
    url = reverse("scheduling:to-move", args=[leave(house, days=3).pk])
    client.get(url)
    with CaptureQueriesContext(connection) as asked:
        page = client.get(url).content.decode()
    assert page.count("data-line") == count
    # The tests' clock is a table: production has none.
    assert sum("clinic_clockoffset" not in query["sql"] for query in asked) == 13
