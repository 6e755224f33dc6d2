"""Which waiting patient could have which freed time: the slot, their wishes, their other visits and the start rules,
for all of them at once. Nothing is held by asking."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.utils.translation import gettext as _

from scheduling import policies, rules, wishes
from scheduling.enums import OCCUPYING, AppointmentStatus, OfferStatus
from scheduling.intervals import instant, minute, minute_up
from scheduling.models import Appointment, FreedSlot, Offer, WaitlistEntry
from scheduling.rules import StartRequest
from scheduling.selectors import calendar as calendars
from scheduling.selectors.calendar import Calendar
from scheduling.selectors.obstacles import obstacles
from scheduling.selectors.teams import team_at

MAIL, PHONE = "mail", "phone"


@dataclass
class Match:
    """One freed time and one waiting patient: the start that would be offered, or why none can be."""

    slot: FreedSlot
    entry: WaitlistEntry
    start: dt.datetime
    channel: str
    expires_at: dt.datetime | None = None
    why_not: list[str] = field(default_factory=list)

    too_soon: bool = False

    @property
    def fits(self) -> bool:
        return not self.why_not

    @property
    def askable(self) -> bool:
        """It fits but for the notice, of which the patient can say on the phone that they need less."""
        return self.fits or (self.too_soon and len(self.why_not) == 1)


def match(
    *, slots: Sequence[FreedSlot], entries: Sequence[WaitlistEntry], now: dt.datetime, by_phone: bool = False
) -> dict[UUID, list[Match]]:
    """For each freed time of ONE site everybody who waits there, in the order of the list: those who fit and why not.

    The slot must fit the entry's own kind of visit, with its length and its resources, at the freed clinician.
    Queries are constant for a kind of visit, whatever the number of slots and entries; the rules are asked once.
    """
    found: dict[UUID, list[Match]] = {slot.pk: [] for slot in slots}
    slots = [slot for slot in slots if slot.period.upper > now]
    if not slots or not entries:
        return found
    facts = _Facts(slots, entries, now)
    for slot in slots:
        for entry in entries:
            found[slot.pk].append(_judged(slot, entry, facts, now, by_phone=by_phone))
    _ask_rules([each for matches in found.values() for each in matches if each.fits])
    return found


def reach(entry: WaitlistEntry) -> str:
    """How the patient hears of an offer: by mail where they agreed to mails, else the desk rings; empty: not at all."""
    patient = entry.patient
    has_mail = bool(patient.email) or getattr(entry, "contact_has_mail", False)
    if has_mail and patient.reminders_consent:
        return MAIL
    return PHONE if list(patient.phones.all()) else ""


class _Facts:
    """Everything read once: a calendar for each kind of visit, patients' other visits, offers made."""

    def __init__(
        self, slots: Sequence[FreedSlot], entries: Sequence[WaitlistEntry], now: dt.datetime
    ) -> None:
        self.site = slots[0].site
        self.zone = self.site.zone
        begin = max(min(slot.period.lower for slot in slots), now)
        end = max(slot.period.upper for slot in slots)
        self.calendars: dict[UUID, Calendar] = {
            key: calendars.load(visit_type_id=key, site_id=self.site.pk, earliest=begin, latest=end, now=now)
            for key in {entry.visit_type_id for entry in entries if entry.visit_type.is_active}
        }
        reach = max((each.visit_type.minutes for each in self.calendars.values()), default=0)
        self.busy = self._visits(entries, (begin, end + dt.timedelta(minutes=reach)))
        self.asked = set(
            Offer.objects.filter(freed__in=[slot.pk for slot in slots])
            .exclude(status__in=[OfferStatus.OPEN, OfferStatus.WITHDRAWN])
            .values_list("freed", "entry")
        )
        self._starts: dict[tuple[UUID, UUID], list[int]] = {}
        self._missing: dict[tuple[UUID, UUID], list[str]] = {}

    def starts(self, slot: FreedSlot, visit_type_id: UUID, now: dt.datetime) -> list[int]:
        """Starts within the slot at which the whole team of this kind of visit is free, the freed one first."""
        key = (slot.pk, visit_type_id)
        if key not in self._starts:
            calendar = self.calendars[visit_type_id]
            freed, high = minute(slot.period.lower), minute(slot.period.upper)
            low, length = max(freed, minute_up(now)), calendar.visit_type.minutes
            within = [at for at in range(low, high - length + 1) if _on_grid(calendar, at)]
            wanted = dict.fromkeys([freed, *within] if low == freed else within)
            self._starts[key] = [at for at in wanted if team_at(calendar, at, slot.lead_id) is not None]
        return self._starts[key]

    def missing(self, slot: FreedSlot, visit_type_id: UUID) -> list[str]:
        key = (slot.pk, visit_type_id)
        if key not in self._missing:
            causes = obstacles(self.calendars[visit_type_id], minute(slot.period.lower), slot.lead_id)
            self._missing[key] = [cause.words for cause in causes]
        return self._missing[key]

    def clashes(self, entry: WaitlistEntry, start: int, minutes: int) -> bool:
        """Another visit of the patient lies there. The one they would give up does not stand in its own way."""
        return any(
            key != entry.appointment_id and low < start + minutes and start < high
            for key, low, high in self.busy[entry.patient_id]
        )

    def _visits(
        self, entries: Sequence[WaitlistEntry], window: tuple[dt.datetime, dt.datetime]
    ) -> Mapping[UUID, list[tuple[UUID, int, int]]]:
        found: dict[UUID, list[tuple[UUID, int, int]]] = defaultdict(list)
        rows = Appointment.objects.filter(
            patient__in={entry.patient_id for entry in entries}, status__in=OCCUPYING, period__overlap=window
        )
        for key, patient, period in rows.values_list("pk", "patient", "period"):
            found[patient].append((key, minute(period.lower), minute_up(period.upper)))
        return found


def _on_grid(calendar: Calendar, at: int) -> bool:
    local = instant(at).astimezone(calendar.zone)
    return (local.hour * 60 + local.minute) % calendar.rules.grid_minutes == 0


def _judged(
    slot: FreedSlot, entry: WaitlistEntry, facts: _Facts, now: dt.datetime, *, by_phone: bool
) -> Match:
    """All but the rules, which are asked for everybody at once."""
    made = Match(slot, entry, slot.period.lower, PHONE if by_phone else reach(entry))
    made.why_not = _standing(slot, entry, facts, made.channel)
    if made.why_not:
        return made
    starts = facts.starts(slot, entry.visit_type_id, now)
    if not starts:
        made.why_not = facts.missing(slot, entry.visit_type_id) or [_("the time is too short for this visit")]
        return made
    refused: list[str] = []
    for at in starts:
        made.start = instant(at)
        made.expires_at = wishes.expiry(
            start=made.start,
            now=now,
            lasts=lasts_of(entry),
            notice=notice_of(entry, by_phone=by_phone),
            by_phone=by_phone,
        )
        refused = _personal(made, facts)
        if not refused:
            break
    made.why_not = refused
    return made


def notice_of(entry: WaitlistEntry, *, by_phone: bool) -> dt.timedelta:
    """What the kind of visit asks for and what the patient needs; on the phone they say themselves what they need."""
    shortest = dt.timedelta(minutes=entry.visit_type.notice_minutes)
    return shortest if by_phone else max(shortest, dt.timedelta(hours=entry.notice_hours))


def lasts_of(entry: WaitlistEntry) -> dt.timedelta:
    """How long an offer of this kind of visit stands, as the manager has set it."""
    return dt.timedelta(minutes=entry.visit_type.offer_minutes)


def _standing(slot: FreedSlot, entry: WaitlistEntry, facts: _Facts, channel: str) -> list[str]:
    """What speaks against this pair whatever the minute."""
    if not entry.patient.is_active:
        return [_("the record is closed")]
    if not channel:
        return [_("can be reached neither by mail nor by phone")]
    if entry.visit_type_id not in facts.calendars:
        return [_("this kind of visit is not in use any more")]
    if slot.source_id == entry.appointment_id or slot.source.patient_id == entry.patient_id:
        return [_("gave this time back")]
    if (slot.pk, entry.pk) in facts.asked:
        return [_("was asked already")]
    visit = entry.appointment
    if visit is not None and AppointmentStatus(visit.status) not in policies.MOVABLE:
        return [_("the visit to be moved is over or cancelled")]
    return []


def _personal(made: Match, facts: _Facts) -> list[str]:
    entry, local = made.entry, made.start.astimezone(facts.zone)
    found = wishes.objections(
        start=local,
        lead_id=made.slot.lead_id,
        wanted_lead_id=entry.lead_id,
        weekdays=entry.weekdays,
        part=entry.part,
        not_before=entry.not_before,
        not_after=entry.not_after,
    )
    visit_type = facts.calendars[entry.visit_type_id].visit_type
    if entry.appointment is not None and made.start >= entry.appointment.period.lower:
        found.append(_("has an earlier visit"))
    if facts.clashes(entry, minute(made.start), visit_type.minutes):
        found.append(_("has another visit at that time"))
    made.too_soon = made.expires_at is None
    if made.too_soon:
        found.append(_("needs more notice"))
    return found


def _ask_rules(matches: Iterable[Match]) -> None:
    """One batch for everybody. A warning counts as a no: nobody is there to accept it with a reason."""
    asked: dict[int, tuple[Match, StartRequest]] = {}
    for each in matches:
        entry = each.entry
        request = StartRequest(
            entry.site_id,
            entry.visit_type_id,
            (each.start,),
            entry.patient_id,
            entry.appointment_id,
            entry.purpose,
        )
        asked[id(request)] = (each, request)
    for refusal in rules.ask([request for _match, request in asked.values()]) if asked else ():
        if refusal.request is not None and id(refusal.request) in asked:
            asked[id(refusal.request)][0].why_not.append(refusal.words)
            continue
        for each, _request in asked.values():
            if each.start == refusal.start:
                each.why_not.append(refusal.words)
