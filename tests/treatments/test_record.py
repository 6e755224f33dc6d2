"""The record written part by part: merged, refused at the field, filled from presets, checked for the patient."""

import datetime as dt
from decimal import Decimal
from uuid import UUID

import msgspec
import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic import clock
from clinic.enums import Role
from clinic.exceptions import Conflict, InvalidInput, StaleVersion
from clinic.models import User
from scheduling.models import Appointment
from scheduling.services import progress
from tests.factories import clinic
from tests.factories import treatments as factory
from tests.factories.treatments import Ward
from treatments.clinical_rules import TargetRule
from treatments.data import SpinData
from treatments.enums import IdentityStep, RecordSection
from treatments.models import (
    Anaesthetic,
    Centrifuge,
    Discharge,
    Draw,
    Injection,
    KitType,
    Preparation,
    Readying,
    Recipient,
    Session,
    Spin,
)
from treatments.selectors import records
from treatments.services import bedside, blood, identity, injecting, sessions, signing, writing_up
from treatments.views.common import session_for
from treatments.views.sections import FORMS

pytestmark = pytest.mark.django_db


@pytest.fixture
def ward() -> Ward:
    return factory.ward()


@pytest.fixture
def session(ward: Ward) -> Session:
    return factory.session(factory.order(ward).course)


def signed_in(user_id: UUID) -> Client:
    client = Client()
    client.force_login(
        User.objects.get(pk=user_id), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    return client


class Tablet:
    """A person with one part of the record open: sends what the page showed with what they changed."""

    def __init__(self, ward: Ward, who: str, session: Session, section: str) -> None:
        self.staff = getattr(ward, who)
        self.client = signed_in(self.staff.user_id)
        self.session, self.section = session, section
        self.open()

    def open(self) -> None:
        record = records.record_view(session_for(self.staff, self.session.pk))
        form = FORMS[RecordSection(self.section)](record)
        self.base = dict(form.base_inputs())
        self.shown = form.shown()

    def send(self, *, htmx: bool = True, **changes: object) -> tuple[int, str]:
        data = {**self.base, **self.shown, **changes}
        url = reverse("treatments:session-section", args=[self.session.pk, self.section])
        answer = self.client.post(url, data, headers={"HX-Request": "true"} if htmx else {})
        return answer.status_code, answer.content.decode()


class TestTwoTablets:
    def test_different_fields_are_both_kept(self, ward: Ward, session: Session) -> None:
        nurse, physician = (Tablet(ward, who, session, "draw") for who in ("nurse", "physician"))
        assert nurse.send(blood_ml="52")[0] == 200
        assert physician.send(site="left arm")[0] == 200
        row = session.draws.get()
        assert (row.blood_ml, row.site) == (Decimal(52), "left arm")

    def test_same_field_is_shown_beside_and_not_overwritten(self, ward: Ward, session: Session) -> None:
        nurse, physician = (Tablet(ward, who, session, "draw") for who in ("nurse", "physician"))
        nurse.send(blood_ml="52")
        status, page = physician.send(blood_ml="30")
        assert status == 409
        assert 'data-value="52.0"' in page
        assert session.draws.get().blood_ml == Decimal(52)

    def test_kept_after_looking_it_is_saved(self, ward: Ward, session: Session) -> None:
        nurse, physician = (Tablet(ward, who, session, "draw") for who in ("nurse", "physician"))
        nurse.send(blood_ml="52")
        physician.send(blood_ml="30")
        physician.open()
        assert physician.send(blood_ml="30")[0] == 200
        assert session.draws.get().blood_ml == Decimal(30)

    def test_same_value_is_no_conflict(self, ward: Ward, session: Session) -> None:
        nurse, physician = (Tablet(ward, who, session, "draw") for who in ("nurse", "physician"))
        nurse.send(blood_ml="52")
        assert physician.send(blood_ml="52")[0] == 200

    def test_stale_version_is_refused_by_the_service(self, ward: Ward, session: Session) -> None:
        blood.record_draw(by=ward.nurse, session_id=session.pk, data=factory.draw(), version=0)
        with pytest.raises(StaleVersion) as caught:
            blood.record_draw(by=ward.physician, session_id=session.pk, data=factory.draw(), version=0)
        assert caught.value.current_version == 1

    def test_what_others_saved_is_brought(self, ward: Ward, session: Session) -> None:
        url = reverse("treatments:session-now", args=[session.pk])
        physician = signed_in(ward.physician.user_id)
        have = {"have": [f"{code}:0" for code in RecordSection.values]}
        assert physician.get(url, have).status_code == 204
        Tablet(ward, "nurse", session, "draw").send(blood_ml="52")
        text = physician.get(url, have).content.decode()
        assert text.count("data-part=") == 1
        assert 'value="draw:1"' in text

    def test_nothing_changed_is_not_a_save(self, ward: Ward, session: Session) -> None:
        nurse = Tablet(ward, "nurse", session, "draw")
        nurse.send(blood_ml="52")
        nurse.open()
        nurse.send()
        assert records.section_versions(session.pk) == {"draw": 1}


def test_part_saves_without_javascript(ward: Ward, session: Session) -> None:
    assert Tablet(ward, "nurse", session, "draw").send(htmx=False, blood_ml="52")[0] == 302
    status, page = Tablet(ward, "nurse", session, "draw").send(htmx=False, blood_ml="520")
    assert status == 422
    assert 'value="520"' in page


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("1.2 M/µL", 1200),
        ("1200", 1200),
        ("1,200", 1200),
        ("1 200 000 /µL", 1200),
        ("240000", 240),
        ("", None),
    ],
)
def test_platelets_are_typed_in_any_unit(ward: Ward, session: Session, typed: str, kept: int | None) -> None:
    assert (
        Tablet(ward, "nurse", session, "preparation").send(product_ml="7", product_platelets=typed)[0] == 200
    )
    assert session.preparations.get().product_platelets == kept


@pytest.mark.parametrize(
    ("section", "field", "typed", "words"),
    [
        ("draw", "baseline_platelets", "0", "0 is a count"),
        ("draw", "baseline_platelets", "5 M/µL", "not possible"),
        ("draw", "blood_ml", "0", "more than 0 mL"),
        ("preparation", "product_platelets", "1.2", "Say the unit"),
        ("preparation", "product_platelets", "many", "Enter a number"),
        ("preparation", "kit_expires_on", "2020-01-31", "This kit expired on 31 Jan 2020"),
        ("preparation", "scan", "hello", "not a kit"),
        ("preparation", "device_identifier", "123", "has 14 digits"),
        ("readying", "a0_percent", "1", "Say which anaesthetic"),
        ("discharge", "systolic", "20", "greater than or equal to 30"),
    ],
)
def test_impossible_value_is_refused_at_its_field(
    ward: Ward, session: Session, section: str, field: str, typed: str, words: str
) -> None:
    status, page = Tablet(ward, "nurse", session, section).send(**{field: typed})
    assert status == 422
    assert words in page
    assert records.section_versions(session.pk) == {}


def test_implausible_value_is_kept_and_pointed_out(ward: Ward, session: Session) -> None:
    status, page = Tablet(ward, "nurse", session, "draw").send(blood_ml="300")
    assert status == 200
    assert "10–180 mL" in page


def test_rpm_becomes_g_by_the_rotor_of_the_centrifuge(ward: Ward, session: Session) -> None:
    device = ward.house.one("centrifuge")
    Centrifuge.objects.create(resource_id=device.pk, rotor_radius_mm=150)
    nurse = Tablet(ward, "nurse", session, "preparation")
    status, _page = nurse.send(device_id=str(device.pk), s0_force="3000", s0_unit="rpm", s0_minutes="15")
    assert status == 200
    spin = Spin.objects.get()
    assert (spin.g, spin.rpm, spin.radius_mm) == (1509, 3000, 150)


def test_rpm_of_an_unknown_rotor_asks_for_g(ward: Ward, session: Session) -> None:
    status, page = Tablet(ward, "nurse", session, "preparation").send(
        s0_force="3000", s0_unit="rpm", s0_minutes="15"
    )
    assert status == 422
    assert "radius" in page


class TestKits:
    LABEL = "010401234567890117271130" + "10LOT42"

    def test_scan_fills_lot_expiry_and_kit(self, ward: Ward, session: Session) -> None:
        kit = KitType.objects.create(
            site=session.site, name="Kit 60", device_identifier="04012345678901", preset={"product_ml": "6"}
        )
        assert Tablet(ward, "nurse", session, "preparation").send(scan=self.LABEL)[0] == 200
        row = session.preparations.get()
        assert (row.kit_lot, row.kit_expires_on, row.kit_id) == ("LOT42", dt.date(2027, 11, 30), kit.pk)
        assert row.device_identifier == "04012345678901"

    def test_expired_kit_is_refused_whoever_asks(self, ward: Ward, session: Session) -> None:
        status, page = Tablet(ward, "physician", session, "preparation").send(
            scan=self.LABEL.replace("17271130", "17200131")
        )
        assert status == 422
        assert "This kit expired on 31 Jan 2020 and must not be used" in page
        assert not session.preparations.exists()

    def test_kit_that_expires_on_the_day_may_be_used(self, ward: Ward, session: Session) -> None:
        today = clock.today(session.site.zone)
        data = factory.preparation(kit_expires_on=today)
        assert blood.record_preparation(by=ward.nurse, session_id=session.pk, data=data).pk
        with pytest.raises(InvalidInput, match="expired"):
            blood.record_preparation(
                by=ward.nurse,
                session_id=session.pk,
                data=factory.preparation(kit_expires_on=today - dt.timedelta(days=1)),
            )

    def test_failed_kit_is_kept_and_the_next_one_begins_empty(self, ward: Ward, session: Session) -> None:
        nurse = Tablet(ward, "nurse", session, "preparation")
        nurse.send(scan=self.LABEL)
        nurse.open()
        assert nurse.send(act="failed", reason="Leaked")[0] == 200
        nurse.open()
        nurse.send(kit_lot="B")
        rows = session.preparations.order_by("attempt").values_list("kit_lot", "failed", "failure")
        assert list(rows) == [("LOT42", True, "Leaked"), ("B", False, "")]

    def test_kit_of_another_site_is_refused(self, ward: Ward, session: Session) -> None:
        other = KitType.objects.create(site=clinic.site(name="Elsewhere"), name="Kit")
        with pytest.raises(InvalidInput, match="clinic's kits"):
            blood.record_preparation(
                by=ward.nurse, session_id=session.pk, data=factory.preparation(kit_id=other.pk)
            )


class TestAge:
    """How old the product was when it was injected is kept with each injection."""

    def recorded(self, ward: Ward, session: Session, minutes: int) -> Injection:
        at = clock.now() - dt.timedelta(minutes=1)
        ready = at - dt.timedelta(minutes=minutes)
        blood.record_preparation(
            by=ward.nurse, session_id=session.pk, data=factory.preparation(ready_at=ready)
        )
        injecting.record_injections(
            by=ward.physician, session_id=session.pk, injections=[factory.injection()], injected_at=at
        )
        return session.injections.get()

    @pytest.mark.parametrize(("minutes", "stale"), [(0, False), (30, False), (31, True), (95, True)])
    def test_stale_product_is_flagged(self, ward: Ward, session: Session, minutes: int, stale: bool) -> None:
        row = self.recorded(ward, session, minutes)
        assert (row.product_minutes, row.product_stale) == (minutes, stale)

    def test_without_a_time_nothing_is_claimed(self, ward: Ward, session: Session) -> None:
        injecting.record_injections(
            by=ward.physician, session_id=session.pk, injections=[factory.injection()]
        )
        row = session.injections.get()
        assert (row.product_minutes, row.product_stale) == (None, None)

    def test_corrected_time_corrects_the_age(self, ward: Ward, session: Session) -> None:
        row = self.recorded(ward, session, 95)
        blood.record_preparation(
            by=ward.nurse,
            session_id=session.pk,
            data=factory.preparation(ready_at=row.injected_at - dt.timedelta(minutes=5)),
        )
        row.refresh_from_db()
        assert (row.product_minutes, row.product_stale) == (5, False)

    def test_injected_before_ready_is_refused(self, ward: Ward, session: Session) -> None:
        with pytest.raises(InvalidInput, match="not ready yet"):
            self.recorded(ward, session, -3)


def suggested(ward: Ward, row: Session, way: str) -> None:
    code = RecordSection.INJECTIONS
    if way == "as_last":
        writing_up.as_last(by=ward.physician, session_id=row.pk, section=code)
    else:
        writing_up.as_planned(by=ward.physician, session_id=row.pk, sections=[code])


class TestAsPlanned:
    def test_fills_what_is_empty_and_keeps_what_was_written(self, ward: Ward, session: Session) -> None:
        blood.record_draw(by=ward.nurse, session_id=session.pk, data=factory.draw(blood_ml=Decimal(40)))
        writing_up.as_planned(by=ward.physician, session_id=session.pk)
        session.refresh_from_db()
        drawn, made = session.draws.get(), session.preparations.get()
        assert (drawn.blood_ml, drawn.site) == (Decimal(40), "left antecubital vein")
        assert (made.product_ml, made.product_platelets, made.kit_lot) == (Decimal(7), None, "")
        assert [row.volume_ml for row in session.injections.all()] == [Decimal(1), Decimal(1)]
        assert [row.target_id is not None for row in session.injections.all()] == [True, True]
        assert (session.status, session.readying.time_out_at) == ("injected", None)
        assert session.recipient.diagnosis_code == "M47.816"

    def test_counts_stay_not_measured_and_sign_follows(self, ward: Ward, session: Session) -> None:
        writing_up.as_planned(by=ward.physician, session_id=session.pk)
        session.refresh_from_db()
        signing.sign(by=ward.physician, session_id=session.pk, version=session.version)
        assert session.draws.get().baseline_platelets is None

    @pytest.mark.parametrize("way", ["as_last", "as_planned"])
    def test_level_that_is_used_up_is_suggested_no_more(self, ward: Ward, way: str) -> None:
        facet = TargetRule(structure="facet", ml_low=Decimal(1), ml_high=Decimal(3), most_per_course=1)
        joint = msgspec.structs.replace(facet, structure="si_joint", most_per_course=2)
        factory.rewrite_protocol(ward, rules={"targets": (facet, joint)})
        course = factory.order(ward).course
        for number in (1, 2):
            factory.inject(ward, course, number, at=clock.now() - dt.timedelta(days=84 - 28 * number))
        third = factory.session(course, 3)
        blood.record_draw(by=ward.nurse, session_id=third.pk, data=factory.draw())
        blood.record_preparation(by=ward.nurse, session_id=third.pk, data=factory.preparation())

        with pytest.raises(InvalidInput, match="had all the injections"):
            suggested(ward, third, way)
        factory.rewrite_protocol(ward, rules={"targets": (facet,)})
        suggested(ward, third, way)

        assert [row.structure for row in third.injections.all()] == ["si_joint"]

    def test_as_last_copies_needles_and_volumes_without_times_and_lot(self, ward: Ward) -> None:
        placed = factory.order(ward)
        first = factory.inject(ward, placed.course, at=clock.now() - dt.timedelta(days=28))
        second = factory.session(placed.course, 2)
        for code in (RecordSection.DRAW, RecordSection.PREPARATION, RecordSection.INJECTIONS):
            writing_up.as_last(by=ward.physician, session_id=second.pk, section=code)
        assert second.draws.get().blood_ml == first.draws.get().blood_ml
        assert second.preparations.get().kit_lot == ""
        assert [row.volume_ml for row in second.injections.all()] == [Decimal(2), Decimal(2)]

    def test_late_entry_without_a_time_is_asked_for_it(self, ward: Ward) -> None:
        placed, _visits = factory.booked(ward, first=1)
        row = factory.session(placed.course)
        clock.set_offset(dt.timedelta(days=3))
        with pytest.raises(InvalidInput, match="Say when"):
            writing_up.as_planned(by=ward.physician, session_id=row.pk)
        clock.set_offset(dt.timedelta(0))


def test_stopped_after_one_of_two_targets_counts(ward: Ward, session: Session) -> None:
    physician = Tablet(ward, "physician", session, "injections")
    assert physician.send(r0_volume_ml="1")[0] == 200
    sessions.stop(by=ward.physician, session_id=session.pk, reason="Felt faint")
    session.refresh_from_db()
    assert (session.status, session.injected_at is not None, session.injections.count()) == (
        "stopped",
        True,
        1,
    )


def test_rows_keep_their_place_whatever_is_injected_first(ward: Ward, session: Session) -> None:
    physician = Tablet(ward, "physician", session, "injections")
    physician.send(r1_volume_ml="3")
    physician.open()
    assert (physician.shown["r0_volume_ml"], physician.shown["r1_volume_ml"]) == ("", "3.0")
    physician.send(r0_volume_ml="1")
    rows = session.injections.values_list("structure", "volume_ml")
    assert list(rows) == [("facet", Decimal(1)), ("si_joint", Decimal(3))]


def test_mixed_bupivacaine_warns(ward: Ward, session: Session) -> None:
    nurse = Tablet(ward, "nurse", session, "readying")
    status, page = nurse.send(a0_agent="bupivacaine", a0_percent="0.5", a0_ml="2", a0_use="mixed")
    assert status == 200
    assert "can harm the platelets" in page


def test_time_out_is_called_by_who_says_so(ward: Ward, session: Session) -> None:
    assert Tablet(ward, "physician", session, "readying").send(act="time_out")[0] == 200
    row = session.readying
    assert (row.time_out_by_id, len(row.checked)) == (ward.physician.user_id, 5)


class TestTwoInTheHouse:
    @pytest.fixture
    def sessions_of_two(self, ward: Ward) -> list[Session]:
        found = []
        for _ in range(2):
            placed, visits = factory.booked(ward, first=2)
            found.append(factory.session(placed.course))
            self.begin(visits[0], ward)
        return found

    def begin(self, visit: Appointment, ward: Ward) -> None:
        progress.arrive(appointment_id=visit.pk, by=ward.nurse)
        for _ in range(2):
            progress.advance(appointment_id=visit.pk, by=ward.nurse)

    def check(self, ward: Ward, session: Session, step: IdentityStep, **wrong: object) -> None:
        patient = session.course.patient
        values = {"record_number": patient.record_number, "birth_date": patient.birth_date, **wrong}
        identity.check(by=ward.nurse, session_id=session.pk, step=step, **values)  # type: ignore[arg-type]

    def test_draw_waits_for_two_identifiers(self, ward: Ward, sessions_of_two: list[Session]) -> None:
        first, _second = sessions_of_two
        with pytest.raises(Conflict, match="Another patient's blood"):
            blood.record_draw(by=ward.nurse, session_id=first.pk, data=factory.draw())
        self.check(ward, first, IdentityStep.DRAW)
        assert blood.record_draw(by=ward.nurse, session_id=first.pk, data=factory.draw()).pk
        with pytest.raises(Conflict, match="Loading"):
            blood.record_preparation(by=ward.nurse, session_id=first.pk, data=factory.preparation())
        row = first.identity_checks.get()
        assert (row.step, row.checked_by_id) == ("draw", ward.nurse.user_id)

    def test_another_patients_identifiers_are_refused(
        self, ward: Ward, sessions_of_two: list[Session]
    ) -> None:
        first, second = sessions_of_two
        other = second.course.patient
        with pytest.raises(InvalidInput, match="not the patient of this record"):
            self.check(ward, first, IdentityStep.DRAW, record_number=other.record_number)
        with pytest.raises(InvalidInput, match="not the patient of this record"):
            self.check(ward, first, IdentityStep.DRAW, birth_date=dt.date(1900, 1, 1))
        assert not first.identity_checks.exists()

    def test_page_asks_and_notes(self, ward: Ward, sessions_of_two: list[Session]) -> None:
        first, _second = sessions_of_two
        client, patient = signed_in(ward.nurse.user_id), first.course.patient
        page = reverse("treatments:session-detail", args=[first.pk])
        assert client.get(page).content.decode().count("It is this patient") == 4
        url = reverse("treatments:session-identity", args=[first.pk])
        data = {"step": "draw", "record_number": patient.record_number, "birth_date": patient.birth_date}
        client.post(url, data)
        assert client.get(page).content.decode().count("It is this patient") == 3

    def test_one_patient_alone_is_not_asked(self, ward: Ward) -> None:
        placed, visits = factory.booked(ward, first=2)
        self.begin(visits[0], ward)
        row = factory.session(placed.course)
        assert blood.record_draw(by=ward.nurse, session_id=row.pk, data=factory.draw()).pk


class TestSigned:
    def test_no_part_of_a_signed_record_changes(self, ward: Ward, session: Session) -> None:
        writing_up.as_planned(by=ward.physician, session_id=session.pk)
        bedside.let_go(by=ward.nurse, session_id=session.pk)
        session.refresh_from_db()
        signing.sign(by=ward.physician, session_id=session.pk, version=session.version)
        tables = ("draw", "preparation", "spin", "recipient", "readying", "anaesthetic", "injection", "discharge", "sectionversion")  # fmt: skip
        for table in tables:
            rows = f"treatments_{table}"
            for statement in (f"DELETE FROM {rows}", f"UPDATE {rows} SET {self.column(table)}"):
                assert self.refusal(statement) == "signed_record_is_kept", statement

    def column(self, table: str) -> str:
        return "preparation_id = preparation_id" if table == "spin" else "session_id = session_id"

    def refusal(self, statement: str) -> str:

        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
        except IntegrityError as error:
            return str(error.__cause__.diag.constraint_name)  # type: ignore[union-attr]
        return ""


@pytest.mark.parametrize("rows", [1, 8])
def test_page_asks_the_same_number_of_questions(ward: Ward, session: Session, rows: int) -> None:
    levels = ["T12-L1", "L1-L2", "L2-L3", "L3-L4"]
    targets = [factory.TargetData("facet", level, side) for level in levels for side in ("left", "right")]
    for attempt in range(rows if rows == 1 else 3):
        blood.record_draw(by=ward.nurse, session_id=session.pk, data=factory.draw())
        blood.record_preparation(
            by=ward.nurse,
            session_id=session.pk,
            data=factory.preparation(product_ml=Decimal(20)),
            spins=[SpinData(minutes=Decimal(10), g=1000)],
        )
        if attempt < 2 and rows > 1:
            blood.fail_preparation(by=ward.nurse, session_id=session.pk, reason="Clotted")
    injecting.record_injections(
        by=ward.physician,
        session_id=session.pk,
        injections=[factory.injection(target, "1") for target in targets[:rows]],
    )
    client = signed_in(ward.physician.user_id)
    url = reverse("treatments:session-detail", args=[session.pk])
    client.get(url)
    with CaptureQueriesContext(connection) as found:
        assert client.get(url).status_code == 200
    assert len(found) == 29  # two for what the patient said of the days after


def test_polling_asks_little(ward: Ward, session: Session) -> None:
    client = signed_in(ward.physician.user_id)
    url = reverse("treatments:session-now", args=[session.pk])
    client.get(url)
    with CaptureQueriesContext(connection) as found:
        assert client.get(url).status_code == 204
    assert len(found) == 5


class TestEquipment:
    @pytest.fixture
    def manager(self, ward: Ward) -> Client:
        return signed_in(clinic.user(Role.MANAGER, at=ward.house.site).pk)

    def test_manager_adds_a_kit_that_the_record_is_filled_from(
        self, ward: Ward, session: Session, manager: Client
    ) -> None:
        data = {"name": "Kit 30", "device_identifier": "04012345678901", "product_ml": "5", "spin_g": "300", "spin_minutes": "8", "is_active": "on"}  # fmt: skip
        assert manager.post(reverse("treatments:kit-new"), data).status_code == 302
        nurse = Tablet(ward, "nurse", session, "preparation")
        nurse.send(scan=TestKits.LABEL)
        nurse.open()
        nurse.send(act="planned")
        made = session.preparations.get()
        assert (made.product_ml, [spin.g for spin in made.spins.all()]) == (Decimal(5), [300])

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            ({"name": "Kit 60"}, "There is a kit of this name"),
            ({"name": "New", "device_identifier": "123"}, "14 digits"),
            ({"name": "New", "spin_g": "300"}, "its force and its minutes"),
        ],
    )
    def test_wrong_kit_is_refused_beside_its_field(
        self, ward: Ward, manager: Client, data: dict[str, str], words: str
    ) -> None:
        KitType.objects.create(site=ward.house.site, name="Kit 60")
        answer = manager.post(reverse("treatments:kit-new"), data)
        assert answer.status_code == 422
        assert words in answer.content.decode()

    def test_manager_says_what_a_centrifuge_is(self, ward: Ward, manager: Client) -> None:
        device = ward.house.one("centrifuge")
        url = reverse("treatments:centrifuge", args=[device.pk])
        assert manager.post(url, {"rotor_radius_mm": "10"}).status_code == 422
        assert manager.post(url, {"rotor_radius_mm": "150", "model": "Bench 4"}).status_code == 302
        assert Centrifuge.objects.get().rotor_radius_mm == 150
        assert "150 mm" in manager.get(reverse("treatments:kit-list")).content.decode()


def test_page_of_another_tablet_learns_that_the_record_was_signed(ward: Ward, session: Session) -> None:
    writing_up.as_planned(by=ward.physician, session_id=session.pk)
    session.refresh_from_db()
    signing.sign(by=ward.physician, session_id=session.pk, version=session.version)
    answer = signed_in(ward.nurse.user_id).get(reverse("treatments:session-now", args=[session.pk]))
    assert "data-closed" in answer.content.decode()


class TestTablesRefuse:
    """What one row can say, the tables themselves refuse; and let through what is possible."""

    @pytest.mark.parametrize(
        ("model", "fields", "constraint"),
        [
            (Draw, {"blood_ml": 0}, "draw_has_blood"),
            (Draw, {"baseline_platelets": 0}, "baseline_not_measured_is_not_zero"),
            (Draw, {"baseline_leucocytes": 4, "baseline_neutrophils": 5}, "draw_is_possible"),
            (Draw, {"baseline_haematocrit": 80}, "draw_is_possible"),
            (Draw, {"failed": True}, "failed_draw_says_why"),
            (Preparation, {"failed": True}, "failed_preparation_says_why"),
            (Preparation, {"product_platelets": 0}, "not_measured_is_not_zero"),
            (Preparation, {"device_identifier": "123"}, "scanned_device_has_14_digits"),
            (Preparation, {"product_ml": 101}, "preparation_is_possible"),
            (Anaesthetic, {"agent": "lidocaine", "percent": 11}, "anaesthetic_is_possible"),
            (Recipient, {"height_cm": 20}, "recipient_is_possible"),
            (Readying, {"time_out_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)}, "time_out_has_its_caller"),
            (Discharge, {"systolic": 100, "diastolic": 100}, "discharge_is_possible"),
            (Discharge, {"saturation": 101}, "discharge_is_possible"),
        ],
    )
    def test_impossible_row(
        self, session: Session, model: type[Model], fields: dict[str, object], constraint: str
    ) -> None:
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            model._base_manager.create(session=session, **fields)

    def test_possible_rows_and_unknown_ones(self, session: Session) -> None:
        for model in (Draw, Preparation, Recipient, Readying, Discharge):
            assert model._base_manager.create(session=session).pk
        assert Draw.objects.create(session=session, attempt=2, failed=True, failure="Clotted").pk

    def test_run_needs_its_radius_with_rpm(self, session: Session) -> None:
        made = Preparation.objects.create(session=session)
        with pytest.raises(IntegrityError, match="spin_is_possible"), transaction.atomic():
            Spin.objects.create(preparation=made, g=100, minutes=5, rpm=1000)
        assert Spin.objects.create(preparation=made, g=112, minutes=5, rpm=1000, radius_mm=100).pk
