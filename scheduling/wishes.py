"""What a waiting patient wishes, how long an offer stands, and the moves of both: pure functions, handed their facts."""

import datetime as dt
from collections.abc import Collection
from uuid import UUID

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic.exceptions import DomainError, IllegalMove
from scheduling.enums import OFFER_TRANSITIONS, WAIT_TRANSITIONS, DayPart, OfferStatus, WaitStatus
from scheduling.exceptions import OfferClosed

LEAST = dt.timedelta(minutes=30)
"""An offer by mail that leaves less time than this is not made: it would only be missed."""
LEAST_BY_PHONE = dt.timedelta(minutes=5)
"""With the patient on the phone."""
_NOON = dt.time(12)


def check_wait_move(status: WaitStatus, to: WaitStatus) -> None:
    """Raise IllegalMove unless the table holds the move."""
    if to not in WAIT_TRANSITIONS[status]:
        raise IllegalMove(
            _("This patient's wait is “%(status)s”; it cannot become “%(to)s”.")
            % {"status": status.label.lower(), "to": to.label.lower()}
        )


def check_offer_move(status: OfferStatus, to: OfferStatus) -> None:
    """Raise OfferClosed unless the table holds the move: an offer is answered once."""
    if to not in OFFER_TRANSITIONS[status]:
        raise OfferClosed(_("This offer is “%(status)s” already.") % {"status": status.label.lower()})


def check_can_answer(*, expires_at: dt.datetime, now: dt.datetime) -> None:
    if now >= expires_at:
        raise OfferClosed(_("This offer has expired: the time is being offered to the next patient."))


def objections(
    *,
    start: dt.datetime,
    lead_id: UUID | None,
    wanted_lead_id: UUID | None,
    weekdays: Collection[int],
    part: str,
    not_before: dt.date | None,
    not_after: dt.date | None,
) -> list[str]:
    """Why a start does not suit the patient's wishes, in a few words each; `start` in the site's zone."""
    found = []
    if wanted_lead_id is not None and wanted_lead_id != lead_id:
        found.append(_("wants another clinician"))
    if weekdays and start.weekday() not in weekdays:
        found.append(_("not on this weekday"))
    if part == DayPart.MORNING and start.time() >= _NOON:
        found.append(_("mornings only"))
    if part == DayPart.AFTERNOON and start.time() < _NOON:
        found.append(_("afternoons only"))
    if not_before is not None and start.date() < not_before:
        found.append(_("not before %(day)s") % {"day": date_format(not_before, "j M")})
    if not_after is not None and start.date() > not_after:
        found.append(_("not after %(day)s") % {"day": date_format(not_after, "j M")})
    return found


def expiry(
    *,
    start: dt.datetime,
    now: dt.datetime,
    lasts: dt.timedelta,
    notice: dt.timedelta,
    by_phone: bool = False,
) -> dt.datetime | None:
    """Until when an offer of this start would stand, never beyond the start less the notice; None: too late to ask.

    `lasts` is the rule of the kind of visit: long enough to see a mail, short enough that the next may still come.
    `notice` is what the patient needs to get ready, or the kind of visit asks for, whichever is longer.
    """
    until = min(now + lasts, start - notice)
    least = LEAST_BY_PHONE if by_phone else LEAST
    return until if until - now >= least else None


def check_can_be_offered(until: dt.datetime | None) -> dt.datetime:
    """Raise DomainError when no time is left to ask."""
    if until is None:
        raise DomainError(
            _("Too late to offer this time: the notice that is needed leaves no time for an answer.")
        )
    return until
