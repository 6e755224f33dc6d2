"""Opening a site: the one act that needs all three apps at once."""

from typing import Any

from clinic import audit
from clinic.actors import System
from clinic.enums import Role
from clinic.models import Site, User
from clinic.services import staff
from clinic.services.staff import StaffData
from clinic.transactions import use_case
from scheduling.services import defaults as schedule
from treatments.services import defaults as clinical


@use_case
def open_site(
    *, by: System, values: dict[str, Any], manager: StaffData, password: str | None
) -> tuple[Site, User]:
    """A new site with its kinds, visit types and protocol, and a manager who sets up the rest in the browser.

    An administrator's act. ValidationError and InvalidInput name what is wrong; nothing is written then.
    """
    site = Site(**values)
    site.full_clean()
    site.save()
    audit.record("clinic.site.opened", by=by, about=[site], site_id=site.pk)
    schedule.create_for_site(site_id=site.pk, by=by)
    clinical.create_for_site(site_id=site.pk, by=by)
    data = StaffData(manager.full_name, manager.email, Role.MANAGER, [site.pk])
    return site, staff.create(by=by, data=data, password=password)
