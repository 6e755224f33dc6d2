"""Which site and which days a report covers."""

import datetime as dt
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.forms import DateField
from clinic.forms.choices import rows_field
from clinic.models import Site

LONGEST = 731
"""Days of one report: two years."""


class ReportForm(forms.Form):
    """Read from the address, so that a report can be kept as a bookmark."""

    site = forms.ModelChoiceField(queryset=Site.objects.none(), label=gettext_lazy("Site"), empty_label=None)
    first = DateField(label=gettext_lazy("From"))
    last = DateField(label=gettext_lazy("Until"))

    def __init__(self, data: Any, *, site_ids: Collection[UUID], site: Site, today: dt.date) -> None:
        said = {"site": site.pk, "first": today - dt.timedelta(days=28), "last": today - dt.timedelta(days=1)}
        given = {key: data[key] for key in said if data.get(key)}
        super().__init__(said | given)
        rows_field(self, "site").queryset = Site.objects.filter(pk__in=site_ids)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        first, last = said.get("first"), said.get("last")
        if first and last and last < first:
            self.add_error("last", _("The last day lies before the first."))
        elif first and last and (last - first).days >= LONGEST:
            self.add_error("last", _("A report covers two years at most. Choose a shorter time."))
        return said
