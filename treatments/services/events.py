"""Adverse events: recorded as seen, judged by a physician, followed to their end."""

import datetime as dt
from dataclasses import asdict, replace
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import InvalidInput, NotFound, StaleVersion
from clinic.transactions import use_case
from treatments.data import EventData
from treatments.enums import Causality, EventOutcome, EventTerm, Seriousness
from treatments.models import AdverseEvent, Course
from treatments.policies import events as rules
from treatments.selectors import reviews as gates
from treatments.services import gate_watch, reading
from treatments.services.outcomes import check_day


@use_case
def record(*, by: Actor, course_id: UUID, data: EventData) -> AdverseEvent:
    """Write something that went wrong. Raises InvalidInput beside the field that contradicts another."""
    locks.take(course=[course_id])
    course = reading.course(course_id, by=by, permission=Permission.RECORD_CLINICAL)
    event = AdverseEvent(
        site_id=course.site_id,
        course=course,
        recorded_by_id=reading.person(by),
        recorded_at=clock.now(),
    )
    _write(event, data, course)
    audit.record(
        "treatments.adverse_event.recorded",
        by=by,
        about=[event],
        patient_id=course.patient_id,
        detail={"grade": event.grade, "serious": event.is_serious},
    )
    _stop_if_grave(event, course, by=by)
    return event


@use_case
def correct(*, by: Actor, event_id: UUID, data: EventData, version: int) -> AdverseEvent:
    """Write it anew with what is known now; history keeps what stood before. A stale form is refused."""
    event, course = _locked(event_id, by=by, permission=Permission.RECORD_CLINICAL)
    was_grave = _is_grave(event, course)
    if event.version != version:
        raise StaleVersion(
            _("Somebody else has saved this event since you opened it. Compare, then save again."),
            current_version=event.version,
        )
    _write(event, data, course)
    audit.record(
        "treatments.adverse_event.corrected",
        by=by,
        about=[event],
        patient_id=course.patient_id,
        detail={"grade": event.grade, "serious": event.is_serious},
    )
    if not was_grave:
        _stop_if_grave(event, course, by=by)
    return event


@use_case
def assess(*, by: Actor, event_id: UUID, causality: str) -> AdverseEvent:
    """A physician's judgement: did the treatment cause it? Kept with author and time."""
    event, course = _locked(event_id, by=by, permission=Permission.DECIDE_COURSE)
    if causality not in Causality.values:
        raise InvalidInput(_("Choose one of the listed judgements."), field="causality")
    event.causality, event.assessed_by_id, event.assessed_at = causality, reading.person(by), clock.now()
    event.version += 1
    event.save(update_fields=["causality", "assessed_by", "assessed_at", "version"])
    audit.record(
        "treatments.adverse_event.assessed",
        by=by,
        about=[event],
        patient_id=course.patient_id,
        detail={"causality": causality},
    )
    return event


@use_case
def resolve(*, by: Actor, event_id: UUID, resolved_on: dt.date) -> AdverseEvent:
    """Say since when it is over."""
    event, _course = _locked(event_id, by=by, permission=Permission.RECORD_CLINICAL)
    data = replace(read(event), resolved_on=resolved_on, outcome=EventOutcome.RESOLVED)
    return correct(by=by, event_id=event_id, data=data, version=event.version)


def read(event: AdverseEvent) -> EventData:
    """The event as its form shows it."""
    return EventData(**{name: getattr(event, name) for name in EventData.__slots__})


def _is_grave(event: AdverseEvent, course: Course) -> bool:
    return gates.is_grave(event, course.protocol_version.clinical.gate)


def _stop_if_grave(event: AdverseEvent, course: Course, *, by: Actor) -> None:
    """A grave event stops the course at its gate and makes a task."""
    if _is_grave(event, course):
        gate_watch.grave_event(course, by=by)


def _locked(event_id: UUID, *, by: Actor, permission: Permission) -> tuple[AdverseEvent, Course]:
    course_id = AdverseEvent.objects.filter(pk=event_id).values_list("course_id", flat=True).first()
    if course_id is None:
        raise NotFound(_("There is no such event."))
    locks.take(course=[course_id])
    course = reading.course(course_id, by=by, permission=permission)
    return AdverseEvent.objects.get(pk=event_id), course


def _write(event: AdverseEvent, data: EventData, course: Course) -> None:
    rules.check(data)
    check_day(data.started_on, course, field="started_on")
    if data.resolved_on is not None:
        check_day(data.resolved_on, course, field="resolved_on")
    if data.session_id is not None and not course.sessions.filter(pk=data.session_id).exists():
        raise InvalidInput(_("That session belongs to another course."), field="session")
    for name, value in asdict(data).items():
        setattr(event, name, value)
    event.code, event.seriousness = EventTerm(data.code), data.seriousness and Seriousness(data.seriousness)
    event.is_serious = bool(data.seriousness)
    event.version = 1 if event._state.adding else event.version + 1
    event.save()
