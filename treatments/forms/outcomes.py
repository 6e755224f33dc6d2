"""What the patient reported, typed in; what went wrong."""

from collections.abc import Mapping
from typing import Any, cast

from crispy_forms.layout import Layout
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.forms import ClinicForm, DateField, Row, Section
from treatments.enums import Instrument
from treatments.models import Course

PGIC = [
    (1, _("1 – very much improved")),
    (2, _("2 – much improved")),
    (3, _("3 – a little improved")),
    (4, _("4 – no change")),
    (5, _("5 – a little worse")),
    (6, _("6 – much worse")),
    (7, _("7 – very much worse")),
]
LATER = [
    ("week_1", _("1 week after the last session")),
    ("week_6", _("6 weeks after the last session")),
    ("month_3", _("3 months after the last session")),
    ("month_6", _("6 months after the last session")),
    ("month_12", _("12 months after the last session")),
]


def time_points(course: Course) -> list[tuple[str, Any]]:
    """Baseline, before each repeat, then after the last session."""
    repeats = [
        (f"before_{number}", _("Before session %(number)s") % {"number": number})
        for number in range(2, course.planned_sessions + 1)
    ]
    return [("baseline", _("Before the course")), *repeats, *LATER]


def _scale(label: Any, high: int, low: int = 0) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=low, max_value=high, required=False)


class ResponseForm(ClinicForm):
    """All instruments on one page; those left empty were not asked."""

    submit_label = _("Save")
    time_point = forms.ChoiceField(label=_("Time point"))
    answered_on = DateField(label=_("Answered on"))
    nrs = _scale(_("Pain in the last week, 0–10"), 10)
    rmdq = _scale(_("RMDQ: statements ticked, 0–24"), 24)
    pgic = forms.TypedChoiceField(
        label=_("Overall change"),
        choices=[("", _("not asked")), *PGIC],
        coerce=int,
        empty_value=None,
        required=False,
    )
    sane = _scale(_("How normal is the back, 0–100 %"), 100)
    peg_pain = _scale(_("Pain on average, 0–10"), 10)
    peg_enjoyment = _scale(_("Interfered with enjoyment of life, 0–10"), 10)
    peg_activity = _scale(_("Interfered with general activity, 0–10"), 10)

    def __init__(self, *args: Any, course: Course, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["time_point"]).choices = time_points(course)

    def layout(self) -> Layout:
        return Layout(
            Row("time_point", "answered_on"),
            Section(_("Pain and function"), Row("nrs", "rmdq"), Row("pgic", "sane")),
            Section(_("PEG: all three or none"), "peg_pain", "peg_enjoyment", "peg_activity"),
        )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        peg = [values.get(f"peg_{item}") for item in ("pain", "enjoyment", "activity")]
        if any(item is not None for item in peg) and None in peg:
            self.add_error("peg_pain", _("PEG needs all three answers."))
        if not self.errors and not self.answers:
            raise forms.ValidationError(_("Nothing was answered: fill in at least one."))
        return values

    @property
    def answers(self) -> Mapping[Instrument, dict[str, int | None]]:
        """Answers by instrument, of those that were asked."""
        values = self.cleaned_data
        given: dict[Instrument, dict[str, int | None]] = {}
        for instrument, name, key in (
            (Instrument.NRS, "nrs", "value"),
            (Instrument.RMDQ, "rmdq", "total"),
            (Instrument.PGIC, "pgic", "value"),
            (Instrument.SANE, "sane", "value"),
        ):
            if values.get(name) is not None:
                given[instrument] = {key: values[name]}
        if values.get("peg_pain") is not None:
            given[Instrument.PEG] = {
                item: values[f"peg_{item}"] for item in ("pain", "enjoyment", "activity")
            }
        return given
