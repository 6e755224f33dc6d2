"""What every page shows around its content: the product's and the site's name, and the way to the other pages."""

from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from clinic.actors import Staff
from clinic.enums import Permission
from clinic.exceptions import NotAllowed
from clinic.permissions import can
from clinic.selectors import current_site


class Entry(NamedTuple):
    """A page in the navigation; it is left out for those who may not see it and while its address does not exist."""

    view: str
    label: str | Promise
    icon: str
    permission: Permission
    shortcut: str = ""


ENTRIES = (
    Entry("clinic:home", _("Today"), "home", Permission.VIEW_SCHEDULE, "t"),
    Entry("clinic:patient-list", _("Patients"), "users", Permission.VIEW_PATIENTS),
    Entry("scheduling:day", _("Schedule"), "calendar-days", Permission.VIEW_SCHEDULE),
    Entry("scheduling:board", _("Board"), "view-columns", Permission.RUN_BOARD),
    Entry("scheduling:waitlist", _("Waitlist"), "clock", Permission.VIEW_SCHEDULE),
    Entry("treatments:order-list", _("Orders to book"), "clipboard-document-list", Permission.BOOK),
    Entry(
        "treatments:review-list", _("Courses to review"), "clipboard-document-check", Permission.DECIDE_COURSE
    ),
    Entry("treatments:readiness-list", _("Preparation"), "shield-check", Permission.VIEW_CLINICAL),
    Entry("clinic:message-list", _("Messages"), "envelope", Permission.VIEW_MESSAGES),
    Entry("clinic:task-list", _("Tasks"), "check-circle", Permission.WORK_TASKS),
    Entry("treatments:protocol-list", _("Protocols"), "book-open", Permission.VIEW_PROTOCOLS),
    Entry("scheduling:reports", _("Reports"), "chart-bar", Permission.VIEW_REPORTS),
    Entry("treatments:cohorts", _("Cohorts"), "chart-pie", Permission.VIEW_COHORTS),
    Entry("treatments:instruments", _("Questionnaires"), "clipboard", Permission.MANAGE_SITE),
    Entry("clinic:message-text-list", _("Mail texts"), "pencil-square", Permission.MANAGE_MESSAGES),
    Entry("treatments:consent-text", _("Consent text"), "document-text", Permission.EDIT_CONSENT_TEXT),
    Entry("scheduling:setup", _("Set-up"), "cog-6-tooth", Permission.MANAGE_SITE),
)


def page(request: HttpRequest) -> dict[str, Any]:
    """Built when a template first asks for it: fragments do not pay for the navigation."""
    return {
        "product_name": settings.PRODUCT_NAME,
        "version": settings.VERSION,
        "nav": SimpleLazyObject(lambda: navigation(request)),
        "book_url": SimpleLazyObject(lambda: _book_url(request)),
        "site_name": SimpleLazyObject(lambda: _site_name(request)),
        "sites_url": SimpleLazyObject(lambda: _sites_url(request)),
    }


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The entries this person may open; the one whose address holds the present one longest is the current one."""
    actor = getattr(request, "actor", None)
    if not isinstance(actor, Staff):
        return []
    entries: list[dict[str, Any]] = []
    for entry in ENTRIES:
        url = _reverse(entry.view)
        if url and can(actor, entry.permission):
            entries.append(
                {
                    "url": url,
                    "label": entry.label,
                    "icon": entry.icon,
                    "shortcut": entry.shortcut,
                    "current": False,
                }
            )
    under = [
        entry
        for entry in entries
        if request.path == entry["url"] or (entry["url"] != "/" and request.path.startswith(entry["url"]))
    ]
    if under:
        max(under, key=lambda entry: len(entry["url"]))["current"] = True
    return entries


def _book_url(request: HttpRequest) -> str:
    actor = getattr(request, "actor", None)
    return _reverse("scheduling:book") if isinstance(actor, Staff) and can(actor, Permission.BOOK) else ""


def _site_name(request: HttpRequest) -> str:
    """The site this person works at now; empty for nobody and for an account without a site."""
    try:
        return current_site(request).name
    except NotAllowed:
        return ""


def _sites_url(request: HttpRequest) -> str:
    """Where to change the site, for those who work at several."""
    actor = getattr(request, "actor", None)
    return _reverse("clinic:site-list") if isinstance(actor, Staff) and len(actor.site_ids) > 1 else ""


def _reverse(view: str) -> str:
    try:
        return reverse(view)
    except NoReverseMatch:
        return ""
