"""De-identified rows for registries: what each column is, and how the rows are made. ADR 29."""

from treatments.registry.fields import FIELDS, RESPONSE_ROW, SESSION_ROW, Field, Section

__all__ = ["FIELDS", "RESPONSE_ROW", "SESSION_ROW", "Field", "Section"]
