"""What the desk says while it plans a course: wishes for the whole course, and decisions about single sessions.

A session's fields carry its number: `s3` is the start shown for session 3, `pin3` a start to keep, `to3` another start
chosen instead, `on3` another day, `out3` leaves it out, `v3` is the version of its visit as it was shown. A start is written with its clinician: `<ISO instant>|<key>`.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any, cast
from uuid import UUID

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from clinic.forms import ClinicForm, DateField
from clinic.models import Site
from scheduling.enums import DayPart
from scheduling.models import Resource
from scheduling.selectors import choices
from treatments.services.horizon import Choice
from treatments.services.proposals import Wanted

WEEKDAYS = [
    (0, _("Mon")),
    (1, _("Tue")),
    (2, _("Wed")),
    (3, _("Thu")),
    (4, _("Fri")),
    (5, _("Sat")),
    (6, _("Sun")),
]
_KEPT = ("earliest", "lead", "part", "not_on")


class PlanForm(ClinicForm):
    """From when, with whom, which part of the day, and which weekdays do not suit."""

    form_tag = False
    earliest = DateField(label=_("Not before"))
    lead = forms.ModelChoiceField(
        queryset=Resource.objects.none(), label=_("With"), required=False, empty_label=_("Anybody")
    )
    part = forms.ChoiceField(label=_("Time of day"), choices=DayPart.choices, required=False)
    not_on = forms.TypedMultipleChoiceField(
        label=_("Not on"),
        choices=WEEKDAYS,
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("forms.ModelChoiceField[Resource]", self.fields["lead"]).queryset = choices.leads(site.pk)
        self.fields["earliest"].widget.attrs["class"] = "form-control"
        self.fields["lead"].widget.attrs["class"] = "form-select"
        self.fields["part"].widget.attrs["class"] = "form-select"

    def clean_part(self) -> str:
        return self.cleaned_data["part"] or DayPart.ANY


class AwayForm(forms.Form):
    """Days on which the patient cannot come; one day when the second is left empty."""

    away_first = DateField(label=_("From"))
    away_last = DateField(label=_("Until"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-control"

    @property
    def span(self) -> tuple[dt.date, dt.date]:
        first = self.cleaned_data["away_first"]
        return first, self.cleaned_data["away_last"] or first


def days_typed(said: QueryDict) -> bool:
    """Whether days away were typed and not kept yet."""
    return any(said.get(name, "").strip() for name in AwayForm.base_fields)


def unkept_days(said: QueryDict) -> AwayForm:
    """Such days are never passed over in silence: they are kept or cleared before the course is booked."""
    form = AwayForm(said)
    if form.is_valid():
        form.add_error("away_first", _("These days are not kept yet. Keep them free first, or clear them."))
    return form


def as_value(choice: Choice) -> str:
    return f"{choice.start.isoformat()}|{choice.lead_id or ''}"


def wanted(said: QueryDict) -> Wanted:
    """What was decided about single sessions; what cannot be read is no decision."""
    pinned = dict(_choices(said, "pin")) | dict(_choices(said, "to"))
    days = dict(_days(said))
    return Wanted(
        pinned={number: choice for number, choice in pinned.items() if number not in days},
        days=days,
        left_out={number for number, _value in _numbered(said, "out")},
    )


def shown(said: QueryDict) -> dict[int, Choice]:
    """The starts that the person saw and books, by session number."""
    return dict(_choices(said, "s")) | dict(_choices(said, "to"))


def versions(said: QueryDict) -> dict[int, int]:
    """The versions of the visits that are being moved, as they were shown, by session number; what cannot be read is none."""
    return {
        number: int(value)
        for number, value in _numbered(said, "v")
        if value.isascii() and value.isdecimal() and len(value) < 10
    }


def asks_for_days(said: QueryDict) -> bool:
    """Whether another day was entered that no plan has answered yet, readable or not."""
    return any(value.strip() for _number, value in _numbered(said, "on"))


def state(said: QueryDict) -> str:
    """The decisions as a query string, to come back to: wishes, and starts that are to be kept."""
    kept = QueryDict(mutable=True)
    for name in _KEPT:
        if values := [value for value in said.getlist(name) if value]:
            kept.setlist(name, values)
    decided = wanted(said)
    for number, choice in sorted(decided.pinned.items()):
        kept[f"pin{number}"] = as_value(choice)
    for number, day in sorted(decided.days.items()):
        kept[f"on{number}"] = day.isoformat()
    for number in sorted(decided.left_out):
        kept[f"out{number}"] = "1"
    return kept.urlencode()


def _numbered(said: QueryDict, prefix: str) -> Iterator[tuple[int, str]]:
    for name, value in said.items():
        number = name.removeprefix(prefix)
        if name.startswith(prefix) and number.isascii() and number.isdecimal() and len(number) < 3:
            yield int(number), str(value)


def _choices(said: QueryDict, prefix: str) -> Iterator[tuple[int, Choice]]:
    for number, value in _numbered(said, prefix):
        instant, _bar, lead = value.partition("|")
        try:
            start = dt.datetime.fromisoformat(instant)
            choice = Choice(start, UUID(lead) if lead else None)
            start.timestamp()
        except (ValueError, OverflowError):
            continue
        if start.tzinfo is not None and 2000 <= start.year <= 2200:
            yield number, choice


def _days(said: QueryDict) -> Iterator[tuple[int, dt.date]]:
    for number, value in _numbered(said, "on"):
        try:
            day = dt.date.fromisoformat(value)
        except ValueError:
            continue
        if 2000 <= day.year <= 2200:
            yield number, day
