"""Something a person must do, with an owner and a time."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.enums import Role, TaskState
from clinic.ids import new_id
from clinic.models.patient import Patient
from clinic.models.site import Site


@pghistory.track()
class Task(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(
        Patient, null=True, blank=True, on_delete=models.PROTECT, related_name="tasks"
    )
    kind = models.CharField(max_length=40)
    about = models.CharField(max_length=80, blank=True)
    title = models.CharField(_("what to do"), max_length=200)
    role = models.CharField(_("for"), max_length=20, choices=Role)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    due_at = models.DateTimeField(_("by"))
    state = models.CharField(max_length=10, choices=TaskState, default=TaskState.OPEN)
    outcome = models.CharField(_("what was done"), max_length=500, blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["due_at"]
        indexes = [models.Index(fields=["site", "due_at"], condition=Q(state="open"), name="task_open")]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "about"],
                condition=Q(state="open") & ~Q(about=""),
                name="one_open_task_per_fact",
            ),
            models.CheckConstraint(condition=Q(state__in=TaskState.values), name="task_state_in_table"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
