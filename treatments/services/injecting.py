"""What was injected where. The first injection dates the session, starts the course and plans the recovery week."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, clock
from clinic.actors import Actor
from clinic.exceptions import InvalidInput
from clinic.transactions import use_case
from treatments.data import InjectionData
from treatments.enums import CourseStatus, IdentityStep, RecordSection, SessionStatus
from treatments.models import Injection, Session
from treatments.policies import record
from treatments.services import blood, identity, recovery_week, writing
from treatments.services.moves import move


@use_case
def record_injections(
    *,
    by: Actor,
    session_id: UUID,
    injections: Sequence[InjectionData],
    injected_at: dt.datetime | None = None,
    version: int | None = None,
) -> Session:
    """Write what was injected, in order; replaces what was recorded before and is not yet signed.

    The first recorded injection consumes the session: it sets `injected_at` (now, or the time given),
    starts an approved course and plans the mails of the recovery week. A later correction to another
    day plans them anew. Each row keeps the planned target that it serves and how old the product was.
    """
    session = writing.opened(session_id, by=by, section=RecordSection.INJECTIONS, version=version)
    identity.require(session, IdentityStep.DRAW_UP, IdentityStep.INJECTION)
    made = blood.current_preparation(session)
    record.check_injections(injections, product_ml=made.product_ml if made else None)
    if not injections and session.injected_at is not None:
        raise InvalidInput(
            _("Injections were recorded: correct them instead of deleting them all."), field="injections"
        )
    moment = injected_at or session.injected_at or clock.now()
    writing.not_future(moment, field="injected_at", words=_("The injection lies in the future."))
    if injections:
        record.check_order(session.number, moment, _injected(session), zone=session.site.zone)
        record.check_ready(moment, made.ready_at if made else None)
        writing.patient_is_here(session, moment, by=by)
    _write_rows(session, injections, moment)
    blood.date_product(session, made)
    if injections:
        _date_injection(session, moment, by=by)
    total = sum((injection.volume_ml for injection in injections), Decimal(0))
    detail: audit.Detail = {"count": len(injections), "ml": str(total)}
    writing.saved(session, RecordSection.INJECTIONS, by=by, detail=detail)
    return session


def _injected(session: Session) -> dict[int, dt.datetime]:
    """When the sessions of the course were injected, by number. The course is locked: nobody adds one meanwhile."""
    rows = Session.objects.filter(course=session.course_id, injected_at__isnull=False)
    return {number: at for number, at in rows.values_list("number", "injected_at") if at is not None}


def _write_rows(session: Session, injections: Sequence[InjectionData], moment: dt.datetime) -> None:
    rows = {row.position: row for row in session.injections.all()}
    planned = {(row.structure, row.level, row.side): row for row in session.course.targets.all()}
    for position, data in enumerate(injections):
        row = rows.pop(position, None) or Injection(session=session, position=position, injected_at=moment)
        row.structure, row.level, row.side = data.target.structure, data.target.level, data.target.side
        row.target = planned.get((row.structure, row.level, row.side))
        for field in InjectionData.__slots__:
            if field != "target":
                setattr(row, field, getattr(data, field))
        row.injected_at = moment
        row.save()
    for row in rows.values():
        row.delete()


def _date_injection(session: Session, moment: dt.datetime, *, by: Actor) -> None:
    zone = session.site.zone
    before, session.injected_at = session.injected_at, moment
    session.save(update_fields=["injected_at"])
    if session.status in (SessionStatus.PLANNED, SessionStatus.CLEARED):
        move(session, SessionStatus.INJECTED, by=by)
    if session.course.status == CourseStatus.APPROVED:
        move(session.course, CourseStatus.ACTIVE, by=by)
    if before is None or before.astimezone(zone).date() != moment.astimezone(zone).date():
        recovery_week.plan(session, corrected=before is not None, by=by)
