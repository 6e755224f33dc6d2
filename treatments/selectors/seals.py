"""Whether a signed record is still what was signed: its digest, made anew and held against that of the signature.

Triggers refuse any change. What got past them, by an owner's hand or a bad restore, is shown here.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from clinic import integrity
from treatments.enums import SignatureKind
from treatments.models import Signature
from treatments.selectors import record_rows
from treatments.selectors.record_rows import RecordRows

_AT_ONCE = 200


def broken(site_id: UUID | None) -> Iterator[str]:
    """The keys of signed records that are no longer what was signed, a few hundred read at a time."""
    rows = Signature.objects.filter(kind=SignatureKind.RECORD)
    if site_id is not None:
        rows = rows.filter(session__site=site_id)
    keys = list(rows.order_by("session").values_list("session", flat=True))
    for at in range(0, len(keys), _AT_ONCE):
        some = keys[at : at + _AT_ONCE]
        found = record_rows.of(some)
        yield from (str(key) for key in some if verify(found[key]) is False)


def register() -> None:
    """Called once at start-up: `manage.py check_data` asks this as well."""
    promise = "A signed record is still what was signed."
    integrity.register([integrity.Reading("signed_record_is_what_was_signed", promise, broken)])


def verify(rows: RecordRows) -> bool | None:
    """Whether the record is still what was signed; None where it is not signed."""
    signature = next((row for row in rows.signatures if row.kind == SignatureKind.RECORD), None)
    return None if signature is None else signature.digest == digest(rows)


def digest(rows: RecordRows) -> str:
    """SHA-256 of everything in the record, empty fields left out: a field added later changes no old digest."""
    parts: dict[str, Any] = {
        "session": _fields(rows.session, only=_SESSION),
        "recipient": _fields(rows.recipient),
        "draws": [_fields(row) for row in rows.draws],
        "preparations": [
            {**_fields(row), "spins": [_fields(spin) for spin in row.spins.all()]}
            for row in rows.preparations
        ],
        "readying": _fields(rows.readying),
        "anaesthetics": [_fields(row) for row in rows.anaesthetics],
        "injections": [_fields(row) for row in rows.injections],
        "discharge": _fields(rows.discharge),
        "identity": [_fields(row) for row in rows.identity_checks],
    }
    return of(parts)


_SESSION = ("number", "course_id", "injected_at", "pain_before", "complications", "note")
_NOTHING: tuple[object, ...] = (None, "", [])


def _fields(row: models.Model | None, *, only: Sequence[str] = ()) -> dict[str, Any]:
    if row is None:
        return {}
    names = only or [field.attname for field in row._meta.concrete_fields]
    values = {name: getattr(row, name) for name in names}
    return {name: value for name, value in values.items() if value not in _NOTHING}


def of(parts: Any) -> str:
    """SHA-256 of what a signature stands under."""
    text = json.dumps(parts, cls=DjangoJSONEncoder, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
