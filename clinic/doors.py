"""What links are for, registered by the apps that have the pages: a link opens one door and no other."""

from dataclasses import dataclass

from clinic.messaging import StrOrPromise


@dataclass(frozen=True)
class Door:
    """One purpose of links, and the name of the address that they open; it takes the secret as `link_token`.

    Its further pages are named after it: what begins with `page` lies behind the same door.

    Pages behind a door are written with `clinic.views.links.by_link`, which asks for the birth date first.
    """

    purpose: str
    name: StrOrPromise
    page: str


_doors: dict[str, Door] = {}


def register(door: Door) -> None:
    """Called once for each purpose at start-up."""
    if door.purpose in _doors:
        raise ValueError(f"the purpose {door.purpose} is registered twice")
    _doors[door.purpose] = door


def get(purpose: str) -> Door:
    """KeyError when no app registered it."""
    return _doors[purpose]


def lies_behind_one(page: str) -> bool:
    """Whether the address of this name is a page that links open."""
    return any(page.startswith(door.page) for door in _doors.values())
