"""Small lists that the manager keeps: kinds of resource, coded reasons, who is qualified for what."""

from typing import Any
from uuid import UUID

from crispy_forms.layout import Layout
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.forms import ClinicForm, Row
from clinic.forms.choices import choice_field
from clinic.forms.fields import LineField
from scheduling.enums import ReasonUse, ResourceCategory
from scheduling.models import ChangeReason, ResourceKind
from scheduling.selectors.setup import Matrix
from scheduling.services.coded_reasons import ReasonData


class KindForm(ClinicForm):
    submit_label = _("Save")
    name = LineField(label=_("Name"), max_length=80, help_text=_("In the singular: Treatment chair."))
    category = forms.ChoiceField(
        label=_("What it is"),
        choices=ResourceCategory,
        help_text=_("People have hours of their own; rooms and equipment follow the site's."),
    )

    def __init__(self, data: Any = None, *, kind: ResourceKind | None = None, **options: Any) -> None:
        initial = {"name": kind.name, "category": kind.category} if kind else None
        super().__init__(data, initial=initial, **options)
        if kind:
            self.fields["category"].disabled = True
            self.fields["category"].help_text = _("Fixed: visits hold it as what it is.")


class ReasonForm(ClinicForm):
    submit_label = _("Save")
    words = LineField(
        label=_("Words"), max_length=120, help_text=_("Short and factual; patients never read it.")
    )
    used_for = forms.MultipleChoiceField(
        label=_("Offered when"), choices=ReasonUse, widget=forms.CheckboxSelectMultiple
    )
    by_patient = forms.BooleanField(
        label=_("It was the patient's wish or doing"),
        required=False,
        help_text=_("Reports count these apart from what the clinic caused."),
    )
    is_active = forms.BooleanField(
        label=_("In use"),
        required=False,
        initial=True,
        help_text=_("Out of use, it stays where it was given."),
    )

    def __init__(self, data: Any = None, *, reason: ChangeReason | None = None, **options: Any) -> None:
        initial = (
            {
                "words": reason.words,
                "used_for": reason.used_for,
                "by_patient": reason.by_patient,
                "is_active": reason.is_active,
            }
            if reason
            else None
        )
        super().__init__(data, initial=initial, **options)

    def layout(self) -> Layout:
        return Layout("words", "used_for", Row("by_patient", "is_active"))

    @property
    def reason_data(self) -> ReasonData:
        said = self.cleaned_data
        return ReasonData(said["words"], said["by_patient"], said["used_for"], said["is_active"])


class QualificationForm(forms.Form):
    """The ticks of the whole matrix, as clinician:visit type."""

    named = forms.MultipleChoiceField(required=False)
    accept = forms.BooleanField(required=False)

    def __init__(self, data: Any, *, matrix: Matrix) -> None:
        super().__init__(data)
        pairs = [f"{row.pk}:{kind.pk}" for row in matrix.clinicians for kind in matrix.visit_types]
        choice_field(self, "named").choices = [(pair, pair) for pair in pairs]

    @property
    def pairs(self) -> set[tuple[UUID, UUID]]:
        found = (pair.split(":") for pair in self.cleaned_data["named"])
        return {(UUID(resource), UUID(visit_type)) for resource, visit_type in found}
