"""A checklist as a form: its fields come from the protocol, a row a line. And a physician's word on a line."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext_lazy as _

from clinic.forms import ClinicForm, DateField
from clinic.forms.fields import LineField
from treatments.clinical_rules import Moment
from treatments.data import AnswerData
from treatments.enums import Answer
from treatments.policies.readiness import Line, State

_YES_NO = [(Answer.YES.value, Answer.YES.label), (Answer.NO.value, Answer.NO.label)]


@dataclass(frozen=True)
class Entry:
    """One line with its fields, as the page writes it."""

    line: Line
    choice: BoundField | None = None
    number: BoundField | None = None
    measured_on: BoundField | None = None
    not_done: BoundField | None = None
    filled: bool = False
    """Set to "no" with all the rest, to be looked over."""

    @property
    def errors(self) -> list[str]:
        fields = (self.choice, self.number, self.measured_on, self.not_done)
        return [str(error) for field in fields if field is not None for error in field.errors]


class ChecklistForm(forms.Form):
    """The lines of one checklist. `seen` is how many answers stood on record when the form was shown."""

    moment = forms.ChoiceField(
        choices=[(each.value, each.value) for each in Moment], widget=forms.HiddenInput
    )
    seen = forms.IntegerField(min_value=0, max_value=10**6, widget=forms.HiddenInput)

    def __init__(
        self, data: Any = None, *, lines: Sequence[Line], moment: str, seen: int, filled: Sequence[str] = ()
    ) -> None:
        super().__init__(data, prefix=moment, initial={"moment": moment, "seen": seen})
        self.lines, self.filled = lines, frozenset(filled)
        for line in lines:
            self._add(line)

    def entries(self) -> Iterator[Entry]:
        for line in self.lines:
            yield Entry(
                line,
                choice=self._bound(f"a-{line.code}"),
                number=self._bound(f"n-{line.code}"),
                measured_on=self._bound(f"d-{line.code}"),
                not_done=self._bound(f"x-{line.code}"),
                filled=line.code in self.filled,
            )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        for line in self.lines:
            if values.get(f"x-{line.code}") and values.get(f"n-{line.code}") is not None:
                self.add_error(f"n-{line.code}", _("Either a number, or not measured."))
        return values

    @property
    def answers(self) -> list[AnswerData]:
        """What was answered; lines left alone are not."""
        found: list[AnswerData] = []
        for line in self.lines:
            said = self._said(line, self.cleaned_data)
            if said is not None:
                found.append(said)
        return found

    def _said(self, line: Line, values: Mapping[str, Any]) -> AnswerData | None:
        if not line.unit:
            choice = values.get(f"a-{line.code}")
            return AnswerData(line.code, choice) if choice else None
        number = values.get(f"n-{line.code}")
        if number is not None:
            return AnswerData(line.code, Answer.NUMBER, number, values.get(f"d-{line.code}"))
        return AnswerData(line.code, Answer.NOT_DONE) if values.get(f"x-{line.code}") else None

    def _add(self, line: Line) -> None:
        # What is too old counts as not given: nothing is filled in that would be saved again unread.
        given = line.given if line.state != State.OPEN else None
        if not line.unit:
            self.fields[f"a-{line.code}"] = forms.ChoiceField(
                label=line.title,
                choices=_YES_NO,
                widget=forms.RadioSelect,
                required=False,
                initial=given.value if given else ("no" if line.code in self.filled else None),
            )
            return
        self.fields[f"n-{line.code}"] = forms.DecimalField(
            label=f"{line.title}, {line.unit}",
            min_value=Decimal(0),
            max_value=Decimal(99999),
            max_digits=7,
            decimal_places=2,
            required=False,
            initial=given.number.normalize() if given and given.number is not None else None,
            widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any", "autocomplete": "off"}),
        )
        if any(rule.expires_days is not None for rule in line.rules):
            self.fields[f"d-{line.code}"] = DateField(
                label=_("Measured on"),
                required=False,
                initial=given.measured_on if given and given.number is not None else None,
            )
        self.fields[f"x-{line.code}"] = forms.BooleanField(
            label=_("Not measured"),
            required=False,
            initial=bool(given and given.value == Answer.NOT_DONE),
        )

    def _bound(self, name: str) -> BoundField | None:
        return self[name] if name in self.fields else None


class RulingForm(ClinicForm):
    """A physician's word on one line, for what it rested on when it was read."""

    code = forms.RegexField(r"^[a-z0-9_]{1,60}$", widget=forms.HiddenInput)
    basis = forms.CharField(max_length=80, widget=forms.HiddenInput)
    reason = LineField(label=_("Reason"), max_length=300)
