"""De-identified rows leave the house: by a physician, with a purpose and a reason, both kept."""

import datetime as dt
from collections.abc import Collection
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, clock
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import InvalidInput
from clinic.permissions import check
from clinic.transactions import use_case
from treatments.enums import ExportPurpose
from treatments.models import RegistryExport
from treatments.services import reading

_LEAST_WORDS = 10


@use_case
def begin(
    *, by: Actor, site_ids: Collection[UUID], first: dt.date, last: dt.date, purpose: str, reason: str
) -> RegistryExport:
    """Write down who takes what out, and why, before the first row leaves.

    Raises NotAllowed for whoever may not, NotFound for another site, InvalidInput without a reason.
    """
    for site_id in sorted(site_ids):
        check(by, Permission.EXPORT_REGISTRY, site_id=site_id)
    if purpose not in ExportPurpose.values:
        raise InvalidInput(_("Choose what the rows are for."), field="purpose")
    if len(reason.strip()) < _LEAST_WORDS:
        raise InvalidInput(_("Say for which registry or question, in a few words."), field="reason")
    if last < first:
        raise InvalidInput(_("The last day lies before the first."), field="last")
    row = RegistryExport.objects.create(
        site_ids=sorted(site_ids),
        purpose=purpose,
        reason=reason.strip(),
        first=first,
        last=last,
        by_id=reading.person(by),
        at=clock.now(),
    )
    audit.record(
        "treatments.registry.export_begun",
        by=by,
        about=[row],
        detail={"purpose": purpose, "first": first.isoformat(), "last": last.isoformat()},
    )
    return row


@use_case
def finished(*, by: Actor, export: RegistryExport, rows: int, whole: bool) -> None:
    """Write down how many rows left. `whole` is false where the reader went away before the end."""
    check(by, Permission.EXPORT_REGISTRY)
    audit.record(
        "treatments.registry.export_ended", by=by, about=[export], detail={"rows": rows, "whole": whole}
    )
