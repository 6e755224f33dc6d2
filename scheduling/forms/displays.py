"""A new wall screen."""

from django.utils.translation import gettext_lazy as _

from clinic.forms import ClinicForm
from clinic.forms.fields import LineField


class DisplayForm(ClinicForm):
    name = LineField(
        label=_("Where it hangs"), max_length=80, help_text=_("Such as: Waiting room. Only you read it.")
    )
    submit_label = _("Add the screen")
