"""The one small form in which a call is kept: what came of it is the button."""

import datetime as dt
from typing import Any

from crispy_forms.layout import Layout
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic import clock
from clinic.enums import CallDirection, CallOutcome
from clinic.forms.base import ClinicForm, DateField, Row, TimeField
from clinic.forms.fields import LineField
from clinic.models import Site
from clinic.services.calls import CallData

KEYS = {
    CallOutcome.REACHED: "r",
    CallOutcome.OTHER: "o",
    CallOutcome.VOICEMAIL: "v",
    CallOutcome.NO_ANSWER: "x",
    CallOutcome.CALL_BACK: "b",
}
"""The key of each outcome, where the page is not being typed into."""

LATER = dt.timedelta(hours=2)


class CallForm(ClinicForm):
    """Nothing has to be typed but the time to call back, which has a sensible one from the start."""

    form_tag = False

    outcome = forms.ChoiceField(label=_("What came of it"), choices=CallOutcome.choices)
    direction = forms.ChoiceField(
        label=_("Who called"), choices=CallDirection.choices, required=False, initial=CallDirection.OUT
    )
    spoke_with = LineField(label=_("Spoke with"), max_length=120, required=False)
    note = LineField(label=_("Note"), max_length=300, required=False)
    call_back_day = DateField(label=_("Call back on"), required=False)
    call_back_time = TimeField(label=_("at"), required=False)

    def __init__(self, *args: Any, site: Site, **options: Any) -> None:
        later = (clock.now() + LATER).astimezone(site.zone)
        first = {"call_back_day": later.date(), "call_back_time": later.time().replace(minute=0)}
        super().__init__(*args, **{"initial": first, **options})
        self.site = site

    def layout(self) -> Layout:
        return Layout(Row("direction", "spoke_with"), "note", Row("call_back_day", "call_back_time"))

    @property
    def data_now(self) -> CallData:
        """After `is_valid`."""
        said = self.cleaned_data
        outcome = CallOutcome(said["outcome"])
        day, time = said["call_back_day"], said["call_back_time"]
        wanted = outcome == CallOutcome.CALL_BACK and day and time
        return CallData(
            outcome=outcome,
            direction=CallDirection(said["direction"] or CallDirection.OUT),
            spoke_with=said["spoke_with"],
            note=said["note"],
            call_back_at=clock.local(day, time, self.site.zone) if wanted else None,
        )
