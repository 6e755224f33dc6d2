"""Reports taken out of the house: the permission is asked again, and the event says what left and how many rows."""

from clinic import audit
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.models import Site
from clinic.permissions import check
from clinic.transactions import use_case


@use_case
def exported(*, by: Actor, site: Site, table: str, first: str, last: str, rows: int) -> None:
    """Write down that a table of a report leaves as a file. `first` and `last` are its ISO days.

    Raises NotAllowed for whoever may not see reports, NotFound for another site.
    """
    check(by, Permission.VIEW_REPORTS, site_id=site.pk)
    audit.record(
        "scheduling.report.exported",
        by=by,
        about=[site],
        site_id=site.pk,
        detail={"table": table, "first": first, "last": last, "rows": rows},
    )
