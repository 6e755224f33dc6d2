"""What follows from a record is computed at once and kept, with the version of the algorithm that made it."""

from decimal import Decimal
from uuid import UUID

from clinic import clock
from treatments import classification
from treatments.classification import Figure
from treatments.models import Derivation
from treatments.selectors import record_fields, record_rows
from treatments.selectors.record_rows import RecordRows


def keep(session_id: UUID) -> Derivation:
    """Inner step of a use case that holds the session: compute, and write over what this algorithm said before."""
    rows = record_rows.of([session_id])[session_id]
    values = computed(rows)
    row, _created = Derivation.objects.update_or_create(
        session_id=session_id,
        algorithm=classification.VERSION,
        defaults={**values, "computed_at": clock.now()},
    )
    return row


def computed(rows: RecordRows) -> dict[str, object]:
    """The columns of a `Derivation`, from the record alone."""
    derived = classification.derive(rows.measurements)
    required = rows.session.course.protocol_version.clinical.required
    return {
        "figures": derived.document(),
        "factor": _number(derived.factor),
        "dose": _number(derived.dose),
        "leucocytes": derived.leucocytes.value or "",
        "paw": derived.paw.value or "",
        "missing": [field.code for field in record_fields.missing(rows, required)],
    }


def _number(figure: Figure) -> Decimal | None:
    return figure.value if isinstance(figure.value, Decimal) else None
