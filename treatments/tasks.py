"""Jobs of the treatments: each calls one service."""

import structlog
from celery import shared_task

from clinic.actors import System
from treatments.services import reviews

log = structlog.get_logger(__name__)


@shared_task(name="treatments.open_due_reviews")
def open_due_reviews() -> int:
    """Open the gates that are due. Running it twice, or late, does no harm."""
    opened = reviews.open_due(by=System(job="treatments.open_due_reviews"))
    if opened:
        log.info("reviews_opened", count=opened)
    return opened
