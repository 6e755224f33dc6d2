"""Calendar addresses: the page on which they are made and revoked, and what stands behind one."""

import hashlib
from uuid import UUID

import redis
from django.conf import settings
from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from clinic import clock
from clinic.enums import Permission
from clinic.permissions import actor_of, public, requires
from scheduling.selectors import feeds as reads
from scheduling.services import feeds
from scheduling.views.common import attempt
from scheduling.views.feed_calendar import as_ics

A_MINUTE = 30
"""So often a minute one address is answered: a dozen devices that all refresh at once."""

SHOWN = "feed_made"


@requires(Permission.VIEW_SCHEDULE)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """One's own address, and everybody's for the manager. A fresh one is shown once, right after it was made."""
    by = actor_of(request)
    rows = [(person, feed) for person, feed in reads.clinicians() if feeds.may_manage(by, person)]
    fresh = request.session.pop(SHOWN, None)
    made = next(((person, feed) for person, feed in rows if feed and str(feed.pk) == fresh), None)
    address = ""
    if made and made[1]:
        path = reverse("scheduling:feed", args=[feeds.token_of(made[1].pk)])
        address = settings.PUBLIC_URL + path
    return render(
        request,
        "scheduling/feed/index.html",
        {
            "rows": [(person, feed, person.user_id == by.user_id) for person, feed in rows],
            "made": made[0] if made else None,
            "address": address,
        },
    )


@requires(Permission.VIEW_SCHEDULE)
@require_POST
def renew(request: HttpRequest, resource_id: UUID) -> HttpResponse:
    def make() -> None:
        feed = feeds.renew(by=actor_of(request), resource_id=resource_id)
        request.session[SHOWN] = str(feed.pk)

    attempt(request, make)
    return redirect("scheduling:feeds")


@requires(Permission.VIEW_SCHEDULE)
@require_POST
def revoke(request: HttpRequest, resource_id: UUID) -> HttpResponse:
    feeds.revoke(by=actor_of(request), resource_id=resource_id)
    messages.success(request, _("The address answers no more. Calendars keep what they have already read."))
    return redirect("scheduling:feeds")


@public
@require_safe
def calendar(request: HttpRequest, token: str) -> HttpResponse:
    """The feed itself: no sign-in, no cookie, nothing written. Unknown and revoked addresses look the same."""
    feed = reads.feed_of(token)
    if feed is None:
        return HttpResponse("There is no such calendar.\n", status=404, content_type="text/plain")
    if _too_often(feed.pk):
        answer = HttpResponse("Too often. Try again in a minute.\n", status=429, content_type="text/plain")
        answer["Retry-After"] = "60"
        return answer
    found = reads.contents(feed.resource, now=clock.now())
    with translation.override(settings.LANGUAGE_CODE):
        body = as_ics(feed.resource, found)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    seconds = int(found.changed_at.timestamp())
    response = HttpResponse(body, content_type="text/calendar; charset=utf-8")
    response["ETag"] = etag
    response["Last-Modified"] = http_date(seconds)
    response["Cache-Control"] = "private, no-cache"
    response["Content-Disposition"] = 'inline; filename="calendar.ics"'
    answered = (
        get_conditional_response(request, etag=etag, last_modified=seconds, response=response) or response
    )
    answered["Cache-Control"] = "private, no-cache"
    return answered


def _too_often(feed_id: UUID) -> bool:
    """Counted by feed and minute in the cache. Without the cache everybody is answered."""
    key = f"feed:{feed_id}:{clock.now():%Y%m%d%H%M}"
    try:
        cache.add(key, 0, timeout=120)
        return cache.incr(key) > A_MINUTE
    except (redis.RedisError, ValueError):
        return False
