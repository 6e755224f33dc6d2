"""Loads a questionnaire's definition from a JSON file, as a manager would in the browser."""

import datetime as dt
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinic.actors import System
from clinic.exceptions import DomainError
from clinic.models import Site
from treatments.instruments import DefinitionError
from treatments.instruments.definition import read
from treatments.services import instruments


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--site", required=True, help="its name")
        parser.add_argument(
            "--licence", required=True, help="who allows it, and the contract's number or date"
        )
        parser.add_argument(
            "--until", required=True, type=dt.date.fromisoformat, help="the licence's last day"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        site = Site.objects.filter(name=options["site"]).first()
        if site is None:
            raise CommandError(f"There is no site called {options['site']}.")
        try:
            row = instruments.load(
                by=System(job="load_instrument"),
                site_id=site.pk,
                document=read(options["file"].read_text(encoding="utf-8")),
                licence=options["licence"],
                licence_until=options["until"],
            )
        except (DefinitionError, DomainError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{row.code} is loaded as version {row.version}.")
