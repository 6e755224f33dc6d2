"""Questionnaires that a site may ask by: the five that come with the software and those it has loaded."""

import datetime as dt
from collections.abc import Iterable, Mapping
from uuid import UUID

from treatments import instruments
from treatments.instruments import BUILTIN, Definition
from treatments.models import InstrumentDefinition


def at_site(site_id: UUID, *, today: dt.date | None = None) -> dict[str, Definition]:
    """The newest definition of each code. One query.

    With `today` only those that may be asked on that day: in use, and their licence has not ended.
    """
    rows = InstrumentDefinition.objects.filter(site_id=site_id).order_by("code", "-version").distinct("code")
    found = dict(BUILTIN)
    for row in rows:
        if today is None or (row.is_active and row.licence_until >= today):
            found[row.code] = instruments.load(row.document)
    return found


def askable(known: Mapping[str, Definition], codes: Iterable[str]) -> tuple[str, ...]:
    """The codes that there is a definition for, in their order."""
    return tuple(code for code in codes if code in known)


def loaded(site_id: UUID) -> list[InstrumentDefinition]:
    """Every loaded version, newest first within its code. One query."""
    rows = InstrumentDefinition.objects.filter(site_id=site_id).select_related("loaded_by")
    return list(rows.order_by("code", "-version"))
