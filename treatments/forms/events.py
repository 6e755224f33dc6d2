"""An adverse event as it was seen, and a physician's judgement of it."""

from typing import Any, cast

from crispy_forms.layout import Layout
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.forms.base import ClinicForm, DateField, Row, Section
from treatments.data import EventData
from treatments.enums import Causality, EventOutcome, EventSource, EventTerm, Seriousness
from treatments.models import AdverseEvent, Course, Session


class SessionField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic over the model
    def label_from_instance(self, obj: Session) -> str:
        return str(_("Session %(number)s") % {"number": obj.number})


class EventForm(ClinicForm):
    """What happened, how bad, since when, what became of it."""

    submit_label = _("Save")
    code = forms.ChoiceField(label=_("What happened"), choices=[("", "–"), *EventTerm.choices])
    term = forms.CharField(
        label=_("In words"), max_length=80, required=False, help_text=_("Needed for “something else”.")
    )
    grade = forms.TypedChoiceField(
        label=_("Grade (CTCAE)"),
        coerce=int,
        choices=[
            (1, _("1 – mild")),
            (2, _("2 – moderate")),
            (3, _("3 – severe")),
            (4, _("4 – life-threatening")),
            (5, _("5 – death")),
        ],
    )
    seriousness = forms.ChoiceField(
        label=_("Serious"), choices=[("", _("No")), *Seriousness.choices], required=False
    )
    session = SessionField(
        queryset=Session.objects.none(), label=_("After session"), required=False, empty_label=_("None")
    )
    started_on = DateField(label=_("Since"))
    outcome = forms.ChoiceField(label=_("Outcome"), choices=EventOutcome.choices)
    resolved_on = DateField(label=_("Until"), required=False)
    treatment = forms.CharField(label=_("What was done about it"), max_length=300, required=False)
    source = forms.ChoiceField(label=_("How we learnt of it"), choices=EventSource.choices)
    note = forms.CharField(label=_("Note"), max_length=500, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, course: Course, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(SessionField, self.fields["session"]).queryset = course.sessions.filter(
            injected_at__isnull=False
        )

    def layout(self) -> Layout:
        return Layout(
            Row("code", "term"),
            Row("grade", "seriousness"),
            Row("session", "started_on"),
            Section(_("What became of it"), Row("outcome", "resolved_on"), "treatment"),
            Row("source", "note"),
            "version",
        )

    def event(self, about: str = "") -> EventData:
        """What was filled in. `about`: the check-in that an event was found in, which no form changes."""
        said = self.cleaned_data
        return EventData(
            session_id=said["session"].pk if said["session"] else None,
            about=about,
            **{name: said[name] for name in EventData.__slots__ if name not in ("session_id", "about")},
        )


def initial(event: AdverseEvent) -> dict[str, Any]:
    """The event as the form shows it."""
    values = {name: getattr(event, name) for name in EventData.__slots__}
    return {**values, "session": event.session_id, "version": event.version}


class AssessmentForm(ClinicForm):
    """Did the treatment cause it?"""

    submit_label = _("Save judgement")
    causality = forms.ChoiceField(label=_("Caused by the treatment"), choices=Causality.choices)
