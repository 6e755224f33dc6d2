"""Rows that are to be written together, by model. A row of the demo is written once and in bulk."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db.models import Model

M = TypeVar("M", bound=Model)
BATCH = 1000


@dataclass
class Rows:
    """Unsaved rows. Their keys are known at once where they are UUIDs, so that others can point at them."""

    of: dict[type[Model], list[Any]] = field(default_factory=lambda: defaultdict(list))

    def add(self, row: M) -> M:
        self.of[type(row)].append(row)
        return row

    def extend(self, rows: Iterable[Model]) -> None:
        for row in rows:
            self.add(row)

    def write(self, *models: type[Model]) -> int:
        """Insert what was gathered of these models, in this order. Returns how many rows."""
        count = 0
        for model in models:
            rows = self.of.pop(model, [])
            model._base_manager.bulk_create(rows, batch_size=BATCH)
            count += len(rows)
        return count
