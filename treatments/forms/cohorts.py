"""Which courses a cohort report covers, and how it is split."""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.forms import DateField
from clinic.forms.choices import choice_field, rows_field
from clinic.models import Site
from treatments.selectors.cohorts import Group, Wanted

YEARS = 2
LONGEST = 3660
"""Days of one cohort: ten years."""
GROUPS = [
    (Group.PHYSICIAN, gettext_lazy("Physician")),
    (Group.PROTOCOL, gettext_lazy("Protocol")),
    (Group.DIAGNOSIS, gettext_lazy("Diagnosis")),
    (Group.TARGET, gettext_lazy("Target")),
    (Group.LEUCOCYTES, gettext_lazy("Leukocytes (LR/LP)")),
    (Group.PAW, gettext_lazy("PAW class")),
]
AT = "month_3"
"""The time point at which responders are counted until another one is chosen."""


class PeriodForm(forms.Form):
    """Sites and days: when the courses began."""

    site = forms.ModelChoiceField(
        queryset=Site.objects.none(),
        label=gettext_lazy("Site"),
        required=False,
        empty_label=gettext_lazy("All my sites"),
    )
    first = DateField(label=gettext_lazy("Begun from"))
    last = DateField(label=gettext_lazy("Until"))

    def __init__(self, data: Any, *, site_ids: Collection[UUID], today: dt.date) -> None:
        self.site_ids = frozenset(site_ids)
        usual = {**self.usual(), "first": today - dt.timedelta(days=365 * YEARS), "last": today}
        given = {key: data[key] for key in self.base_fields if data.get(key)}
        super().__init__(usual | given)
        rows_field(self, "site").queryset = Site.objects.filter(pk__in=site_ids).order_by("name")

    def usual(self) -> dict[str, Any]:
        return {}

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        first, last = said.get("first"), said.get("last")
        if first and last and last < first:
            self.add_error("last", _("The last day lies before the first."))
        elif first and last and (last - first).days >= LONGEST:
            self.add_error("last", _("A cohort covers ten years at most. Choose a shorter time."))
        return said

    @property
    def chosen_sites(self) -> frozenset[UUID]:
        site = self.cleaned_data.get("site")
        return frozenset({site.pk}) if site else self.site_ids


class CohortForm(PeriodForm):
    """Read from the address, so that a report can be kept as a bookmark."""

    group = forms.ChoiceField(choices=GROUPS, label=gettext_lazy("Split by"))
    at = forms.CharField(label=gettext_lazy("Responders at"), max_length=50)
    instrument = forms.ChoiceField(label=gettext_lazy("Change of"))

    def __init__(
        self, data: Any, *, site_ids: Collection[UUID], today: dt.date, instruments: Mapping[str, str]
    ) -> None:
        super().__init__(data, site_ids=site_ids, today=today)
        choice_field(self, "instrument").choices = list(instruments.items())

    def usual(self) -> dict[str, Any]:
        return {"group": Group.PHYSICIAN, "at": AT, "instrument": "nrs"}

    def wanted(self) -> Wanted:
        said = self.cleaned_data
        return Wanted(
            self.chosen_sites, said["first"], said["last"], Group(said["group"]), said["instrument"]
        )
