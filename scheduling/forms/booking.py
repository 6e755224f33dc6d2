"""Choosing a time, booking, moving and cancelling a visit."""

import datetime as dt
from typing import Any
from uuid import UUID

from crispy_forms.layout import Div, Layout
from django import forms
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from clinic import clock
from clinic.forms import ClinicForm, DateField, Row, TimeField
from clinic.models import Patient, Site
from scheduling.enums import HoldTerm, ReasonUse, Told
from scheduling.forms.accepting import AcceptForm
from scheduling.forms.fields import InstantField, offer, offer_rows, rows_of
from scheduling.models import Appointment, ChangeReason, Resource, VisitType
from scheduling.selectors import choices

FURTHEST = dt.timedelta(days=800)


class PartOfDay(TextChoices):
    ANY = "any", _("All day")
    MORNING = "morning", _("Mornings only")
    AFTERNOON = "afternoon", _("Afternoons only")


class PickerForm(ClinicForm):
    """What to look for. Its address keeps it, so that a reload finds the same list."""

    form_tag = False
    visit_type = forms.ModelChoiceField(queryset=VisitType.objects.none(), label=_("Visit"), empty_label=None)
    lead = forms.ModelChoiceField(
        queryset=Resource.objects.none(),
        label=_("With"),
        required=False,
        empty_label=_("Whoever is free first"),
    )
    earliest = DateField(label=_("From"))
    part = forms.ChoiceField(label=_("Time of day"), choices=PartOfDay.choices, required=False)
    weekdays = forms.TypedMultipleChoiceField(
        label=_("Only on"),
        choices=tuple(enumerate(WEEKDAYS_ABBR.values())),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    at = TimeField(label=_("Time"), required=False)

    def __init__(
        self, data: Any = None, *, site: Site, moving: Appointment | None = None, **kwargs: Any
    ) -> None:
        today = clock.today(site.zone)
        super().__init__(
            data,
            initial={"earliest": today, "part": PartOfDay.ANY, **(kwargs.pop("initial", None) or {})},
            **kwargs,
        )
        self.today, self.moving = today, moving
        if moving is not None:
            del self.fields["visit_type"]
            offer_rows(self, "lead", choices.leads(site.pk, visit_type_id=moving.visit_type_id))
        else:
            offer_rows(self, "visit_type", choices.bookable_visit_types(site.pk))
            offer_rows(self, "lead", choices.leads(site.pk, visit_type_id=_key(self.chosen_visit_type)))

    @property
    def chosen_visit_type(self) -> Any:
        """The visit type as sent, else the first one offered: the clinicians depend on it."""
        if self.is_bound:
            return self.data.get("visit_type")
        if self.initial.get("visit_type"):
            return self.initial["visit_type"]
        first = rows_of(self, "visit_type").first()
        return first.pk if first else None

    def clean_earliest(self) -> dt.date:
        day: dt.date = self.cleaned_data["earliest"]
        if day > self.today + FURTHEST:
            raise forms.ValidationError(_t("That is more than two years away."))
        return max(day, self.today)

    def layout(self) -> Layout:
        first = [] if self.moving else ["visit_type"]
        return Layout(Row(*first, "lead"), Row("earliest", "part"), Div("weekdays", css_class="weekdays"))


class DecisionForm(AcceptForm, ClinicForm):
    """The time chosen, who is told, and what a person accepts against a warning."""

    form_tag = False
    start = InstantField(error_messages={"required": _("Choose one of the free times.")})
    told = forms.ChoiceField(label=_("Who tells the patient?"), widget=forms.RadioSelect)

    def __init__(self, data: Any = None, *, patient: Patient, **kwargs: Any) -> None:
        super().__init__(_with_start(data), **kwargs)
        offer(self, "told", told_choices(patient), default_told(patient))

    @property
    def kept(self) -> str:
        """The time chosen, as the list of free times writes it, to be chosen again when the page comes back."""
        start: dt.datetime | None = getattr(self, "cleaned_data", {}).get("start")
        return timezone.localtime(start).isoformat(timespec="minutes") if start else ""

    def layout(self) -> Layout:
        # `start` are the radio buttons of the free times; the override stands with its warning.
        return Layout("told")


class BookForm(DecisionForm):
    """Booked, pencilled in for a `term`, or squeezed in on a clinician who is busy: which, the button says."""

    note = forms.CharField(label=_("Note for the desk"), max_length=200, required=False)
    request_key = forms.UUIDField(widget=forms.HiddenInput)
    term = forms.ChoiceField(choices=HoldTerm.choices, required=False)
    squeeze_on = forms.UUIDField(required=False)

    def layout(self) -> Layout:
        return Layout("told", "note", "request_key")

    @property
    def term_wanted(self) -> HoldTerm:
        return HoldTerm(self.cleaned_data["term"] or HoldTerm.HALF_HOUR)


class MoveForm(DecisionForm):
    reason = forms.ModelChoiceField(queryset=ChangeReason.objects.none(), label=_("Why?"), required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    request_key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        offer_rows(self, "reason", choices.change_reasons(ReasonUse.MOVE))
        self.fields["reason"].initial = "patient_cannot_come"

    def layout(self) -> Layout:
        return Layout("told", "reason", "version", "request_key")


class DayForm(forms.Form):
    """The day list's filter: a clinician, and whether cancelled visits are shown."""

    lead = forms.UUIDField(required=False)
    cancelled = forms.BooleanField(required=False)
    day = DateField(required=False)


def told_choices(patient: Patient) -> list[tuple[str, str]]:
    mail = (
        (Told.MAIL.value, _t("A mail to %(address)s") % {"address": patient.email})
        if _can_mail(patient)
        else None
    )
    rest = [(Told.PHONE.value, _t("I tell them myself, now")), (Told.NOBODY.value, _t("Nobody yet"))]
    return [mail, *rest] if mail else rest


def default_told(patient: Patient) -> str:
    return Told.MAIL.value if _can_mail(patient) else Told.PHONE.value


def _with_start(data: Any) -> Any:
    """The time that was read back counts while the list of free times shows other days."""
    if data is None or data.get("start") or not data.get("kept_start"):
        return data
    return {**data.dict(), "start": data["kept_start"]}


def _can_mail(patient: Patient) -> bool:
    return bool(patient.email and patient.reminders_consent)


def _key(value: Any) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None
