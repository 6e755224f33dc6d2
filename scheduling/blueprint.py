"""A kind of visit as it is drawn up: stages one after the other, and what each span of them needs.

Pure functions over minutes from when to come. Form, preview and service ask the same ones, so that what the page
draws is what is saved.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

LONGEST = 12 * 60


@dataclass(frozen=True, slots=True)
class Part:
    """One stage. `key` names it within the plan: its stable code, or a made-up one while it is new."""

    key: str
    name: str
    minutes: int
    done_name: str = ""
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Need:
    """What a span of the visit needs: `count` of the first of `kinds`, or of one of the others that will do.

    The span runs from the beginning of the stage `first` to the end of the stage `last` and follows them when
    their lengths change; with `first` empty it is `minutes` long from `offset`. `turnover` minutes after it are
    blocked for the resource too and may run past the visit.
    """

    kinds: tuple[str, ...]
    count: int = 1
    first: str = ""
    last: str = ""
    offset: int = 0
    minutes: int = 0
    turnover: int = 0
    lead: bool = False
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """Why the plan cannot be: the field of the form where it can be mended, and the words."""

    field: str
    words: str


@dataclass(frozen=True, slots=True)
class Blueprint:
    parts: tuple[Part, ...]
    needs: tuple[Need, ...]

    @property
    def minutes(self) -> int:
        return sum(part.minutes for part in self.parts)

    def stages(self) -> dict[str, tuple[int, int]]:
        """Beginning and end of each stage by its key."""
        found, at = {}, 0
        for part in self.parts:
            found[part.key] = (at, at + part.minutes)
            at += part.minutes
        return found

    def span(self, need: Need) -> tuple[int, int]:
        """Beginning and end of a need; raises KeyError when it names a stage that is not there."""
        if not need.first:
            return need.offset, need.offset + need.minutes
        stages = self.stages()
        return stages[need.first][0], stages[need.last or need.first][1]


def faults(plan: Blueprint, *, clinicians: Collection[str]) -> list[Fault]:
    """Everything that makes the plan impossible. `clinicians`: the kinds of resource that are people."""
    found = []
    if not plan.parts:
        found.append(Fault("", _("A visit has at least one stage.")))
    if plan.minutes > LONGEST:
        found.append(Fault(f"stages-{len(plan.parts) - 1}-minutes", _("A visit lasts at most 12 hours.")))
    stages = plan.stages()
    for number, need in enumerate(plan.needs):
        at = f"needs-{number}"
        if need.first and need.first not in stages:
            found.append(Fault(f"{at}-first", _("Choose a stage: this one has been removed.")))
        elif need.first and need.last and need.last not in stages:
            found.append(Fault(f"{at}-last", _("Choose a stage: this one has been removed.")))
        else:
            start, end = plan.span(need)
            if need.first and start >= end:
                found.append(Fault(f"{at}-last", _("This stage comes before the one it begins with.")))
            elif end > plan.minutes:
                words = _("That ends after %(end)s minutes; the visit is over after %(total)s.")
                field = f"{at}-minutes" if not need.first else f"{at}-first"
                found.append(Fault(field, words % {"end": end, "total": plan.minutes}))
        if need.lead and need.kinds[0] not in clinicians:
            found.append(Fault(f"{at}-lead", _("Only a clinician can lead a visit.")))
        elif need.lead and need.count != 1:
            found.append(Fault(f"{at}-count", _("One clinician leads a visit.")))
    leads = [number for number, need in enumerate(plan.needs) if need.lead]
    if not leads:
        found.append(
            Fault("", _("Nobody leads this visit. Tick “leads” at the clinician with whom it is booked."))
        )
    found += [Fault(f"needs-{number}-lead", _("Another need leads already.")) for number in leads[1:]]
    return found


def shortages(plan: Blueprint, *, supply: Mapping[str, int], names: Mapping[str, str]) -> list[str]:
    """What the site has too few of for even one such visit. The plan can be saved all the same."""
    sentences = []
    for kinds in dict.fromkeys(need.kinds for need in plan.needs):
        within = [need for need in plan.needs if set(need.kinds) <= set(kinds)]
        most, there = _peak(plan, within), sum(supply.get(kind, 0) for kind in kinds)
        if most > there:
            words = _(
                "%(kind)s: %(most)s needed at the same time, %(there)s in use here. It cannot be booked."
            )
            sentences.append(words % {"kind": _named(kinds, names), "most": most, "there": there})
    return sentences


def consequences(plan: Blueprint, *, supply: Mapping[str, int], names: Mapping[str, str]) -> list[str]:
    """What the plan means for the day, in sentences."""
    count = len(plan.parts)
    sentences = [
        ngettext(
            "The patient is here for %(minutes)s minutes, in %(count)s stage.",
            "The patient is here for %(minutes)s minutes, in %(count)s stages.",
            count,
        )
        % {"minutes": plan.minutes, "count": count}
    ]
    narrowest: tuple[float, str] | None = None
    for kinds in dict.fromkeys(need.kinds for need in plan.needs):
        alike = [need for need in plan.needs if need.kinds == kinds]
        busy = sum(need.count * (plan.span(need)[1] - plan.span(need)[0]) for need in alike)
        after = sum(need.count * need.turnover for need in alike)
        name = _named(kinds, names)
        words = (
            _("%(kind)s: busy for %(busy)s minutes, then %(after)s to clear up.")
            if after
            else _("%(kind)s: busy for %(busy)s minutes.")
        )
        sentences.append(words % {"kind": name, "busy": busy, "after": after})
        there = sum(supply.get(kind, 0) for kind in kinds)
        if there and busy + after:
            rate = 60 * there / (busy + after)
            if narrowest is None or rate < narrowest[0]:
                narrowest = (rate, _("%(count)s × %(kind)s") % {"count": there, "kind": name})
    if narrowest is not None:
        words = _("At most about %(rate)s such visits an hour: %(what)s sets the pace.")
        sentences.append(words % {"rate": f"{narrowest[0]:.1f}", "what": narrowest[1]})
    return sentences


def _peak(plan: Blueprint, needs: Sequence[Need]) -> int:
    """How many are held at once at the worst minute, clearing up included."""
    spans = [(*plan.span(need), need) for need in needs]
    return max(
        (
            sum(need.count for start, end, need in spans if start <= at < end + need.turnover)
            for at, _end, _need in spans
        ),
        default=0,
    )


def _named(kinds: Sequence[str], names: Mapping[str, str]) -> str:
    return _(" or ").join(names.get(kind, kind) for kind in kinds)
