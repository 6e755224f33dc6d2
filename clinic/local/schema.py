"""Bring the database to today's migrations; run inside the virtual environment with the owner's URL.

Prints `empty` when nobody can sign in yet, else `used`: the last line of the output.
"""

import os
import sys

import django
from django.contrib.auth import get_user_model
from django.core.management import call_command


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
    django.setup()
    call_command("migrate", verbosity=0, interactive=False)
    call_command("prepare_database")
    sys.stdout.write("used\n" if get_user_model().objects.exists() else "empty\n")


if __name__ == "__main__":
    main()
