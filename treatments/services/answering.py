"""A patient's answers as they come, item by item, from a phone or the clinic's tablet.

Every tap is kept at once in the sheets; an instrument counts from the moment in which it is complete. Of two taps at
once neither is lost: both read the sheets after they hold the lock of the course.
"""

from collections.abc import Mapping
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import clock, locks
from clinic.actors import Actor, Contact, Patient, Staff
from clinic.enums import Permission
from clinic.exceptions import IllegalMove, InvalidInput, NotFound
from clinic.models import Contact as ContactRow
from clinic.models import Site
from clinic.permissions import check
from clinic.transactions import use_case
from treatments import instruments
from treatments.enums import SheetStatus
from treatments.instruments import Definition, Unscorable
from treatments.models import AnswerSheet
from treatments.selectors import instruments as instrument_reads
from treatments.selectors import time_points as reads
from treatments.services import responses, sheets

Values = Mapping[str, Mapping[str, int]]
"""Answers by instrument and item."""


@use_case
def save(*, by: Actor, patient_id: UUID, site_id: UUID, values: Values, source: str) -> None:
    """Keep these answers in every sheet that asks for them.

    Raises InvalidInput for an answer that there is not, IllegalMove when nothing is asked any more: then nothing is
    kept.
    """
    found, known = _open(by, patient_id, site_id)
    for code, given in values.items():
        for item, value in given.items():
            try:
                instruments.check_item(_definition(known, code), item, value)
            except Unscorable as error:
                raise InvalidInput(str(error), field=f"{code}.{item}") from error
    for sheet in found:
        mine = {code: given for code, given in values.items() if code in sheet.instruments and given}
        if not mine:
            continue
        for code, given in mine.items():
            sheet.answers[code] = {**sheet.answers.get(code, {}), **given}
        sheet.version += 1
        sheet.save(update_fields=["answers", "version"])
        for code in mine:
            if instruments.is_complete(known[code], sheet.answers[code]):
                _count(sheet, known[code], by=by, source=source)


@use_case
def finish(*, by: Actor, patient_id: UUID, site_id: UUID, source: str) -> None:
    """The patient is done: what can be scored by its instrument's rule for missing answers counts, the rest stays a draft.

    Mails and tasks that ask for it are withdrawn. Finishing twice changes nothing.
    """
    found, known = _open(by, patient_id, site_id, may_be_none=True)
    for sheet in found:
        count_what_counts(sheet, known, by=by, source=source)
        sheets.move(sheet, SheetStatus.ANSWERED, by=by)
    if found:
        sheets.settle(patient_id, by=by)


def count_what_counts(sheet: AnswerSheet, known: Mapping[str, Definition], *, by: Actor, source: str) -> None:
    """Score every instrument of the sheet that was begun, where its rule for missing answers allows a score."""
    for code in sheet.instruments:
        if sheet.answers.get(code) and code in known:
            try:
                _count(sheet, known[code], by=by, source=source)
            except Unscorable:
                continue


def _count(sheet: AnswerSheet, definition: Definition, *, by: Actor, source: str) -> None:
    responses.write(
        by=by,
        course=sheet.course,
        definition=definition,
        time_point=sheet.time_point,
        answers=sheet.answers[definition.code],
        at=clock.now(),
        source=source,
    )


def _open(
    by: Actor, patient_id: UUID, site_id: UUID, *, may_be_none: bool = False
) -> tuple[list[AnswerSheet], dict[str, Definition]]:
    """The open sheets, read after their courses are locked, and the definitions that they are answered by."""
    _check(by, patient_id, site_id)
    today = clock.today(Site.objects.get(pk=site_id).zone)
    before = reads.open_sheets(patient_id=patient_id, site_id=site_id, today=today)
    locks.take(course={sheet.course_id for sheet in before})
    held = {sheet.course_id for sheet in before}
    found = [
        sheet
        for sheet in reads.open_sheets(patient_id=patient_id, site_id=site_id, today=today)
        if sheet.course_id in held
    ]
    if not found and not may_be_none:
        raise IllegalMove(_("Nothing is asked any more. Thank you."))
    return found, instrument_reads.at_site(site_id)


def _check(by: Actor, patient_id: UUID, site_id: UUID) -> None:
    """The patient, a contact of theirs, or staff who write records."""
    if isinstance(by, Staff):
        check(by, Permission.RECORD_CLINICAL, site_id=site_id)
        return
    if isinstance(by, Patient) and by.patient_id == patient_id:
        return
    if isinstance(by, Contact):
        beside = ContactRow.objects.filter(pk=by.contact_id, patient_id=patient_id, ended_at=None)
        if beside.exists():
            return
    raise NotFound(_("There is nothing to answer here."))


def _definition(known: Mapping[str, Definition], code: str) -> Definition:
    if code not in known:
        raise InvalidInput(_("There is no such question."), field=code)
    return known[code]
