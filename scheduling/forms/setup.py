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
from clinic.forms.fields import LineField
from clinic.models import Site, User
from scheduling.forms.fields import offer_rows
from scheduling.models import Resource, ResourceKind
from scheduling.models.hours import WEEKDAYS
from scheduling.selectors import setup as reads
from scheduling.services.hours import HoursData
from scheduling.services.resources import ResourceData

WORKDAYS = ["0", "1", "2", "3", "4"]


class ResourceForm(ClinicForm):
    submit_label = _("Save")
    kind = forms.ModelChoiceField(queryset=ResourceKind.objects.all(), label=_("Kind"), empty_label=None)
    name = LineField(
        label=_("Name"), max_length=120, help_text=_("As it is said at the desk: Room 2, Dr. Lindqvist.")
    )
    user = forms.ModelChoiceField(
        queryset=User.objects.none(),
        label=_("Account"),
        required=False,
        empty_label=_("None"),
        help_text=_("For clinicians: whose own day this is."),
    )
    setup_minutes = forms.IntegerField(
        label=_("Kept free before (minutes)"), min_value=0, max_value=240, initial=0, required=False
    )
    turnover_minutes = forms.IntegerField(
        label=_("Kept free after (minutes)"), min_value=0, max_value=240, initial=0, required=False
    )

    def __init__(
        self,
        data: Any = None,
        *,
        site: Site,
        resource: Resource | None = None,
        kind: str = "",
        **kwargs: Any,
    ) -> None:
        initial = (
            {
                "kind": resource.kind_id,
                "name": resource.name,
                "user": resource.user_id,
                "setup_minutes": resource.setup_minutes,
                "turnover_minutes": resource.turnover_minutes,
            }
            if resource
            else {"kind": kind}
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

    def layout(self) -> Layout:
        user = ["user"] if "user" in self.fields else []
        return Layout(
            "kind", "name", *user, Section(_("Between two visits"), Row("setup_minutes", "turnover_minutes"))
        )

    @property
    def resource_data(self) -> ResourceData:
        said = self.cleaned_data
        user: User | None = said.get("user")
        return ResourceData(
            said["kind"].pk,
            said["name"],
            user.pk if user else None,
            said["setup_minutes"] or 0,
            said["turnover_minutes"] or 0,
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
    instead = forms.BooleanField(
        label=_("Instead of the hours that these days have"),
        required=False,
        help_text=_("They end the day before, and come back after the last day."),
    )
    accept = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, site: Site, **kwargs: Any) -> None:
        initial = {
            "weekdays": WORKDAYS,
            "opens": "08:00",
            "closes": "12:00",
            "valid_from": clock.today(site.zone),
        }
        super().__init__(data, initial=initial, **kwargs)

    def layout(self) -> Layout:
        return Layout(
            "weekdays", Row("opens", "closes"), Row("valid_from", "valid_until"), "instead", "accept"
        )

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


class CopyDayForm(forms.Form):
    """The hours of one day also on others, from a day on."""

    weekday = forms.TypedChoiceField(choices=WEEKDAYS, coerce=int)
    to = forms.MultipleChoiceField(choices=WEEKDAYS)
    copy_from = DateField()
    accept = forms.BooleanField(required=False)


class ExtraHoursForm(ClinicForm):
    submit_label = _("Save extra hours")
    resource = forms.ModelChoiceField(
        queryset=Resource.objects.none(),
        label=_("Who"),
        required=False,
        empty_label=_("The whole site"),
        help_text=_("Rooms and equipment follow the site. A clinician comes by extra hours of their own."),
    )
    day = DateField(label=_("Day"))
    opens = TimeField(label=_("From"))
    closes = TimeField(label=_("Until"))
    reason = LineField(
        label=_("Note"), max_length=120, required=False, help_text=_("Saturday clinic, late evening.")
    )

    def __init__(self, data: Any = None, *, site: Site, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.site = site
        offer_rows(self, "resource", reads.resources(site.pk).filter(is_active=True, is_clinician=True))

    def layout(self) -> Layout:
        return Layout("resource", "day", Row("opens", "closes"), "reason")

    @property
    def period(self) -> tuple[dt.datetime, dt.datetime]:
        said, zone = self.cleaned_data, self.site.zone
        return clock.local(said["day"], said["opens"], zone), clock.local(said["day"], said["closes"], zone)


class HolidayForm(forms.Form):
    """What is said of one public holiday."""

    say = forms.ChoiceField(choices=[("closed", _("Closed")), ("open", _("Open as usual"))])
    accept = forms.BooleanField(required=False)


class HolidayYearForm(forms.Form):
    year = forms.IntegerField(min_value=2000, max_value=2200)
    accept = forms.BooleanField(required=False)


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


class EndHoursForm(forms.Form):
    """End a weekly window: at once, or after a last day."""

    last_day = DateField(required=False)
    accept = forms.BooleanField(required=False)


class AcceptForm(forms.Form):
    accept = forms.BooleanField(required=False)


def first_error(form: forms.Form) -> str:
    return next((str(error) for errors in form.errors.values() for error in errors), "")
