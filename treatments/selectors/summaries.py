"""What the summaries of courses are made from, and what stands there now."""

from collections.abc import Collection, Iterator
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from treatments import clinical_rules
from treatments.enums import SessionStatus
from treatments.models import (
    Course,
    CourseSummary,
    Derivation,
    Injection,
    PointSummary,
    ProtocolRules,
    Response,
    ScoreSummary,
    Session,
)
from treatments.policies.summaries import Answer, Begun, Change, Facts, Key, Met, SignedSession


def facts(course_ids: Collection[UUID]) -> dict[UUID, Facts]:
    """Signed sessions and answers of these courses. Six queries, whatever their number."""
    courses = list(Course.objects.filter(pk__in=course_ids).select_related("site"))
    rules = {
        row.version_id: clinical_rules.load(row.document)
        for row in ProtocolRules.objects.filter(version__in={one.protocol_version_id for one in courses})
    }
    found = {
        one.pk: Facts(rules.get(one.protocol_version_id, clinical_rules.ClinicalRules())) for one in courses
    }
    zones = {one.pk: one.site.zone for one in courses}
    for session in _signed(found):
        if session.injected_at is not None:
            classes = list(session.derivations.all())
            latest = classes[-1] if classes else Derivation()
            found[session.course_id].sessions.append(
                SignedSession(
                    session.injected_at.astimezone(zones[session.course_id]).date(),
                    latest.leucocytes,
                    latest.paw,
                    frozenset(row.structure for row in session.injections.all()),
                )
            )
    answers = Response.objects.filter(course__in=found).order_by("answered_at", "pk")
    for key, instrument, point, score in answers.values_list("course", "instrument", "time_point", "score"):
        found[key].answers.append(Answer(instrument, point, score))
    return found


def _signed(course_ids: Collection[UUID]) -> QuerySet[Session]:
    by_algorithm = Derivation.objects.only("session_id", "leucocytes", "paw").order_by("algorithm")
    injected = Injection.objects.only("session_id", "structure")
    return (
        Session.objects.filter(course__in=course_ids, status=SessionStatus.SIGNED, injected_at__isnull=False)
        .only("course_id", "injected_at")
        .order_by("course_id", "number")
        .prefetch_related(
            Prefetch("derivations", queryset=by_algorithm), Prefetch("injections", queryset=injected)
        )
    )


def kept_begun(course_ids: Collection[UUID]) -> dict[UUID, Begun]:
    """The rows of `CourseSummary`. One query."""
    columns = ("started_on", "last_on", "sessions", "structures", "leucocytes", "paw")
    rows = CourseSummary.objects.filter(course__in=course_ids).values_list("course", *columns)
    return {key: (*begun,) for key, *begun in rows}


def kept_points(course_ids: Collection[UUID]) -> dict[UUID, dict[Key, Met]]:
    """The rows of `PointSummary`. One query."""
    found: dict[UUID, dict[Key, Met]] = {}
    columns = ("pain_met", "function_met", "impression_met", "all_met")
    rows = PointSummary.objects.filter(course__in=course_ids)
    for course_id, point, series, *met in rows.values_list("course", "point", "series", *columns):
        found.setdefault(course_id, {})[point, series] = (met[0], met[1], met[2], met[3])
    return found


def kept_scores(course_ids: Collection[UUID]) -> dict[UUID, dict[tuple[str, str, int], Change]]:
    """The rows of `ScoreSummary`. One query."""
    found: dict[UUID, dict[tuple[str, str, int], Change]] = {}
    columns = ("course", "instrument", "point", "series", "score", "change")
    for course_id, instrument, point, series, score, change in ScoreSummary.objects.filter(
        course__in=course_ids
    ).values_list(*columns):
        found.setdefault(course_id, {})[instrument, point, series] = (score, change)
    return found


def every_course(*, batch: int = 500) -> Iterator[list[UUID]]:
    """All courses in batches by key, those that never began too."""
    last: UUID | None = None
    while True:
        rows = Course.objects.order_by("pk")
        if last is not None:
            rows = rows.filter(pk__gt=last)
        keys = list(rows.values_list("pk", flat=True)[:batch])
        if not keys:
            return
        yield keys
        last = keys[-1]
