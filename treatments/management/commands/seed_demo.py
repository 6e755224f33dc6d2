"""`manage.py seed_demo`: load the demo clinic into an empty database."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinic.actors import System
from clinic.exceptions import DomainError
from treatments.demo import seeding


class Command(BaseCommand):
    help = "Load an invented clinic (300 patients, two years of courses, a calendar around today) into an empty database."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--seed", type=int, default=seeding.SEED, help="Another number gives other people and courses."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        since = time.monotonic()
        try:
            seeding.load(by=System("demo"), say=self._say, seed=options["seed"])
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"  The demo clinic is loaded ({time.monotonic() - since:.1f} s).")

    def _say(self, what: str, seconds: float) -> None:
        self.stdout.write(f"  {seconds:5.1f} s  {what}")
        self.stdout.flush()
