"""Which visits a mail about several of them speaks of."""

import pgtrigger
from django.db import models

from scheduling.models.appointment import Appointment


class NoticeLine(models.Model):
    """One visit's line in a mail about several visits, written with its row in the outbox and never changed.

    A visit that changes again drops out of the mail by its `told_rev`: the line then speaks of an earlier one.
    """

    about = models.CharField(max_length=80, help_text="What the mail is filed under: visits:<uuid>.")
    appointment = models.ForeignKey(Appointment, on_delete=models.PROTECT, related_name="notice_lines")
    told_rev = models.PositiveIntegerField(help_text="The revision of the visit that this line tells.")
    kind = models.CharField(max_length=40, help_text="The kind of mail that would tell it alone.")
    was = models.DateTimeField(null=True, blank=True, help_text="The start that the patient knew by mail.")

    is_ledger = True

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["about", "appointment"], name="one_line_per_mail_and_visit")
        ]
        triggers = [pgtrigger.Protect(name="lines_are_kept", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.about} {self.appointment_id}"
