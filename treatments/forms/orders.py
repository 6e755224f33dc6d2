"""Ordering a course, and planning its visits."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.forms import ClinicForm
from clinic.models import Site
from scheduling.models import Resource
from scheduling.selectors import choices
from treatments.data import TargetData
from treatments.enums import Level, Side, Structure, Urgency
from treatments.models import ProtocolVersion
from treatments.selectors import protocols

ICD_10_CM = [
    ("M54.50", _("Low back pain, unspecified")),
    ("M54.51", _("Vertebrogenic low back pain")),
    ("M54.59", _("Other low back pain")),
    ("M47.816", _("Spondylosis without myelopathy or radiculopathy, lumbar region")),
    ("M46.1", _("Sacroiliitis, not elsewhere classified")),
    ("M53.3", _("Sacrococcygeal disorders, not elsewhere classified")),
    ("M51.360", _("Other intervertebral disc degeneration, lumbar region, with discogenic back pain only")),
]
TARGET_ROWS = 8


class ProtocolField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic over the model
    def label_from_instance(self, obj: ProtocolVersion) -> str:
        return f"{obj.protocol.name} (v{obj.number})"


class OrderForm(ClinicForm):
    """The course that the physician wishes for. Targets are rows of their own."""

    form_tag = False
    protocol = ProtocolField(queryset=ProtocolVersion.objects.none(), label=_("Protocol"), empty_label=None)
    physician = forms.ModelChoiceField(
        queryset=Resource.objects.none(), label=_("Responsible physician"), empty_label=None
    )
    diagnosis_code = forms.CharField(
        label=_("Diagnosis code (ICD-10-CM)"),
        max_length=10,
        widget=forms.TextInput(attrs={"list": "icd-10-cm", "autocomplete": "off", "placeholder": "M47.816"}),
    )
    diagnosis = forms.CharField(label=_("Diagnosis in words"), max_length=200)
    sessions = forms.IntegerField(label=_("Sessions"), min_value=1, max_value=20)
    urgency = forms.TypedChoiceField(
        label=_("Urgency"),
        choices=Urgency.choices,
        coerce=int,
        initial=Urgency.ROUTINE,
        widget=forms.RadioSelect,
    )
    note_for_desk = forms.CharField(
        label=_("Note for the desk"),
        help_text=_("Nothing clinical: mornings only, needs a lift, call the daughter."),
        max_length=300,
        required=False,
    )
    screening_complete = forms.BooleanField(
        label=_("Screening is complete: this patient is fit for the treatment."),
        help_text=_("Without this the course waits in screening and cannot be booked."),
        required=False,
    )

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = protocols.in_force(site)
        cast(ProtocolField, self.fields["protocol"]).queryset = offered
        cast("forms.ModelChoiceField[Resource]", self.fields["physician"]).queryset = choices.leads(site.pk)
        first = offered.first()
        self.fields["sessions"].initial = first.planned_sessions if first else 4


class TargetForm(forms.Form):
    """One target; a row without a structure is no row."""

    structure = forms.ChoiceField(
        label=_("Structure"), choices=[("", "—"), *Structure.choices], required=False
    )
    level = forms.ChoiceField(label=_("Level"), choices=[("", "—"), *Level.choices], required=False)
    side = forms.ChoiceField(label=_("Side"), choices=[("", "—"), *Side.choices], required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs["class"] = "form-select"
            field.widget.attrs["aria-label"] = str(self.fields[name].label)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        given = [name for name in ("structure", "level", "side") if values.get(name)]
        if given and len(given) < 3:
            raise forms.ValidationError(_("A target has a structure, a level and a side."))
        return values

    @property
    def data_row(self) -> TargetData | None:
        values = self.cleaned_data
        if not values.get("structure"):
            return None
        return TargetData(values["structure"], values["level"], values["side"])


TargetFormSet = forms.formset_factory(
    TargetForm, extra=TARGET_ROWS, max_num=TARGET_ROWS, absolute_max=TARGET_ROWS
)
