"""The kinds of tasks of the recovery week: red flags with their clock, and calls."""

from clinic import task_kinds
from clinic.enums import Role
from clinic.task_kinds import TaskKind
from treatments.services.check_ins import ASKING
from treatments.services.red_flags import KINDS

PAGE = "treatments:recovery-task"
_CLOSERS = frozenset({Role.NURSE, Role.PHYSICIAN, Role.MANAGER})


def register() -> None:
    """Called once at start-up."""
    for key in KINDS:
        task_kinds.register(TaskKind(key, PAGE, is_clocked=True, closed_by=_CLOSERS))
    for key in ASKING:
        task_kinds.register(TaskKind(key, PAGE))
