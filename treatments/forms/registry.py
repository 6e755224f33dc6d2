"""What is taken out for a registry, and why."""

import datetime as dt
from collections.abc import Collection
from typing import Any
from uuid import UUID

from crispy_forms.layout import Layout
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.forms import DateField
from clinic.forms.base import ClinicForm, Row
from clinic.forms.choices import rows_field
from clinic.models import Site
from treatments.enums import ExportPurpose


class ExportForm(ClinicForm):
    """Courses that began between two days, at one site or all of the physician's."""

    submit_label = _("Take out the file (CSV)")
    site = forms.ModelChoiceField(
        queryset=Site.objects.none(), label=_("Site"), required=False, empty_label=_("All my sites")
    )
    first = DateField(label=_("Begun from"))
    last = DateField(label=_("Until"))
    purpose = forms.ChoiceField(choices=ExportPurpose.choices, label=_("Purpose"))
    reason = forms.CharField(
        label=_("For which registry or question"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Kept with your name. Write no patient’s name."),
    )

    def __init__(self, data: Any = None, *, site_ids: Collection[UUID], today: dt.date) -> None:
        self.site_ids = frozenset(site_ids)
        super().__init__(data, initial={"first": today.replace(year=today.year - 5, day=1), "last": today})
        rows_field(self, "site").queryset = Site.objects.filter(pk__in=site_ids).order_by("name")
        if len(self.site_ids) < 2:
            del self.fields["site"]

    def layout(self) -> Layout:
        site = ["site"] if "site" in self.fields else []
        return Layout(*site, Row("first", "last"), "purpose", "reason")

    @property
    def chosen_sites(self) -> frozenset[UUID]:
        site = self.cleaned_data.get("site")
        return frozenset({site.pk}) if site else self.site_ids
