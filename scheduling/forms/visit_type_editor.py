"""The editor of a kind of visit: its three forms together, their rows added, moved and removed before anything is saved."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.forms import Form
from django.http import QueryDict
from django.utils.translation import gettext as _

from scheduling import blueprint
from scheduling.blueprint import Blueprint, Need, Part
from scheduling.enums import ResourceCategory
from scheduling.forms.visit_types import (
    MOST_NEEDS,
    MOST_STAGES,
    OWN,
    NeedFormSet,
    StageFormSet,
    VisitTypeForm,
)
from scheduling.models import ResourceKind

Rows = list[dict[str, Any]]
_STAGE = ("key", "is_new", "name", "done_name", "minutes")
_NEED = ("id", "kind", "also", "count", "first", "last", "offset", "minutes", "turnover", "lead")


class Editor:
    """What the page shows: made from a saved plan, from what was typed so far, or as it was sent to be saved."""

    def __init__(
        self,
        main: VisitTypeForm,
        stages: Rows,
        needs: Rows,
        *,
        kinds: Sequence[ResourceKind],
        sent: QueryDict | None = None,
    ) -> None:
        self.main, self.kinds, self.stage_rows, self.need_rows = main, kinds, stages, needs
        options = {
            "kinds": [(kind.code, kind.name) for kind in kinds],
            "stages": [
                (row["key"], row["name"] or _("Stage without a name")) for row in stages if row["key"]
            ],
        }
        if sent is None:
            self.stages = StageFormSet(prefix="stages", initial=stages)
            self.needs = NeedFormSet(prefix="needs", initial=needs, form_kwargs=options)
        else:
            self.stages = StageFormSet(sent, prefix="stages")
            self.needs = NeedFormSet(sent, prefix="needs", form_kwargs=options)

    @classmethod
    def of(cls, plan: Blueprint, initial: Mapping[str, Any], *, kinds: Sequence[ResourceKind]) -> "Editor":
        stages = [
            {
                "key": part.key,
                "is_new": part.is_new or "",
                "name": part.name,
                "done_name": part.done_name,
                "minutes": part.minutes,
            }
            for part in plan.parts
        ]
        needs = [_need_row(plan, need) for need in plan.needs]
        return cls(VisitTypeForm(initial=dict(initial)), stages, needs, kinds=kinds)

    @classmethod
    def sent(cls, data: QueryDict, *, kinds: Sequence[ResourceKind]) -> "Editor":
        """As it was sent to be saved: what is wrong stands beside its field."""
        return cls(
            VisitTypeForm(data),
            _rows(data, "stages", _STAGE, MOST_STAGES),
            _rows(data, "needs", _NEED, MOST_NEEDS),
            kinds=kinds,
            sent=data,
        )

    @classmethod
    def reworked(cls, data: QueryDict, do: str, *, kinds: Sequence[ResourceKind]) -> "Editor":
        """As it was typed, right or wrong, after one change to its rows: add-stage, stage-up:2, need-remove:0."""
        stages = _rows(data, "stages", _STAGE, MOST_STAGES)
        needs = _rows(data, "needs", _NEED, MOST_NEEDS)
        act, _colon, number = do.partition(":")
        at = int(number) if number.isdecimal() and len(number) < 4 else -1
        if act == "add-stage" and len(stages) < MOST_STAGES:
            stages.append(
                {**dict.fromkeys(_STAGE, ""), "key": _new_key(stages), "is_new": "True", "minutes": 10}
            )
        elif act == "add-need" and len(needs) < MOST_NEEDS:
            first = stages[0]["key"] if stages else ""
            needs.append(
                {**dict.fromkeys(_NEED, ""), "also": [], "count": 1, "first": first, "lead": not needs}
            )
        elif act in ("stage-up", "stage-down"):
            to = at + (1 if act == "stage-down" else -1)
            if 0 <= at < len(stages) and 0 <= to < len(stages):
                stages[at], stages[to] = stages[to], stages[at]
        elif act == "stage-remove" and 0 <= at < len(stages):
            gone = stages.pop(at)["key"]
            for need in needs:
                for edge in ("first", "last"):
                    need[edge] = "" if need[edge] == gone else need[edge]
        elif act == "need-remove" and 0 <= at < len(needs):
            needs.pop(at)
        main = VisitTypeForm(initial={name: data.get(name) for name in VisitTypeForm.base_fields})
        return cls(main, stages, needs, kinds=kinds)

    def is_valid(self) -> bool:
        """Fields, rows, and the plan that they make; every fault stands at the field where it can be mended."""
        forms = [self.main.is_valid(), self.stages.is_valid(), self.needs.is_valid()]
        if not all(forms):
            return False
        found = blueprint.faults(self.plan, clinicians=self.clinicians)
        for fault in found:
            self.add_error(fault.field, fault.words)
        return not found

    @property
    def clinicians(self) -> set[str]:
        return {kind.code for kind in self.kinds if kind.category == ResourceCategory.CLINICIAN}

    @property
    def plan(self) -> Blueprint:
        """Of forms that are valid."""
        return Blueprint(
            tuple(form.part for form in self.stages.forms), tuple(form.need for form in self.needs.forms)
        )

    def add_error(self, field: str, words: str) -> None:
        """Beside a field such as needs-2-first, else above all of them."""
        prefix, _dash, rest = field.partition("-")
        number, _dash, name = rest.partition("-")
        forms: Sequence[Form] = ()
        if prefix in ("stages", "needs"):
            forms = self.stages.forms if prefix == "stages" else self.needs.forms
        if number.isdecimal() and int(number) < len(forms) and name in forms[int(number)].fields:
            forms[int(number)].add_error(name, words)
        else:
            self.main.add_error(field if field in self.main.fields else None, words)

    @property
    def errors(self) -> list[tuple[str, str, str]]:
        """(id of the field or nothing, its label, words) of everything that is wrong, in the page's order."""
        above = [*self.main.non_field_errors(), *self._of_the_sets()]
        found = [("", "", str(words)) for words in above]
        for form in (self.main, *self.stages.forms, *self.needs.forms):
            found += [
                (field.auto_id or "", str(field.label), words)
                for field in form
                for words in map(str, field.errors)
            ]
        return found

    def _of_the_sets(self) -> list[str]:
        sets = (self.stages, self.needs)
        return [str(words) for each in sets if each.is_bound for words in each.non_form_errors()]

    def sketch(self) -> Blueprint:
        """The plan as far as it can be read from what was typed: rows that make no sense yet are left out."""
        parts = tuple(
            Part(row["key"], row["name"], minutes)
            for row in self.stage_rows
            if row["key"] and (minutes := _number(row["minutes"], blueprint.LONGEST))
        )
        known = {part.key for part in parts}
        needs = []
        for row in self.need_rows:
            own = row["first"] == OWN
            last = row["last"] or row["first"]
            if not row["kind"] or not (own or (row["first"] in known and last in known)):
                continue
            need = Need(
                kinds=(row["kind"], *(kind for kind in row["also"] if kind != row["kind"])),
                count=_number(row["count"], 20) or 1,
                first="" if own else row["first"],
                last="" if own else last,
                offset=_number(row["offset"], blueprint.LONGEST),
                minutes=_number(row["minutes"], blueprint.LONGEST),
                turnover=_number(row["turnover"], 480),
                lead=bool(row["lead"]),
            )
            start, end = Blueprint(parts, ()).span(need)
            if start < end:
                needs.append(need)
        return Blueprint(parts, tuple(needs))


def _need_row(plan: Blueprint, need: Need) -> dict[str, Any]:
    start, end = plan.span(need)
    return {
        "id": need.id,
        "kind": need.kinds[0],
        "also": list(need.kinds[1:]),
        "count": need.count,
        "first": need.first or OWN,
        "last": "" if need.last == need.first else need.last,
        "offset": start if not need.first else "",
        "minutes": end - start if not need.first else "",
        "turnover": need.turnover or "",
        "lead": need.lead,
    }


def _rows(data: QueryDict, prefix: str, names: Sequence[str], most: int) -> Rows:
    count = _number(data.get(f"{prefix}-TOTAL_FORMS"), most)
    return [
        {
            name: data.getlist(f"{prefix}-{number}-{name}")
            if name == "also"
            else data.get(f"{prefix}-{number}-{name}", "")
            for name in names
        }
        for number in range(count)
    ]


def _number(value: Any, most: int) -> int:
    text = str(value or "").strip()
    return min(int(text), most) if text.isascii() and text.isdecimal() and len(text) < 6 else 0


def _new_key(stages: Rows) -> str:
    taken = {row["key"] for row in stages}
    return next(key for key in (f"new{number}" for number in range(1, MOST_STAGES + 2)) if key not in taken)
