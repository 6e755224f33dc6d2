"""What the waitlist's pages show of an entry, an offer, a freed time: words and links, without a query."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.policies import phones
from scheduling.enums import DayPart, WaitUrgency
from scheduling.models import FreedSlot, Offer, WaitlistEntry
from scheduling.services import matching
from scheduling.services.matching import MAIL, Match

SHOWN = 6
"""So many of those whom a time does not suit are shown with their reasons; how many more there are is said."""


def wishes_of(entry: WaitlistEntry) -> list[str]:
    """The wishes in a few words each; empty when anything suits."""
    found = []
    if entry.lead is not None:
        found.append(entry.lead.name)
    if entry.weekdays:
        found.append(", ".join(str(WEEKDAYS_ABBR[day]) for day in entry.weekdays if day in WEEKDAYS_ABBR))
    if entry.part != DayPart.ANY:
        found.append(str(DayPart(entry.part).label).lower())
    if entry.not_before:
        found.append(_("from %(day)s") % {"day": date_format(entry.not_before, "j M")})
    if entry.not_after:
        found.append(_("until %(day)s") % {"day": date_format(entry.not_after, "j M")})
    found.append(_notice(entry.notice_hours))
    return found


def _notice(hours: int) -> str:
    if not hours:
        return _("can come at once")
    if hours % 24:
        return ngettext("%(count)s hour’s notice", "%(count)s hours’ notice", hours) % {"count": hours}
    days = hours // 24
    return ngettext("%(count)s day’s notice", "%(count)s days’ notice", days) % {"count": days}


@dataclass
class Waiting:
    """One line of the list."""

    entry: WaitlistEntry
    wishes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, entry: WaitlistEntry) -> "Waiting":
        return cls(entry, wishes_of(entry))

    @property
    def is_urgent(self) -> bool:
        return self.entry.urgency == WaitUrgency.URGENT

    @property
    def phone(self) -> str:
        return first_phone(self.entry)

    @property
    def by_mail(self) -> bool:
        return matching.reach(self.entry) == MAIL

    @property
    def book_url(self) -> str:
        """Where the desk books by hand; empty for a session, which is booked from its order."""
        entry = self.entry
        if entry.appointment_id:
            return reverse("scheduling:appointment-move", args=[entry.appointment_id])
        if entry.visit_type.needs_order:
            return ""
        lead = f"&lead={entry.lead_id}" if entry.lead_id else ""
        return (
            reverse("scheduling:book", args=[entry.patient_id]) + f"?visit_type={entry.visit_type_id}{lead}"
        )


@dataclass
class Freed:
    """A freed time with whom it would suit, best first, and why it does not suit the others."""

    slot: FreedSlot
    standing: Offer | None
    fitting: Sequence[Match]
    others: Sequence[Match]
    due: bool

    @property
    def more(self) -> int:
        return max(0, len(self.others) - SHOWN)

    @property
    def shown(self) -> Sequence[Match]:
        return self.others[:SHOWN]

    @property
    def refusals(self) -> int:
        """How many have been asked without success."""
        return sum(1 for offer in asked(self.slot) if offer.status in ("declined", "expired"))


def as_freed(slot: FreedSlot, matches: Sequence[Match], now: dt.datetime) -> Freed:
    return Freed(
        slot=slot,
        standing=next((offer for offer in asked(slot) if offer.status == "open"), None),
        fitting=[each for each in matches if each.fits],
        others=[each for each in matches if not each.fits],
        due=slot.offer_from <= now,
    )


def asked(slot: FreedSlot) -> Sequence[Offer]:
    """The offers made of a slot, from the selector's prefetch."""
    rows: Sequence[Offer] = getattr(slot, "asked", [])
    return rows


def first_phone(entry: WaitlistEntry) -> str:
    return next((phone.e164 for phone in entry.patient.phones.all()), "")


def offer_lines(offers: Sequence[Offer]) -> list[dict[str, Any]]:
    """Open offers with the number to ring."""
    lines = []
    for offer in offers:
        phone = first_phone(offer.entry)
        shown = phones.shown(phone, country=offer.site.country) if phone else ""
        lines.append({"offer": offer, "entry": offer.entry, "phone": phone, "shown": shown})
    return lines
