"""What a waiting patient wishes, and the filter of the list."""

from typing import Any

from crispy_forms.layout import Layout
from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from clinic.forms import ClinicForm, DateField, Row
from clinic.forms.choices import rows_field
from clinic.models import Site
from scheduling.enums import DayPart, WaitUrgency
from scheduling.forms.fields import offer_rows
from scheduling.models import Resource, VisitType, WaitlistEntry
from scheduling.selectors import choices
from scheduling.services.waitlist import Wish

NOTICE = [
    (0, _("None: can come at once")),
    (2, _("2 hours")),
    (24, _("1 day")),
    (48, _("2 days")),
    (72, _("3 days")),
    (168, _("a week")),
]


class WishForm(ClinicForm):
    """What suits the patient. The kind of visit is asked for only where nothing else says it."""

    form_tag = False
    visit_type = forms.ModelChoiceField(
        queryset=VisitType.objects.none(), label=_("Waits for"), empty_label=None
    )
    urgency = forms.TypedChoiceField(
        label=_("Urgency"),
        choices=WaitUrgency.choices,
        coerce=int,
        initial=WaitUrgency.ROUTINE,
        widget=forms.RadioSelect,
    )
    lead = forms.ModelChoiceField(
        queryset=Resource.objects.none(), label=_("With"), required=False, empty_label=_("Any clinician")
    )
    part = forms.ChoiceField(label=_("Time of day"), choices=DayPart.choices, initial=DayPart.ANY)
    weekdays = forms.TypedMultipleChoiceField(
        label=_("Days"),
        choices=list(WEEKDAYS.items()),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: any day."),
    )
    not_before = DateField(label=_("Not before"), required=False)
    not_after = DateField(label=_("Not after"), required=False)
    notice_hours = forms.TypedChoiceField(
        label=_("Needs notice of"),
        choices=NOTICE,
        coerce=int,
        initial=24,
    )
    note = forms.CharField(label=_("Note for the desk"), max_length=200, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, required=False)

    def __init__(
        self, data: Any = None, *, site: Site, visit_type: VisitType | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data, **kwargs)
        offer_rows(self, "lead", choices.leads(site.pk, visit_type_id=visit_type.pk if visit_type else None))
        rows_field(self, "lead").label_from_instance = lambda person: person.name  # type: ignore[assignment]
        if visit_type is not None:
            del self.fields["visit_type"]
        else:
            offer_rows(self, "visit_type", choices.bookable_visit_types(site.pk))

    @property
    def wish(self) -> Wish:
        said = self.cleaned_data
        return Wish(
            urgency=said["urgency"],
            lead_id=said["lead"].pk if said["lead"] else None,
            weekdays=tuple(said["weekdays"]),
            part=said["part"],
            not_before=said["not_before"],
            not_after=said["not_after"],
            notice_hours=said["notice_hours"],
            note=said["note"],
        )

    def layout(self) -> Layout:
        first = ["visit_type"] if "visit_type" in self.fields else []
        return Layout(
            *first,
            "urgency",
            Row("lead", "part"),
            "weekdays",
            Row("not_before", "not_after", "notice_hours"),
            "note",
            "version",
        )


def initial_of(entry: WaitlistEntry) -> dict[str, Any]:
    return {
        "urgency": entry.urgency,
        "lead": entry.lead_id,
        "part": entry.part,
        "weekdays": entry.weekdays,
        "not_before": entry.not_before,
        "not_after": entry.not_after,
        "notice_hours": entry.notice_hours,
        "note": entry.note,
        "version": entry.version,
    }


class FilterForm(forms.Form):
    """The list's filter: a kind of visit, an urgency."""

    visit_type = forms.ModelChoiceField(queryset=VisitType.objects.none(), required=False)
    urgency = forms.TypedChoiceField(
        choices=[("", _("Any urgency")), *WaitUrgency.choices], coerce=int, empty_value=None, required=False
    )

    def __init__(self, data: Any, *, site: Site) -> None:
        super().__init__(data)
        offer_rows(self, "visit_type", VisitType.objects.filter(site=site, is_active=True))

    @property
    def chosen(self) -> dict[str, Any]:
        """Nonsense in the address filters nothing."""
        self.is_valid()
        kind = self.cleaned_data.get("visit_type")
        return {"visit_type_id": kind.pk if kind else None, "urgency": self.cleaned_data.get("urgency")}
