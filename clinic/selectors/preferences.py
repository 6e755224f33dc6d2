"""Who declined which mails."""

from collections.abc import Collection
from uuid import UUID

from clinic.enums import Channel
from clinic.models import Decline

Person = tuple[UUID, UUID | None]
"""A patient, or one of their contacts."""


def declined(
    patient_ids: Collection[UUID], *, channel: str = Channel.EMAIL
) -> frozenset[tuple[UUID, UUID | None, str]]:
    """(patient, contact or None, group) of everything that these patients and the people around them declined.

    One query. A mail of a group is not started for whom this holds: `MessageKind.group` names it.
    """
    rows = Decline.objects.filter(patient__in=patient_ids, channel=channel)
    return frozenset(rows.values_list("patient", "contact", "group"))


def of_person(person: Person, *, channel: str = Channel.EMAIL) -> frozenset[str]:
    """The groups that one person declined. One query."""
    patient_id, contact_id = person
    rows = Decline.objects.filter(patient=patient_id, contact=contact_id, channel=channel)
    return frozenset(rows.values_list("group", flat=True))
