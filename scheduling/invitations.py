"""A visit as a calendar file (RFC 5545, 5546): one UID for its life, SEQUENCE from `told_rev`, times in UTC."""

import datetime as dt

from icalendar import Calendar, Event

from clinic import clock
from clinic.messaging import Attachment

PUBLISH = "PUBLISH"


def calendar_file(
    *, visit: str, told_rev: int, start: dt.datetime, end: dt.datetime, address: str, is_off: bool
) -> bytes:
    """The same entry for somebody to put into their calendar themselves: nobody is invited, nothing is answered."""
    return _file(
        PUBLISH, visit=visit, told_rev=told_rev, start=start, end=end, address=address, is_off=is_off
    )


def invitation_to(
    *,
    visit: str,
    told_rev: int,
    start: dt.datetime,
    end: dt.datetime,
    address: str,
    is_off: bool,
    number: int | None = None,
) -> Attachment:
    """The file of one visit, which names no treatment.

    `number` tells it from others of the same mail. Such a file is attached and not offered as another form of the
    text: a mailbox acts on one calendar of a mail, and a REQUEST or CANCEL of RFC 5546 has one UID (3.2.2, 3.2.5).
    """
    method = "CANCEL" if is_off else "REQUEST"
    content = _file(
        method, visit=visit, told_rev=told_rev, start=start, end=end, address=address, is_off=is_off
    )
    return Attachment(
        f"invite-{number}.ics" if number else "invite.ics",
        content,
        f"text/calendar; method={method}; charset=utf-8",
        alternative=number is None,
    )


def _file(
    method: str,
    *,
    visit: str,
    told_rev: int,
    start: dt.datetime,
    end: dt.datetime,
    address: str,
    is_off: bool,
) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", "-//appointments//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    event = Event()
    event.add("uid", visit)
    event.add("sequence", told_rev)
    event.add("dtstamp", clock.now())
    event.add("dtstart", start)
    event.add("dtend", end)
    event.add("summary", "Appointment")
    event.add("location", address)
    event.add("status", "CANCELLED" if is_off else "CONFIRMED")
    calendar.add_component(event)
    content: bytes = calendar.to_ical()
    return content
