"""What is chosen for somebody who comes after they were noted as a no-show."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from scheduling.forms.fields import InstantField
from scheduling.models import Appointment, Resource
from scheduling.selectors import choices


class FitForm(forms.Form):
    """One of today's free starts."""

    start = InstantField()
    request_key = forms.UUIDField()


class SqueezeForm(forms.Form):
    """The clinician on whom to queue them."""

    squeeze_on = forms.ModelChoiceField(queryset=Resource.objects.none(), label=_("With"))
    request_key = forms.UUIDField()

    def __init__(self, *args: Any, visit: Appointment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["squeeze_on"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - narrows
        field.queryset = choices.leads(visit.site_id, visit_type_id=visit.visit_type_id)
