"""The children of one command: started, watched, and ended in reverse order."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from clinic.local import paths
from clinic.local.account import Account
from clinic.local.interruption import interruption
from clinic.local.leftovers import Record
from clinic.local.say import Trouble

_PATIENCE = 20.0  # seconds to stop before being killed
_LAST_LINES = 20


@dataclass(frozen=True)
class Child:
    name: str
    process: "subprocess.Popen[bytes]"
    stop_signal: signal.Signals
    record: Path
    log: Path | None

    def last_lines(self) -> str:
        if self.log is None:
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-_LAST_LINES:])


class Crew:
    """Starts children, each in a session of its own, so that Ctrl-C reaches only us and we end them in order."""

    def __init__(self, *, records: Path) -> None:
        self._records = records
        self._children: list[Child] = []

    def __enter__(self) -> "Crew":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        stop_signal: signal.Signals = signal.SIGTERM,
        cwd: Path = paths.ROOT,
        who: Account | None = None,
        log: Path | None = None,
    ) -> Child:
        """Start a child; without a log it writes to our terminal."""
        argv = [str(part) for part in command]
        identity = (who or Account()).identity()
        with interruption.postponed():
            output = None if log is None else log.open("wb")
            try:
                process = subprocess.Popen(
                    argv,
                    cwd=cwd,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=None if output is None else subprocess.STDOUT,
                    start_new_session=True,
                    **identity,
                )
            finally:
                if output is not None:
                    output.close()
            record = Record(name, process.pid, " ".join(argv), int(stop_signal)).write(self._records)
            child = Child(name, process, stop_signal, record, log)
            self._children.append(child)
        return child

    def fallen(self) -> Child | None:
        """A child that ended without being asked."""
        return next((child for child in self._children if child.process.poll() is not None), None)

    def check(self) -> None:
        """Raise Trouble naming a child that has ended."""
        child = self.fallen()
        if child is not None:
            where = "" if child.log is None else f" Its last lines ({child.log}):\n{child.last_lines()}"
            message = f"{child.name} ended unexpectedly (exit code {child.process.returncode}).{where}"
            raise Trouble(message)

    def watch(self) -> None:
        """Wait until a child ends (Trouble) or somebody interrupts us."""
        while True:
            self.check()
            time.sleep(0.5)

    def stop(self) -> None:
        """End every child, the last started first."""
        while self._children:
            child = self._children.pop()
            with suppress(ProcessLookupError):
                child.process.send_signal(child.stop_signal)
            try:
                child.process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                child.process.kill()
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.process.pid, signal.SIGKILL)  # grandchildren that outlived it
            child.process.wait()
            child.record.unlink(missing_ok=True)
