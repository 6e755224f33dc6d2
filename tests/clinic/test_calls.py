"""Calls are kept in one line; who is to be called back becomes a task; a task is taken by one person only."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic import clock
from clinic.actors import Staff
from clinic.enums import CallOutcome, Role, TaskState
from clinic.exceptions import IllegalMove, InvalidInput
from clinic.models import Call, Patient, Site, Task
from clinic.services import calls, tasks
from clinic.services.calls import CallData
from tests.factories import clinic

pytestmark = pytest.mark.django_db


@pytest.fixture
def site() -> Site:
    return clinic.site()


@pytest.fixture
def desk(site: Site) -> Staff:
    return clinic.staff(at=site)


@pytest.fixture
def patient() -> Patient:
    return clinic.patient()


def log(by: Staff, site: Site, patient: Patient, outcome: CallOutcome, hours: int | None = None) -> Call:
    at = clock.now() + dt.timedelta(hours=hours) if hours is not None else None
    return calls.log(
        by=by, site_id=site.pk, patient_id=patient.pk, data=CallData(outcome=outcome, call_back_at=at)
    )


def states(patient: Patient) -> list[str]:
    return list(Task.objects.filter(patient=patient).order_by("created_at").values_list("state", flat=True))


def test_each_outcome_leaves_one_line(desk: Staff, site: Site, patient: Patient) -> None:
    for outcome in CallOutcome:
        log(desk, site, patient, outcome, hours=1)
    assert set(Call.objects.values_list("outcome", "by_id")) == {
        (outcome.value, desk.user_id) for outcome in CallOutcome
    }


def test_call_back_becomes_a_task_with_its_time(desk: Staff, site: Site, patient: Patient) -> None:
    call = log(desk, site, patient, CallOutcome.CALL_BACK, hours=2)
    task = Task.objects.get(patient=patient)
    assert (task.due_at, task.role, task.state) == (call.call_back_at, Role.FRONT_DESK, TaskState.OPEN)


def test_second_call_back_moves_the_first_ones_time(desk: Staff, site: Site, patient: Patient) -> None:
    log(desk, site, patient, CallOutcome.CALL_BACK, hours=2)
    later = log(desk, site, patient, CallOutcome.CALL_BACK, hours=5)
    assert [task.due_at for task in Task.objects.filter(patient=patient)] == [later.call_back_at]


def test_reached_finishes_what_was_to_be_called_back(desk: Staff, site: Site, patient: Patient) -> None:
    log(desk, site, patient, CallOutcome.CALL_BACK, hours=2)
    log(desk, site, patient, CallOutcome.VOICEMAIL)
    assert states(patient) == [TaskState.OPEN]
    log(desk, site, patient, CallOutcome.REACHED)
    assert states(patient) == [TaskState.DONE]


@pytest.mark.parametrize("hours", [None, -1])
def test_call_back_without_a_time_to_come_keeps_nothing(
    desk: Staff, site: Site, patient: Patient, hours: int | None
) -> None:
    with pytest.raises(InvalidInput):
        log(desk, site, patient, CallOutcome.CALL_BACK, hours)
    assert (Call.objects.count(), states(patient)) == (0, [])


def test_task_is_taken_by_one_person(desk: Staff, site: Site, patient: Patient) -> None:
    log(desk, site, patient, CallOutcome.CALL_BACK, hours=1)
    task, other = Task.objects.get(), clinic.staff(at=site)
    tasks.claim(by=desk, task_id=task.pk)
    tasks.claim(by=desk, task_id=task.pk)
    with pytest.raises(IllegalMove):
        tasks.claim(by=other, task_id=task.pk)
    tasks.put_back(by=other, task_id=task.pk)
    assert Task.objects.get().owner_id == desk.user_id
    tasks.put_back(by=desk, task_id=task.pk)
    assert tasks.claim(by=other, task_id=task.pk).owner_id == other.user_id


def browser(site: Site) -> Client:
    client = Client()
    client.force_login(clinic.user(Role.FRONT_DESK, at=site))
    return client


def test_pane_keeps_a_call_and_shows_it(site: Site, patient: Patient) -> None:
    url, client = reverse("clinic:call-pane", args=[patient.pk]), browser(site)
    page = client.post(
        url, {"outcome": "voicemail", "note": "Rings back <soon>"}, headers={"HX-Request": "true"}
    )
    assert (page.status_code, "Rings back &lt;soon&gt;" in page.content.decode()) == (200, True)
    assert client.post(url, {"outcome": "reached"}).headers["Location"] == reverse(
        "clinic:patient-detail", args=[patient.pk]
    )


def test_pane_says_what_is_wrong_and_keeps_the_words(site: Site, patient: Patient) -> None:
    url = reverse("clinic:call-pane", args=[patient.pk])
    said = {
        "outcome": "call_back",
        "call_back_day": "2001-01-01",
        "call_back_time": "10:00",
        "note": "About Friday",
    }
    page = browser(site).post(url, said)
    assert (page.status_code, "About Friday" in page.content.decode(), Call.objects.count()) == (422, True, 0)


@pytest.mark.parametrize("count", [1, 30])
def test_pane_asks_the_same_questions_however_many_calls(site: Site, patient: Patient, count: int) -> None:
    by, client = clinic.staff(at=site), browser(site)
    for _number in range(count):
        log(by, site, patient, CallOutcome.VOICEMAIL)
    url = reverse("clinic:call-pane", args=[patient.pk]) + "?show=all"
    client.get(url)
    with CaptureQueriesContext(connection) as asked:
        client.get(url)
    # The tests' clock is a table: production has none.
    assert sum("clinic_clockoffset" not in query["sql"] for query in asked) == 9
