"""Sheets, cards and labels: what stands on them, and what must not."""

import datetime as dt

import pytest
from django.conf import settings
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic import clock
from clinic.enums import Role
from scheduling.models import Appointment, TimeOff
from scheduling.selectors import paper
from scheduling.services import endings
from tests.factories import clinic, treatments, waiting
from tests.factories import scheduling as factory
from tests.factories.scheduling import BY, House

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return factory.house(physicians=3, rooms=3)


@pytest.fixture
def desk(house: House) -> Client:
    browser = Client()
    browser.force_login(clinic.user(Role.FRONT_DESK, at=house.site))
    return browser


@pytest.fixture
def day(house: House) -> dt.date:
    return factory.days_ahead(3, house.site)


def page(desk: Client, name: str, *keys: object, query: str = "") -> str:
    response = desk.get(reverse(f"scheduling:{name}", args=keys) + query)
    assert response.status_code == 200
    return response.content.decode()


def queries(desk: Client, name: str, *keys: object) -> int:
    with CaptureQueriesContext(connection) as captured:
        page(desk, name, *keys)
    return sum("clinic_clockoffset" not in query["sql"] for query in captured.captured_queries)


def test_a_day_sheet_has_the_facts_for_a_day_without_screens(house: House, day: dt.date) -> None:
    patient = waiting.phone(clinic.patient(given_name="Erna"))
    visit = waiting.visit(house, house.at(day, 9), patient, kind="consultation")
    gone = waiting.visit(house, house.at(day, 8))
    endings.cancel(appointment_id=gone.pk, reason="patient_cannot_come", by=BY)
    waiting.visit(house, house.at(day + dt.timedelta(days=1), 9))
    (line,) = paper.day_sheet(site=house.site, day=day)
    assert (line.visit, line.phone, line.namesake) == (visit, "030 5550111", False)
    assert [who for _start, who in line.steps] == ["Physician 1, Consulting room 1"]


def test_people_of_one_name_are_marked_on_sheet_and_label(desk: Client, house: House, day: dt.date) -> None:
    first, second = (
        waiting.visit(house, house.at(day, hour), clinic.patient(given_name=name, family_name="Weber"))
        for hour, name in ((9, "Anna"), (11, "Anton"))
    )
    other = waiting.visit(house, house.at(day, 12), clinic.patient(family_name="Albers"))
    assert [line.namesake for line in paper.day_sheet(site=house.site, day=day)] == [True, True, False]
    assert page(desk, "paper-labels", first.pk).count("SAME NAME TODAY") == 4
    assert page(desk, "paper-labels", second.pk, query="?tubes=1&syringes=0").count("SAME NAME TODAY") == 1
    assert "SAME NAME TODAY" not in page(desk, "paper-labels", other.pk)


def test_a_label_has_two_identifiers_the_call_number_and_the_session(desk: Client) -> None:
    ward = treatments.ward()
    desk.force_login(clinic.user(Role.NURSE, at=ward.house.site))
    order, visits = treatments.booked(ward)
    Appointment.objects.filter(pk=visits[0].pk).update(
        call_number=17, call_day=clock.today(ward.house.site.zone)
    )
    shown = page(desk, "paper-labels", visits[0].pk, query="?tubes=1&syringes=0")
    label = shown[shown.index('<li class="tube-label">') :]
    label = label[: label.index("</li>")]
    patient = order.patient
    for fact in (
        f"{patient.family_name}, {patient.given_name}",
        patient.record_number,
        "No. 17",
        "Blood 1/1",
    ):
        assert fact in label
    assert f"Session 1/{order.course.sessions.count()}" in label
    assert f"{patient.birth_date.day} " in label


@pytest.mark.parametrize("query", ["?tubes=-1", "?tubes=13", "?size=9x9", "?tubes=%F0%9F", "?size="])
def test_labels_asked_for_in_nonsense_are_the_usual_ones(
    desk: Client, house: House, day: dt.date, query: str
) -> None:
    visit = waiting.visit(house, house.at(day, 9))
    shown = page(desk, "paper-labels", visit.pk, query=query)
    assert shown.count('class="tube-label"') == 4
    assert f"labels-{settings.LABEL_SIZE}" in shown


def test_every_stock_of_labels_has_a_page_of_its_size() -> None:
    css = (settings.BASE_DIR / "static" / "css" / "paper-print.css").read_text()
    for size in settings.LABEL_SIZES:
        width, height = size.split("x")
        assert f"@page l{size} {{ size: {width}mm {height}mm;" in css
        assert f".labels-{size} {{ page: l{size}; }}" in css


def test_a_card_has_all_dates_to_come_and_no_word_of_what_for(
    desk: Client, house: House, day: dt.date
) -> None:
    patient = clinic.patient(language="es")
    soon = waiting.visit(house, house.at(day, 9), patient)
    gone = waiting.visit(house, house.at(day, 12), patient)
    endings.cancel(appointment_id=gone.pk, reason="patient_cannot_come", by=BY)
    later = waiting.visit(house, house.at(day + dt.timedelta(days=30), 10), patient)
    Appointment.objects.filter(pk=later.pk).update(status="provisional")
    both = paper.card(patient_id=patient.pk, now=clock.now(), planned=True)
    assert both == [soon, later]
    assert paper.card(patient_id=patient.pk, now=clock.now(), planned=False) == [soon]
    shown = page(desk, "paper-card", patient.pk)
    card = shown[shown.index("<article") : shown.index("</article")]
    assert card.count("<li>") == 2
    assert '<article class="visit-card" lang="es"' in card
    assert soon.visit_type.name not in card
    assert house.site.phone in card


def test_a_week_sheet_has_visits_holds_and_absences_of_one_resource(house: House, day: dt.date) -> None:
    lead = house.one("physician")
    visit = waiting.visit(house, house.at(day, 9), lead=lead)
    waiting.visit(house, house.at(day, 9), lead=house.resources["physician"][1])
    period = DateTimeTZRange(house.at(day, 13), house.at(day + dt.timedelta(days=1), 12))
    absence = TimeOff.objects.create(resource=lead, period=period)
    week = paper.week_sheet(site=house.site, resource=lead, first=day)
    assert [[row.appointment for row in each.entries] for each in week] == [[visit], *[[]] * 6]
    assert [each.away for each in week] == [[absence], [absence], *[[]] * 5]


def test_paper_costs_the_same_for_one_visit_and_for_thirty(desk: Client, house: House, day: dt.date) -> None:
    lead = house.one("physician")
    patient = clinic.patient()
    waiting.visit(house, house.at(day, 8), patient, lead=lead)

    def all_pages() -> list[int]:
        found = [queries(desk, "paper-day", day), queries(desk, "paper-week", lead.pk, day)]
        return [*found, queries(desk, "paper-card", patient.pk)]

    few = all_pages()
    for number in range(29):
        who = patient if number < 9 else None
        resource = house.resources["physician"][number // 9 % 3] if number < 27 else lead
        on = day + dt.timedelta(days=1 if number >= 27 else 0)
        waiting.visit(house, house.at(on, 9 + number % 9), who, lead=resource)
    assert (few, all_pages()) == ([8, 8, 6], [8, 8, 6])
