"""Days and times as the clinic writes them, always in the active time zone: "Tue 24 Nov, 09:30".

The year appears only where it could be misread, that is when it is not the current one.
"""

import datetime as dt

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from clinic import clock
from clinic.days import long_day

register = template.Library()

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def _local(value: dt.datetime) -> dt.datetime:
    return timezone.localtime(value) if timezone.is_aware(value) else value


def _day(value: dt.date | dt.datetime) -> dt.date:
    return _local(value).date() if isinstance(value, dt.datetime) else value


def _this_year() -> int:
    return _local(clock.now()).year


@register.filter
def clinic_day(value: dt.date | dt.datetime | None) -> str:
    """ "Tue 24 Nov", or "Tue 24 Nov 2027" in another year."""
    if not value:
        return ""
    day = _day(value)
    return date_format(day, "D j M" if day.year == _this_year() else "D j M Y")


@register.filter
def clinic_long_day(value: dt.date | dt.datetime | None) -> str:
    """ "Tuesday 24 November 2026", for letters, headings and print; in Spanish "martes 24 de noviembre de 2026"."""
    return long_day(_day(value)) if value else ""


@register.filter
def clinic_date(value: dt.date | dt.datetime | None) -> str:
    """ "24 Nov 1961": birth dates and dates of documents."""
    return date_format(_day(value), "j M Y") if value else ""


@register.filter
def clinic_time(value: dt.time | dt.datetime | None) -> str:
    """ "09:30", on the 24-hour clock in every language."""
    if value is None or value == "":
        return ""
    return (_local(value) if isinstance(value, dt.datetime) else value).strftime("%H:%M")


@register.filter
def clinic_when(value: dt.datetime | None) -> str:
    """ "Tue 24 Nov, 09:30"."""
    return f"{clinic_day(value)}, {clinic_time(value)}" if value else ""


@register.simple_tag
def when(value: dt.datetime | None, *, only: str = "") -> SafeString | str:
    """The same inside <time datetime>; `only` is "day" or "time"."""
    if not value:
        return ""
    words = {"day": clinic_day, "time": clinic_time}.get(only, clinic_when)(value)
    return format_html('<time datetime="{}">{}</time>', _local(value).isoformat(timespec="minutes"), words)


@register.simple_tag
def clinic_span(start: dt.datetime, end: dt.datetime) -> str:
    """From 09:30 to 10:45, joined by a dash; with both days where the end falls on another one."""
    if _day(start) == _day(end):
        return f"{clinic_time(start)}\u2013{clinic_time(end)}"
    return f"{clinic_when(start)} \u2013 {clinic_when(end)}"


@register.simple_tag
def clinic_period(start: dt.datetime, end: dt.datetime) -> str:
    """A closure or an absence: whole days as days, the last one included; hours only where they count."""
    if (clinic_time(start), clinic_time(end)) == ("00:00", "00:00") and start < end:
        first, last = _day(start), _day(end) - dt.timedelta(days=1)
        return clinic_day(first) if first == last else f"{clinic_day(first)} \u2013 {clinic_day(last)}"
    if _day(start) == _day(end):
        return f"{clinic_day(start)}, {clinic_span(start, end)}"
    return clinic_span(start, end)


@register.filter
def ago(value: dt.datetime | dt.date | None) -> str:
    """ "12 min ago", "in 3 days", "today": the distance to now, in one unit."""
    if not value:
        return ""
    now = clock.now()
    if not isinstance(value, dt.datetime):
        return _days((value - _local(now).date()).days)
    seconds = int((value - now).total_seconds())
    if abs(seconds) < _MINUTE:
        return gettext("just now")
    if abs(seconds) < _HOUR:
        return _signed(seconds, gettext("%d min") % (abs(seconds) // _MINUTE))
    days = (_day(value) - _local(now).date()).days
    if abs(seconds) < _DAY and abs(days) < 2:
        return _signed(seconds, gettext("%d h") % (abs(seconds) // _HOUR))
    return _days(days)


@register.filter
def minutes_left(value: dt.datetime) -> str:
    """ "14 min left", a begun minute counted; from three hours on as `ago` says it. For what has a clock."""
    minutes = -(-int((value - clock.now()).total_seconds()) // 60)
    return gettext("%d min left") % minutes if 0 <= minutes < 180 else ago(value)


def _days(days: int) -> str:
    if days == 0:
        return gettext("today")
    if days == 1:
        return gettext("tomorrow")
    if days == -1:
        return gettext("yesterday")
    if abs(days) >= 60:
        months = round(abs(days) / 30.44)
        if months >= 24:
            years = round(abs(days) / 365.25)
            return _signed(days, ngettext("%d year", "%d years", years) % years)
        return _signed(days, ngettext("%d month", "%d months", months) % months)
    if abs(days) >= 21:
        return _signed(days, ngettext("%d week", "%d weeks", abs(days) // 7) % (abs(days) // 7))
    return _signed(days, ngettext("%d day", "%d days", abs(days)) % abs(days))


def _signed(sign: int, length: str) -> str:
    return gettext("in %s") % length if sign > 0 else gettext("%s ago") % length


@register.filter
def age(birth_date: dt.date | None) -> int | str:
    """Full years today."""
    if not birth_date:
        return ""
    today = _local(clock.now()).date()
    return today.year - birth_date.year - ((today.month, today.day) < (birth_date.month, birth_date.day))


@register.simple_tag
def today() -> str:
    """Today's date by the clinic's clock, as on documents: "22 Nov 2026"."""
    return clinic_date(clock.now())
