"""`manage.py check_data`: does every promise of the database hold? Prints keys, never names; exit code 1 when not."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinic import integrity


class Command(BaseCommand):
    help = "Check what must hold over the whole database. Reads only; prints keys, never names."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--site", type=UUID, help="Look at one site only, by its key.")
        parser.add_argument("--list", action="store_true", help="Name the checks and stop.")
        parser.add_argument("checks", nargs="*", help="Names of checks; all of them if none is given.")

    def handle(self, *args: Any, **options: Any) -> None:
        known = integrity.names()
        if options["list"]:
            self.stdout.write("\n".join(known))
            return
        if unknown := sorted(set(options["checks"]) - set(known)):
            raise CommandError(f"No such check: {', '.join(unknown)}. --list names them.")
        broken = 0
        for found in integrity.find(site_id=options["site"], only=options["checks"] or None):
            broken += 1
            self.stdout.write(f"{found.check.name}: {found.count} wrong. {found.check.promise}")
            for key in found.keys:
                self.stdout.write(f"  {key}")
        if broken:
            raise CommandError(f"{broken} of {len(options['checks'] or known)} checks found something wrong.")
        self.stdout.write(f"{len(options['checks'] or known)} checks, nothing wrong.")
