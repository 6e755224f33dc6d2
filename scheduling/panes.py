"""What higher apps put on pages of the schedule: registered at start-up, asked while the page is written."""

from collections.abc import Callable
from dataclasses import dataclass

from scheduling.models import Appointment


@dataclass(frozen=True, slots=True)
class Link:
    """A way on from a visit, in words that say what it does."""

    words: str
    url: str


MoveLink = Callable[[Appointment], Link | None]

_move_links: list[MoveLink] = []


def register_move_link(link: MoveLink) -> None:
    """A way of moving this visit that only a higher app knows, for the page on which it is moved."""
    _move_links.append(link)


def move_links(visit: Appointment) -> list[Link]:
    """Every such way, in the order of registration."""
    return [found for link in _move_links if (found := link(visit)) is not None]
