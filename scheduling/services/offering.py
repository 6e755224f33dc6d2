"""The tick: what has expired passes on, and each freed time goes to the best of those who wait for one."""

from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

import structlog

from clinic import clock
from clinic.actors import Actor
from clinic.exceptions import DomainError
from clinic.policies.quiet_hours import quiet_end
from scheduling import wishes
from scheduling.models import FreedSlot
from scheduling.selectors import waitlist as reads
from scheduling.services import freed, matching, offers
from scheduling.services.matching import Match

log = structlog.get_logger(__name__)


@dataclass
class Done:
    """What one tick did."""

    expired: int = 0
    closed: int = 0
    offered: int = 0


def run(*, by: Actor) -> Done:
    """One round. Any number may run at once: each step is its own transaction and learns who was first.

    At night, and when the night is too near to answer, nobody is asked; the times wait for the morning.
    """
    done = Done()
    for offer_id in reads.expired(now=clock.now()):
        done.expired += offers.expire(offer_id=offer_id, by=by)
    done.closed = freed.sweep(by=by)
    slots = sorted(reads.due(now=clock.now()), key=lambda slot: str(slot.site_id))
    for _site_id, of_site in groupby(slots, key=lambda slot: slot.site_id):
        done.offered += _offer_at_site(list(of_site), by=by)
    if done.expired or done.closed or done.offered:
        log.info("waitlist tick", expired=done.expired, closed=done.closed, offered=done.offered)
    return done


def _offer_at_site(slots: list[FreedSlot], *, by: Actor) -> int:
    now, site = clock.now(), slots[0].site
    if quiet_end(site, now) or quiet_end(site, now + wishes.LEAST):
        return 0
    entries = reads.candidates(site_id=site.pk)
    matches = matching.match(slots=slots, entries=entries, now=now)
    asked: set[UUID] = set()
    for slot in slots:
        asked |= _offer(slot, matches[slot.pk], asked, by=by)
    return len(asked)


def _offer(slot: FreedSlot, matches: list[Match], asked: set[UUID], *, by: Actor) -> set[UUID]:
    """To the first who fits and is not considering another time of this round. Who cannot be asked is passed over."""
    for each in matches:
        if not each.fits or each.entry.pk in asked:
            continue
        try:
            offers.make(entry_id=each.entry.pk, start=each.start, freed_id=slot.pk, by=by)
        except DomainError as error:
            log.info(
                "offer not made",
                slot_id=str(slot.pk),
                entry_id=str(each.entry.pk),
                error=type(error).__name__,
            )
            continue
        return {each.entry.pk}
    return set()
