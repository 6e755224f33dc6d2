"""Reads of staff accounts."""

from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from clinic.actors import Actor, Staff
from clinic.exceptions import NotFound
from clinic.models import User


def staff(by: Actor) -> QuerySet[User]:
    """Accounts that share a site with this person, and those that belong to none; the active ones first."""
    rows = User.objects.prefetch_related("sites").order_by("-is_active", "full_name", "pk")
    if not isinstance(by, Staff):
        return rows
    return rows.exclude(
        pk__in=User.objects.filter(sites__isnull=False).exclude(sites__in=by.site_ids).values("pk")
    )


def member(by: Actor, user_id: UUID) -> User:
    """One account; one of another site looks like none."""
    found = staff(by).filter(pk=user_id).first()
    if found is None:
        raise NotFound(_("There is no such account at your sites."))
    return found
