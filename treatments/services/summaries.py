"""The summary rows that cohort reports are made of: written with what they follow from, or made anew and compared.

They hold nothing that the facts do not say. Whoever signs a record or writes an answer calls `sessions_changed` or
`answers_changed`; the rows are written once, at the end of that use case.
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from clinic import locks
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.permissions import check
from clinic.transactions import use_case, write_at_end
from treatments.models import Course, CourseSummary, PointSummary, ScoreSummary
from treatments.policies import summaries as rules
from treatments.policies.summaries import Facts
from treatments.selectors import summaries as reads

_BEGUN = ("started_on", "last_on", "sessions", "structures", "leucocytes", "paw")
_MET = ("pain_met", "function_met", "impression_met", "all_met")


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How many courses were looked at, and which of them had other rows than their facts say."""

    courses: int = 0
    differed: tuple[UUID, ...] = ()


def sessions_changed(course_id: UUID) -> None:
    """Inner step of a use case that holds the course: a record of it was signed."""
    locks.take(course=[course_id])
    write_at_end(_begun_now, [course_id])


def answers_changed(course_id: UUID) -> None:
    """Inner step of a use case that holds the course: an answer was written or corrected."""
    locks.take(course=[course_id])
    write_at_end(_answered_now, [course_id])


def rebuild(*, by: Actor, only_look: bool = False) -> Rebuilt:
    """Compare the rows of every course with what its facts say, and write what differs unless `only_look`.

    Batch by batch, each in a transaction of its own that holds its courses: the clinic works on meanwhile.
    """
    courses, differed = 0, []
    for keys in reads.every_course():
        courses += len(keys)
        differed += _batch(by=by, course_ids=keys, only_look=only_look)
    return Rebuilt(courses, tuple(differed))


@use_case
def _batch(*, by: Actor, course_ids: Collection[UUID], only_look: bool) -> list[UUID]:
    check(by, Permission.MANAGE_SITE)
    locks.take(course=course_ids)
    return bring(course_ids, only_look=only_look)


def bring(course_ids: Collection[UUID], *, only_look: bool = False) -> list[UUID]:
    """Inner step: make the rows of these courses say what their facts say. Returns those whose rows differed."""
    found = reads.facts(course_ids)
    return sorted(
        _bring_begun(found, write=not only_look)
        | _bring_points(found, write=not only_look)
        | _bring_scores(found, write=not only_look)
    )


def _begun_now(course_ids: Collection[UUID]) -> None:
    _bring_begun(reads.facts(set(course_ids)), write=True)


def _answered_now(course_ids: Collection[UUID]) -> None:
    found = reads.facts(set(course_ids))
    _bring_points(found, write=True)
    _bring_scores(found, write=True)


def _bring_begun(found: dict[UUID, Facts], *, write: bool) -> set[UUID]:
    kept, meant = reads.kept_begun(found), {key: rules.begun(one) for key, one in found.items()}
    differing = {key for key in found if meant[key] != kept.get(key)}
    if write and differing:
        sites = dict(Course.objects.filter(pk__in=differing).values_list("pk", "site"))
        CourseSummary.objects.filter(course__in={key for key in differing if meant[key] is None}).delete()
        CourseSummary.objects.bulk_create(
            [
                CourseSummary(course_id=key, site_id=sites[key], **dict(zip(_BEGUN, columns, strict=True)))
                for key in sorted(differing)
                if (columns := meant[key]) is not None
            ],
            update_conflicts=True,
            unique_fields=["course"],
            update_fields=["site", *_BEGUN],
        )
    return differing


def _bring_points(found: dict[UUID, Facts], *, write: bool) -> set[UUID]:
    kept, meant = reads.kept_points(found), {key: rules.points(one) for key, one in found.items()}
    gone, rows = Q(pk=None), []
    differing = {key for key in found if meant[key] != kept.get(key, {})}
    for key in sorted(differing):
        before = kept.get(key, {})
        for point, series in before.keys() - meant[key].keys():
            gone |= Q(course=key, point=point, series=series)
        rows += [
            PointSummary(course_id=key, point=point, series=series, **dict(zip(_MET, met, strict=True)))
            for (point, series), met in meant[key].items()
            if before.get((point, series)) != met
        ]
    if write and differing:
        PointSummary.objects.filter(gone).delete()
        PointSummary.objects.bulk_create(
            rows,
            batch_size=1000,
            update_conflicts=True,
            unique_fields=["course", "point", "series"],
            update_fields=list(_MET),
        )
    return differing


def _bring_scores(found: dict[UUID, Facts], *, write: bool) -> set[UUID]:
    kept, meant = reads.kept_scores(found), {key: rules.scores(one) for key, one in found.items()}
    gone, rows = Q(pk=None), []
    differing = {key for key in found if meant[key] != kept.get(key, {})}
    for key in sorted(differing):
        before = kept.get(key, {})
        for instrument, point, series in before.keys() - meant[key].keys():
            gone |= Q(course=key, instrument=instrument, point=point, series=series)
        rows += [
            ScoreSummary(
                course_id=key, instrument=instrument, point=point, series=series, score=score, change=change
            )
            for (instrument, point, series), (score, change) in meant[key].items()
            if before.get((instrument, point, series)) != (score, change)
        ]
    if write and differing:
        ScoreSummary.objects.filter(gone).delete()
        ScoreSummary.objects.bulk_create(
            rows,
            batch_size=1000,
            update_conflicts=True,
            unique_fields=["instrument", "course", "point", "series"],
            update_fields=["score", "change"],
        )
    return differing
