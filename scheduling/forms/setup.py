"""Setting up: resources, hours, closures, time off, visit types."""

import datetime as dt
from typing import Any

from crispy_forms.layout import Layout
from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from clinic import clock
from clinic.enums import Role
from clinic.forms import ClinicForm, DateField, Row, Section, TimeField
from clinic.models import Site, User
from scheduling.forms.fields import offer_rows
from scheduling.models import Resource, ResourceKind, VisitType
from scheduling.models.hours import WEEKDAYS
from scheduling.selectors import setup as reads
from scheduling.services.hours import HoursData
from scheduling.services.resources import ResourceData
from scheduling.services.visit_types import VisitTypeData

WORKDAYS = ["0", "1", "2", "3", "4"]


class ResourceForm(ClinicForm):
    submit_label = _("Save")
    kind = forms.ModelChoiceField(queryset=ResourceKind.objects.all(), label=_("Kind"), empty_label=None)
    name = forms.CharField(
        label=_("Name"), max_length=120, help_text=_("As it is said at the desk: Room 2, Dr. Lindqvist.")
    )
    user = forms.ModelChoiceField(
        queryset=User.objects.none(),
        label=_("Account"),
        required=False,
        empty_label=_("None"),
        help_text=_("For clinicians: whose own day this is."),
    )

    def __init__(
        self, data: Any = None, *, site: Site, resource: Resource | None = None, **kwargs: Any
    ) -> None:
        initial = (
            {"kind": resource.kind_id, "name": resource.name, "user": resource.user_id} if resource else None
        )
        super().__init__(data, initial=initial, **kwargs)
        free = Q(resource__isnull=True) | Q(resource=resource) if resource else Q(resource__isnull=True)
        staff = User.objects.filter(free, sites=site, is_active=True, role__in=[Role.PHYSICIAN, Role.NURSE])
        offer_rows(self, "user", staff.distinct())
        if resource:
            self.fields["kind"].disabled = True
            self.fields["kind"].help_text = _("Fixed: visits hold it as what it is.")
            if not resource.is_clinician:
                del self.fields["user"]

    @property
    def resource_data(self) -> ResourceData:
        user: User | None = self.cleaned_data.get("user")
        return ResourceData(
            self.cleaned_data["kind"].pk, self.cleaned_data["name"].strip(), user.pk if user else None
        )


class HoursForm(ClinicForm):
    submit_label = _("Add hours")
    weekdays = forms.MultipleChoiceField(
        choices=[(str(number), name) for number, name in WEEKDAYS],
        widget=forms.CheckboxSelectMultiple,
        label=_("Days"),
    )
    opens = TimeField(label=_("From"))
    closes = TimeField(label=_("Until"))
    valid_from = DateField(label=_("Valid from"))
    valid_until = DateField(label=_("Last day"), required=False, help_text=_("Empty: until further notice."))

    def __init__(self, data: Any = None, *, site: Site, **kwargs: Any) -> None:
        initial = {
            "weekdays": WORKDAYS,
            "opens": "08:00",
            "closes": "12:00",
            "valid_from": clock.today(site.zone),
        }
        super().__init__(data, initial=initial, **kwargs)

    def layout(self) -> Layout:
        return Layout("weekdays", Row("opens", "closes"), Row("valid_from", "valid_until"))

    @property
    def hours(self) -> HoursData:
        said = self.cleaned_data
        return HoursData(
            weekdays=[int(day) for day in said["weekdays"]],
            opens=said["opens"],
            closes=said["closes"],
            valid_from=said["valid_from"],
            valid_until=said["valid_until"],
        )


class PeriodForm(ClinicForm):
    """Whole days, or a part of one day."""

    first = DateField(label=_("First day"))
    last = DateField(label=_("Last day"))
    opens = TimeField(label=_("From"), required=False, help_text=_("Empty: all day."))
    closes = TimeField(label=_("Until"), required=False)
    accept = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, site: Site, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.site = site

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        first, last = said.get("first"), said.get("last")
        if first and last and last < first:
            self.add_error("last", _t("The last day is before the first day."))
        elif first and (first.year < 2000 or (last and last > first + dt.timedelta(days=800))):
            self.add_error("last", _t("That is longer than two years."))
        if bool(said.get("opens")) != bool(said.get("closes")):
            self.add_error("closes" if said.get("opens") else "opens", _t("Give both times, or neither."))
        return said

    @property
    def period(self) -> tuple[dt.datetime, dt.datetime]:
        """Instants: from the first day's time (midnight) until the last day's time (the midnight after it)."""
        said, zone = self.cleaned_data, self.site.zone
        if said["opens"]:
            return clock.local(said["first"], said["opens"], zone), clock.local(
                said["last"], said["closes"], zone
            )
        return clock.day_bounds(said["first"], zone)[0], clock.day_bounds(said["last"], zone)[1]


class ClosureForm(PeriodForm):
    submit_label = _("Close the site")
    name = forms.CharField(
        label=_("Reason"), max_length=120, help_text=_("A public holiday, works, training.")
    )

    def layout(self) -> Layout:
        return Layout("name", Row("first", "last"), Row("opens", "closes"))


class TimeOffForm(PeriodForm):
    submit_label = _("Save time off")
    resource = forms.ModelChoiceField(queryset=Resource.objects.none(), label=_("Who or what"))
    reason = forms.CharField(
        label=_("Note"),
        max_length=120,
        required=False,
        help_text=_("Everybody at the desk can read it: no illnesses."),
    )

    def __init__(self, data: Any = None, *, site: Site, **kwargs: Any) -> None:
        super().__init__(data, site=site, **kwargs)
        offer_rows(self, "resource", reads.resources(site.pk).filter(is_active=True))

    def layout(self) -> Layout:
        return Layout("resource", Row("first", "last"), Row("opens", "closes"), "reason")


class VisitTypeForm(ClinicForm):
    submit_label = _("Save")
    name = forms.CharField(label=_("Name"), max_length=120)
    bring = forms.CharField(
        label=_("What to bring"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Patients read it in their mails."),
    )
    grid_minutes = forms.IntegerField(label=_("Offered every (minutes)"), min_value=5, max_value=240)
    notice_hours = forms.IntegerField(label=_("Shortest notice (hours)"), min_value=0, max_value=24 * 60)
    horizon_days = forms.IntegerField(label=_("Booked at most (days ahead)"), min_value=1, max_value=800)
    is_active = forms.BooleanField(label=_("Offered"), required=False)

    def __init__(self, data: Any = None, *, visit_type: VisitType, steps: list[Any], **kwargs: Any) -> None:
        initial = {
            "name": visit_type.name,
            "bring": visit_type.bring,
            "grid_minutes": visit_type.grid_minutes,
            "notice_hours": visit_type.notice_minutes // 60,
            "horizon_days": visit_type.horizon_days,
            "is_active": visit_type.is_active,
        }
        super().__init__(data, initial=initial, **kwargs)
        self.steps = steps
        for step in steps:
            self.fields[f"length_{step.code}"] = forms.IntegerField(
                label=step.name,
                min_value=1,
                max_value=240,
                initial=step.minutes,
            )

    def layout(self) -> Layout:
        lengths = Row(*(f"length_{step.code}" for step in self.steps))
        return Layout(
            "name",
            "bring",
            Row("grid_minutes", "notice_hours", "horizon_days"),
            *([Section(_("How many minutes each stage takes"), lengths)] if self.steps else []),
            "is_active",
        )

    @property
    def visit_type_data(self) -> VisitTypeData:
        said = self.cleaned_data
        return VisitTypeData(
            name=said["name"].strip(),
            bring=said["bring"].strip(),
            grid_minutes=said["grid_minutes"],
            notice_minutes=said["notice_hours"] * 60,
            horizon_days=said["horizon_days"],
            is_active=said["is_active"],
            lengths={step.code: said[f"length_{step.code}"] for step in self.steps},
        )


class EndHoursForm(forms.Form):
    """End a weekly window: at once, or after a last day."""

    last_day = DateField(required=False)
    accept = forms.BooleanField(required=False)


class AcceptForm(forms.Form):
    accept = forms.BooleanField(required=False)


def first_error(form: forms.Form) -> str:
    return next((str(error) for errors in form.errors.values() for error in errors), "")
