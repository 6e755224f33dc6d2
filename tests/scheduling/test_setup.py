"""Setting a site up: nothing is made scarcer in silence, and what is refused says which visits stand in the way."""

import datetime as dt

import pytest

from clinic import clock
from clinic.enums import Role
from clinic.exceptions import InvalidInput, NotAllowed, NotFound
from clinic.models import AuditEvent, Task
from scheduling.enums import AppointmentStatus
from scheduling.models import Appointment, Closure, Resource, TimeOff, WorkingHours
from scheduling.services import (
    absences,
    availability,
    booking,
    closures,
    endings,
    hours,
    resources,
    scarcity,
)
from scheduling.services.hours import HoursData
from scheduling.services.plans import VisitRequest
from scheduling.services.resources import ResourceData
from scheduling.services.scarcity import VisitsInTheWay
from tests.factories import clinic
from tests.factories.scheduling import BY, House, days_ahead
from tests.factories.scheduling import house as build

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return build()


def booked(house: House, hour: int = 10, *, days: int = 10) -> Appointment:
    return booking.book(
        request=VisitRequest(
            patient_id=clinic.patient().pk,
            visit_type_id=house.visit("consultation").pk,
            site_id=house.site.pk,
            start=house.at(days_ahead(days, house.site), hour),
            lead_id=house.one("physician").pk,
        ),
        by=BY,
    )


def whole_day(house: House, days: int = 10) -> tuple[dt.datetime, dt.datetime]:
    return clock.day_bounds(days_ahead(days, house.site), house.site.zone)


def test_time_off_without_visits_is_saved(house: House) -> None:
    start, end = whole_day(house)
    row, visits = absences.take_off(
        by=BY, site_id=house.site.pk, resource_id=house.one("physician").pk, start=start, end=end
    )
    assert (row.period.lower, row.period.upper, visits) == (start, end, [])


def test_time_off_over_a_visit_is_refused_with_the_visit(house: House) -> None:
    visit = booked(house)
    start, end = whole_day(house)
    with pytest.raises(VisitsInTheWay) as refused:
        absences.take_off(
            by=BY, site_id=house.site.pk, resource_id=house.one("physician").pk, start=start, end=end
        )
    assert [each.pk for each in refused.value.visits] == [visit.pk]
    assert TimeOff.objects.count() == 0


def test_time_off_accepted_opens_a_task_for_each_visit(house: House) -> None:
    visit = booked(house)
    start, end = whole_day(house)
    _row, visits = absences.take_off(
        by=BY, site_id=house.site.pk, resource_id=house.one("physician").pk, start=start, end=end, accept=True
    )
    assert [each.pk for each in visits] == [visit.pk]
    assert list(Task.objects.values_list("kind", "about", "role")) == [
        (scarcity.REBOOK, f"appointment:{visit.pk}", Role.FRONT_DESK)
    ]


def test_time_off_that_only_adjoins_a_visit_is_saved(house: House) -> None:
    visit = booked(house)
    absences.take_off(
        by=BY,
        site_id=house.site.pk,
        resource_id=house.one("physician").pk,
        start=visit.period.upper,
        end=visit.period.upper + dt.timedelta(hours=1),
    )
    assert TimeOff.objects.count() == 1


def test_time_off_in_the_past_is_refused(house: House) -> None:
    now = clock.now()
    with pytest.raises(InvalidInput):
        absences.take_off(
            by=BY,
            site_id=house.site.pk,
            resource_id=house.one("physician").pk,
            start=now - dt.timedelta(days=2),
            end=now - dt.timedelta(days=1),
        )


def test_ended_time_off_is_free_again(house: House) -> None:
    start, end = whole_day(house)
    lead = house.one("physician").pk
    row, _visits = absences.take_off(by=BY, site_id=house.site.pk, resource_id=lead, start=start, end=end)
    asked = {
        "visit_type_id": house.visit("consultation").pk,
        "site_id": house.site.pk,
        "earliest": start,
        "latest": end,
        "lead_id": lead,
    }
    assert availability.free_starts(**asked) == []
    absences.end(by=BY, site_id=house.site.pk, time_off_id=row.pk)
    assert availability.free_starts(**asked) != []


def test_closure_over_a_visit_is_refused_then_accepted(house: House) -> None:
    visit = booked(house)
    start, end = whole_day(house)
    with pytest.raises(VisitsInTheWay):
        closures.close(by=BY, site_id=house.site.pk, start=start, end=end, name="Holiday")
    assert Closure.objects.count() == 0
    row, visits = closures.close(
        by=BY, site_id=house.site.pk, start=start, end=end, name="Holiday", accept=True
    )
    assert ([each.pk for each in visits], row.name) == ([visit.pk], "Holiday")


def test_closure_ignores_cancelled_visits(house: House) -> None:
    visit = booked(house)
    endings.cancel(appointment_id=visit.pk, reason="patient_unwell", by=BY)
    start, end = whole_day(house)
    _row, visits = closures.close(by=BY, site_id=house.site.pk, start=start, end=end, name="Works")
    assert visits == []


def test_reopen_removes_the_closure(house: House) -> None:
    start, end = whole_day(house)
    row, _visits = closures.close(by=BY, site_id=house.site.pk, start=start, end=end, name="Works")
    closures.reopen(by=BY, site_id=house.site.pk, closure_id=row.pk)
    assert Closure.objects.count() == 0


def test_retire_with_visits_is_refused_then_accepted(house: House) -> None:
    visit = booked(house)
    lead = house.one("physician")
    with pytest.raises(VisitsInTheWay):
        resources.retire(by=BY, site_id=house.site.pk, resource_id=lead.pk)
    assert Resource.objects.get(pk=lead.pk).is_active
    assert [
        each.pk for each in resources.retire(by=BY, site_id=house.site.pk, resource_id=lead.pk, accept=True)
    ] == [visit.pk]
    assert not Resource.objects.get(pk=lead.pk).is_active
    assert Appointment.objects.get(pk=visit.pk).status == AppointmentStatus.BOOKED


def test_save_resource_adds_a_clinician_of_the_clinic_and_a_room_of_the_site(house: House) -> None:
    doctor = resources.save(by=BY, site_id=house.site.pk, data=ResourceData("physician", "Dr. Okoye"))
    room = resources.save(by=BY, site_id=house.site.pk, data=ResourceData("consulting_room", "Room 9"))
    assert (doctor.is_clinician, doctor.site_id) == (True, None)
    assert (room.is_clinician, room.site_id) == (False, house.site.pk)


def test_save_resource_cannot_change_its_kind(house: House) -> None:
    with pytest.raises(InvalidInput):
        resources.save(
            by=BY,
            site_id=house.site.pk,
            data=ResourceData("nurse", "Nia"),
            resource_id=house.one("physician").pk,
        )


def test_save_resource_with_an_account_that_another_clinician_has(house: House) -> None:
    user = clinic.user(Role.PHYSICIAN, at=house.site)
    Resource.objects.filter(pk=house.one("physician").pk).update(user=user)
    with pytest.raises(InvalidInput) as refused:
        resources.save(by=BY, site_id=house.site.pk, data=ResourceData("physician", "Dr. Two", user.pk))
    assert refused.value.field == "user"


def test_save_resource_of_another_site_is_not_found(house: House) -> None:
    other = build(site=clinic.site(name="Elsewhere"))
    with pytest.raises(NotFound):
        resources.save(
            by=BY,
            site_id=house.site.pk,
            data=ResourceData("draw_chair", "Mine now"),
            resource_id=other.one("draw_chair").pk,
        )


def window(*days: int, opens: int = 8, closes: int = 12, **fields: dt.date) -> HoursData:
    return HoursData(
        days, dt.time(opens), dt.time(closes), fields.pop("valid_from", dt.date(2026, 1, 1)), **fields
    )


def test_add_hours_twice_a_day_but_never_over_each_other(house: House) -> None:
    doctor = resources.save(by=BY, site_id=house.site.pk, data=ResourceData("physician", "Dr. Okoye"))
    add = {"by": BY, "site_id": house.site.pk, "resource_id": doctor.pk}
    assert len(hours.add(data=window(0, 1, opens=8, closes=12), **add)) == 2
    assert len(hours.add(data=window(0, opens=12, closes=17), **add)) == 1
    with pytest.raises(InvalidInput) as refused:
        hours.add(data=window(1, opens=11, closes=15), **add)
    assert refused.value.field == "opens"
    assert WorkingHours.objects.filter(resource=doctor).count() == 3


def test_end_hours_with_visits_in_them_is_refused_then_accepted(house: House) -> None:
    visit = booked(house)
    weekday = days_ahead(10, house.site).weekday()
    window = WorkingHours.objects.get(resource=house.one("physician"), weekday=weekday)
    with pytest.raises(VisitsInTheWay):
        hours.end(by=BY, site_id=house.site.pk, hours_id=window.pk)
    left = hours.end(by=BY, site_id=house.site.pk, hours_id=window.pk, accept=True)
    assert [each.pk for each in left] == [visit.pk]
    assert not WorkingHours.objects.filter(pk=window.pk).exists()


def test_end_hours_after_the_last_visit_needs_no_acceptance(house: House) -> None:
    booked(house)
    weekday = days_ahead(10, house.site).weekday()
    window = WorkingHours.objects.get(resource=house.one("physician"), weekday=weekday)
    last_day = days_ahead(11, house.site)
    hours.end(by=BY, site_id=house.site.pk, hours_id=window.pk, last_day=last_day)
    window.refresh_from_db()
    assert window.valid_until == last_day


def test_setup_is_the_managers(house: House) -> None:
    desk = clinic.staff(Role.FRONT_DESK, at=house.site)
    start, end = whole_day(house)
    with pytest.raises(NotAllowed):
        closures.close(by=desk, site_id=house.site.pk, start=start, end=end, name="No")


def test_setup_at_another_site_is_not_found(house: House) -> None:
    manager = clinic.staff(Role.MANAGER, at=clinic.site(name="Elsewhere"))
    start, end = whole_day(house)
    with pytest.raises(NotFound):
        closures.close(by=manager, site_id=house.site.pk, start=start, end=end, name="No")


def test_each_change_leaves_an_audit_event(house: House) -> None:
    start, end = whole_day(house)
    row, _visits = closures.close(by=BY, site_id=house.site.pk, start=start, end=end, name="Works")
    event = AuditEvent.objects.get(action="scheduling.closure.added")
    assert (event.subject_key, event.site_id) == (str(row.pk), house.site.pk)
