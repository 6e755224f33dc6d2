"""Commands that run to their end: pip, initdb, migrate."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from clinic.local import paths
from clinic.local.account import Account
from clinic.local.say import Trouble

_LAST_LINES = 25


def run(
    command: Sequence[str | Path],
    *,
    what: str,
    env: Mapping[str, str] | None = None,
    cwd: Path = paths.ROOT,
    who: Account | None = None,
    text: str | None = None,
) -> str:
    """Run to the end and return what it printed; Trouble with its last lines when it fails.

    The command runs in its own session and is ended when we are interrupted.
    """
    identity = (who or Account()).identity()
    with subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL if text is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        **identity,
    ) as process:
        try:
            output, _ = process.communicate(text)
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)
            raise
    if process.returncode:
        last = "\n".join(output.splitlines()[-_LAST_LINES:])
        message = f"{what} failed (exit code {process.returncode}). Its last lines:\n{last}"
        raise Trouble(message)
    return output


def show(command: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path = paths.ROOT) -> int:
    """Run to the end with its output on our terminal and return its exit code."""
    with subprocess.Popen(
        [str(part) for part in command], cwd=cwd, env=env, start_new_session=True
    ) as process:
        try:
            return process.wait()
        except BaseException:
            os.killpg(process.pid, signal.SIGINT)
            raise
