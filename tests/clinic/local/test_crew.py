"""Children are watched, and ended in reverse order."""

import os
import signal
import sys
from pathlib import Path

import pytest

from clinic.local.crew import Crew
from clinic.local.say import Trouble

_SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
_NOTES_ITS_END = """
import pathlib, signal, sys, time
def end(*_):
    with open(sys.argv[1], "a") as noted:
        noted.write(sys.argv[2])
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
time.sleep(60)
"""


def test_child_that_ends_by_itself_is_named_with_its_last_lines(tmp_path: Path) -> None:
    with Crew(records=tmp_path / "records") as crew:
        command = [sys.executable, "-c", "print('no disk left'); raise SystemExit(3)"]
        child = crew.start("The worker", command, env=os.environ, log=tmp_path / "log")
        child.process.wait(10)
        with pytest.raises(Trouble, match=r"The worker ended unexpectedly \(exit code 3\)") as raised:
            crew.check()
    assert "no disk left" in str(raised.value)


def test_children_end_last_started_first(tmp_path: Path) -> None:
    noted = tmp_path / "noted"
    with Crew(records=tmp_path / "records") as crew:
        for name in ("first", "second"):
            log = tmp_path / name
            crew.start(
                name, [sys.executable, "-c", _NOTES_ITS_END, str(noted), f"{name} "], env=os.environ, log=log
            )
            while "up" not in log.read_text():
                crew.check()
    assert noted.read_text() == "second first "
    assert list((tmp_path / "records").iterdir()) == []


def test_child_has_a_session_of_its_own(tmp_path: Path) -> None:
    with Crew(records=tmp_path / "records") as crew:
        child = crew.start("web", _SLEEP, env=os.environ, stop_signal=signal.SIGKILL)
        assert os.getsid(child.process.pid) == child.process.pid
