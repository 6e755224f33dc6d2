"""A killed run's children are found and ended; nobody else's are."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clinic.local import leftovers
from clinic.local.leftovers import Record

_SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(_SLEEP, start_new_session=True) as process:
        # The kernel lets the parent go on a moment before the child's command line can be read.
        until = time.monotonic() + 10
        while not leftovers.command_of(process.pid) and time.monotonic() < until:
            time.sleep(0.01)
        yield process
        process.kill()


def test_command_of_a_process_that_is_gone_is_empty() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert leftovers.command_of(process.pid) == ""


def test_recorded_child_is_ended(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    Record("web", sleeper.pid, " ".join(_SLEEP), int(signal.SIGTERM)).write(tmp_path)
    assert leftovers.stop(tmp_path) == ["web"]
    assert sleeper.wait(5) == -signal.SIGTERM
    assert list(tmp_path.iterdir()) == []


def test_another_program_with_the_same_pid_is_left_alone(
    tmp_path: Path, sleeper: "subprocess.Popen[bytes]"
) -> None:
    Record("web", sleeper.pid, "gunicorn clinic.wsgi", int(signal.SIGTERM)).write(tmp_path)
    assert leftovers.stop(tmp_path) == []
    assert sleeper.poll() is None


def test_torn_record_is_dropped(tmp_path: Path) -> None:
    (tmp_path / "web.json").write_text('{"name": "we')
    assert leftovers.stop(tmp_path) == []
    assert list(tmp_path.iterdir()) == []
