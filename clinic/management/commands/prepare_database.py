"""After each migration, as the owner: narrow what the web role may do, and bring the message texts up to date."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from pghistory.models import Event
from psycopg import sql

from clinic.actors import System
from clinic.services import texts

_CONTEXT = "pghistory_context"  # grows while a request goes on
_MIGRATIONS = "django_migrations"


class Command(BaseCommand):
    help = "Grant the web role what it needs and no more, and write new versions of changed message texts."

    def handle(self, *args: Any, **options: Any) -> None:
        role = settings.WEB_ROLE
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT current_user, to_regrole(%s) IS NOT NULL", [role])
            user, exists = cursor.fetchone()
            if not exists:
                raise CommandError(f"There is no role {role}. DATABASE_WEB_ROLE names it.")
            if user == role:
                raise CommandError(
                    f"Run this as the owner of the tables, not as {role}: put the owner's URL in DATABASE_URL."
                )
            tables = _owned_tables(cursor)
            statements = [statement for table in tables for statement in _grants(table, role)]
            for statement in [*statements, *_shared_grants(role)]:
                cursor.execute(statement.as_string(cursor.connection))
        new = texts.sync(by=System("prepare_database"))
        self.stdout.write(f"{role} may use {len(tables)} tables; {len(new)} message texts are new.")


def privileges(table: str) -> tuple[str, ...]:
    """What the web role may do with a table. Nobody but the owner truncates."""
    if table == _MIGRATIONS:
        return ("SELECT",)
    if table == _CONTEXT:
        return ("SELECT", "INSERT", "UPDATE")
    if _is_kept(table):
        return ("SELECT", "INSERT")
    return ("SELECT", "INSERT", "UPDATE", "DELETE")


def _is_kept(table: str) -> bool:
    """Ledgers and history: rows are added and read. A model says so itself by `is_ledger = True`."""
    return any(
        model._meta.db_table == table
        for model in apps.get_models()
        if issubclass(model, Event) or getattr(model, "is_ledger", False)
    )


def _owned_tables(cursor: Any) -> list[str]:
    cursor.execute(
        """
        SELECT relname FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relowner = current_user::regrole
        ORDER BY relname
        """
    )
    return [row[0] for row in cursor.fetchall()]


def _grants(table: str, role: str) -> list[sql.Composed]:
    who, what = sql.Identifier(role), sql.Identifier(table)
    allowed = sql.SQL(", ").join(sql.SQL(word) for word in privileges(table))
    return [
        sql.SQL("REVOKE ALL ON {} FROM {}").format(what, who),
        sql.SQL("GRANT {} ON {} TO {}").format(allowed, what, who),
    ]


def _shared_grants(role: str) -> list[sql.Composed]:
    who = sql.Identifier(role)
    return [
        sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(who),
        sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}").format(who),
    ]
