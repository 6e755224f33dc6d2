"""Deciding at a gate."""

from collections.abc import Sequence
from typing import Any, cast

from crispy_forms.layout import Layout
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.forms import ClinicForm
from treatments.enums import Decision


class DecideForm(ClinicForm):
    """Only the decisions that the course leaves open; how many sessions more is asked where it can be extended."""

    submit_label = _("Decide and sign")
    version = forms.IntegerField(widget=forms.HiddenInput)
    decision = forms.ChoiceField(label=_("Decision"), widget=forms.RadioSelect)
    sessions = forms.IntegerField(label=_("Sessions to add, if you extend"), min_value=1, required=False)
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("Needed to stop, to re-evaluate, and against the suggestion."),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, possible: Sequence[Decision], extra: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(each.value, each.label) for each in possible]
        cast(forms.ChoiceField, self.fields["decision"]).choices = choices
        if Decision.EXTEND not in possible or extra < 2:
            del self.fields["sessions"]
        else:
            self.fields["sessions"].widget.attrs["max"] = extra
            self.initial["sessions"] = 1

    def layout(self) -> Layout:
        return Layout("version", "decision", *(["sessions"] if "sessions" in self.fields else []), "reason")
