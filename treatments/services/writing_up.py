"""Written up as planned, or as last time: what is empty is filled from presets or from the session before.

What somebody wrote stays as it is. Counts stay not measured, a lot and a time-out are never presumed, and times come
from the stages of the visit, where they were tapped.
"""

import datetime as dt
from collections.abc import Collection
from typing import Any, TypeVar
from uuid import UUID

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import clock
from clinic.actors import Actor, Staff
from clinic.exceptions import InvalidInput
from clinic.transactions import use_case
from treatments.clinical_rules import Usual
from treatments.data import (
    AnaestheticData,
    DrawData,
    InjectionData,
    PreparationData,
    ReadyingData,
    RecipientData,
    SpinData,
    TargetData,
)
from treatments.enums import RecordSection
from treatments.models import KitType, Medicine, Readying, Recipient, Session
from treatments.policies import presets
from treatments.policies import targets as targets_of
from treatments.selectors import records, reviews
from treatments.services import bedside, blood, injecting, writing

D = TypeVar("D")
_USED_UP = gettext_lazy("These levels had all the injections of this course: choose where it went yourself.")
_DRAW = ("blood_ml", "site", "needle_gauge", "anticoagulant", "anticoagulant_ml", "baseline_tube")
_MADE = ("product_ml", "kit_id", "device_id", "buffy_coat", "plasma_removed_ml", "activation", "additives")
_GIVEN = ("volume_ml", "guidance", "needle_gauge", "needle_mm", "approach")
_BY_STAGE = {"draw": "draw", "preparation": "separation", "injections": "injection"}
EVERYTHING = (
    RecordSection.RECIPIENT,
    RecordSection.DRAW,
    RecordSection.PREPARATION,
    RecordSection.READYING,
    RecordSection.INJECTIONS,
)


@use_case
def as_planned(
    *,
    by: Actor,
    session_id: UUID,
    sections: Collection[RecordSection] = EVERYTHING,
    injected_at: dt.datetime | None = None,
) -> list[RecordSection]:
    """Fill these parts with what the protocol, its kit and the course's targets say. Returns which were written.

    The injections are recorded at the time given, else when their stage ended, else now; on another day than the
    visit's that would be a guess, and InvalidInput asks for the time. All or nothing.
    """
    session = writing.opened(session_id, by=by)
    usual = _usual(session)
    ended = {code: end for code, (_start, end) in records.stage_times(session).items()}
    written: list[RecordSection] = []
    for section in sections:
        at = ended.get(_BY_STAGE.get(section, ""))
        match section:
            case RecordSection.RECIPIENT:
                _fill_recipient(session, None, by=by)
            case RecordSection.DRAW:
                _fill_draw(session, presets.draw(usual, at=at), by=by)
            case RecordSection.PREPARATION:
                data, spins = presets.preparation(
                    usual,
                    ready_at=at,
                    kit_id=_kit_named(session, usual.kit),
                    device_id=_device_of(session),
                    operator_id=by.user_id if isinstance(by, Staff) else None,
                )
                _fill_preparation(session, data, spins, by=by)
            case RecordSection.READYING:
                _fill_readying(session, *presets.readying(usual), by=by)
            case RecordSection.INJECTIONS:
                if session.injections.exists():
                    continue
                _inject(session, usual, injected_at or at, by=by)
            case _:
                continue
        written.append(section)
    return written


@use_case
def as_last(*, by: Actor, session_id: UUID, section: RecordSection) -> None:
    """Fill one part as the last session of the course was: same vein, kit, runs, needles, volumes; no time, lot or count."""
    session = writing.opened(session_id, by=by)
    last = records.last_injected(session)
    if last is None:
        raise InvalidInput(_("No earlier session of this course was injected."), field=None)
    drawn, made = last.draw, last.preparation
    if section == RecordSection.RECIPIENT:
        _fill_recipient(session, Recipient.objects.filter(session=last.session).first(), by=by)
    elif section == RecordSection.DRAW and drawn is not None:
        _fill_draw(session, DrawData(**{name: getattr(drawn, name) for name in _DRAW}), by=by)
    elif section == RecordSection.PREPARATION and made is not None:
        spins = [
            SpinData(row.minutes, row.g, row.celsius, row.rpm, row.radius_mm) for row in made.spins.all()
        ]
        _fill_preparation(
            session, PreparationData(**{name: getattr(made, name) for name in _MADE}), spins, by=by
        )
    elif section == RecordSection.READYING:
        before = Readying.objects.filter(session=last.session).first()
        data = ReadyingData(before.skin_agent, before.antibiotic) if before else ReadyingData()
        lines = [
            AnaestheticData(row.agent, row.percent, row.ml, row.use)
            for row in last.session.anaesthetics.all()
        ]
        _fill_readying(session, data, lines, by=by)
    elif section == RecordSection.INJECTIONS and not session.injections.exists():
        used = _used_up(session)
        rows = [
            InjectionData(
                TargetData(row.structure, row.level, row.side),
                **{name: getattr(row, name) for name in _GIVEN},
            )
            for row in last.injections
            if (row.structure, row.level) not in used
        ]
        if not rows:
            raise InvalidInput(str(_USED_UP), field="injections")
        _started, ended = records.stage_times(session).get("injection", (None, None))
        _record_injections(session, rows, ended, by=by)


def _usual(session: Session) -> Usual:
    made = blood.current_preparation(session)
    kit = made.kit if made is not None else None
    return presets.usual(session.course.protocol_version.clinical.usual, kit.preset if kit else None)


def _fill_recipient(session: Session, last: Recipient | None, *, by: Actor) -> None:
    course, patient = session.course, session.course.patient
    day = (session.injected_at or clock.now()).astimezone(session.site.zone).date()
    born = patient.birth_date
    known: dict[str, Any] = {
        "age_years": day.year - born.year - ((day.month, day.day) < (born.month, born.day)),
        "sex": patient.sex,
        "diagnosis_code": course.diagnosis_code,
        "diagnosis": course.diagnosis,
        "medicines": _medicines(session),
    }
    if last is not None:
        same = (
            "height_cm",
            "weight_kg",
            "comorbidity",
            "smoking",
            "imaging_on",
            "imaging",
            "prior_treatment",
        )
        known |= {name: getattr(last, name) for name in same}
    now = Recipient.objects.filter(session=session).first()
    data = _filled(_row_as(RecipientData, now), RecipientData(**known))
    bedside.record_recipient(by=by, session_id=session.pk, data=data, pain_before=session.pain_before)


def _medicines(session: Session) -> str:
    """What the patient takes by the clinic's list, a line each, with the last dose where it is known."""
    rows = Medicine.objects.filter(patient=session.course.patient_id, ended_on=None)
    return "\n".join(
        " ".join(filter(None, (row.name, row.dose)))
        + (
            _(", last on %(day)s") % {"day": date_format(row.last_dose_on, "j M Y")}
            if row.last_dose_on
            else ""
        )
        for row in rows
    )[:2000]


def _fill_draw(session: Session, preset: DrawData, *, by: Actor) -> None:
    now = _row_as(DrawData, blood.current_draw(session))
    blood.record_draw(by=by, session_id=session.pk, data=_filled(now, preset))


def _fill_preparation(session: Session, preset: PreparationData, spins: list[SpinData], *, by: Actor) -> None:
    row = blood.current_preparation(session)
    kept = row is not None and row.spins.exists()
    blood.record_preparation(
        by=by,
        session_id=session.pk,
        data=_filled(_row_as(PreparationData, row), preset),
        spins=None if kept else spins,
    )


def _fill_readying(
    session: Session, preset: ReadyingData, lines: list[AnaestheticData], *, by: Actor
) -> None:
    row = Readying.objects.filter(session=session).first()
    now = (
        ReadyingData(row.skin_agent, row.antibiotic, row.time_out_at, tuple(row.checked))
        if row is not None
        else ReadyingData()
    )
    noted = [
        AnaestheticData(each.agent, each.percent, each.ml, each.use) for each in session.anaesthetics.all()
    ]
    bedside.record_readying(
        by=by, session_id=session.pk, data=_filled(now, preset), anaesthetics=noted or lines
    )


def _inject(session: Session, usual: Usual, at: dt.datetime | None, *, by: Actor) -> None:
    used = _used_up(session)
    targets = [
        TargetData(row.structure, row.level, row.side)
        for row in session.course.targets.all()
        if (row.structure, row.level) not in used
    ]
    if used and not targets:
        raise InvalidInput(str(_USED_UP), field="injections")
    made = blood.current_preparation(session)
    rows = presets.injections(
        targets,
        usual,
        product_ml=made.product_ml if made else None,
        earlier=records.volumes_before(session),
    )
    if not rows:
        raise InvalidInput(
            _("How much was injected is not known: enter the product's volume first."), field="injections"
        )
    _record_injections(session, rows, at, by=by)


def _used_up(session: Session) -> set[targets_of.Place]:
    """Levels that had all their injections of this course: they are suggested no more, a physician may still choose."""
    rules = session.course.protocol_version.clinical.targets
    used = targets_of.used_up(rules, reviews.injected_besides(session))
    return {(each.structure, each.level) for each in used}


def _record_injections(
    session: Session, rows: list[InjectionData], at: dt.datetime | None, *, by: Actor
) -> None:
    zone, booking = (
        session.site.zone,
        session.bookings.filter(is_open=True).select_related("appointment").first(),
    )
    day = booking.appointment.period.lower.astimezone(zone).date() if booking else None
    if at is None and day is not None and day < clock.today(zone):
        raise InvalidInput(_("Say when it was injected: the visit was on another day."), field="injected_at")
    injecting.record_injections(by=by, session_id=session.pk, injections=rows, injected_at=at)


def _kit_named(session: Session, name: str) -> UUID | None:
    """The kit that the protocol names; else the only one that the site has."""
    rows = list(KitType.objects.filter(site=session.site_id, is_active=True))
    named = next((row.pk for row in rows if row.name == name), None)
    return named or (rows[0].pk if len(rows) == 1 else None)


def _device_of(session: Session) -> UUID | None:
    """The centrifuge that the visit holds."""
    booking = session.bookings.filter(is_open=True).first()
    if booking is None:
        return None
    found = booking.appointment.allocations.filter(active=True, resource__kind="centrifuge")
    return found.values_list("resource", flat=True).first()


def _row_as(shape: type[D], row: Any) -> D:
    names = shape.__slots__  # type: ignore[attr-defined]  # every shape is a dataclass with slots
    return shape(**{name: getattr(row, name) for name in names}) if row is not None else shape()


def _filled(now: D, preset: D) -> D:
    """What was written, and the preset where nothing was."""
    names = now.__slots__  # type: ignore[attr-defined]  # every shape is a dataclass with slots
    values = {name: getattr(now, name) for name in names}
    empty = (None, "", ())
    return type(now)(
        **{name: getattr(preset, name) if value in empty else value for name, value in values.items()}
    )
