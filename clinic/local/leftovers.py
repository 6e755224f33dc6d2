"""What a killed earlier run left behind: found by written-down pid and command line, and ended."""

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

_PATIENCE = 20.0  # seconds for a fast shutdown of PostgreSQL


@dataclass(frozen=True)
class Record:
    """A child as written down when it was started."""

    name: str
    pid: int
    command: str
    stop_signal: int

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.json"
        path.write_text(json.dumps(asdict(self)))
        return path


def command_of(pid: int) -> str:
    """The command line of a living process; empty when it is gone or a zombie."""
    with suppress(OSError):
        return (
            Path(f"/proc/{pid}/cmdline")
            .read_bytes()
            .rstrip(b"\0")
            .replace(b"\0", b" ")
            .decode(errors="replace")
        )
    if Path("/proc/self").exists():
        return ""
    shown = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip()


def end(pid: int, stop_signal: int, *, patience: float = _PATIENCE) -> None:
    """End a process that is not our child, and its group; the hard way when it takes too long."""
    with suppress(ProcessLookupError):
        os.kill(pid, stop_signal)
    until = time.monotonic() + patience
    while command_of(pid) and time.monotonic() < until:
        time.sleep(0.05)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def stop(folder: Path) -> list[str]:
    """End every recorded process that still runs as it was started, newest first; return the names.

    A pid that now belongs to another program has another command line and is left alone.
    """
    ended = []
    records = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in records:
        try:
            record = Record(**json.loads(path.read_text()))
        except (ValueError, TypeError):
            path.unlink(missing_ok=True)
            continue
        if command_of(record.pid) == record.command:
            end(record.pid, record.stop_signal)
            ended.append(record.name)
        path.unlink(missing_ok=True)
    return ended
