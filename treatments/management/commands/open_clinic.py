"""Opens a clinic in an empty database: its first site and its first manager. The rest is set up in the browser.

    manage.py open_clinic --name "Lindenhof" --sender "Lindenhof Practice" --address "Lindenstraße 4, Berlin" \\
        --phone "+49 30 5550100" --time-zone Europe/Berlin --country DE \\
        --manager "Helen Brandt" --email helen@clinic.example

The password is asked for, or read from standard input with --password-stdin. Run again, it opens a further site.
"""

import getpass
import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinic.actors import System
from clinic.enums import Role
from clinic.exceptions import DomainError
from clinic.services.staff import StaffData
from treatments.services import opening


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        for name, what in (
            ("name", "how staff call the site"),
            (
                "sender",
                "what patients see as the sender of mails; neutral: no treatment, no part of the body",
            ),
            ("address", "the address, as patients read it"),
            ("phone", "the phone, as patients read it"),
            ("time-zone", "such as Europe/Berlin"),
            ("country", "two letters, such as DE"),
            ("manager", "the manager's full name"),
            ("email", "the manager's e-mail, for signing in"),
        ):
            parser.add_argument(f"--{name}", required=True, help=what)
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        password = (
            sys.stdin.readline().rstrip("\n") if options["password_stdin"] else getpass.getpass("Password: ")
        )
        values = {
            "name": options["name"],
            "sender_name": options["sender"],
            "address": options["address"],
            "phone": options["phone"],
            "time_zone": options["time_zone"],
            "country": options["country"],
        }
        manager = StaffData(options["manager"], options["email"], Role.MANAGER, [])
        try:
            validate_password(password)
            site, user = opening.open_site(
                by=System("open_clinic"), values=values, manager=manager, password=password
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(
            f"{site.name} is open. {user.email} can sign in and set up people, rooms and hours."
        )
