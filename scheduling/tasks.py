"""Beat's ticks for this app: each calls one service."""

from celery import shared_task

from clinic.actors import System
from scheduling.services import holds, offering


@shared_task(name="scheduling.tidy_holds")
def tidy_holds() -> None:
    holds.tidy(by=System("tidy_holds"))


@shared_task(name="scheduling.offer_freed_slots")
def offer_freed_slots() -> None:
    offering.run(by=System("offer_freed_slots"))
