"""When two records may be one person. A suspicion only: people decide."""

import datetime as dt
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from clinic.policies import names

ALIKE = 0.45
"""From this likeness on, names with one birth date are called similar: Meier and Maier, Ann and Anna, swapped names."""


class Sign(StrEnum):
    SAME_NAME_AND_BIRTH_DATE = "name_birth"
    SAME_EMAIL = "email"
    SAME_PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells one person from another. `phones` are E.164; `email` is compared without regard to case."""

    words: frozenset[str]
    birth_date: dt.date
    email: str = ""
    phones: frozenset[str] = frozenset()
    household_id: UUID | None = None

    def in_household(self, household_id: UUID | None) -> "Identity":
        return replace(self, household_id=household_id)


def signs(one: Identity, other: Identity) -> list[Sign]:
    """Why these two may be one person. Within a household a shared mailbox or phone is no sign."""
    found = []
    if one.birth_date == other.birth_date and names.likeness(one.words, other.words) >= ALIKE:
        found.append(Sign.SAME_NAME_AND_BIRTH_DATE)
    if one.household_id is not None and one.household_id == other.household_id:
        return found
    if one.email and one.email.casefold() == other.email.casefold():
        found.append(Sign.SAME_EMAIL)
    if one.phones & other.phones:
        found.append(Sign.SAME_PHONE)
    return found
