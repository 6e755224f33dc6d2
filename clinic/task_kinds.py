"""Kinds of tasks that are more than a line in a list: registered by the apps that open them.

A kind that nobody registered has the ordinary page, and may be dropped without a word.
"""

from dataclasses import dataclass

from clinic.enums import Role


@dataclass(frozen=True)
class TaskKind:
    """`page` is the name of the address on which such a task is worked; it takes the task's key as `task_id`.

    A clocked one is shown with the time that is left, ahead of everything else. It is never dropped, is closed by these
    roles only, and stays until somebody has written what was done.
    """

    key: str
    page: str
    is_clocked: bool = False
    closed_by: frozenset[Role] = frozenset(Role)


_kinds: dict[str, TaskKind] = {}


def register(kind: TaskKind) -> None:
    """Called once for each kind at start-up."""
    if kind.key in _kinds:
        raise ValueError(f"the kind of task {kind.key} is registered twice")
    _kinds[kind.key] = kind


def get(key: str) -> TaskKind | None:
    """None for an ordinary kind."""
    return _kinds.get(key)


def clocked() -> list[str]:
    """The kinds with a clock."""
    return sorted(kind.key for kind in _kinds.values() if kind.is_clocked)
