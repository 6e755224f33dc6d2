"""A patient says when they cannot come. From then on every start on those days carries a warning, whoever asks."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import InvalidInput, NotFound
from clinic.models import Patient, Site
from clinic.permissions import check
from clinic.transactions import use_case
from scheduling import rules
from scheduling.enums import RefusalLevel
from scheduling.models import PatientAway
from scheduling.rules import Refusal, StartRequest
from scheduling.selectors import away as reads

LONGEST = dt.timedelta(days=366)
CODE = "patient_away"


@use_case
def add(*, patient_id: UUID, first_day: dt.date, last_day: dt.date, by: Actor) -> PatientAway:
    """Keep the days from `first_day` to `last_day`, both included. The same days again change nothing.

    Visits booked on them stay: whoever enters the days sees them warned of. Raises InvalidInput for days that run
    backwards, are over, or are more than a year; NotFound for a patient who is not there any more.
    """
    check(by, Permission.BOOK)
    locks.take(patient=[patient_id])
    patient = Patient.objects.filter(pk=patient_id).first()
    if patient is None or not patient.is_active:
        raise NotFound(_("There is no such patient."))
    if last_day < first_day:
        raise InvalidInput(_("The last day comes before the first one."), field="last_day")
    if last_day < clock.now().date() - dt.timedelta(days=1):
        raise InvalidInput(_("These days have passed."), field="last_day")
    if last_day - first_day > LONGEST:
        raise InvalidInput(_("Enter at most a year at once."), field="last_day")
    span, created = PatientAway.objects.get_or_create(
        patient=patient,
        first_day=first_day,
        last_day=last_day,
        ended_at=None,
        defaults={"created_at": clock.now()},
    )
    if created:
        audit.record("scheduling.patient_away.added", by=by, about=[span], patient_id=patient_id)
    return span


@use_case
def end(*, away_id: UUID, by: Actor) -> PatientAway:
    """The patient can come after all. The row is kept; ending it twice changes nothing."""
    check(by, Permission.BOOK)
    found = PatientAway.objects.filter(pk=away_id).first()
    if found is None:
        raise NotFound(_("There is no such entry."))
    locks.take(patient=[found.patient_id])
    span = PatientAway.objects.get(pk=away_id)
    if span.ended_at is None:
        span.ended_at = clock.now()
        span.save(update_fields=["ended_at"])
        audit.record("scheduling.patient_away.ended", by=by, about=[span], patient_id=span.patient_id)
    return span


def refusals(requests: Sequence[StartRequest]) -> list[Refusal]:
    """The start rule: a warning for each start on a day on which the patient cannot come. Two queries."""
    asked = [request for request in requests if request.patient_id is not None and request.starts]
    if not asked:
        return []
    starts = [start for request in asked for start in request.starts]
    margin = dt.timedelta(days=1)
    spans = reads.of_patients(
        {request.patient_id for request in asked if request.patient_id is not None},
        first=min(starts).date() - margin,
        last=max(starts).date() + margin,
    )
    if not spans:
        return []
    sites = Site.objects.in_bulk({request.site_id for request in asked})
    found = []
    for request in asked:
        zone = sites[request.site_id].zone
        for span in spans.get(request.patient_id, []) if request.patient_id else []:
            words = _sentence(span)
            found += [
                Refusal(start, RefusalLevel.WARN, CODE, words, request=request)
                for start in request.starts
                if span.first_day <= start.astimezone(zone).date() <= span.last_day
            ]
    return found


def register() -> None:
    """Called once at start-up."""
    rules.register(CODE, refusals)


def _sentence(span: PatientAway) -> str:
    if span.first_day == span.last_day:
        return _("The patient said they cannot come on %(day)s.") % {
            "day": date_format(span.first_day, "j M")
        }
    return _("The patient said they cannot come from %(first)s to %(last)s.") % {
        "first": date_format(span.first_day, "j M"),
        "last": date_format(span.last_day, "j M"),
    }
