"""Numbers for the first page."""

import datetime as dt
from uuid import UUID

from clinic import clock
from clinic.enums import MessageState
from clinic.models import Message

LATELY = dt.timedelta(days=7)


def troubled_mails(*, site_id: UUID) -> int:
    """Mails of the last week that came back, failed, were missed or may or may not have gone out."""
    states = [MessageState.FAILED, MessageState.BOUNCED, MessageState.UNCERTAIN, MessageState.MISSED]
    since = clock.now() - LATELY
    return Message.objects.filter(site_id=site_id, state__in=states, planned_for__gte=since).count()
