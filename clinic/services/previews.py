"""What a message said, or would say now, for the page that shows it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, messaging
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import NotFound
from clinic.mailing import Rendered
from clinic.models import Message
from clinic.permissions import check
from clinic.services import drafts
from clinic.services.drafts import CannotRender, Draft
from clinic.transactions import use_case


class Reading(StrEnum):
    """How the words that are shown came about."""

    AS_STARTED = "as_started"  # exactly what was handed to the mail server, or would have been
    AS_NOW = "as_now"  # never started: as it would read now
    GONE = "gone"  # erased with its patient, or never to be rendered


@dataclass(frozen=True)
class Preview:
    reading: Reading
    address: str = ""
    rendered: Rendered | None = None


@use_case
def open_message(*, by: Actor, message_id: UUID) -> Message:
    """A message for a page that shows it. Another site's looks like none. The event says who looked."""
    check(by, Permission.VIEW_MESSAGES)
    rows = Message.objects.select_related("patient", "contact", "site", "text")
    message = rows.filter(pk=message_id).first()
    if message is None:
        raise NotFound(_("There is no such message at your site."))
    check(by, Permission.VIEW_MESSAGES, site_id=message.site_id)
    audit.record("clinic.message.viewed", by=by, about=[message])
    return message


def preview(message: Message) -> Preview:
    """Text version and snapshot where the row has them; else as the facts would fill it in now."""
    if message.text is not None and message.snapshot is not None:
        kept = message.snapshot
        draft = Draft(message.text, kept["placeholders"], kept["address"])
        return _shown(message, draft, Reading.AS_STARTED, riders=_riders(message))
    known = {kind.key for kind in messaging.all_kinds()}
    if message.text is not None or message.kind not in known or not message.patient.is_active:
        return Preview(Reading.GONE)
    made = drafts.make([message]).get(message.pk)
    return (
        _shown(message, made, Reading.AS_NOW) if made else Preview(Reading.GONE, drafts.address_of(message))
    )


def _riders(message: Message) -> list[tuple[Message, Draft]]:
    """What went in this mail beside its own words."""
    return [
        (rider, Draft(rider.text, rider.snapshot["placeholders"], rider.snapshot["address"]))
        for rider in carried(message)
        if rider.text is not None and rider.snapshot is not None
    ]


def carried(message: Message) -> list[Message]:
    """The messages whose words went in this one's mail, in their order. One query."""
    return list(message.riders.select_related("text").order_by("planned_for", "pk"))


def _shown(
    message: Message, draft: Draft, reading: Reading, *, riders: Sequence[tuple[Message, Draft]] = ()
) -> Preview:
    draft = replace(draft, values=messaging.masked(message.kind, draft.values))
    try:
        rendered = drafts.rendered(message, draft, riders=riders, with_attachments=False)
        return Preview(reading, draft.address, rendered)
    except CannotRender:
        return Preview(Reading.GONE, draft.address)
