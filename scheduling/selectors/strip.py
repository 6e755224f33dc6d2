"""What the day asks of the desk before anybody rings: counts for the strip, and the lists behind them."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic import clock
from clinic.models import Site
from clinic.selectors.home import troubled_mails
from clinic.selectors.tasks import call_backs, open_tasks
from scheduling import duties
from scheduling.duties import Count, Light
from scheduling.enums import AppointmentStatus
from scheduling.models import Appointment
from scheduling.selectors import names
from scheduling.selectors.disruption import REBOOK
from scheduling.selectors.visits import with_parts

AHEAD = 2
"""Days after today that the strip looks at."""

_COMING = (AppointmentStatus.PROVISIONAL, AppointmentStatus.BOOKED, AppointmentStatus.CONFIRMED)


@dataclass(frozen=True, slots=True)
class Outlook:
    """The visits from the beginning of today to the end of the second day after it, in time order."""

    visits: Sequence[Appointment]
    now: dt.datetime
    today_ends: dt.datetime

    @property
    def coming(self) -> list[Appointment]:
        return [visit for visit in self.visits if visit.period.lower > self.now and visit.status in _COMING]

    @property
    def unconfirmed(self) -> list[Appointment]:
        """Told, not confirmed, still to come."""
        return [visit for visit in self.coming if visit.status == AppointmentStatus.BOOKED]

    def not_ready(self) -> list[tuple[Appointment, Light]]:
        """Still to come with something open, or nothing known. One query for each source."""
        coming = self.coming
        lights = duties.lights(coming)
        return [
            (visit, lights[visit.pk]) for visit in coming if lights.get(visit.pk, Light.READY) != Light.READY
        ]

    def numbers(self, visit: Appointment) -> list[str]:
        """The patient's phone numbers, in the order in which to try them. For an outlook with `parts`."""
        return [phone.e164 for phone in visit.patient.phones.all()]

    @property
    def same_names(self) -> list[Appointment]:
        """Of today, those of people who could be taken for each other."""
        today = [visit for visit in self.visits if visit.period.lower < self.today_ends]
        alike = names.alike({visit.patient_id: visit.patient for visit in today}.values())
        return [visit for visit in today if visit.patient_id in alike]


def outlook(*, site: Site, parts: bool = False) -> Outlook:
    """One query, or four with everything that a list of visits shows."""
    today = clock.today(site.zone)
    start, today_ends = clock.day_bounds(today, site.zone)
    _start, end = clock.day_bounds(today + dt.timedelta(days=AHEAD), site.zone)
    rows = Appointment.objects.filter(
        site=site, period__overlap=(start, end), period__startswith__gte=start, period__startswith__lt=end
    ).exclude(status=AppointmentStatus.CANCELLED)
    rows = with_parts(rows).prefetch_related("patient__phones") if parts else rows.select_related("patient")
    return Outlook(list(rows.order_by("period", "pk")), clock.now(), today_ends)


def counts(*, site: Site) -> list[Count]:
    """Every count of the strip, in the order in which the desk works. A constant number of queries."""
    ahead = outlook(site=site)
    first = [
        Count(len(ahead.unconfirmed), _("not confirmed"), _("all confirmed"), "scheduling:unconfirmed"),
        Count(len(ahead.not_ready()), _("not ready"), _("all ready"), "scheduling:not-ready"),
    ]
    to_move = open_tasks(site_id=site.pk).filter(kind=REBOOK).count()
    if to_move:
        word = ngettext("visit to move", "visits to move", to_move)
        first.append(Count(to_move, word, "", "scheduling:to-move", is_urgent=True))
    due = call_backs(site_id=site.pk, until=ahead.today_ends).count()
    failed = troubled_mails(site_id=site.pk)
    last = [
        Count(due, _("to call back"), _("nobody to call back"), "clinic:task-list", "?show=calls"),
        Count(
            failed,
            ngettext("mail failed", "mails failed", failed),
            _("no mail failed"),
            "clinic:message-list",
            "?show=attention",
            is_urgent=True,
        ),
        Count(len(ahead.same_names), _("same name today"), _("no same names"), "scheduling:same-names"),
    ]
    return [*first, *duties.counts(site), *last]


def lights_of(visits: Sequence[Appointment]) -> dict[UUID, Light]:
    """The light of readiness of each visit that has one: for those not over."""
    over = (AppointmentStatus.COMPLETED, AppointmentStatus.CANCELLED, AppointmentStatus.NO_SHOW)
    return duties.lights([visit for visit in visits if visit.status not in over])
