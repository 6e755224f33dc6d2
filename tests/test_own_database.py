"""A module with a database of its own: what is committed is seen by other connections."""

import os

import psycopg
from django.db import connection

from tests.database import Database


def test_connection_leads_to_the_clone_as_the_web_role(own_database: Database) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database(), current_user")
        assert cursor.fetchone() == (own_database.name, "prp_web")


def test_children_inherit_the_clone(own_database: Database) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"]) as child:
        assert child.execute("SELECT current_database()").fetchone() == (own_database.name,)
