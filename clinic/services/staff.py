"""Staff accounts: a manager makes, changes and closes them."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from clinic import audit
from clinic.actors import Actor, Staff
from clinic.enums import Permission, Role
from clinic.exceptions import IllegalMove, InvalidInput, NotFound
from clinic.models import Site, User
from clinic.permissions import check
from clinic.policies import text
from clinic.transactions import use_case


@dataclass(frozen=True, slots=True)
class StaffData:
    full_name: str
    email: str
    role: str
    site_ids: Collection[UUID]
    is_active: bool = True


@use_case
def create(*, by: Actor, data: StaffData, password: str | None = None) -> User:
    """Make an account. Without a password it cannot sign in before its owner has followed the link to set one."""
    check(by, Permission.MANAGE_STAFF)
    _check_data(by, data, before=frozenset())
    user = User(
        full_name=data.full_name, email=data.email.lower(), role=Role(data.role), is_active=data.is_active
    )
    if password is None:
        user.set_unusable_password()
    else:
        user.set_password(password)
    _save(user)
    user.sites.set(Site.objects.filter(pk__in=data.site_ids))
    audit.record("clinic.staff.created", by=by, about=[user], detail={"role": user.role})
    return user


@use_case
def update(*, by: Actor, user_id: UUID, data: StaffData) -> User:
    """Change an account. One that may no longer sign in is signed out everywhere; a clinic keeps one active manager."""
    check(by, Permission.MANAGE_STAFF)
    # All managers in one order, so that two who close each other's account at once cannot both succeed.
    rows = User.objects.select_for_update(no_key=True).order_by("pk")
    managers = {user.pk for user in rows.filter(role=Role.MANAGER, is_active=True)}
    user = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    if user is None:
        raise NotFound(_("There is no such account at your sites."))
    before = frozenset(user.sites.values_list("pk", flat=True))
    if isinstance(by, Staff) and before and not before & by.site_ids:
        raise NotFound(_("There is no such account at your sites."))
    stays_manager = data.is_active and data.role == Role.MANAGER
    if managers == {user.pk} and not stays_manager:
        raise IllegalMove(_("This is the only active manager. Make somebody else a manager first."))
    _check_data(by, data, before=before)

    was_role, was_active = user.role, user.is_active
    user.full_name, user.email = data.full_name, data.email.lower()
    user.role, user.is_active = Role(data.role), data.is_active
    _save(user)
    elsewhere = before - by.site_ids if isinstance(by, Staff) else frozenset[UUID]()
    user.sites.set(Site.objects.filter(pk__in={*data.site_ids, *elsewhere}))
    if was_active and not user.is_active:
        _end_sessions(user)
    audit.record(
        "clinic.staff.updated",
        by=by,
        about=[user],
        detail={"role": user.role, "role_before": was_role, "active": user.is_active},
    )
    return user


def _end_sessions(user: User) -> None:
    for session in UserSession.objects.filter(user=user):
        session.end()


def _save(user: User) -> None:
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        raise InvalidInput(_("There is an account with this e-mail already."), field="email") from error


def _check_data(by: Actor, data: StaffData, *, before: frozenset[UUID]) -> None:
    for field in ("full_name", "email"):
        if text.has_control_characters(getattr(data, field)):
            raise InvalidInput(_("Line breaks and control characters cannot be part of this."), field=field)
    if not data.full_name.strip() or len(data.full_name) > 150:
        raise InvalidInput(_("An account needs a name of at most 150 letters."), field="full_name")
    try:
        validate_email(data.email)
    except ValidationError as error:
        raise InvalidInput(_("That is no e-mail address."), field="email") from error
    known = set(Site.objects.filter(pk__in=data.site_ids).values_list("pk", flat=True))
    allowed = by.site_ids | before if isinstance(by, Staff) else known
    if not data.site_ids or set(data.site_ids) - (known & allowed):
        raise InvalidInput(_("Choose at least one of your sites."), field="sites")
