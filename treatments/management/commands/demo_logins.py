"""`manage.py demo_logins`: print one sign-in per role of the demo clinic, while its accounts are there."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from clinic.enums import Role
from clinic.models import User
from treatments.demo import place


class Command(BaseCommand):
    help = "Print the demo's sign-ins. Not in production; nothing where the demo is not loaded or its password was changed."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("There are no demo sign-ins in production.")
        firsts = {role: f"{name}@{place.DOMAIN}" for name, _, role in reversed(place.STAFF)}
        known = {user.email: user for user in User.objects.filter(email__in=firsts.values(), is_active=True)}
        usable = [
            role
            for role in Role
            if firsts[role] in known and known[firsts[role]].check_password(place.PASSWORD)
        ]
        if not usable:
            self.stdout.write("  This database holds no demo accounts: sign in with an account of your own.")
            return
        self.stdout.write(f"  Demo sign-ins, all with the password {place.PASSWORD}")
        for role in usable:
            self.stdout.write(f"  {role.label:<12}   {firsts[role]}")
