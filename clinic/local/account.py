"""As whom the engines run: PostgreSQL refuses to run as root."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from clinic.local.say import Trouble


class PopenIdentity(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Account:
    """A user of this machine. `None` numbers mean: whoever runs the command."""

    uid: int | None = None
    gid: int | None = None

    def identity(self) -> PopenIdentity:
        """Arguments for subprocess that make the child this user."""
        if self.uid is None or self.gid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def owns(self, path: Path) -> None:
        """Give the path to this user."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def can_enter(self, folder: Path) -> bool:
        """Whether this user reaches the folder through every folder above it."""
        command = ["/bin/sh", "-c", 'cd "$0"', str(folder)]
        return (
            subprocess.run(command, cwd="/", capture_output=True, check=False, **self.identity()).returncode
            == 0
        )

    def can_run(self, program: Path) -> bool:
        try:
            return (
                subprocess.run(
                    [program, "--version"], cwd="/", capture_output=True, check=False, **self.identity()
                ).returncode
                == 0
            )
        except PermissionError:
            return False


def for_engines(*, data: Path, checkout: Path) -> Account:
    """The user the engines run as: ourselves, or as root somebody unprivileged.

    Data that is there keeps its owner; then whoever owns the checkout; then the machine's
    `postgres` or `nobody`.
    """
    if os.getuid() != 0:
        return Account()
    for path in (data, checkout):
        if path.exists() and path.stat().st_uid != 0:
            status = path.stat()
            return Account(status.st_uid, status.st_gid)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_uid, entry.pw_gid)
    message = (
        "PostgreSQL does not run as root and this machine has neither a user `postgres` nor `nobody`: "
        "run the command as an ordinary user, or set DATABASE_URL and REDIS_URL."
    )
    raise Trouble(message)
