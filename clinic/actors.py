"""Who acts. Every service takes `by: Actor`; an audit line can therefore never lose its author."""

from dataclasses import dataclass, field
from uuid import UUID

from clinic.enums import Role


@dataclass(frozen=True, slots=True)
class Staff:
    """A signed-in member of staff, as their account stood when the request began."""

    user_id: UUID
    role: Role
    site_ids: frozenset[UUID] = field(default_factory=frozenset)

    @property
    def kind(self) -> str:
        return "staff"

    @property
    def key(self) -> str:
        return str(self.user_id)


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient acting through a link that was sent to them."""

    patient_id: UUID
    link_id: UUID

    @property
    def kind(self) -> str:
        return "patient"

    @property
    def key(self) -> str:
        return str(self.patient_id)


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact of a patient acting through a link."""

    contact_id: UUID
    link_id: UUID

    @property
    def kind(self) -> str:
        return "contact"

    @property
    def key(self) -> str:
        return str(self.contact_id)


@dataclass(frozen=True, slots=True)
class System:
    """A job of ours: beat's ticks, the demo's seed, an administrator's command."""

    job: str

    @property
    def kind(self) -> str:
        return "system"

    @property
    def key(self) -> str:
        return self.job


Actor = Staff | Patient | Contact | System
