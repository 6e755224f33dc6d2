"""The site's clock."""

from crispy_forms.layout import Layout
from django.utils.translation import gettext_lazy as _

from clinic.forms import ClinicForm
from clinic.forms.fields import LineField


class ZoneForm(ClinicForm):
    submit_label = _("Change the time zone")

    time_zone = LineField(
        label=_("Time zone"),
        max_length=64,
        help_text=_("Such as Europe/Berlin. Hours keep their wall times; visits keep their instants."),
    )

    def layout(self) -> Layout:
        return Layout("time_zone")
