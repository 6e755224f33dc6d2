"""The desk plans a whole course: the first session where the patient can, the repeats at the protocol's interval."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import Conflict, InvalidInput
from clinic.transactions import use_case
from scheduling.enums import AppointmentStatus, RefusalLevel, Told
from scheduling.exceptions import SlotTaken
from scheduling.models import Appointment
from scheduling.rules import Override
from scheduling.services import availability, booking
from scheduling.services.availability import Slot
from scheduling.services.plans import VisitPlan, VisitRequest
from treatments.enums import Decision, OrderStatus
from treatments.models import Order, Session
from treatments.policies import intervals
from treatments.policies.intervals import Neighbour
from treatments.selectors import courses, orders
from treatments.services import reading

REPEAT_DAYS = 5
REPEAT_PER_DAY = 4
_NONE = dt.timedelta(0)
FIRST_REACHES = ((_NONE, dt.timedelta(days=8)), (_NONE, dt.timedelta(days=35)))
REPEAT_REACHES = (
    (dt.timedelta(days=3), dt.timedelta(days=4)),
    (dt.timedelta(days=12), dt.timedelta(days=21)),
)
"""How far around the wanted start to look, in days before and after: near first, further where nothing is free."""
FIRST_DAYS = 5
FIRST_PER_DAY = 6
_TEAMS_TRIED = 4


@dataclass(frozen=True, slots=True)
class Step:
    """One session of the plan: the start chosen for it, and others near by."""

    session: Session
    wanted: dt.datetime
    chosen: Slot | None
    others: list[Slot]

    @property
    def choices(self) -> list[Slot]:
        """Everything that can be chosen, in time order."""
        return sorted([*([self.chosen] if self.chosen else []), *self.others], key=lambda slot: slot.start)


@dataclass(frozen=True, slots=True)
class CoursePlan:
    """A proposal; nothing is held by making it."""

    order: Order
    steps: list[Step]

    @property
    def starts(self) -> list[dt.datetime]:
        return [step.chosen.start for step in self.steps if step.chosen is not None]

    @property
    def is_complete(self) -> bool:
        return len(self.starts) == len(self.steps)


class SessionTaken(SlotTaken):
    """A session of the plan cannot have its start any more: which one it is, and what is near."""

    def __init__(self, number: int, taken: Sequence[str]) -> None:
        super().__init__(
            [_("Session %(number)s: %(reason)s") % {"number": number, "reason": " ".join(taken)}]
        )
        self.number = number


def propose(
    *,
    by: Actor,
    order_id: UUID,
    earliest: dt.datetime,
    lead_id: UUID | None = None,
    chosen: Mapping[int, dt.datetime] | None = None,
) -> CoursePlan:
    """A start for every session that has no visit yet: `chosen` ones kept where they are free, the others nearest
    to the interval, on the same wall time with the same clinician.

    A read: nothing is held, and the answer may be outdated by the time it is booked.
    """
    order = reading.order(order_id, by=by, permission=Permission.BOOK)
    wishes = dict(chosen or {})
    steps: list[Step] = []
    interval = order.course.protocol_version.interval_days
    neighbours = _neighbours(order)
    previous = max((n.day for n in neighbours), default=None)
    wall = _usual_time(order)
    for session in orders.unbooked(order.course):
        wish = wishes.get(session.number)
        if wish is not None:
            wanted = wish
        elif previous is not None:
            wanted = max(clock.local(previous + dt.timedelta(days=interval), wall, order.site.zone), earliest)
        else:
            wanted = earliest
        slots = _near(order, session, wanted, lead_id, neighbours, first=previous is None and wish is None)
        pick = _pick(slots, wanted, first=previous is None and wish is None)
        steps.append(Step(session, wanted, pick, [slot for slot in slots if slot is not pick]))
        if pick is not None:
            local = pick.start.astimezone(order.site.zone)
            previous, wall = local.date(), local.time()
            neighbours = [*neighbours, Neighbour(session.number, local.date(), done=False)]
        else:
            previous = wanted.astimezone(order.site.zone).date()
    return CoursePlan(order, steps)


def book_course(
    *,
    by: Actor,
    order_id: UUID,
    starts: Mapping[int, dt.datetime],
    request_key: UUID,
    lead_id: UUID | None = None,
    told: Told = Told.MAIL,
    override: Override | None = None,
) -> list[Appointment]:
    """Book every session of the order that has no visit, all or nothing; `starts` by session number.

    The first session, and repeats that the physician has released, are booked; other repeats are
    provisional: they hold their resources and tell the patient nothing. The same `request_key` books
    once. Raises SessionTaken naming the session that somebody else was faster with.
    """
    order = reading.order(order_id, by=by, permission=Permission.BOOK)
    if done := _booked_with(order, request_key):
        return done
    requests = _requests(order, starts, request_key, lead_id, told)
    for _attempt in range(_TEAMS_TRIED):
        # Lost to somebody faster: choose teams anew, which also finds out whose session it was.
        plans = [_planned(number, request) for number, request in requests]
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
    if order.status == OrderStatus.WITHDRAWN:
        raise Conflict(_("The physician has withdrawn this order."))
    if sessions != {session.pk for session in orders.unbooked(order.course)}:
        if done := _booked_with(order, plans[0].request.request_key):
            return done
        raise Conflict(_("Somebody else has booked sessions of this course meanwhile. Reload the page."))
    appointments = booking.book_many(plans=plans, by=by, override=override)
    audit.record("treatments.order.booked", by=by, about=[order], detail={"sessions": len(appointments)})
    return appointments


def _requests(
    order: Order, starts: Mapping[int, dt.datetime], request_key: UUID, lead_id: UUID | None, told: Told
) -> list[tuple[int, VisitRequest]]:
    sessions = orders.unbooked(order.course)
    if not sessions:
        raise Conflict(_("Every session of this course is booked."))
    if missing := [str(session.number) for session in sessions if session.number not in starts]:
        raise InvalidInput(
            _("Choose a time for session %(numbers)s.") % {"numbers": ", ".join(missing)}, field="starts"
        )
    released = set(
        order.course.reviews.filter(decision__in=[Decision.CONTINUE, Decision.RE_EVALUATE]).values_list(
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
                lead_id=lead_id,
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


def _planned(number: int, request: VisitRequest) -> VisitPlan:
    try:
        return booking.plan([request])[0]
    except SlotTaken as error:
        raise SessionTaken(number, error.taken) from error


def _key(request_key: UUID, number: int) -> UUID:
    return uuid5(request_key, f"session {number}")


def _booked_with(order: Order, request_key: UUID | None) -> list[Appointment]:
    """What an earlier sending of the same form booked."""
    numbers = range(1, order.sessions + 1)
    if request_key is None:
        return []
    keys = [request_key, *(_key(request_key, number) for number in numbers)]
    return list(
        Appointment.objects.filter(request_key__in=keys, patient_id=order.patient_id).order_by("period")
    )


def _neighbours(order: Order) -> list[Neighbour]:
    """Sessions of the course that are done or have a visit."""
    sessions = orders.unbooked(order.course)
    if not sessions:
        return []
    return courses.series([sessions[0].pk])[sessions[0].pk].neighbours()


def _usual_time(order: Order) -> dt.time:
    """The wall time at which the course's last visit starts, else the morning."""
    last = (
        Appointment.objects.filter(purpose__in=order.course.sessions.values("pk")).order_by("-period").first()
    )
    local: dt.time = last.period.lower.astimezone(order.site.zone).time() if last else dt.time(9)
    return local


def _near(
    order: Order,
    session: Session,
    wanted: dt.datetime,
    lead_id: UUID | None,
    neighbours: Sequence[Neighbour],
    *,
    first: bool,
) -> list[Slot]:
    """Free starts around the wanted one that no interval forbids."""
    slots: list[Slot] = []
    for before, after in FIRST_REACHES if first else REPEAT_REACHES:
        slots = availability.free_starts(
            visit_type_id=order.course.protocol_version.session_visit_id,
            site_id=order.site_id,
            patient_id=order.patient_id,
            purpose=session.pk,
            lead_id=lead_id,
            earliest=wanted - before,
            latest=wanted + after,
        )
        if slots:
            break
    limits = courses.series([session.pk])[session.pk].limits
    zone = order.site.zone
    verdicts = {
        slot.start: intervals.interval(session.number, slot.start.astimezone(zone).date(), neighbours, limits)
        for slot in slots
    }
    allowed = [
        slot for slot in slots if (found := verdicts[slot.start]) is None or found.level != RefusalLevel.BLOCK
    ]
    return _spread(allowed, order) if first else _around(allowed, wanted, order)


def _spread(slots: Sequence[Slot], order: Order) -> list[Slot]:
    """A few starts of each of the first days, over the whole of each day."""
    days: dict[dt.date, list[Slot]] = {}
    for slot in slots:
        days.setdefault(slot.start.astimezone(order.site.zone).date(), []).append(slot)
    return [
        slot for day in list(days.values())[:FIRST_DAYS] for slot in day[:: -(-len(day) // FIRST_PER_DAY)]
    ]


def _around(slots: Sequence[Slot], wanted: dt.datetime, order: Order) -> list[Slot]:
    """On the days nearest to the wanted one, the starts nearest to its wall time."""
    zone = order.site.zone
    local = wanted.astimezone(zone)
    days: dict[dt.date, list[Slot]] = {}
    for slot in slots:
        days.setdefault(slot.start.astimezone(zone).date(), []).append(slot)
    nearest_days = sorted(days, key=lambda day: abs(day - local.date()))[:REPEAT_DAYS]

    def off(slot: Slot) -> int:
        at = slot.start.astimezone(zone)
        return abs((at.hour - local.hour) * 60 + at.minute - local.minute)

    return [slot for day in sorted(nearest_days) for slot in sorted(days[day], key=off)[:REPEAT_PER_DAY]]


def _pick(slots: Sequence[Slot], wanted: dt.datetime, *, first: bool) -> Slot | None:
    if first:
        return slots[0] if slots else None
    return min(slots, key=lambda slot: abs(slot.start - wanted), default=None)
