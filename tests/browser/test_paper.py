"""Sheets, card and labels as the printer gets them: how many pages, of what size, and nothing of the screen on them."""

import datetime as dt
import io
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from pypdf import PdfReader

from clinic.enums import Role
from scheduling.models import Appointment
from tests.browser.conftest import PASSWORD, Person, Running
from tests.database import Database
from tests.factories import clinic, scheduling, waiting
from tests.factories.scheduling import House, days_ahead

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def house(own_database: Database) -> House:
    return scheduling.house(physicians=4, rooms=4)


@pytest.fixture(scope="module")
def day(house: House) -> dt.date:
    return days_ahead(8, house.site)


@pytest.fixture(scope="module")
def visits(house: House, day: dt.date) -> list[Appointment]:
    """Thirty-four visits of one day, the first patient's in several weeks."""
    patient = waiting.phone(
        clinic.patient(given_name="Maximiliane-Theodora", family_name="von und zu Langenau")
    )
    made = [waiting.visit(house, house.at(day, 8), patient)]
    for number in range(1, 34):
        lead = house.resources["physician"][number % 4]
        # The longest line about a person: two digits of the day, an American number.
        person = waiting.phone(clinic.patient(birth_date=dt.date(1966, 11, 28)))
        person.phones.update(e164="+16175550116", national="6175550116")
        made.append(waiting.visit(house, house.at(day, 8 + number // 4), person, lead=lead))
    later = [house.at(day + dt.timedelta(weeks=week), 9) for week in range(1, 5)]
    return [*made, *(waiting.visit(house, start, patient) for start in later)]


@pytest.fixture(scope="module")
def nurse(house: House, web: Running, chromium: Browser) -> Iterator[Person]:
    person = Person(chromium, web, clinic.user(Role.NURSE, at=house.site, password=PASSWORD)).sign_in()
    yield person
    person.close()


def printed(nurse: Person, url: str) -> tuple[PdfReader, list[str], list[tuple[int, int]]]:
    """The sheets with their words and their sizes in millimetres."""
    nurse.page.goto(url)
    reader = PdfReader(io.BytesIO(nurse.page.pdf(prefer_css_page_size=True)))
    sizes = [tuple(round(float(side) / 72 * 25.4) for side in page.mediabox[2:]) for page in reader.pages]
    return reader, [page.extract_text() for page in reader.pages], sizes  # type: ignore[return-value]


def test_a_full_day_is_one_sheet_with_date_and_number(
    nurse: Person, house: House, day: dt.date, visits: list[Appointment]
) -> None:
    _reader, (text,), sizes = printed(nurse, f"/schedule/paper/day/{day}/")
    assert sizes == [(210, 297)]
    assert text.count("came") == 34
    assert text.count("030 5550111") == 1
    assert text.count("28 Nov 1966 · ") == text.count(" · +1 617-555-0116") == 33
    assert str(day.year) in text
    assert "1 / 1" in text
    assert "Find a patient" not in text
    nurse.page.emulate_media(media="print")
    nurse.screen("paper-day")
    # As it was: with "screen" the next PDF would carry the screen's styles.
    nurse.page.emulate_media(media="null")


def test_a_week_is_one_sheet_across(
    nurse: Person, house: House, day: dt.date, visits: list[Appointment]
) -> None:
    _reader, (text,), sizes = printed(nurse, f"/schedule/paper/week/{house.one('physician').pk}/{day}/")
    assert sizes == [(297, 210)]
    assert "Langenau" in text


def test_a_card_is_one_sheet_with_every_date(nurse: Person, visits: list[Appointment]) -> None:
    _reader, (text,), sizes = printed(nurse, f"/schedule/paper/card/{visits[0].patient_id}/")
    assert sizes == [(210, 297)]
    assert text.count("08:00") + text.count("09:00") == 5
    assert "Consultation" not in text


def test_a_label_is_a_page_of_its_size_and_cuts_nothing(nurse: Person, visits: list[Appointment]) -> None:
    for size in ("62x29", "50x25"):
        url = f"/schedule/paper/labels/{visits[0].pk}/?tubes=2&syringes=1&size={size}"
        _reader, texts, sizes = printed(nurse, url)
        assert sizes == [tuple(map(int, size.split("x")))] * 3
        assert all("Langenau" in text and "7 Mar 1961" in text for text in texts)
        cut = nurse.page.locator(".tube-label").evaluate_all(
            "labels => labels.filter(each => each.scrollHeight > each.clientHeight + 1).length"
        )
        assert cut == 0
    assert nurse.complaints == []
