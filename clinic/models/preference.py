"""What somebody does not want to be written to about."""

from django.db import models

from clinic.enums import Channel, MessageGroup
from clinic.ids import new_id
from clinic.models.patient import Contact, Patient


class Decline(models.Model):
    """One person, the patient or (with `contact`) somebody beside them, wants no mails of one group on one channel.

    No row: they get them, as far as the patient has agreed. It is asked just before each mail is started, so who changes
    their mind before that is written to again. Who declined what and when they took it back stands in the audit.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="declines")
    contact = models.ForeignKey(Contact, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    group = models.CharField(max_length=20, choices=MessageGroup)
    channel = models.CharField(max_length=10, choices=Channel, default=Channel.EMAIL)
    declined_at = models.DateTimeField()

    class Meta:
        ordering = ["declined_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "contact", "group", "channel"],
                nulls_distinct=False,
                name="one_decline_per_person_group_and_channel",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)
