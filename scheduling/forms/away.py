"""Days on which a patient cannot come."""

import datetime as dt

from crispy_forms.layout import Layout
from django.utils.translation import gettext_lazy as _

from clinic.forms import ClinicForm, DateField, Row


class AwayForm(ClinicForm):
    """From the first day to the last one, both included; one day, where no last one is given."""

    submit_label = _("Keep these days free")
    first_day = DateField(label=_("From"))
    last_day = DateField(label=_("Until (empty: one day)"), required=False)

    @property
    def days(self) -> tuple[dt.date, dt.date]:
        first: dt.date = self.cleaned_data["first_day"]
        return first, self.cleaned_data["last_day"] or first

    def layout(self) -> Layout:
        return Layout(Row("first_day", "last_day"))
