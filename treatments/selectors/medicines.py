"""The sheet of a patient's medicines: each with what it asks for before the next session, and what was decided."""

import datetime as dt
from dataclasses import dataclass

from clinic import clock
from treatments.clinical_rules import ClinicalRules
from treatments.models import Course, Medicine, MedicineCheck, PrescriberDecision
from treatments.policies import medicines
from treatments.policies.medicines import Hold, Kept
from treatments.selectors import screening


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One medicine on the sheet."""

    row: Medicine
    hold: Hold
    kept: Kept
    decision: PrescriberDecision | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything that the patient takes, for one day."""

    day: dt.date
    is_booked: bool
    number: int
    lines: list[SheetLine]
    ended: list[Medicine]
    check: MedicineCheck | None


def sheet(course: Course, rules: ClinicalRules) -> Sheet:
    """A constant number of queries."""
    session = screening.next_session(course)
    one = screening.checked([session])[0] if session is not None else None
    today = clock.today(course.site.zone)
    day = one.day if one is not None else today
    rows = list(Medicine.objects.filter(patient=course.patient_id).select_related("recorded_by"))
    decisions = {
        row.medicine_id: row
        for row in PrescriberDecision.objects.filter(course=course).select_related("recorded_by")
    }
    lines = []
    for row in rows:
        if row.ended_on is None:
            hold = medicines.hold(name=row.name, group=row.group, session_day=day, rules=rules)
            kept = medicines.kept(hold, last_dose_on=row.last_dose_on, today=today)
            lines.append(SheetLine(row, hold, kept, decisions.get(row.pk)))
    return Sheet(
        day=day,
        is_booked=one is not None and one.visit is not None,
        number=session.number if session is not None else 1,
        lines=lines,
        ended=[row for row in rows if row.ended_on is not None],
        check=MedicineCheck.objects.filter(course=course).select_related("checked_by").last(),
    )
