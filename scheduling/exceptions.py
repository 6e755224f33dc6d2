"""How a booking can fail. Nothing is written then; the nearest free starts are the caller's next question,
asked after the rollback and outside any lock."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from clinic.exceptions import DomainError, joined

if TYPE_CHECKING:
    from scheduling.rules import Refusal


class SlotTaken(DomainError):
    """Something that the visit needs is taken or closed. `taken` names it, in words that staff may read."""

    def __init__(self, taken: Sequence[str], *, blame: frozenset[object] = frozenset()) -> None:
        super().__init__(joined(taken))
        self.taken = list(taken)
        self.blame = blame
        """Keys of the resources and the patient that were taken: tells whether another team could still serve."""


class BookingRefused(DomainError):
    """Start rules said no. `refusals` holds each with its level and who may override it."""

    def __init__(self, refusals: "Sequence[Refusal]") -> None:
        super().__init__(joined([refusal.words for refusal in refusals]))
        self.refusals = list(refusals)


class HoldEnded(DomainError):
    """The pencilled time was released or has expired. It may still be free, for anybody."""


class OfferClosed(DomainError):
    """The offer cannot be answered any more: answered, expired or withdrawn. What became of it is on its page."""


class VisitChanged(DomainError):
    """Time or place were told anew since the patient saw them: they look again before they say anything."""


class StageRefused(DomainError):
    """A higher app keeps the patient from this stage. `url`: where this actor can settle it, empty where they cannot."""

    def __init__(self, message: str, *, url: str = "") -> None:
        super().__init__(message)
        self.url = url
