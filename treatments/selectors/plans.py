"""A planned course as it is read back: its visits to come, and what their patient knows of them."""

from dataclasses import dataclass

from scheduling.enums import AppointmentStatus
from scheduling.models import Appointment
from scheduling.selectors import visits
from treatments.models import Order, SessionBooking


@dataclass(frozen=True, slots=True)
class Line:
    """One session of the course with the visit that serves it."""

    number: int
    visit: Appointment

    @property
    def lead(self) -> str:
        return visits.lead_of(self.visit)

    @property
    def is_provisional(self) -> bool:
        return self.visit.status == AppointmentStatus.PROVISIONAL


def read_back(order: Order) -> list[Line]:
    """The open visits of the course in order. A constant number of queries."""
    served = dict(
        SessionBooking.objects.filter(session__course=order.course_id, is_open=True).values_list(
            "appointment_id", "session__number"
        )
    )
    rows = visits.with_parts(Appointment.objects.filter(pk__in=served)).order_by("period")
    return [Line(served[row.pk], row) for row in rows]
