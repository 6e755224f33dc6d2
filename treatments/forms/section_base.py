"""What the parts of a record have in common: fields as people type them, values as they were shown, who is asked."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from clinic.exceptions import InvalidInput
from clinic.forms import ClinicForm
from treatments.enums import RecordSection
from treatments.policies import units
from treatments.selectors.records import RecordView

BASE = "was-"
"""Before a field's name: what the form showed when it was opened."""
_JOIN = " "


class SectionForm(ClinicForm):
    """One part of the record, saved by itself. Subclasses say what is stored now and hand over what was typed."""

    form_tag = False
    section: ClassVar[RecordSection]
    transient: ClassVar[frozenset[str]] = frozenset()
    """Fields that are read and not kept, such as the scanner's."""

    def __init__(self, record: RecordView, data: Mapping[str, Any] | None = None) -> None:
        self.record = record
        super().__init__(data, initial=None, auto_id=f"{self.section.value}_%s")
        self.build()
        if not self.is_bound:
            self.initial = self.stored()

    def build(self) -> None:
        """Fields that depend on the session."""

    def stored(self) -> dict[str, Any]:
        """What is saved now, by field."""
        raise NotImplementedError

    def shown(self) -> dict[str, str]:
        """The values as the page shows them, by field: with these a sent form is compared."""
        return {bound.name: as_text(bound) for bound in self if bound.name not in self.transient}

    def sent(self, data: QueryDict) -> tuple[dict[str, str], dict[str, str]]:
        """What the form showed, and what was typed, from a sent form. A field that is not in it was not touched."""
        base: dict[str, str] = {}
        mine: dict[str, str] = {}
        for name in self.fields:
            if name in self.transient or f"{BASE}{name}" not in data:
                continue
            base[name] = data.get(f"{BASE}{name}", "")
            mine[name] = _JOIN.join(sorted(data.getlist(name)))
        return base, mine

    def filled(self, values: Mapping[str, str], data: QueryDict) -> QueryDict:
        """These values, and the transient ones of the sent form, as a form's data."""
        found = QueryDict(mutable=True)
        for name, field in self.fields.items():
            value = values.get(name, "")
            if name in self.transient:
                found[name] = data.get(name, "")
            elif isinstance(field, forms.MultipleChoiceField):
                found.setlist(name, value.split(_JOIN) if value else [])
            else:
                found[name] = value
        return found

    def base_inputs(self) -> Iterator[tuple[str, str]]:
        """Name and value of the hidden fields that remember what is shown."""
        form = type(self)(self.record) if self.is_bound else self
        for name, value in form.shown().items():
            yield f"{BASE}{name}", value


def as_text(bound: forms.BoundField) -> str:
    """A field's value as its widget writes it."""
    value = bound.value()
    if isinstance(value, list | tuple | set):
        return _JOIN.join(sorted(map(str, value)))
    written = bound.field.widget.format_value(value)
    if isinstance(written, list | tuple):
        written = written[0] if written else ""
    return "" if written is None else str(written)


def number(
    label: Any, *, low: int | str = 0, high: int | str, places: int = 1, unit: str = ""
) -> forms.DecimalField:
    """A decimal number with its bounds; the unit stands after the label."""
    return forms.DecimalField(
        label=f"{label}, {unit}" if unit else label,
        required=False,
        min_value=Decimal(low),
        max_value=Decimal(high),
        decimal_places=places,
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )


def whole(label: Any, *, low: int = 0, high: int) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=low,
        max_value=high,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )


def words(label: Any, most: int, **attrs: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=most,
        widget=forms.TextInput(attrs={"autocomplete": "off", **attrs}),
    )


def choice(label: Any, choices: list[tuple[str, Any]], *, empty: Any = "—") -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=[("", empty), *choices], required=False)


def in_line(field: forms.Field, label: str) -> None:
    """A field that stands in a row without its label: it is named for those who do not see the column."""
    field.widget.attrs["aria-label"] = label
    field.widget.attrs["class"] = "form-select" if isinstance(field, forms.ChoiceField) else "form-control"


class YesNoField(forms.TypedChoiceField):
    """Yes, no, or not said."""

    def __init__(self, label: Any) -> None:
        super().__init__(
            label=label,
            required=False,
            choices=[("", "—"), ("true", _("Yes")), ("false", _("No"))],
            coerce=lambda value: value == "true",
            empty_value=None,
        )

    def prepare_value(self, value: Any) -> Any:
        return {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value


class CountField(forms.CharField):
    """A count with or without its unit; empty means not measured, which is not the same as 0."""

    def __init__(self, label: Any, *, most: int, is_platelets: bool = False) -> None:
        self.most, self.is_platelets = most, is_platelets
        super().__init__(
            label=label,
            required=False,
            max_length=30,
            widget=forms.TextInput(
                attrs={"inputmode": "decimal", "autocomplete": "off", "placeholder": _("not measured")}
            ),
        )

    def clean(self, value: Any) -> Any:
        typed = super().clean(value)
        if not typed:
            return None
        try:
            found: int | Decimal = (
                units.platelets(typed, most=self.most)
                if self.is_platelets
                else units.thousands(typed, most=self.most).quantize(Decimal("0.1"))
            )
        except InvalidInput as error:
            raise ValidationError(error.message) from error
        if not found:
            raise ValidationError(_("Leave it empty when it was not measured: 0 is a count."))
        if found > self.most:
            raise ValidationError(
                _("%(count)s × 10³/µL is not possible (up to %(most)s).")
                % {"count": found, "most": self.most}
            )
        return found
