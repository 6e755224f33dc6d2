"""Reading rows inside a use case, after the locks: missing and foreign look the same."""

from uuid import UUID

from django.utils.translation import gettext as _

from clinic.actors import Actor, Staff
from clinic.enums import Permission
from clinic.exceptions import NotAllowed, NotFound, StaleVersion
from clinic.permissions import check
from treatments.models import Course, Order, Session


def course(course_id: UUID, *, by: Actor, permission: Permission) -> Course:
    """A course with its patient, site and protocol, at a site of the actor's."""
    row = (
        Course.objects.select_related(
            "patient",
            "site",
            "physician",
            "protocol_version__protocol",
            "protocol_version__session_visit",
            "protocol_version__rules",
        )
        .filter(pk=course_id)
        .first()
    )
    if row is None:
        raise NotFound(_("There is no such record at your site."))
    check(by, permission, site_id=row.site_id)
    return row


def session(session_id: UUID, *, by: Actor, permission: Permission) -> Session:
    """A session with its course, patient, site and protocol, at a site of the actor's."""
    row = (
        Session.objects.select_related("course__patient", "course__site", "course__protocol_version", "site")
        .filter(pk=session_id)
        .first()
    )
    if row is None:
        raise NotFound(_("There is no such record at your site."))
    check(by, permission, site_id=row.site_id)
    return row


def order(order_id: UUID, *, by: Actor, permission: Permission) -> Order:
    """An order with its course, patient, site and the visit type to book, at a site of the actor's."""
    row = (
        Order.objects.select_related(
            "patient", "site", "course__site", "course__protocol_version__session_visit", "course__physician"
        )
        .filter(pk=order_id)
        .first()
    )
    if row is None:
        raise NotFound(_("There is no such record at your site."))
    check(by, permission, site_id=row.site_id)
    return row


def check_version(row: Course | Session, version: int | None) -> None:
    """Refuse a form that was opened before somebody else saved."""
    if version is not None and row.version != version:
        raise StaleVersion(
            _(
                "Somebody else has saved this since you opened it. What you typed is still here: compare, then save again."
            ),
            current_version=row.version,
        )


def person(by: Actor) -> UUID:
    """The account that signs. Clinical facts are written by people only."""
    if not isinstance(by, Staff):
        raise NotAllowed(_("A member of staff must do this."))
    return by.user_id
