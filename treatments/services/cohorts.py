"""Tables of cohort reports taken out of the house."""

from collections.abc import Collection
from uuid import UUID

from clinic import audit
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.permissions import check
from clinic.transactions import use_case


@use_case
def exported(
    *, by: Actor, site_ids: Collection[UUID], table: str, group: str, first: str, last: str, rows: int
) -> None:
    """Write down that a table leaves as a file. `first` and `last` are its ISO days.

    Raises NotAllowed for whoever may not see cohorts, NotFound for another site.
    """
    for site_id in sorted(site_ids):
        check(by, Permission.VIEW_COHORTS, site_id=site_id)
    audit.record(
        "treatments.cohort.exported",
        by=by,
        site_id=next(iter(site_ids)) if len(site_ids) == 1 else None,
        detail={
            "table": table,
            "group": group,
            "first": first,
            "last": last,
            "rows": rows,
            "sites": [str(key) for key in sorted(site_ids)],
        },
    )
