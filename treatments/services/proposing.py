"""The best plan for the sessions of a course that have no visit yet. A read: nothing is held by asking.

Availability is asked once for the whole horizon, then `course_plan` chooses. What a person has pinned stays, what they
left out keeps its room, and the rest is planned around both.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import clock
from clinic.actors import Actor
from clinic.enums import Permission
from scheduling import rules
from scheduling.models import Allocation, Appointment, Resource
from scheduling.rules import Refusal, StartRequest
from scheduling.selectors import away
from treatments.enums import Urgency
from treatments.models import Order, ProtocolVersion, Session
from treatments.policies import course_plan
from treatments.policies.course_plan import LATE, Aim, Band, Candidate, Place
from treatments.selectors import courses, orders
from treatments.services import horizon, reading
from treatments.services.horizon import Choice, Horizon, Wishes

LONGEST = dt.timedelta(days=365)
_ROOM = dt.timedelta(days=60)
OFFERED_DAYS = 5
OFFERED_A_DAY = 4
_LOOKED_AROUND = 28
MORNING = dt.time(9)
_HURRY = {Urgency.URGENT: 4, Urgency.SOON: 2, Urgency.ROUTINE: 1}
"""How much more a day of waiting counts."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the person at the desk has decided so far, by session number."""

    pinned: Mapping[int, Choice] = field(default_factory=dict)
    days: Mapping[int, dt.date] = field(default_factory=dict)
    """Another day for a session: the best start on it."""
    left_out: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class Moving:
    """A booked visit that may be moved, and where it stands. One that `stays` keeps its place while the limits allow."""

    visit: Appointment
    at: Choice
    stays: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One session of the plan: what is proposed for it, what else could be, and what to know about it."""

    session: Session
    chosen: Choice | None
    others: Sequence[Choice] = ()
    lead: Resource | None = None
    after: int | None = None
    """The number of the session before it that has a day."""
    gap: int | None = None
    """Days since that one."""
    refusals: Sequence[Refusal] = ()
    is_pinned: bool = False
    is_left_out: bool = False
    note: str = ""
    was: Choice | None = None
    """Where its visit stands now, when it is being moved."""

    @property
    def number(self) -> int:
        return self.session.number


@dataclass(frozen=True, slots=True)
class Past:
    """A session that is done or booked already: a fixed point of the plan."""

    number: int
    start: dt.datetime
    lead: Resource | None
    done: bool


@dataclass(frozen=True, slots=True)
class CoursePlan:
    """A proposal. `band` is what the protocol allows from one session to the next."""

    order: Order
    band: Band
    steps: Sequence[Step]
    past: Sequence[Past] = ()
    leads: Mapping[UUID, Resource] = field(default_factory=dict)
    keeps_band: bool = True
    """Whether every gap that could be chosen keeps the protocol's limits."""

    @property
    def starts(self) -> list[dt.datetime]:
        return [step.chosen.start for step in self.steps if step.chosen is not None]

    @property
    def to_book(self) -> list[Step]:
        return [step for step in self.steps if step.chosen is not None]

    @property
    def is_complete(self) -> bool:
        """Whether every session that was not left out has a start, and there is one at all."""
        kept = [step for step in self.steps if not step.is_left_out]
        return bool(kept) and all(step.chosen is not None for step in kept)


def propose(
    *,
    by: Actor,
    order_id: UUID,
    wishes: Wishes,
    wanted: Wanted | None = None,
    moving: Mapping[int, Moving] | None = None,
) -> CoursePlan:
    """A start with a clinician for every session that has no visit yet and was not left out; with `moving`, for those
    sessions instead, whose visits do not stand in each other's way.

    Each gap lies within the protocol's limits, unless a person pinned both ends or nothing else is free: then the
    steps say so in their `refusals`. A constant number of queries. The answer may be outdated when it is booked.
    """
    order = reading.order(order_id, by=by, permission=Permission.BOOK)
    return _Planner(order, wishes, wanted or Wanted(), moving or {}).plan()


def band_of(version: ProtocolVersion) -> Band:
    """What the protocol asks from one session to the next, in days."""
    return Band(version.interval_warn_days, version.interval_max_days, version.interval_days)


class _Planner:
    """One proposal: its facts, read once, and the steps from them to the plan."""

    def __init__(self, order: Order, wishes: Wishes, wanted: Wanted, moving: Mapping[int, Moving]) -> None:
        self.order, self.wishes, self.wanted, self.moving = order, wishes, wanted, moving
        self.version = order.course.protocol_version
        self.zone = order.site.zone
        self.band = band_of(self.version)
        self.sessions = orders.numbered(order.course, moving) if moving else orders.unbooked(order.course)
        self.notes: dict[int, str] = {}
        self.keeps_band = True
        self.past = self._past()

    def plan(self) -> CoursePlan:
        if not self.sessions:
            return CoursePlan(self.order, self.band, [], self.past)
        free = self._horizon()
        usual = self._usual_time(free)
        places = self._places(free, usual)
        chosen = self._choose(places)
        refusals = self._refusals(chosen)
        steps = [self._step(session, chosen, free, refusals) for session in self.sessions]
        return CoursePlan(self.order, self.band, steps, self.past, free.leads, self.keeps_band)

    def _past(self) -> list[Past]:
        """Sessions that are done or booked, with the clinician they are with. Four queries."""
        if not self.sessions:
            return []
        series = courses.series([self.sessions[0].pk])[self.sessions[0].pk]
        held = Allocation.objects.filter(
            appointment__purpose__in=[row.pk for row in series.siblings], active=True, is_lead=True
        ).select_related("resource", "appointment")
        leads = {row.appointment.purpose: row.resource for row in held if row.appointment is not None}
        found = []
        for row in series.siblings:
            visit = series.visits.get(row.pk)
            start = row.injected_at or (visit.period.lower if visit is not None else None)
            if start is not None and row.number not in self.moving:
                found.append(Past(row.number, start, leads.get(row.pk), row.injected_at is not None))
        return sorted(found, key=lambda past: past.number)

    def _horizon(self) -> Horizon:
        reach = dt.timedelta(days=self.band.most * (len(self.sessions) + len(self.past))) + _ROOM
        latest = self.wishes.earliest + min(reach, LONGEST)
        spans = away.of_patients(
            [self.order.patient_id],
            first=self.wishes.earliest.date(),
            last=latest.date() + dt.timedelta(days=1),
        )
        return horizon.read(
            visit_type_id=self.version.session_visit_id,
            site_id=self.order.site_id,
            patient_id=self.order.patient_id,
            wishes=self.wishes,
            latest=latest,
            zone=self.zone,
            moving=[each.visit.pk for each in self.moving.values()],
            away=away.days(spans.get(self.order.patient_id, [])),
        )

    def _usual_time(self, free: Horizon) -> dt.time:
        """The wall time of the last visit, else of the first pinned session, else of the first start that is free."""
        pinned = [self.wanted.pinned[number].start for number in sorted(self.wanted.pinned)]
        standing = [self.moving[number].at.start for number in sorted(self.moving)]
        known = standing[:1] or [past.start for past in self.past[-1:]] or pinned[:1]
        first = known[0] if known else free.first(self.wishes.earliest)
        return first.astimezone(self.zone).time() if first else MORNING

    def _places(self, free: Horizon, usual: dt.time) -> list[Place]:
        everything = free.candidates(usual)
        places = [
            Place(past.number, [self._fixed(past.start, past.lead.pk if past.lead else None)], is_fixed=True)
            for past in self.past
        ]
        for session in self.sessions:
            if session.number not in self.wanted.left_out:
                fixed = self._fixed_for(session.number, free, usual)
                places.append(
                    Place(
                        session.number,
                        fixed or self._with_its_own(session.number, everything),
                        is_fixed=bool(fixed),
                    )
                )
        return sorted(places, key=lambda place: place.number)

    def _with_its_own(self, number: int, everything: list[Candidate]) -> list[Candidate]:
        """Where a visit stands already is a candidate too, and every other start disturbs it."""
        moving = self.moving.get(number)
        if moving is None or not moving.stays:
            return everything
        own = self._fixed(moving.at.start, moving.at.lead_id)
        others = [
            each._replace(disturbs=True)
            for each in everything
            if (each.day, each.lead) != (own.day, own.lead)
        ]
        return sorted([own, *others], key=attrgetter("start"))

    def _fixed_for(self, number: int, free: Horizon, usual: dt.time) -> list[Candidate]:
        """What a person has decided for a session, where it can still be had."""
        if day := self.wanted.days.get(number):
            found = sorted(free.on_day(day, usual), key=lambda each: (each.minutes_off, each.start))
            if not found:
                self.notes[number] = _("Nothing is free on that day. This is the nearest that suits.")
            return sorted(found, key=lambda each: each.start)
        pin = self.wanted.pinned.get(number)
        if pin is None:
            return []
        if not free.is_free(pin):
            self.notes[number] = _("The time chosen before is not free any more.")
            return []
        leads = free.leads_at(pin.start) if pin.lead_id is None else [pin.lead_id]
        return [self._fixed(pin.start, lead) for lead in leads]

    def _fixed(self, start: dt.datetime, lead_id: UUID | None) -> Candidate:
        return Candidate(start.astimezone(self.zone).date().toordinal(), start, lead_id)

    def _choose(self, places: list[Place]) -> dict[int, Candidate]:
        """Within the protocol's limits; else down to what it refuses; else without the last sessions."""
        last = self.past[-1].lead if self.past else None
        lead = self.wishes.lead_id or (last.pk if last else self.order.course.physician_id)
        earliest = self.wishes.earliest.astimezone(self.zone).date().toordinal()
        aim = Aim(earliest, lead, LATE * _HURRY[Urgency(self.order.urgency)])
        wide = Band(self.version.interval_block_days or 1, LONGEST.days, self.band.planned)
        while places:
            for band in (self.band, wide):
                chosen = course_plan.choose(places, band, aim)
                if chosen is not None:
                    self.keeps_band = band is self.band
                    return {place.number: each for place, each in zip(places, chosen, strict=True)}
            open_ = [place for place in places if not place.is_fixed]
            if not open_:
                return {place.number: place.candidates[0] for place in places}
            places.remove(open_[-1])
        return {}

    def _refusals(self, chosen: Mapping[int, Candidate]) -> dict[dt.datetime, list[Refusal]]:
        """What the start rules say to the plan as a whole: each session asked with the others at their places."""
        planned = {
            session.pk: chosen[session.number].start for session in self.sessions if session.number in chosen
        }
        requests = [
            StartRequest(
                self.order.site_id,
                self.version.session_visit_id,
                (start,),
                self.order.patient_id,
                appointment_id=self.moving[session.number].visit.pk if self.moving else None,
                purpose=session.pk,
                planned=planned,
            )
            for session in self.sessions
            if (start := planned.get(session.pk))
        ]
        found: dict[dt.datetime, list[Refusal]] = {}
        for refusal in rules.ask(requests) if requests else []:
            found.setdefault(refusal.start, []).append(refusal)
        return found

    def _step(
        self,
        session: Session,
        chosen: Mapping[int, Candidate],
        free: Horizon,
        refusals: Mapping[dt.datetime, Sequence[Refusal]],
    ) -> Step:
        number = session.number
        was = self.moving[number].at if number in self.moving else None
        if number in self.wanted.left_out:
            return Step(session, None, is_left_out=True, was=was)
        if number not in chosen:
            return Step(session, None, note=self.notes.get(number, ""), was=was)
        each = chosen[number]
        before = max((other for other in chosen if other < number), default=None)
        lead_id = each.lead if isinstance(each.lead, UUID) else None
        pick = Choice(each.start, lead_id)
        return Step(
            session,
            pick,
            others=self._others(number, pick, chosen, free),
            lead=free.leads.get(lead_id) if lead_id else None,
            after=before,
            gap=each.day - chosen[before].day if before is not None else None,
            refusals=refusals.get(pick.start, ()),
            is_pinned=self._is_kept(number),
            note=self.notes.get(number, ""),
            was=was,
        )

    def _is_kept(self, number: int) -> bool:
        return number not in self.notes and (number in self.wanted.pinned or number in self.wanted.days)

    def _others(
        self, number: int, pick: Choice, chosen: Mapping[int, Candidate], free: Horizon
    ) -> list[Choice]:
        """Starts on the days around that keep the limits to the session before, and to a fixed one after."""
        day = pick.start.astimezone(self.zone).date()
        low, high = dt.date.min, dt.date.max
        before = max((other for other in chosen if other < number), default=None)
        if before is not None:
            origin = dt.date.fromordinal(chosen[before].day)
            low = origin + dt.timedelta(days=self.band.least * (number - before))
            high = origin + dt.timedelta(days=self.band.most * (number - before))
        fixed = [past.number for past in self.past] + [n for n in chosen if self._is_kept(n)]
        after = min((other for other in fixed if other > number), default=None)
        if after is not None:
            limit = dt.date.fromordinal(chosen[after].day)
            high = min(high, limit - dt.timedelta(days=self.band.least * (after - number)))
        around = sorted(range(-_LOOKED_AROUND, _LOOKED_AROUND + 1), key=lambda n: (abs(n), n))
        offered: list[tuple[dt.date, list[Choice]]] = []
        known = set(free.days)
        for shift in around:
            other = day + dt.timedelta(days=shift)
            if len(offered) == OFFERED_DAYS:
                break
            if other in known and low <= other <= high and free.suits(other):
                found = [
                    each for each in free.offers(other, pick, OFFERED_A_DAY + 1) if each.start != pick.start
                ]
                found = found[:OFFERED_A_DAY]
                offered += [(other, found)] if found else []
        return [choice for _day, choices in sorted(offered, key=lambda pair: pair[0]) for choice in choices]


def earliest_of(day: dt.date, order: Order) -> dt.datetime:
    """The first instant of a day at the order's site, or now where that is later."""
    return max(clock.local(day, dt.time(0), order.site.zone), clock.now())
