"""Coded reasons for cancelling, moving and missing a visit, in the clinic's own words. None is ever deleted."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Max
from django.utils.text import slugify
from django.utils.translation import gettext as _

from clinic import audit, locks
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import InvalidInput, NotFound
from clinic.permissions import check
from clinic.transactions import use_case
from scheduling.enums import ReasonUse
from scheduling.models import ChangeReason

OWN = {"course_ended": ReasonUse.CANCEL}
"""Reasons that the house gives by itself, and for what: they stay in use."""


@dataclass(frozen=True, slots=True)
class ReasonData:
    words: str
    by_patient: bool
    used_for: Sequence[str]
    is_active: bool = True


@use_case
def save(*, by: Actor, site_id: UUID, data: ReasonData, code: str | None = None) -> ChangeReason:
    """Add a reason, or change the one of this code. What was recorded with it shows the new words.

    For each change at least one reason stays in use: without one, nobody could make that change.
    """
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    locks.take(site=[site_id])
    # All of them, in one order: two managers who each take one away cannot leave none between them.
    rows = {row.pk: row for row in ChangeReason.objects.select_for_update(no_key=True).order_by("pk")}
    if code is not None and code not in rows:
        raise NotFound(_("There is no such reason."))
    if any(row.words.casefold() == data.words.casefold() for key, row in rows.items() if key != code):
        raise InvalidInput(_("There is a reason in these words already."), field="words")
    if code is None:
        last = ChangeReason.objects.aggregate(last=Max("position"))["last"]
        row = ChangeReason(code=_free_code(data.words, rows), position=(last or 0) + 1)
    else:
        row = rows[code]
        if code in OWN and not (data.is_active and OWN[code] in data.used_for):
            raise InvalidInput(_("The system itself gives this reason: it stays in use."), field="used_for")
    row.words, row.by_patient, row.is_active = data.words, data.by_patient, data.is_active
    row.used_for = [use.value for use in ReasonUse if use in data.used_for]
    rows[row.pk] = row
    offered = {use for each in rows.values() if each.is_active for use in each.used_for}
    if missing := [use.label for use in ReasonUse if use not in offered]:
        words = _("No reason would be left for: %(uses)s. Keep one in use.")
        raise InvalidInput(words % {"uses": ", ".join(map(str, missing))}, field="used_for")
    row.save(force_insert=code is None)
    audit.record("scheduling.reason.saved", by=by, about=[row], site_id=site_id)
    return row


@use_case
def move(*, by: Actor, site_id: UUID, code: str, up: bool) -> None:
    """One place up or down in the lists from which the desk chooses."""
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    locks.take(site=[site_id])
    rows = list(ChangeReason.objects.select_for_update(no_key=True).order_by("position", "code"))
    at = next((number for number, row in enumerate(rows) if row.pk == code), None)
    if at is None:
        raise NotFound(_("There is no such reason."))
    to = at + (-1 if up else 1)
    if not 0 <= to < len(rows):
        return
    rows[at], rows[to] = rows[to], rows[at]
    for position, row in enumerate(rows):
        row.position = position
    ChangeReason.objects.bulk_update(rows, ["position"])
    audit.record("scheduling.reason.moved", by=by, about=[rows[to]], site_id=site_id)


def _free_code(words: str, taken: dict[str, ChangeReason]) -> str:
    base = slugify(words).replace("-", "_")[:32] or "reason"
    return next(code for code in (base, *(f"{base}_{n}" for n in range(2, 10_000))) if code not in taken)
