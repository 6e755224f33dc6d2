"""What treatments forget of a person whose record is erased."""

from uuid import UUID

from django.db import connection

from treatments.enums import SheetStatus
from treatments.models import AnswerSheet, Order


def forget(*, patient_id: UUID) -> None:
    """Inside the transaction that erases: notes for the desk may name people. Signed records are kept as they are.

    Of consents the fact stays and the hand goes, of medicines what a session rests on stays (ADR 34).
    """
    Order.objects.filter(patient_id=patient_id).exclude(note_for_desk="").update(note_for_desk="")
    drafts = AnswerSheet.objects.filter(course__patient_id=patient_id).exclude(status=SheetStatus.ANSWERED)
    drafts.update(answers={})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT treatments_redact_check_ins(%s), treatments_redact_clinical(%s)", [patient_id, patient_id]
        )
