"""Jobs of the treatments: each calls one service."""

import structlog
from celery import shared_task

from clinic.actors import System
from treatments.services import asking, gate_watch, inviting, recovery_week, red_flags, reviews

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


@shared_task(name="treatments.escalate_red_flags")
def escalate_red_flags() -> int:
    """Hand on the red flags whose clock has run out. Running it twice, or late, does no harm."""
    handed_on = red_flags.escalate_due(by=System(job="treatments.escalate_red_flags"))
    if handed_on:
        log.info("red_flags_escalated", count=handed_on)
    return handed_on


@shared_task(name="treatments.follow_recovery")
def follow_recovery() -> int:
    """Open the calls of the recovery weeks that are due. Running it twice, or late, does no harm."""
    opened = recovery_week.follow_due(by=System(job="treatments.follow_recovery"))
    if opened:
        log.info("recovery_calls_opened", count=opened)
    return opened
