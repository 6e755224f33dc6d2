"""Celery tasks of what everyone shares: beat ticks, each calls one service. Extra ticks are harmless."""

from celery import shared_task

from clinic.actors import System
from clinic.services import dispatch, reconcile


@shared_task(name="clinic.dispatch_messages")
def dispatch_messages() -> None:
    """Send what is due, for at most 50 seconds."""
    dispatch.run(by=System("dispatch_messages"))


@shared_task(name="clinic.reconcile_messages")
def reconcile_messages() -> None:
    """Take back what dead senders hold and judge what is uncertain."""
    reconcile.run(by=System("reconcile_messages"))
