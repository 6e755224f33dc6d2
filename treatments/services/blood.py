"""Draws and preparations of a record. One that failed is kept, and what is written next is a further row."""

from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import clock
from clinic.actors import Actor
from clinic.exceptions import InvalidInput
from clinic.transactions import use_case
from scheduling.models import Resource
from treatments.data import DrawData, PreparationData, SpinData
from treatments.enums import IdentityStep, RecordSection
from treatments.models import Draw, KitType, Preparation, Session, Spin
from treatments.policies import processing
from treatments.services import identity, writing


@use_case
def record_draw(*, by: Actor, session_id: UUID, data: DrawData, version: int | None = None) -> Draw:
    """Write the draw in hand. After one that failed this is a further row, never an overwrite."""
    session = writing.opened(session_id, by=by, section=RecordSection.DRAW, version=version)
    identity.require(session, IdentityStep.DRAW)
    writing.not_future(data.drawn_at, field="drawn_at", words=_("The draw lies in the future."))
    made = current_preparation(session)
    processing.check_draw(data, made=_made(made))
    last = session.draws.order_by("-attempt").first()
    if last is None or last.failed:
        last = Draw(session=session, attempt=(last.attempt if last else 0) + 1)
    for field in DrawData.__slots__:
        setattr(last, field, getattr(data, field))
    last.save()
    session.preparations.filter(draw=None, failed=False).update(draw=last)
    writing.saved(session, RecordSection.DRAW, by=by, detail={"attempt": last.attempt})
    return last


@use_case
def fail_draw(*, by: Actor, session_id: UUID, reason: str, version: int | None = None) -> Draw:
    """The draw gave no usable blood. It stays in the record; the next one is a further row."""
    session = writing.opened(session_id, by=by, section=RecordSection.DRAW, version=version)
    _said(reason)
    row = session.draws.order_by("-attempt").first()
    if row is None or row.failed:
        row = Draw(session=session, attempt=(row.attempt if row else 0) + 1, drawn_at=clock.now())
    elif row.preparations.filter(failed=False).exists():
        raise InvalidInput(
            _("A preparation was made from this blood: note first that the preparation failed."),
            field="reason",
        )
    row.failed, row.failure = True, reason.strip()
    row.save()
    writing.saved(session, RecordSection.DRAW, by=by, detail={"attempt": row.attempt, "failed": True})
    return row


@use_case
def record_preparation(
    *,
    by: Actor,
    session_id: UUID,
    data: PreparationData,
    spins: Sequence[SpinData] | None = None,
    version: int | None = None,
) -> Preparation:
    """Write the preparation in hand, from the last draw that gave blood. `spins` None leaves them as they are.

    An expired kit is refused, and no role may override that. Raises InvalidInput at the field.
    """
    session = writing.opened(session_id, by=by, section=RecordSection.PREPARATION, version=version)
    identity.require(session, IdentityStep.LOAD)
    writing.not_future(data.ready_at, field="ready_at", words=_("The product is ready in the future."))
    _check_belongings(session, data)
    draw = current_draw(session)
    day = (data.ready_at or clock.now()).astimezone(session.site.zone).date()
    injected = list(session.injections.values_list("volume_ml", flat=True))
    processing.check_preparation(data, draw=_drawn(draw), on=day, injected_ml=injected)
    for spin in spins or ():
        processing.check_spin(spin)
    last = session.preparations.order_by("-attempt").first()
    if last is None or last.failed:
        last = Preparation(session=session, attempt=(last.attempt if last else 0) + 1)
    for field in PreparationData.__slots__:
        setattr(last, field, getattr(data, field))
    last.draw = draw
    last.save()
    if spins is not None:
        _write_spins(last, spins)
    date_product(session, last)
    writing.saved(session, RecordSection.PREPARATION, by=by, detail={"attempt": last.attempt})
    return last


@use_case
def fail_preparation(*, by: Actor, session_id: UUID, reason: str, version: int | None = None) -> Preparation:
    """The kit or the preparation failed. It stays in the record with its lot; the next one is a further row."""
    session = writing.opened(session_id, by=by, section=RecordSection.PREPARATION, version=version)
    _said(reason)
    row = current_preparation(session)
    if session.injections.exists():
        raise InvalidInput(_("Its product was injected: it did not fail."), field="reason")
    if row is None:
        count = session.preparations.count()
        row = Preparation(session=session, attempt=count + 1, draw=current_draw(session))
    row.failed, row.failure = True, reason.strip()
    row.save()
    writing.saved(session, RecordSection.PREPARATION, by=by, detail={"attempt": row.attempt, "failed": True})
    return row


def current_draw(session: Session) -> Draw | None:
    """The draw in hand: the last, unless it failed."""
    row = session.draws.order_by("-attempt").first()
    return row if row is not None and not row.failed else None


def current_preparation(session: Session) -> Preparation | None:
    """The preparation in hand: the last, unless it failed."""
    row = session.preparations.order_by("-attempt").first()
    return row if row is not None and not row.failed else None


def date_product(session: Session, made: Preparation | None) -> None:
    """Keep with each injection how old the product was, and whether that was more than the protocol allows."""
    limit = session.course.protocol_version.clinical.limits.product_minutes
    for row in session.injections.all():
        minutes = processing.age_minutes(made.ready_at if made else None, row.injected_at)
        stale = None if minutes is None else minutes > limit
        if (row.product_minutes, row.product_stale) != (minutes, stale):
            row.product_minutes, row.product_stale = minutes, stale
            row.save(update_fields=["product_minutes", "product_stale"])


def _write_spins(made: Preparation, spins: Sequence[SpinData]) -> None:
    rows = {row.position: row for row in made.spins.all()}
    for position, data in enumerate(spins):
        row = rows.pop(position, None) or Spin(preparation=made, position=position)
        row.minutes, row.celsius, row.rpm = data.minutes, data.celsius, data.rpm
        row.radius_mm = data.radius_mm if data.rpm is not None else None
        row.g = processing.force(data)
        row.save()
    for row in rows.values():
        row.delete()


def _check_belongings(session: Session, data: PreparationData) -> None:
    """A kit and a centrifuge of this site: keys come from a form."""
    if data.kit_id and not KitType.objects.filter(pk=data.kit_id, site=session.site_id).exists():
        raise InvalidInput(_("Choose one of the clinic's kits."), field="kit_id")
    if data.device_id and not Resource.objects.filter(pk=data.device_id, site=session.site_id).exists():
        raise InvalidInput(_("Choose one of the clinic's centrifuges."), field="device_id")


def _said(reason: str) -> None:
    if not reason.strip():
        raise InvalidInput(_("Say why it failed."), field="reason")


def _drawn(row: Draw | None) -> DrawData | None:
    return DrawData(**{name: getattr(row, name) for name in DrawData.__slots__}) if row else None


def _made(row: Preparation | None) -> PreparationData | None:
    return (
        PreparationData(**{name: getattr(row, name) for name in PreparationData.__slots__}) if row else None
    )
