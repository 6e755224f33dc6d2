"""Beat's ticks for this app: each calls one service."""

from celery import shared_task

from clinic.actors import System
from scheduling.services import holds


@shared_task(name="scheduling.tidy_holds")
def tidy_holds() -> None:
    holds.tidy(by=System("tidy_holds"))
