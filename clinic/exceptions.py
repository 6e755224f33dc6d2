"""Errors of the domain. Their text is written for the person at the screen and is always safe to show."""

from collections.abc import Sequence


class DomainError(Exception):
    """Something the rules refuse. Nothing was written."""

    status = 409

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotAllowed(DomainError):
    """The actor may not do this, or not at this site."""

    status = 403


class NotFound(DomainError):
    """No such row for this actor. Foreign and missing rows look the same from outside."""

    status = 404


class InvalidInput(DomainError):
    """A value that no form should have let through; `field` says where it belongs."""

    status = 422

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class IllegalMove(DomainError):
    """A state change that the TRANSITIONS table does not hold."""


class StaleVersion(DomainError):
    """The row was saved by somebody else since the form was opened."""

    def __init__(self, message: str, *, current_version: int) -> None:
        super().__init__(message)
        self.current_version = current_version


class Conflict(DomainError):
    """The database refused the write by one of its constraints."""


class TryAgain(DomainError):
    """Others were in the way three times over; nothing is wrong with the request."""

    status = 503


def joined(messages: Sequence[str]) -> str:
    """Several sentences as one text."""
    return " ".join(message.rstrip(".") + "." for message in messages)
