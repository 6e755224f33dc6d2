"""Health for supervisors: alive (the process answers) and ready (its engines answer and are of the right kind)."""

from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError


@require_safe
@login_not_required
def alive(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@require_safe
@login_not_required
def ready(request: HttpRequest) -> JsonResponse:
    """503 with the names of what is not ready: database, locale, migrations, redis. Never their addresses."""
    problems = [*_database_problems(), *_redis_problems()]
    return JsonResponse(
        {"status": "not ready" if problems else "ok", "problems": problems}, status=503 if problems else 200
    )


def _database_problems() -> list[str]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 'MÜLLER' ILIKE 'müller', to_regclass('treatments_course') IS NOT NULL")
            folds, migrated = cursor.fetchone()
    except DatabaseError:
        return ["database"]
    problems = (
        [] if folds else ["locale: the cluster must be made with the builtin locale provider and C.UTF-8"]
    )
    return problems if migrated else [*problems, "migrations"]


def _redis_problems() -> list[str]:
    try:
        cache.get("readyz")
    except RedisError:
        return ["redis"]
    return []
