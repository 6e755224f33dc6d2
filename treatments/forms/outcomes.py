"""What the patient reported, typed in; what a clinician found; what went wrong."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from crispy_forms.layout import Layout
from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from clinic.forms import ClinicForm, DateField, Row, Section
from treatments.enums import Instrument, Observed, Side, Source
from treatments.instruments import BUILTIN, Definition, Item, ItemKind
from treatments.instruments.definition import in_language
from treatments.models import Course
from treatments.policies.time_points import catalogue
from treatments.scoring import PEG_ITEMS


def time_points(course: Course) -> list[tuple[str, str]]:
    """Every time point of the course's protocol, in its order."""
    return catalogue(course.protocol_version.clinical.time_points, course.planned_sessions)


def _scale(label: Any, high: int, low: int = 0) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=low, max_value=high, required=False)


def _field(item: Item) -> forms.Field:
    """An item of a loaded questionnaire, as the person who copies it needs it."""
    words = in_language(item.label or item.words, get_language() or "en")
    if item.kind in (ItemKind.CHOICE, ItemKind.TICK):
        named = {option.value: in_language(option.words, get_language() or "en") for option in item.options}
        choices = [(value, f"{value} – {named[value]}" if value in named else value) for value in item.values]
        return forms.TypedChoiceField(
            label=words,
            choices=[("", _("not asked")), *choices],
            coerce=int,
            empty_value=None,
            required=False,
        )
    return _scale(f"{words}, {item.low}–{item.high}", item.high, item.low)


class ResponseForm(ClinicForm):
    """All questionnaires of the site on one page; those left empty were not asked."""

    submit_label = _("Save")
    time_point = forms.ChoiceField(label=_("Time point"))
    answered_on = DateField(label=_("Answered on"))
    source = forms.ChoiceField(
        label=_("How"),
        choices=[(one.value, one.label) for one in (Source.PAPER, Source.PHONE)],
        required=False,
    )
    nrs = _scale(_("Pain in the last week, 0–10"), 10)
    rmdq = _scale(_("RMDQ: statements ticked, 0–24"), 24)
    pgic = forms.TypedChoiceField(label=_("Overall change"), coerce=int, empty_value=None, required=False)
    sane = _scale(_("How normal is the back, 0–100 %"), 100)
    peg_pain = _scale(_("Pain on average, 0–10"), 10)
    peg_enjoyment = _scale(_("Interfered with enjoyment of life, 0–10"), 10)
    peg_activity = _scale(_("Interfered with general activity, 0–10"), 10)

    def __init__(self, *args: Any, course: Course, loaded: Sequence[Definition] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.loaded = loaded
        cast(forms.ChoiceField, self.fields["time_point"]).choices = time_points(course)
        change = BUILTIN["pgic"].items[0].options
        cast(forms.ChoiceField, self.fields["pgic"]).choices = [
            ("", _("not asked")),
            *(
                (each.value, f"{each.value} – {in_language(each.words, get_language() or 'en')}")
                for each in change
            ),
        ]
        for definition in loaded:
            for item in definition.items:
                self.fields[f"{definition.code}-{item.code}"] = _field(item)

    def layout(self) -> Layout:
        more = [
            Section(
                in_language(one.name, get_language() or "en"),
                *(f"{one.code}-{item.code}" for item in one.items),
            )
            for one in self.loaded
        ]
        return Layout(
            Row("time_point", "answered_on", "source"),
            Section(_("Pain and function"), Row("nrs", "rmdq"), Row("pgic", "sane")),
            Section(_("PEG: all three or none"), "peg_pain", "peg_enjoyment", "peg_activity"),
            *more,
        )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        peg = [values.get(f"peg_{item}") for item in PEG_ITEMS]
        if any(item is not None for item in peg) and None in peg:
            self.add_error("peg_pain", _("PEG needs all three answers."))
        if not self.errors and not self.answers:
            raise forms.ValidationError(_("Nothing was answered: fill in at least one."))
        return values

    @property
    def answers(self) -> Mapping[str, dict[str, int | None]]:
        """Answers by instrument, of those that were asked."""
        values = self.cleaned_data
        given: dict[str, dict[str, int | None]] = {}
        for instrument, key in (
            (Instrument.NRS, "value"),
            (Instrument.RMDQ, "total"),
            (Instrument.PGIC, "value"),
            (Instrument.SANE, "value"),
        ):
            if values.get(instrument.value) is not None:
                given[instrument.value] = {key: values[instrument.value]}
        if values.get("peg_pain") is not None:
            given[Instrument.PEG.value] = {item: values[f"peg_{item}"] for item in PEG_ITEMS}
        for one in self.loaded:
            items = {item.code: values.get(f"{one.code}-{item.code}") for item in one.items}
            if any(value is not None for value in items.values()):
                given[one.code] = items
        return given


class ObservationForm(ClinicForm):
    """What a clinician measured or graded."""

    submit_label = _("Record")
    what = forms.ChoiceField(label=_("What"), choices=Observed.choices)
    side = forms.ChoiceField(
        label=_("Side"), choices=[("", _("both or none")), *Side.choices], required=False
    )
    value = forms.DecimalField(label=_("Value"), max_digits=5, decimal_places=1, min_value=0)
    observed_on = DateField(label=_("On"))
    note = forms.CharField(label=_("Note"), max_length=300, required=False)

    def layout(self) -> Layout:
        return Layout("what", Row("value", "side", "observed_on"), "note")
