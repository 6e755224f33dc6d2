"""The best plan for the sessions of a course that have no visit yet. A read: nothing is held by asking.

Availability is asked once for the whole horizon, then `course_plan` chooses. What a person has pinned stays, what they
left out keeps its room, and the rest is planned around both.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from uuid import UUID

from clinic.actors import Actor
from clinic.enums import Permission
from scheduling import rules
from scheduling.models import Allocation
from scheduling.rules import Refusal, StartRequest
from scheduling.selectors import away
from treatments.enums import Urgency
from treatments.models import Order, ProtocolVersion, Session
from treatments.policies import course_plan
from treatments.policies.course_plan import LATE, Aim, Band, Candidate, Place
from treatments.selectors import courses, orders
from treatments.services import alternatives, horizon, reading
from treatments.services.horizon import Choice, Horizon, Wishes
from treatments.services.places import Places
from treatments.services.proposals import CoursePlan, Moving, Past, Step, Wanted

LONGEST = dt.timedelta(days=365)
_ROOM = dt.timedelta(days=60)
MORNING = dt.time(9)
_HURRY = {Urgency.URGENT: 4, Urgency.SOON: 2, Urgency.ROUTINE: 1}
"""How much more a day of waiting counts."""


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
        self.keeps_band = True
        self.past = self._past()

    def plan(self) -> CoursePlan:
        if not self.sessions:
            return CoursePlan(self.order, self.band, [], self.past)
        free = self._horizon()
        places = Places(free, self._usual_time(free), self.wanted, self.moving)
        chosen = self._choose(places.of([session.number for session in self.sessions], self.past))
        refusals = self._refusals(chosen)
        steps = [self._step(session, chosen, places, refusals) for session in self.sessions]
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
        places: Places,
        refusals: Mapping[dt.datetime, Sequence[Refusal]],
    ) -> Step:
        number = session.number
        was = self.moving[number].at if number in self.moving else None
        if number in self.wanted.left_out:
            return Step(session, None, is_left_out=True, was=was)
        if number not in chosen:
            return Step(session, None, note=places.notes.get(number, ""), was=was)
        each = chosen[number]
        before = max((other for other in chosen if other < number), default=None)
        lead_id = each.lead if isinstance(each.lead, UUID) else None
        pick = Choice(each.start, lead_id)
        return Step(
            session,
            pick,
            others=alternatives.around(
                number,
                pick,
                chosen=chosen,
                fixed=[*(past.number for past in self.past), *filter(places.is_kept, chosen)],
                band=self.band,
                free=places.free,
            ),
            lead=places.free.leads.get(lead_id) if lead_id else None,
            after=before,
            gap=each.day - chosen[before].day if before is not None else None,
            refusals=refusals.get(pick.start, ()),
            is_pinned=places.is_kept(number),
            note=places.notes.get(number, ""),
            was=was,
        )
