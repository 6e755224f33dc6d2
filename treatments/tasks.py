"""Jobs of the treatments: each calls one service."""

import structlog
from celery import shared_task

from clinic.actors import System
from treatments.services import asking, gate_watch, inviting, reviews

log = structlog.get_logger(__name__)


@shared_task(name="treatments.open_due_reviews")
def open_due_reviews() -> int:
    """Open the gates that are due, hand on those that nobody decides. Running it twice, or late, does no harm."""
    job = System(job="treatments.open_due_reviews")
    opened = reviews.open_due(by=job)
    handed_on = gate_watch.escalate_due(by=job)
    if opened or handed_on:
        log.info("reviews_opened", count=opened, handed_on=handed_on)
    return opened


@shared_task(name="treatments.ask_due_questions")
def ask_due_questions() -> int:
    """Ask the patients whose time points are due. Running it twice, or late, does no harm."""
    asked = asking.ask_due(by=System(job="treatments.ask_due_questions"))
    if asked:
        log.info("patients_asked", count=asked)
    return asked


@shared_task(name="treatments.invite_to_book")
def invite_to_book() -> int:
    """Ask the patients whose next visit has no date. Running it twice, or late, does no harm."""
    invited = inviting.invite_due(by=System(job="treatments.invite_to_book"))
    if invited:
        log.info("patients_invited", count=invited)
    return invited
