"""Questionnaires that a clinic loads under their licences. A version's text never changes: a correction is a new version."""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor, Staff
from clinic.enums import Permission
from clinic.exceptions import InvalidInput, NotFound
from clinic.permissions import check
from clinic.transactions import use_case
from treatments import instruments
from treatments.instruments import BUILTIN, DefinitionError
from treatments.models import InstrumentDefinition


@use_case
def load(
    *, by: Actor, site_id: UUID, document: Mapping[str, Any], licence: str, licence_until: dt.date
) -> InstrumentDefinition:
    """Add a questionnaire, or a further version of one that is loaded. From then on protocols may ask by its code.

    Raises InvalidInput for a document that is no usable definition, the code of one that comes with the software, or a
    licence that is missing or over.
    """
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    locks.take(site=[site_id])
    try:
        definition = instruments.load(document)
    except DefinitionError as error:
        raise InvalidInput(str(error), field="document") from error
    if definition.code in BUILTIN:
        raise InvalidInput(_("This one comes with the software. Choose another code."), field="document")
    _check_licence(licence, licence_until)
    rows = InstrumentDefinition.objects.filter(site_id=site_id, code=definition.code)
    number = rows.count() + 1
    row = InstrumentDefinition.objects.create(
        site_id=site_id,
        code=definition.code,
        version=number,
        document={**document, "version": number},
        licence=licence.strip(),
        licence_until=licence_until,
        loaded_by_id=by.user_id if isinstance(by, Staff) else None,
        loaded_at=clock.now(),
    )
    audit.record(
        "treatments.instrument.loaded",
        by=by,
        about=[row],
        detail={"code": definition.code, "version": number},
    )
    return row


@use_case
def change(
    *, by: Actor, definition_id: UUID, licence: str, licence_until: dt.date, is_active: bool
) -> InstrumentDefinition:
    """Its licence and whether it is asked. An end that has passed is allowed: it is not asked any more."""
    row = InstrumentDefinition.objects.filter(pk=definition_id).first()
    if row is None:
        raise NotFound(_("There is no such questionnaire."))
    check(by, Permission.MANAGE_SITE, site_id=row.site_id)
    if not licence.strip():
        raise InvalidInput(_("Say by which licence it may be used."), field="licence")
    row.licence, row.licence_until, row.is_active = licence.strip(), licence_until, is_active
    row.save(update_fields=["licence", "licence_until", "is_active"])
    audit.record("treatments.instrument.changed", by=by, about=[row], detail={"active": is_active})
    return row


def _check_licence(licence: str, until: dt.date) -> None:
    if not licence.strip():
        raise InvalidInput(_("Say by which licence it may be used."), field="licence")
    if until < clock.now().date():
        raise InvalidInput(_("This licence has ended already."), field="licence_until")
