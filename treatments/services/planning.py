"""The desk books a whole course: the first session is booked, the repeats are kept provisional, all or nothing."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID, uuid5

from django.utils.translation import gettext as _

from clinic import audit, locks
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import Conflict, InvalidInput
from clinic.transactions import use_case
from scheduling.enums import AppointmentStatus, Told
from scheduling.exceptions import SlotTaken
from scheduling.models import Appointment
from scheduling.rules import Override
from scheduling.services import booking
from scheduling.services.plans import VisitPlan, VisitRequest
from treatments.enums import GOES_ON, OrderStatus
from treatments.models import Order
from treatments.selectors import orders
from treatments.services import reading

_TEAMS_TRIED = 4


class SessionTaken(SlotTaken):
    """Sessions of the plan cannot have their starts any more: which ones, and what of each is taken."""

    def __init__(self, taken: Mapping[int, Sequence[str]]) -> None:
        super().__init__(
            [
                _("Session %(number)s: %(reason)s") % {"number": number, "reason": " ".join(words)}
                for number, words in sorted(taken.items())
            ]
        )
        self.numbers = sorted(taken)

    @property
    def number(self) -> int:
        """The first of them."""
        return self.numbers[0]


def book_course(
    *,
    by: Actor,
    order_id: UUID,
    starts: Mapping[int, dt.datetime],
    request_key: UUID,
    lead_id: UUID | None = None,
    leads: Mapping[int, UUID | None] | None = None,
    left_out: Collection[int] = (),
    told: Told = Told.MAIL,
    override: Override | None = None,
) -> list[Appointment]:
    """Book every session of the order that has no visit and is not left out, all or nothing; by session number.

    `leads` names a clinician for single sessions, `lead_id` one for all others. The first session, and repeats that
    the physician has released, are booked; other repeats are provisional: they hold their resources and tell the
    patient nothing. What is left out stays on the order. The same `request_key` books once. Raises SessionTaken naming
    the sessions that somebody else was faster with, BookingRefused, InvalidInput, Conflict; nothing is written then.
    """
    order = reading.order(order_id, by=by, permission=Permission.BOOK)
    if done := _booked_with(order, request_key):
        return done
    clinicians = {number: (leads or {}).get(number, lead_id) for number in starts}
    requests = _requests(order, starts, clinicians, request_key, left_out, told)
    for attempt in range(_TEAMS_TRIED):
        # Lost to somebody faster: choose teams anew, which also finds out whose session it was.
        plans = _planned(requests, turn=booking.turn_of(attempt))
        try:
            return _book(order_id=order_id, plans=plans, by=by, override=override)
        except SlotTaken as error:
            lost = error
    raise lost


@use_case
def _book(
    *, order_id: UUID, plans: Sequence[VisitPlan], by: Actor, override: Override | None
) -> list[Appointment]:
    sessions = {plan.request.purpose for plan in plans if plan.request.purpose is not None}
    order = reading.order(order_id, by=by, permission=Permission.BOOK)
    locks.take(
        resource={key for plan in plans for key in plan.resource_ids},
        patient=[order.patient_id],
        course=[order.course_id],
        session=sessions,
    )
    order.refresh_from_db(fields=["status"])
    if order.status == OrderStatus.WITHDRAWN:
        raise Conflict(_("The physician has withdrawn this order."))
    if not sessions <= {session.pk for session in orders.unbooked(order.course)}:
        if done := _booked_with(order, plans[0].request.request_key):
            return done
        raise Conflict(_("Somebody else has booked sessions of this course meanwhile. Reload the page."))
    appointments = booking.book_many(plans=plans, by=by, override=override)
    audit.record("treatments.order.booked", by=by, about=[order], detail={"sessions": len(appointments)})
    return appointments


def _requests(
    order: Order,
    starts: Mapping[int, dt.datetime],
    leads: Mapping[int, UUID | None],
    request_key: UUID,
    left_out: Collection[int],
    told: Told,
) -> list[tuple[int, VisitRequest]]:
    unbooked = orders.unbooked(order.course)
    if not unbooked:
        raise Conflict(_("Every session of this course is booked."))
    sessions = [session for session in unbooked if session.number not in left_out]
    if not sessions:
        raise InvalidInput(_("Every session is left out: there is nothing to book."), field="starts")
    if missing := [str(session.number) for session in sessions if session.number not in starts]:
        raise InvalidInput(
            _("Choose a time for session %(numbers)s.") % {"numbers": ", ".join(missing)}, field="starts"
        )
    released = set(
        order.course.reviews.filter(decision__in=GOES_ON, superseded_at__isnull=True).values_list(
            "before_session", flat=True
        )
    )
    return [
        (
            session.number,
            VisitRequest(
                patient_id=order.patient_id,
                visit_type_id=order.course.protocol_version.session_visit_id,
                site_id=order.site_id,
                start=starts[session.number],
                lead_id=leads.get(session.number),
                purpose=session.pk,
                status=_status(session.number, released),
                told=told,
                request_key=_key(request_key, session.number),
            ),
        )
        for session in sessions
    ]


def _status(number: int, released: set[int]) -> AppointmentStatus:
    return AppointmentStatus.BOOKED if number == 1 or number in released else AppointmentStatus.PROVISIONAL


def _planned(requests: Sequence[tuple[int, VisitRequest]], *, turn: int) -> list[VisitPlan]:
    """A team for each session; SessionTaken names every one that has none."""
    plans: list[VisitPlan] = []
    taken: dict[int, Sequence[str]] = {}
    for number, request in requests:
        try:
            plans += booking.plan([request], turn=turn)
        except SlotTaken as error:
            taken[number] = error.taken
    if taken:
        raise SessionTaken(taken)
    return plans


def _key(request_key: UUID, number: int) -> UUID:
    return uuid5(request_key, f"session {number}")


def _booked_with(order: Order, request_key: UUID | None) -> list[Appointment]:
    """What an earlier sending of the same form booked."""
    if request_key is None:
        return []
    numbers = order.course.sessions.values_list("number", flat=True)
    keys = [request_key, *(_key(request_key, number) for number in numbers)]
    return list(
        Appointment.objects.filter(request_key__in=keys, patient_id=order.patient_id).order_by("period")
    )
