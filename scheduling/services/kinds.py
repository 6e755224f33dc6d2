"""Kinds of resource: what a stage can ask for. They belong to the clinic; none is ever removed."""

from uuid import UUID

from django.db.models import Max
from django.utils.text import slugify
from django.utils.translation import gettext as _

from clinic import audit, locks
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import InvalidInput, NotFound
from clinic.permissions import check
from clinic.transactions import use_case
from scheduling.enums import ResourceCategory
from scheduling.models import ResourceKind


@use_case
def save(*, by: Actor, site_id: UUID, name: str, category: str = "", code: str | None = None) -> ResourceKind:
    """Add a kind, or rename the one of this code. People, rooms or devices: fixed once it exists."""
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    locks.take(site=[site_id])
    if ResourceKind.objects.filter(name__iexact=name).exclude(pk=code or "").exists():
        raise InvalidInput(_("There is a kind of that name already."), field="name")
    if code is not None:
        row = ResourceKind.objects.filter(pk=code).first()
        if row is None:
            raise NotFound(_("There is no such kind."))
        row.name = name
    else:
        if category not in ResourceCategory.values:
            raise InvalidInput(_("Choose people, rooms or equipment."), field="category")
        last = ResourceKind.objects.aggregate(last=Max("position"))["last"]
        row = ResourceKind(code=_free_code(name), name=name, category=category, position=(last or 0) + 1)
    row.save(force_insert=code is None)
    audit.record("scheduling.kind.saved", by=by, about=[row], site_id=site_id)
    return row


def _free_code(name: str) -> str:
    base = slugify(name).replace("-", "_")[:32] or "kind"
    taken = set(ResourceKind.objects.values_list("code", flat=True))
    return next(code for code in (base, *(f"{base}_{n}" for n in range(2, 10_000))) if code not in taken)
