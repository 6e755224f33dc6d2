"""A feed's entries as iCalendar (RFC 5545), by the icalendar package. Titles name neither a patient nor a treatment:
calendars are synchronised to phones and to other people's servers. What is inside stands behind the link's sign-in."""

import datetime as dt
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from icalendar import Calendar, Event, vText

from scheduling.models import Resource
from scheduling.selectors.feeds import Contents, Entry
from scheduling.views.vtimezone import vtimezone

REFRESH = dt.timedelta(minutes=15)


def as_ics(resource: Resource, contents: Contents) -> bytes:
    """The same bytes for the same entries: DTSTAMP is when an entry last changed, not when it was read."""
    calendar = Calendar()
    calendar.add("prodid", "-//appointments//staff calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("x-wr-calname", vText(f"{settings.PRODUCT_NAME}: {resource.name}"))
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT15M")
    zones = {entry.site.zone for entry in contents.entries if entry.site}
    years = [moment.year for entry in contents.entries for moment in (entry.start, entry.end)]
    for zone in sorted(zones, key=lambda zone: zone.key):
        calendar.add_component(vtimezone(zone, min(years) - 1, max(years) + 1))
    for entry in contents.entries:
        calendar.add_component(_event(entry))
    body: bytes = calendar.to_ical()
    return body


def _event(entry: Entry) -> Event:
    zone = entry.site.zone if entry.site else None
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", _second(entry.changed_at))
    event.add("last-modified", _second(entry.changed_at))
    event.add("dtstart", _wall(entry.start, zone))
    event.add("dtend", _wall(entry.end, zone))
    event.add("summary", _title(entry))
    event.add("status", _status(entry))
    event.add("transp", "OPAQUE" if entry.busy else "TRANSPARENT")
    event.add("class", "PRIVATE")
    if entry.site is not None:
        event.add("location", ", ".join(part for part in (entry.place, entry.site.name) if part))
    if entry.appointment_id is not None:
        url = settings.PUBLIC_URL + reverse("scheduling:appointment-detail", args=[entry.appointment_id])
        event.add("url", url)
        event.add("description", _("Who and what: %(url)s (asks for your sign-in)") % {"url": url})
    return event


def _title(entry: Entry) -> str:
    word = {
        "visit": _("Visit"),
        "squeeze": _("Squeeze-in"),
        "hold": _("Kept free"),
        "away": _("Away"),
    }[entry.kind]
    return f"{word}, {entry.place}" if entry.place else word


def _status(entry: Entry) -> str:
    if entry.cancelled:
        return "CANCELLED"
    return "TENTATIVE" if entry.tentative else "CONFIRMED"


def _wall(instant: dt.datetime, zone: ZoneInfo | None) -> dt.datetime:
    return instant.astimezone(zone or dt.UTC)


def _second(instant: dt.datetime) -> dt.datetime:
    return instant.astimezone(dt.UTC).replace(microsecond=0)
