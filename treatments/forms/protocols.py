"""A draft's sections as plain forms, built from the lists in `policies.protocol_sections`."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from crispy_forms.layout import Layout
from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from clinic.forms import ClinicForm, Row
from clinic.models import Site
from scheduling.models import VisitType
from treatments.clinical_rules import ClinicalRules, Mark, PlanBasis
from treatments.clinical_rules import default as default_rules
from treatments.forms.orders import ProtocolField
from treatments.instruments.definition import in_language
from treatments.models import ProtocolVersion
from treatments.policies import recovery
from treatments.policies.protocol_compare import basis_of
from treatments.policies.protocol_fields import LANGUAGES, MARKS, Field, Kind, Section
from treatments.policies.protocol_sections import PLAN_FIELDS
from treatments.selectors import instruments
from treatments.services.protocol_edits import PlanData

_MOST_SPINS = 3
_SPIN_PARTS = (("g", "g"), ("minutes", _("min")), ("celsius", "°C"))
_CODE = r"^[a-z][a-z0-9_]{0,39}$"
_LONG = forms.Textarea(attrs={"rows": 3})


def record_fields(rules: ClinicalRules) -> list[tuple[str, str]]:
    """The fields of the record that a version may ask for: those of the defaults, and what it has already."""
    names = dict.fromkeys([*default_rules().required, *rules.required])
    return [(name, name.replace(".", ": ").replace("_", " ")) for name in names]


def questionnaires(site_id: UUID, chosen: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Every questionnaire that the site knows, and what a line has already. One query."""
    known = instruments.at_site(site_id)
    language = get_language() or "en"
    return [(code, in_language(one.name, language)) for code, one in known.items()] + [
        (code, code) for code in chosen if code not in known
    ]


class NewProtocolForm(ClinicForm):
    submit_label = _("Start a draft")
    name = forms.CharField(label=_("Name"), max_length=120)
    source = ProtocolField(label=_("Copied from"), queryset=ProtocolVersion.objects.none(), empty_label=None)

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = ProtocolVersion.objects.filter(protocol__site=site).select_related("protocol")
        cast(ProtocolField, self.fields["source"]).queryset = rows.order_by("protocol__name", "-number")


class LineForm(ClinicForm):
    """One line of a section, or a section of one set of fields."""

    submit_label = _("Save")
    revision = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, section: Section, line: Any = None, version: ProtocolVersion, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.section = section
        for field in section.fields:
            choices = None
            if field.name == "required":
                choices = record_fields(version.clinical)
            elif field.name == "instruments":
                choices = questionnaires(version.protocol.site_id, line.instruments if line else ())
            for name, built in _built(field, choices).items():
                self.fields[name] = built
            if line is not None:
                self.initial.update(_initial(field, getattr(line, field.name)))
        if section.has_basis:
            self.fields["mark"] = forms.ChoiceField(label=_("Where the number comes from"), choices=MARKS)
            self.fields["source"] = forms.CharField(
                label=_("Source"), max_length=300, required=False, widget=_LONG
            )
            self.initial.update(mark=line.mark if line else Mark.OURS, source=line.source if line else "")

    def layout(self) -> Layout:
        names = list(self.fields)
        spins = [name for name in names if name.startswith("spins_")]
        rows = [Row(*spins[start : start + 3]) for start in range(0, len(spins), 3)]
        rest = [name for name in names if name not in spins]
        return Layout(*rest[:1], *rest[1:-2], *rows, *rest[-2:]) if spins else Layout(*names)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("mark") == Mark.READ and not values.get("source"):
            self.add_error("source", _("A number that was read somewhere names its source."))
        return values

    def values(self) -> dict[str, Any]:
        """What a line is built from: fields that belong together are one value again."""
        said = dict(self.cleaned_data)
        for field in self.section.fields:
            if field.kind == Kind.BY_LANGUAGE:
                words = {code: said.pop(f"{field.name}_{code}", "") for code, _label in LANGUAGES}
                said[field.name] = {code: text for code, text in words.items() if text}
            elif field.kind == Kind.SPINS:
                said[field.name] = [spin for n in range(1, _MOST_SPINS + 1) if (spin := _spin(said, n))]
            elif field.kind == Kind.YES_NO:
                said[field.name] = bool(said.get(field.name))
        return {key: str(value) if isinstance(value, Decimal) else value for key, value in said.items()}


class PlanForm(ClinicForm):
    """Sessions, intervals and leads, each with where it comes from."""

    form_tag = False
    revision = forms.IntegerField(widget=forms.HiddenInput)
    session_visit = forms.ModelChoiceField(
        label=_("Kind of visit of a session"), queryset=VisitType.objects.none(), empty_label=None
    )
    review_visit = forms.ModelChoiceField(
        label=_("Kind of visit of a review"), queryset=VisitType.objects.none(), required=False
    )
    interval_overridable = forms.BooleanField(
        label=_("A physician may go below “refuse below”, with a reason"), required=False
    )
    recovery_days = forms.TypedMultipleChoiceField(
        label=_("Days after a session with a mail"),
        choices=[(day, day) for day in (*range(15), 21, 28, 35, recovery.LATEST_DAY)],
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    evidence_note = forms.CharField(
        label=_("Evidence statement, with its source"),
        help_text=_("Shown to staff with the course. It promises nothing that its source does not."),
        max_length=400,
        required=False,
        widget=_LONG,
    )
    change_note = forms.CharField(
        label=_("What is new in this version, and why"), max_length=400, required=False, widget=_LONG
    )

    def __init__(self, *args: Any, version: ProtocolVersion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = VisitType.objects.filter(site=version.protocol.site_id).order_by("name")
        for name in ("session_visit", "review_visit"):
            cast("forms.ModelChoiceField[VisitType]", self.fields[name]).queryset = kinds
            self.initial[name] = getattr(version, f"{name}_id")
        for field in PLAN_FIELDS:
            basis = basis_of(version.clinical, field.name)
            self.fields[field.name] = forms.IntegerField(label=str(field.label), min_value=0, max_value=3650)
            self.fields[f"{field.name}_mark"] = forms.ChoiceField(
                label=_("Where it comes from"), choices=MARKS
            )
            self.fields[f"{field.name}_source"] = forms.CharField(
                label=_("Source"), max_length=300, required=False
            )
            self.initial[field.name] = getattr(version, field.name)
            self.initial[f"{field.name}_mark"] = basis.mark
            self.initial[f"{field.name}_source"] = basis.source
            for end in ("", "_mark", "_source"):
                _dress(self.fields[field.name + end])
        for name in ("interval_overridable", "recovery_days", "evidence_note", "change_note"):
            self.initial[name] = getattr(version, name)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The table: a number, its unit, its mark, its source."""
        return [
            {
                "field": field,
                "value": self[field.name],
                "mark": self[f"{field.name}_mark"],
                "source": self[f"{field.name}_source"],
            }
            for field in PLAN_FIELDS
        ]

    def plan(self) -> PlanData:
        said: Mapping[str, Any] = self.cleaned_data
        names = [field.name for field in PLAN_FIELDS]
        more = ("interval_overridable", "recovery_days", "evidence_note", "change_note")
        return PlanData(**{name: said[name] for name in (*names, *more)})

    def basis(self) -> list[PlanBasis]:
        said = self.cleaned_data
        return [
            PlanBasis(
                field=field.name, mark=Mark(said[f"{field.name}_mark"]), source=said[f"{field.name}_source"]
            )
            for field in PLAN_FIELDS
        ]


def _built(field: Field, choices: list[tuple[str, str]] | None) -> dict[str, forms.Field]:
    label = f"{field.label} ({field.unit})" if field.unit else str(field.label)
    common: dict[str, Any] = {"label": label, "help_text": field.help, "required": field.needed}
    match field.kind:
        case Kind.WHOLE:
            return {field.name: forms.IntegerField(min_value=-365, max_value=10_000, **common)}
        case Kind.DECIMAL:
            return {field.name: forms.DecimalField(min_value=0, max_digits=8, decimal_places=3, **common)}
        case Kind.YES_NO:
            return {field.name: forms.BooleanField(**(common | {"required": False}))}
        case Kind.CHOICE:
            return {field.name: forms.ChoiceField(choices=field.choices, **common)}
        case Kind.MANY:
            many = forms.MultipleChoiceField(
                choices=choices or field.choices, widget=forms.CheckboxSelectMultiple, **common
            )
            return {field.name: many}
        case Kind.BY_LANGUAGE:
            return {
                f"{field.name}_{code}": forms.CharField(
                    label=f"{field.label}: {language}",
                    max_length=2000,
                    required=field.needed and code == "en",
                    widget=_LONG,
                )
                for code, language in LANGUAGES
            }
        case Kind.SPINS:
            return {
                f"spins_{part}_{n}": forms.DecimalField(
                    label=_("Spin %(n)s, %(unit)s") % {"n": n, "unit": unit}, required=False, max_digits=6
                )
                for n in range(1, _MOST_SPINS + 1)
                for part, unit in _SPIN_PARTS
            }
        case Kind.CODE:
            words = {"invalid": _("Small letters, figures and _ only.")}
            return {field.name: forms.RegexField(_CODE, error_messages=words, **common)}
        case _:
            return {field.name: forms.CharField(max_length=400, **common)}


def _initial(field: Field, value: Any) -> dict[str, Any]:
    if field.kind == Kind.BY_LANGUAGE:
        return {f"{field.name}_{code}": words for code, words in value.items()}
    if field.kind == Kind.SPINS:
        return {
            f"spins_{part}_{n}": getattr(spin, part)
            for n, spin in enumerate(value, 1)
            for part, _unit in _SPIN_PARTS
        }
    if field.kind == Kind.MANY:
        return {field.name: list(value)}
    return {field.name: value}


def _spin(said: dict[str, Any], number: int) -> dict[str, Any] | None:
    parts = {part: said.pop(f"spins_{part}_{number}", None) for part, _unit in _SPIN_PARTS}
    given = {part: str(value) for part, value in parts.items() if value is not None}
    return given or None


def _dress(field: forms.Field) -> None:
    field.widget.attrs["class"] = "form-select" if isinstance(field, forms.ChoiceField) else "form-control"
