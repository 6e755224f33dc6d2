"""Who may do what: one table of role × permission, and the checks that services and views use.

`check_…` raises and is what services call first; `can` only shows or hides.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

from clinic.actors import Actor, Staff, System
from clinic.enums import Permission, Role
from clinic.exceptions import NotAllowed, NotFound

V = TypeVar("V", bound=Callable[..., HttpResponseBase])

_EVERYBODY = frozenset(
    {
        Permission.VIEW_PATIENTS,
        Permission.EDIT_PATIENTS,
        Permission.VIEW_SCHEDULE,
        Permission.RUN_BOARD,
        Permission.WORK_TASKS,
        Permission.VIEW_MESSAGES,
    }
)
_CLINICAL = frozenset(
    {
        Permission.VIEW_CLINICAL,
        Permission.RECORD_CLINICAL,
        Permission.VIEW_ORDERS,
        Permission.VIEW_PROTOCOLS,
    }
)

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.FRONT_DESK: _EVERYBODY | {Permission.BOOK, Permission.VIEW_ORDERS},
    Role.NURSE: _EVERYBODY | _CLINICAL | {Permission.BOOK},
    Role.PHYSICIAN: _EVERYBODY
    | _CLINICAL
    | {
        Permission.BOOK,
        Permission.DECIDE_COURSE,
        Permission.OVERRIDE_INTERVAL,
        Permission.OVERRIDE_SCHEDULE_WARNING,
        Permission.EDIT_PROTOCOLS,
        Permission.EDIT_CONSENT_TEXT,
        Permission.VIEW_COHORTS,
        Permission.EXPORT_REGISTRY,
    },
    Role.MANAGER: _EVERYBODY
    | {
        Permission.BOOK,
        Permission.VIEW_ORDERS,
        Permission.OVERRIDE_SCHEDULE_WARNING,
        Permission.MANAGE_MESSAGES,
        Permission.MANAGE_SITE,
        Permission.MANAGE_STAFF,
        Permission.SQUEEZE_IN,
        Permission.VIEW_REPORTS,
        Permission.VIEW_COHORTS,
        Permission.VIEW_PROTOCOLS,
        Permission.EDIT_PROTOCOLS,
        Permission.EDIT_CONSENT_TEXT,
    },
}


def can(by: Actor, permission: Permission, *, site_id: UUID | None = None) -> bool:
    """Whether the actor may do this, at this site where one is given. Jobs of ours may do everything."""
    if isinstance(by, System):
        return True
    if not isinstance(by, Staff):
        return False
    return permission in ROLE_PERMISSIONS[by.role] and (site_id is None or site_id in by.site_ids)


def check(by: Actor, permission: Permission, *, site_id: UUID | None = None) -> None:
    """Raise NotAllowed, or NotFound for another site's object: foreign and missing look the same."""
    if not can(by, permission):
        raise NotAllowed(_("Your role does not include this. Ask the manager if you need it."))
    if not can(by, permission, site_id=site_id):
        raise NotFound(_("There is no such record at your site."))


def actor_of(request: HttpRequest) -> Staff:
    """The signed-in member of staff, set by ActorMiddleware."""
    actor = getattr(request, "actor", None)
    if not isinstance(actor, Staff):
        raise NotAllowed(_("Please sign in."))
    return actor


def requires(permission: Permission) -> Callable[[V], V]:
    """Declare a view's permission. A view without a declaration fails the walk over all URLs."""

    def decorate(view: V) -> V:
        @wraps(view)
        def run(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            check(actor_of(request), permission)
            return view(request, *args, **kwargs)

        run.permission = permission  # type: ignore[attr-defined]  # read by the walk over all URLs
        return cast(V, run)

    return decorate


def public(view: V) -> V:
    """Declare that a view needs no sign-in."""
    view.permission = None  # type: ignore[attr-defined]  # read by the walk over all URLs
    view.login_required = False  # type: ignore[attr-defined]  # read by LoginRequiredMiddleware
    return view
