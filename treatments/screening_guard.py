"""No blood is drawn while a block of the screening stands: the board asks here before a stage begins."""

from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from clinic.actors import Actor
from clinic.enums import Permission
from clinic.permissions import can
from scheduling import stage_guards
from scheduling.models import Appointment
from scheduling.stage_guards import Objection
from treatments.enums import SessionStatus
from treatments.selectors import screening
from treatments.services.screening import named

GUARDED = ("draw", "separation", "injection")
_UNDER_WAY = (SessionStatus.INJECTED, SessionStatus.STOPPED, SessionStatus.SIGNED)


def objection(visit: Appointment, stage: str, by: Actor) -> Objection | None:
    """What stops this session, in clinical words for those who may read them; the desk learns who can help."""
    if stage not in GUARDED or visit.purpose is None:
        return None
    one = screening.session_checked(visit.purpose)
    if one is None or one.session.status in _UNDER_WAY or not one.readiness.stops:
        return None
    if not can(by, Permission.VIEW_CLINICAL, site_id=one.session.site_id):
        return Objection(_("The screening is not finished. The nurse or the physician sees what is missing."))
    return Objection(
        _("No blood is drawn yet. %(what)s") % {"what": named(one.readiness)},
        url=_page(one.session.pk),
    )


def _page(session_id: UUID) -> str:
    return reverse("treatments:session-ready", args=[session_id])


def register() -> None:
    """Called once at start-up."""
    stage_guards.register(objection)
