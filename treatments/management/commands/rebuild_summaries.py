"""Makes the rows that cohort reports are made of anew from the records and answers, and says where they differed."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinic.actors import System
from treatments.services import summaries


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="Only look; exit code 1 where rows differ.")

    def handle(self, *args: Any, **options: Any) -> None:
        done = summaries.rebuild(by=System(job="rebuild_summaries"), only_look=options["check"])
        for key in done.differed[:20]:
            self.stdout.write(f"  {key}")
        if options["check"] and done.differed:
            raise CommandError(f"{len(done.differed)} of {done.courses} courses differ from their summaries.")
        self.stdout.write(f"{done.courses} courses, {len(done.differed)} differed.")
