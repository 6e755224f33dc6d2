"""Sends due messages without Celery, once or for ever, so that the broker may be away."""

import signal
import threading
import time
from typing import Any

import structlog
from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections

from clinic.actors import System
from clinic.services import dispatch, reconcile
from clinic.services.drafts import AWAY

log = structlog.get_logger(__name__)

BY = System("dispatch_messages")
PAUSE = 2.0
PAUSE_AWAY = 30.0  # while the mail server or the database is away
RECONCILE_EVERY = 60.0


class Command(BaseCommand):
    help = "Send the messages that are due. With --loop, go on until SIGTERM or Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--loop", action="store_true", help="go on until SIGTERM or Ctrl-C")

    def handle(self, *args: Any, loop: bool, **options: Any) -> None:
        if not loop:
            reconcile.run(by=BY)
            done = dispatch.run(by=BY)
            self.stdout.write(f"Sent {done.sent}.")
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        reconcile_at = time.monotonic()
        while not stop.is_set():
            pause = PAUSE
            try:
                if time.monotonic() >= reconcile_at:
                    reconcile.run(by=BY)
                    reconcile_at = time.monotonic() + RECONCILE_EVERY
                if dispatch.run(by=BY, should_stop=stop.is_set).server_is_away:
                    pause = PAUSE_AWAY
            except AWAY as error:
                log.warning("database away", error=type(error).__name__)
                close_old_connections()
                pause = PAUSE_AWAY
            except Exception:
                log.exception("a round broke off")  # what it held comes back when its leases run out
            stop.wait(pause)
