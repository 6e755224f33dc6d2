"""The main job, start to end, as each role plays it: real pages, real worker, real mail server.

One story in order: what one step leaves, the next one finds. Time is moved by the clock offset, which web,
worker and beat share.
"""

import datetime as dt
import itertools
import re
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from icalendar import Calendar
from playwright.sync_api import Browser, Page, expect

from clinic import clock
from clinic.enums import Role
from clinic.models import AuditEvent, Message, Patient, Site
from scheduling.models import Appointment, Resource
from tests.browser.conftest import PASSWORD, Person, Running
from tests.database import Database
from tests.factories import clinic, treatments
from tests.factories.treatments import Ward
from tests.mail import MailServer
from treatments.models import Course, Session

pytestmark = pytest.mark.browser

MAIL = "ada.lindqvist@mail.example"
FORBIDDEN = re.compile(
    r"\b(PRP|plasma|platelet|spine|back|injection|session|Okafor|physician)\b", re.IGNORECASE
)


@pytest.fixture(scope="module")
def ward(own_database: Database) -> Ward:
    built = treatments.ward()
    Resource.objects.filter(pk=built.house.one("physician").pk).update(name="Dr. Okafor")
    # No quiet hours, so that the story is the same at whatever time of day it is played.
    Site.objects.update(quiet_from=dt.time(0), quiet_until=dt.time(0))
    clinic.patient(given_name="Ada", family_name="Lindquist", birth_date=dt.date(1958, 4, 2))
    return built


@pytest.fixture(scope="module")
def people(ward: Ward, web: Running, chromium: Browser) -> Iterator[dict[Role, Person]]:
    staff = {}
    for role in Role:
        account = clinic.user(role, at=ward.house.site, password=PASSWORD)
        if role == Role.PHYSICIAN:
            physician = ward.house.one("physician")
            physician.user = account
            physician.save(update_fields=["user"])
        staff[role] = Person(chromium, web, account).sign_in()
    yield staff
    for person in staff.values():
        person.close()


@pytest.fixture
def desk(people: dict[Role, Person]) -> Person:
    return people[Role.FRONT_DESK]


@pytest.fixture
def nurse(people: dict[Role, Person]) -> Person:
    return people[Role.NURSE]


@pytest.fixture
def physician(people: dict[Role, Person]) -> Person:
    return people[Role.PHYSICIAN]


def ada() -> Patient:
    return Patient.objects.get(email=MAIL)


def course() -> Course:
    return Course.objects.get(patient=ada())


def first_visit() -> Appointment:
    return Appointment.objects.get(purpose=course().sessions.get(number=1).pk)


def move_clock_to(instant: dt.datetime) -> None:
    clock.set_offset(dt.timedelta(0))
    clock.set_offset(instant - clock.now())


def pick(page: Page, day: dt.date, time: str) -> None:
    """Choose a start once the list of that day has arrived; the first group on the page is that day."""
    group = page.get_by_role("group", name=re.compile(f"{day:%a} {day.day} {day:%b}")).first
    expect(page.get_by_role("group", name=re.compile(r" free$")).first).to_have_accessible_name(
        re.compile(f"{day:%a} {day.day} {day:%b}")
    )
    group.get_by_role("radio", name=time).check()


def fill_patient(page: Page) -> None:
    page.get_by_label("Given name").fill("Ada")
    page.get_by_label("Family name").fill("Lindqvist")
    page.get_by_label("Date of birth").fill("1958-04-02")
    page.get_by_label("Sex").select_option("female")
    page.get_by_label("Mobile phone").fill("030 5550123")
    page.get_by_label("E-mail", exact=True).fill(MAIL)
    page.get_by_label("Agrees to reminders").check()
    page.get_by_label("Notes for the desk").fill("Her daughter drives her.")


def press(page: Page, tap: str) -> None:
    """One tap on the board, and wait until the board shows the next one in its place."""
    button = page.get_by_role("button", name=re.compile(rf"^{tap}\b.*Ada Lindqvist"))
    button.click()
    expect(button).to_have_count(0)


def plain(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_desk_registers_a_patient_and_is_warned_of_a_likely_duplicate(desk: Person) -> None:
    page = desk.page
    page.goto("/patients/new/")
    fill_patient(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Ada Lindquist").first).to_be_visible()
    desk.screen("01-likely-duplicate")
    assert Patient.objects.filter(email=MAIL).count() == 0
    page.get_by_role("button", name=re.compile("Different person", re.IGNORECASE)).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ada Lindqvist")
    desk.screen("02-patient")
    assert ada().phones.get().e164 == "+49305550123"


def test_desk_finds_her_while_typing_and_misspelling(desk: Person) -> None:
    page = desk.page
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.type("lindkvist", delay=30)
    expect(page.get_by_role("option", name=re.compile("Ada Lindqvist"))).to_be_visible()
    desk.screen("03-search")


def test_desk_books_a_consultation_from_free_starts(desk: Person, ward: Ward) -> None:
    page = desk.page
    page.goto(f"/schedule/book/{ada().pk}/")
    page.get_by_label("From").fill(str(ward.day(3)))
    page.get_by_label("From").blur()
    pick(page, ward.day(3), "10:00")
    desk.screen("04-free-starts")
    page.get_by_role("button", name=re.compile("^Book")).click()
    expect(page.get_by_text(ward.house.site.address).first).to_be_visible()
    desk.screen("05-read-back")
    visit = Appointment.objects.get(patient=ada())
    assert visit.visit_type.code == "consultation"
    assert visit.period.lower == ward.at(3, 10)


def test_physician_orders_a_course(physician: Person, ward: Ward) -> None:
    page = physician.page
    page.goto(f"/treatments/orders/new/{ada().pk}/")
    for row, (structure, level, side) in enumerate((("facet", "L4-L5", "left"), ("si_joint", "S", "right"))):
        page.get_by_label("Structure", exact=True).nth(row).select_option(structure)
        page.get_by_label("Level", exact=True).nth(row).select_option(level)
        page.get_by_label("Side", exact=True).nth(row).select_option(side)
    page.get_by_label("Diagnosis code").fill("M47.816")
    page.get_by_label("Diagnosis in words").fill("Spondylosis, lumbar region")
    page.get_by_label("Note for the desk").fill("Mornings, please.")
    page.get_by_label("Screening is complete").check()
    physician.screen("06-order")
    page.get_by_role("button", name="Order").click()
    page.wait_for_url(lambda url: "/orders/new/" not in url)
    assert (course().status, course().sessions.count()) == ("approved", 4)


def test_desk_books_the_whole_course_from_the_order(desk: Person, ward: Ward) -> None:
    page = desk.page
    page.goto("/treatments/orders/")
    expect(page.get_by_role("link", name="Ada Lindqvist", exact=True)).to_be_visible()
    assert "Spondylosis" not in page.content()
    desk.screen("07-orders-to-book")
    page.goto(f"/treatments/orders/{course().order.pk}/book/")
    page.get_by_label("Not before").fill(str(ward.day(12)))
    page.get_by_label("Not before").blur()
    expect(page.get_by_role("status").filter(has_text="Planned anew")).to_have_count(1)
    expect(page.get_by_role("heading", name="Session 4")).to_be_visible()
    desk.screen("08-course-plan")
    page.get_by_role("button", name=re.compile("^Book")).last.click()
    page.wait_for_url(lambda url: not url.endswith("/book/"))
    desk.screen("09-course-booked")
    visits = Appointment.objects.filter(patient=ada(), purpose__isnull=False).order_by("period")
    assert list(visits.values_list("status", flat=True)) == ["booked", *["provisional"] * 3]
    days = [visit.period.lower.date() for visit in visits]
    gaps = [(later - earlier).days for earlier, later in itertools.pairwise(days)]
    assert all(21 <= gap <= 35 for gap in gaps)


def test_worker_sends_confirmations_after_the_grace(
    worker: None, smtp_server: MailServer, ward: Ward
) -> None:
    move_clock_to(clock.now() + dt.timedelta(minutes=4))
    mails = smtp_server.wait_for(2, seconds=45)
    subjects = {mail["Subject"] for mail in mails}
    assert subjects == {"Your appointment"}
    for mail in mails:
        assert mail["To"] == MAIL
        assert mail["Auto-Submitted"] == "auto-generated"
        assert "Lindenhof Practice" in mail["From"]
        assert FORBIDDEN.search(f"{mail['Subject']} {plain(mail)}") is None
        invitation = next(part for part in mail.walk() if part.get_content_type() == "text/calendar")
        assert invitation.get_param("method") == "REQUEST"
        event = Calendar.from_ical(invitation.get_content()).walk("VEVENT")[0]
        assert event["SEQUENCE"] == 1
    told = {Appointment.objects.get(pk=str(_uid(mail))).visit_type.code for mail in mails}
    assert told == {"consultation", "prp_session"}


def _uid(mail: EmailMessage) -> str:
    invitation = next(part for part in mail.walk() if part.get_content_type() == "text/calendar")
    return str(Calendar.from_ical(invitation.get_content()).walk("VEVENT")[0]["UID"]).partition("@")[0]


def test_reminders_come_three_days_and_one_day_before(
    worker: None, smtp_server: MailServer, ward: Ward
) -> None:
    visit = first_visit()
    day = visit.period.lower.astimezone(ward.house.site.zone).date()
    for days in (3, 1):
        smtp_server.clear()
        move_clock_to(ward.house.at(day - dt.timedelta(days=days), 10, 1))
        mail = smtp_server.wait_for(1, seconds=45)[0]
        assert mail["Subject"] == "A reminder from Lindenhof Practice"
        assert f"{visit.period.lower.astimezone(ward.house.site.zone):%H:%M}" in plain(mail)


def test_nurse_runs_the_board(nurse: Person) -> None:
    visit = first_visit()
    move_clock_to(visit.period.lower - dt.timedelta(minutes=4))
    page = nurse.page
    page.goto("/schedule/board/")
    nurse.screen("10-board-expected")
    for tap in ("Arrived", "Check-in", "Blood draw", "Separation", "Injection"):
        press(page, tap)
    nurse.screen("11-board-injection")
    visit.refresh_from_db()
    assert visit.status == "in_progress"
    assert visit.stages.filter(started_at__isnull=False).count() == 4


def test_physician_records_the_session_and_plans_the_recovery_week(physician: Person) -> None:
    session = course().sessions.get(number=1)
    page = physician.page
    page.goto(f"/treatments/sessions/{session.pk}/")
    page.get_by_label("Pain before, 0–10").fill("7")
    page.get_by_label("Blood drawn, mL").fill("52")
    page.get_by_label("Anticoagulant, mL").fill("8")
    page.get_by_label("Platelets in blood, 10³/µL").fill("240")
    page.get_by_label("Product, mL", exact=True).fill("7")
    page.get_by_label("Platelets in product, 10³/µL").fill("1200")
    page.get_by_label("mL, injection 1").fill("1")
    page.get_by_label("mL, injection 2").fill("3")
    physician.screen("12-session-filled")
    page.get_by_role("button", name="Record injections").click()
    expect(page.locator(".page-actions .chip")).to_have_text("Injected")
    physician.screen("13-session-saved")
    session.refresh_from_db()
    assert (session.status, course().status) == ("injected", "active")
    assert [str(row.volume_ml) for row in session.injections.all()] == ["1.0", "3.0"]
    week = Message.objects.filter(patient=ada(), kind__startswith="treatments.recovery")
    assert sorted(row.about.rpartition(":")[2] for row in week) == ["0", "1", "3", "7"]


def test_nurse_discharges_and_nothing_is_planned_twice(nurse: Person) -> None:
    page = nurse.page
    page.goto("/schedule/board/")
    for tap in ("Recovery", "Discharged"):
        press(page, tap)
    nurse.screen("14-board-done")
    visit = first_visit()
    assert visit.status == "completed"
    assert visit.stages.filter(ended_at__isnull=False).count() == 5
    assert Message.objects.filter(patient=ada(), kind__startswith="treatments.recovery").count() == 4


def test_recovery_week_is_sent_day_by_day(worker: None, smtp_server: MailServer, ward: Ward) -> None:
    start = Session.objects.get(course=course(), number=1).injected_at
    assert start is not None
    week = {
        int(row.about.rpartition(":")[2]): row.planned_for
        for row in Message.objects.filter(patient=ada(), kind__startswith="treatments.recovery")
    }
    for day in (0, 1, 3, 7):
        smtp_server.clear()
        move_clock_to(week[day] + dt.timedelta(minutes=1))
        mail = smtp_server.wait_for(1, seconds=45)[0]
        assert (week[day].date() - start.date()).days == day
        assert FORBIDDEN.search(f"{mail['Subject']} {plain(mail)}") is None
        assert ward.house.site.phone in plain(mail)
    assert len(smtp_server.messages) == 1


def test_patient_page_shows_each_message_with_state_and_text(desk: Person) -> None:
    page = desk.page
    page.goto(f"/patients/{ada().pk}/")
    page.wait_for_load_state("networkidle")
    desk.screen("15-patient-with-messages")
    message = Message.objects.filter(patient=ada(), kind="appointment.confirmation", state="sent").first()
    assert message is not None
    page.goto(f"/messages/{message.pk}/")
    expect(page.get_by_text("Hello Ada,").first).to_be_visible()
    desk.screen("16-message")


def test_desk_moves_a_visit_and_its_mails_move_with_it(
    desk: Person, worker: None, smtp_server: MailServer, ward: Ward
) -> None:
    visit = _book_review(desk, ward)
    smtp_server.clear()
    page = desk.page
    page.goto(f"/schedule/visits/{visit.pk}/move/")
    page.get_by_role("radio", name="11:00").first.check()
    desk.screen("17-move")
    page.get_by_role("button", name=re.compile("^Move")).last.click()
    page.wait_for_url(lambda url: not url.endswith("/move/"))
    visit.refresh_from_db()
    assert visit.told_rev == 2
    states = Message.objects.filter(about=f"appointment:{visit.pk}").values_list("about_rev", "state")
    assert {state for rev, state in states if rev == 1} == {"cancelled"}
    page.goto(f"/schedule/visits/{visit.pk}/cancel/")
    page.get_by_label("Patient cannot come").or_(page.get_by_label("Reason")).first.check(force=True)
    page.get_by_role("button", name=re.compile("^Cancel")).last.click()
    page.wait_for_url(lambda url: not url.endswith("/cancel/"))
    assert set(Message.objects.filter(about=f"appointment:{visit.pk}").values_list("state", flat=True)) == {
        "cancelled"
    }


def _book_review(desk: Person, ward: Ward) -> Appointment:
    page = desk.page
    page.goto(f"/schedule/book/{ada().pk}/")
    page.get_by_role("combobox", name="Visit").select_option(label="Review")
    day = clock.today(ward.house.site.zone) + dt.timedelta(days=2)
    page.get_by_label("From").fill(str(day))
    page.get_by_label("From").blur()
    pick(page, day, "10:00")
    page.get_by_role("button", name=re.compile("^Book")).click()
    expect(page.get_by_text(ward.house.site.address).first).to_be_visible()
    return Appointment.objects.get(patient=ada(), visit_type__code="review")


def test_physician_releases_the_next_session_at_the_gate(
    physician: Person, worker: None, smtp_server: MailServer, ward: Ward
) -> None:
    repeat = Appointment.objects.get(purpose=course().sessions.get(number=2).pk)
    move_clock_to(ward.house.at(repeat.period.lower.date() - dt.timedelta(days=11), 9))
    smtp_server.clear()
    page = physician.page
    page.goto(f"/treatments/courses/{course().pk}/review/")
    page.get_by_label("Continue", exact=True).check(force=True)
    page.get_by_label("Reason").fill("Better function, no events.")
    physician.screen("18-gate")
    page.get_by_role("button", name="Decide").click()
    page.wait_for_url(lambda url: "/review/" not in url)
    repeat.refresh_from_db()
    assert repeat.status == "booked"
    move_clock_to(clock.now() + dt.timedelta(minutes=4))
    mails = smtp_server.wait_for(1, seconds=45)
    assert {_uid(mail) for mail in mails if mail["Subject"] == "Your appointment"} == {str(repeat.pk)}


def test_physician_reads_the_history_on_one_page(physician: Person) -> None:
    page = physician.page
    page.goto(f"/treatments/courses/{course().pk}/")
    page.wait_for_load_state("networkidle")
    physician.screen("19-history")
    for words in ("Facet joint", "Sacroiliac joint", "Spondylosis"):
        expect(page.get_by_text(words).filter(visible=True).first).to_be_visible()


def test_every_read_and_write_left_its_trace(people: dict[Role, Person]) -> None:
    actors = set(AuditEvent.objects.filter(patient_id=ada().pk).values_list("actor_key", flat=True))
    for role in (Role.FRONT_DESK, Role.NURSE, Role.PHYSICIAN):
        assert str(people[role].user.pk) in actors
    assert AuditEvent.objects.filter(action="clinic.patient.viewed", patient_id=ada().pk).count() >= 1


def test_no_page_complained(people: dict[Role, Person]) -> None:
    assert [complaint for person in people.values() for complaint in person.complaints] == []
