"""Forms about tasks."""

import datetime as dt
from typing import Any
from uuid import UUID

from crispy_forms.layout import Layout
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from clinic import clock
from clinic.enums import Role
from clinic.forms.base import ClinicForm, DateField, Row, TimeField
from clinic.forms.choices import rows_field
from clinic.forms.fields import LineField
from clinic.models import Site, User


class AssignForm(ClinicForm):
    """For whom, and by when. A person comes before the role; without one, whoever has the role takes it."""

    submit_label = _("Save")

    role = forms.ChoiceField(label=_("For"), choices=Role.choices)
    owner = forms.ModelChoiceField(
        label=_("Person"), queryset=User.objects.none(), required=False, empty_label=_("Whoever has time")
    )
    day = DateField(label=_("By"))
    time = TimeField(label=_("Time"), initial=dt.time(17))

    def __init__(self, *args: Any, site: Site, people: QuerySet[User], **options: Any) -> None:
        super().__init__(*args, **options)
        self.site = site
        rows_field(self, "owner").queryset = people

    def layout(self) -> Layout:
        return Layout(Row("role", "owner"), Row("day", "time"))

    def clean_day(self) -> dt.date:
        day: dt.date = self.cleaned_data["day"]
        today = clock.today(self.site.zone)
        if not today - dt.timedelta(days=1) <= day <= today + dt.timedelta(days=730):
            raise ValidationError(_("Give a day from today on, within two years."), code="day")
        return day

    @property
    def due_at(self) -> dt.datetime:
        return clock.local(self.cleaned_data["day"], self.cleaned_data["time"], self.site.zone)

    @property
    def owner_id(self) -> UUID | None:
        owner: User | None = self.cleaned_data["owner"]
        return owner.pk if owner else None


class TaskForm(AssignForm):
    submit_label = _("Add task")

    title = LineField(
        label=_("What to do"), max_length=200, help_text=_("Such as “Call back about Thursday”.")
    )

    field_order = ["title", "role", "owner", "day", "time"]

    def layout(self) -> Layout:
        return Layout("title", Row("role", "owner"), Row("day", "time"))


class OutcomeForm(ClinicForm):
    submit_label = _("Finish")

    outcome = forms.CharField(
        label=_("What was done"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3, "autofocus": True}),
        help_text=_("One sentence is enough: “Reached him, moved to Friday.”"),
    )
