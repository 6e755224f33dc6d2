"""What is asked when a booked visit changes: a reason in code, who is told, how late."""

from typing import Any

from crispy_forms.layout import Layout
from django import forms
from django.utils.functional import lazy
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from clinic.forms import ClinicForm, Row
from clinic.models import Patient
from scheduling.enums import ReasonUse
from scheduling.forms.accepting import AcceptForm
from scheduling.forms.booking import default_told, told_choices
from scheduling.forms.fields import offer, offer_rows
from scheduling.models import ChangeReason
from scheduling.selectors import choices


def _minutes(count: int) -> str:
    return _t("%(minutes)s min") % {"minutes": count}


_lazy_minutes = lazy(_minutes, str)


class CancelForm(ClinicForm):
    submit_label = _("Cancel visit")
    danger = True
    reason = forms.ModelChoiceField(
        queryset=ChangeReason.objects.none(), label=_("Why?"), widget=forms.RadioSelect, empty_label=None
    )
    told = forms.ChoiceField(label=_("Who tells the patient?"), widget=forms.RadioSelect)
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    request_key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any = None, *, patient: Patient, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        offer_rows(self, "reason", choices.change_reasons(ReasonUse.CANCEL))
        offer(self, "told", told_choices(patient), default_told(patient))


class NotDoneForm(ClinicForm):
    submit_label = _("Not done today")
    reason = forms.ModelChoiceField(
        queryset=ChangeReason.objects.none(), label=_("Why?"), widget=forms.RadioSelect, empty_label=None
    )

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        offer_rows(self, "reason", choices.change_reasons(ReasonUse.NOT_DONE))


class NoShowForm(ClinicForm):
    submit_label = _("Did not come")
    reason = forms.ModelChoiceField(
        queryset=ChangeReason.objects.none(),
        label=_("Why, if they said?"),
        widget=forms.RadioSelect,
        required=False,
        empty_label=_("Not known"),
    )

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        offer_rows(self, "reason", choices.change_reasons(ReasonUse.NO_SHOW))


class LateForm(ClinicForm):
    """The patient rings on the way: how late, and why if they say so."""

    submit_label = _("Note it")
    minutes = forms.TypedChoiceField(
        label=_("Late by"),
        coerce=int,
        choices=[(n, _lazy_minutes(n)) for n in (5, 10, 15, 20, 30, 45, 60)] + [(0, _("In time after all"))],
        initial=20,
    )
    reason = forms.ModelChoiceField(
        queryset=ChangeReason.objects.none(),
        label=_("Why, if they say?"),
        required=False,
        empty_label=_("Not said"),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, required=False)

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        offer_rows(self, "reason", choices.change_reasons(ReasonUse.LATE))

    def layout(self) -> Layout:
        return Layout(Row("minutes", "reason"), "version")


class ChangePatientForm(AcceptForm, ClinicForm):
    """The visit becomes this patient's: who tells them, and what a person accepts against a warning."""

    submit_label = _("Change the patient")
    form_attrs = {"id": "change-patient"}
    told = forms.ChoiceField(label=_("Who tells the right patient?"), widget=forms.RadioSelect)
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    request_key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, patient: Patient, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        offer(self, "told", told_choices(patient), default_told(patient))

    def layout(self) -> Layout:
        # The override stands with its warning.
        return Layout("told", "version", "request_key")
