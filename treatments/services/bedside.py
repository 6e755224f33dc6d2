"""The parts of a record beside the blood: the patient on the day, skin and time-out, how the patient left."""

from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import clock
from clinic.actors import Actor
from clinic.exceptions import InvalidInput
from clinic.transactions import use_case
from treatments.data import AnaestheticData, DischargeData, Findings, ReadyingData, RecipientData
from treatments.enums import RecordSection, TimeOutItem
from treatments.models import Anaesthetic, Discharge, Readying, Recipient, Session
from treatments.policies import bedside
from treatments.services import pain_of_day, reading, writing


@use_case
def record_recipient(
    *,
    by: Actor,
    session_id: UUID,
    data: RecipientData,
    pain_before: int | None = None,
    version: int | None = None,
) -> Recipient:
    """The patient as they are on the day, with the pain before. BMI follows from height and weight."""
    session = writing.opened(session_id, by=by, section=RecordSection.RECIPIENT, version=version)
    _check_pain(pain_before, field="pain_before")
    bedside.check_recipient(data)
    row = Recipient.objects.filter(session=session).first() or Recipient(session=session)
    for field in RecipientData.__slots__:
        setattr(row, field, getattr(data, field))
    row.bmi = bedside.bmi(height_cm=data.height_cm, weight_kg=data.weight_kg) or data.bmi
    row.save()
    session.pain_before = pain_before
    session.save(update_fields=["pain_before"])
    pain_of_day.answered(session, by=by)
    writing.saved(session, RecordSection.RECIPIENT, by=by)
    return row


@use_case
def record_readying(
    *,
    by: Actor,
    session_id: UUID,
    data: ReadyingData,
    anaesthetics: Sequence[AnaestheticData] = (),
    version: int | None = None,
) -> Readying:
    """Skin, numbing and time-out. Who notes the time-out is who called it, until its time is changed."""
    session = writing.opened(session_id, by=by, section=RecordSection.READYING, version=version)
    writing.not_future(data.time_out_at, field="time_out_at", words=_("The time-out lies in the future."))
    if set(data.checked) - set(TimeOutItem.values):
        raise InvalidInput(_("Choose from the list."), field="checked")
    for line in anaesthetics:
        bedside.check_anaesthetic(line)
    row = Readying.objects.filter(session=session).first() or Readying(session=session)
    if data.time_out_at != row.time_out_at:
        row.time_out_by_id = reading.person(by) if data.time_out_at else None
    row.skin_agent, row.antibiotic = data.skin_agent, data.antibiotic
    row.time_out_at, row.checked = data.time_out_at, list(data.checked)
    row.save()
    _write_anaesthetics(session, anaesthetics)
    writing.saved(session, RecordSection.READYING, by=by)
    return row


@use_case
def record_discharge(
    *,
    by: Actor,
    session_id: UUID,
    data: DischargeData,
    findings: Findings | None = None,
    version: int | None = None,
) -> Discharge:
    """How the patient left, with complications and the note where findings are given."""
    session = writing.opened(session_id, by=by, section=RecordSection.DISCHARGE, version=version)
    writing.not_future(data.left_at, field="left_at", words=_("The patient leaves in the future."))
    _check_pain(data.pain_after, field="pain_after")
    bedside.check_discharge(data, injected_at=session.injected_at)
    row = Discharge.objects.filter(session=session).first() or Discharge(session=session)
    for field in DischargeData.__slots__:
        setattr(row, field, getattr(data, field))
    row.save()
    if findings is not None:
        session.complications, session.note = findings.complications, findings.note
        session.save(update_fields=["complications", "note"])
    writing.saved(session, RecordSection.DISCHARGE, by=by)
    return row


@use_case
def call_time_out(*, by: Actor, session_id: UUID) -> Readying:
    """The time-out is held now, by the person who says so, and everything on its list was said."""
    session = writing.opened(session_id, by=by)
    row = Readying.objects.filter(session=session).first() or Readying(session=session)
    row.time_out_at, row.time_out_by_id = clock.now(), reading.person(by)
    row.checked = list(TimeOutItem.values)
    row.save()
    writing.saved(session, RecordSection.READYING, by=by, detail={"time_out": True})
    return row


@use_case
def let_go(*, by: Actor, session_id: UUID) -> Discharge:
    """The patient is fit, has the instructions and leaves now."""
    session = writing.opened(session_id, by=by)
    row = Discharge.objects.filter(session=session).first() or Discharge(session=session)
    row.fit, row.instructions_given, row.left_at = True, True, clock.now()
    row.save()
    writing.saved(session, RecordSection.DISCHARGE, by=by, detail={"left": True})
    return row


def _write_anaesthetics(session: Session, lines: Sequence[AnaestheticData]) -> None:
    rows = {row.position: row for row in session.anaesthetics.all()}
    for position, data in enumerate(lines):
        row = rows.pop(position, None) or Anaesthetic(session=session, position=position)
        row.agent, row.percent, row.ml, row.use = data.agent, data.percent, data.ml, data.use
        row.save()
    for row in rows.values():
        row.delete()


def _check_pain(value: int | None, *, field: str) -> None:
    if value is not None and not 0 <= value <= 10:
        raise InvalidInput(_("Pain is a number from 0 to 10."), field=field)
