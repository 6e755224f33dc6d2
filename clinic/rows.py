"""New rows of several tables in one round trip, for use cases that hold locks meanwhile."""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import Model
from django.db.models.sql import InsertQuery


def insert_together(*batches: Sequence[Model]) -> None:
    """Insert the rows of each batch by one statement, in this order: those that others point to come first.

    As `bulk_create` writes them. Keys that the database makes are not read back.
    """
    statements: list[str] = []
    parameters: list[Any] = []
    for rows in batches:
        if rows:
            statement, values = _inserting(rows)
            statements.append(statement)
            parameters += values
    if statements:
        with connection.cursor() as cursor:
            cursor.execute("; ".join(statements), parameters)
    for row in (row for rows in batches for row in rows):
        row._state.adding, row._state.db = False, connection.alias


def _inserting(rows: Sequence[Model]) -> tuple[str, Sequence[Any]]:
    made_here = [
        field
        for field in rows[0]._meta.concrete_fields
        if not (field.primary_key and rows[0].pk is None) and not field.generated
    ]
    query = InsertQuery(type(rows[0]))
    query.insert_values(made_here, list(rows))
    [(statement, values)] = query.get_compiler(connection=connection).as_sql()
    return statement, values
