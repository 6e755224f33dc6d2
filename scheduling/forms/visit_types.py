"""The form of a kind of visit: its words and rules, a row for each stage, a row for each need."""

from collections.abc import Sequence
from typing import Any

from crispy_forms.layout import Layout
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.forms import ClinicForm, ClinicHelper, Row, Section
from clinic.forms.choices import choice_field
from clinic.forms.fields import LineField
from scheduling import blueprint
from scheduling.blueprint import Blueprint, Need, Part
from scheduling.models import VisitType
from scheduling.services.visit_types import VisitTypeData

MOST_STAGES, MOST_NEEDS = 12, 24
OWN = "own"


class VisitTypeForm(ClinicForm):
    """How it is offered. The stages and needs stand in forms of their own beside it."""

    form_tag = False
    name = LineField(
        label=_("Name"), max_length=120, help_text=_("As patients read it in their mails: neutral.")
    )
    bring = forms.CharField(
        label=_("What to bring"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Patients read it in their mails."),
    )
    grid_minutes = forms.IntegerField(
        label=_("Offered every (minutes)"), min_value=5, max_value=240, initial=15
    )
    notice_hours = forms.IntegerField(
        label=_("Shortest notice (hours)"), min_value=0, max_value=24 * 60, initial=0
    )
    horizon_days = forms.IntegerField(
        label=_("Booked at most (days ahead)"), min_value=1, max_value=800, initial=365
    )
    offer_minutes = forms.IntegerField(
        label=_("A waitlist offer stands (minutes)"),
        min_value=30,
        max_value=2 * 24 * 60,
        initial=120,
        help_text=_("The time is held for one patient meanwhile. Without an answer it goes to the next."),
    )
    needs_order = forms.BooleanField(
        label=_("Only from a physician's order"),
        required=False,
        help_text=_("It is then never booked on its own."),
    )
    is_active = forms.BooleanField(label=_("Offered"), required=False, initial=True)

    @property
    def helper(self) -> ClinicHelper:
        """The fields alone: the page has one summary of errors for all its forms."""
        helper = super().helper
        helper.template = "scheduling/setup/_fields.html"
        return helper

    def layout(self) -> Layout:
        return Layout(
            "name",
            "bring",
            Section(
                _("Booking rules"),
                Row("grid_minutes", "notice_hours", "horizon_days"),
                "offer_minutes",
                "needs_order",
                "is_active",
            ),
        )

    def data_with(self, plan: Blueprint) -> VisitTypeData:
        said = self.cleaned_data
        return VisitTypeData(
            name=said["name"],
            plan=plan,
            bring=said["bring"].strip(),
            grid_minutes=said["grid_minutes"],
            notice_minutes=said["notice_hours"] * 60,
            horizon_days=said["horizon_days"],
            offer_minutes=said["offer_minutes"],
            needs_order=said["needs_order"],
            is_active=said["is_active"],
        )


def initial_of(visit_type: VisitType) -> dict[str, Any]:
    return {
        "name": visit_type.name,
        "bring": visit_type.bring,
        "grid_minutes": visit_type.grid_minutes,
        "notice_hours": visit_type.notice_minutes // 60,
        "horizon_days": visit_type.horizon_days,
        "offer_minutes": visit_type.offer_minutes,
        "needs_order": visit_type.needs_order,
        "is_active": visit_type.is_active,
    }


class RowForm(forms.Form):
    """One row among others: its controls look as those of any form do."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            kind = "form-select" if isinstance(field.widget, forms.Select) else "form-control"
            if isinstance(field.widget, forms.CheckboxInput | forms.CheckboxSelectMultiple):
                kind = "form-check-input"
            if not field.widget.is_hidden:
                field.widget.attrs["class"] = kind


class StageForm(RowForm):
    key = forms.SlugField(widget=forms.HiddenInput, max_length=40)
    is_new = forms.BooleanField(widget=forms.HiddenInput, required=False)
    name = LineField(label=_("Stage"), max_length=80)
    done_name = LineField(label=_("When done"), max_length=80, required=False)
    minutes = forms.IntegerField(label=_("Minutes"), min_value=1, max_value=blueprint.LONGEST)

    @property
    def part(self) -> Part:
        said = self.cleaned_data
        return Part(said["key"], said["name"], said["minutes"], said["done_name"], said["is_new"])


class NeedForm(RowForm):
    """`kinds` and `stages` are choices of (value, words), handed in by the formset."""

    id = forms.IntegerField(widget=forms.HiddenInput, required=False)
    kind = forms.ChoiceField(label=_("Needs"))
    also = forms.MultipleChoiceField(
        label=_("or one of"), required=False, widget=forms.CheckboxSelectMultiple
    )
    count = forms.IntegerField(label=_("How many"), min_value=1, max_value=20)
    first = forms.ChoiceField(label=_("From start of"))
    last = forms.ChoiceField(label=_("to the end of"), required=False)
    offset = forms.IntegerField(
        label=_("From minute"), min_value=0, max_value=blueprint.LONGEST, required=False
    )
    minutes = forms.IntegerField(label=_("Minutes"), min_value=1, max_value=blueprint.LONGEST, required=False)
    turnover = forms.IntegerField(label=_("Clear up (min)"), min_value=0, max_value=480, required=False)
    lead = forms.BooleanField(label=_("leads"), required=False)

    def __init__(
        self,
        *args: Any,
        kinds: Sequence[tuple[str, str]] = (),
        stages: Sequence[tuple[str, str]] = (),
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        for name in ("kind", "also"):
            choice_field(self, name).choices = list(kinds)
        choice_field(self, "first").choices = [("", _("choose")), *stages, (OWN, _("minutes of its own"))]
        choice_field(self, "last").choices = [("", _("the same stage")), *stages]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if said.get("first") == OWN:
            for name in ("offset", "minutes"):
                if name in said and said[name] is None:
                    self.add_error(name, _("Say from which minute and for how long."))
        return said

    @property
    def need(self) -> Need:
        said = self.cleaned_data
        own = said["first"] == OWN
        return Need(
            kinds=(said["kind"], *(kind for kind in said["also"] if kind != said["kind"])),
            count=said["count"],
            first="" if own else said["first"],
            last="" if own else said["last"],
            offset=(said["offset"] or 0) if own else 0,
            minutes=(said["minutes"] or 0) if own else 0,
            turnover=said["turnover"] or 0,
            lead=said["lead"],
            id=said["id"],
        )


StageFormSet = forms.formset_factory(
    StageForm, extra=0, max_num=MOST_STAGES, absolute_max=MOST_STAGES + 1, validate_max=True
)
NeedFormSet = forms.formset_factory(
    NeedForm, extra=0, max_num=MOST_NEEDS, absolute_max=MOST_NEEDS + 1, validate_max=True
)
