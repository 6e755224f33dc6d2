"""A mail server that can be stopped at any step, and real dispatcher processes that can be killed there."""

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings

from clinic import clock
from clinic.models import Message
from tests.database import ROOT, Database
from tests.faults import kinds, sink
from tests.faults.sink import Sink


@pytest.fixture(scope="module")
def _sink() -> Iterator[Sink]:
    with sink.running() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("EMAIL_URL", f"smtp://127.0.0.1:{server.port}")
        patch.setattr(settings, "EMAIL_HOST", "127.0.0.1")
        patch.setattr(settings, "EMAIL_PORT", server.port)
        yield server


@pytest.fixture
def server(_sink: Sink, own_database: Database) -> Iterator[Sink]:
    """An empty mail server, an empty outbox, the clock at the present, and the test kinds known here too."""
    _sink.clear()
    Message.objects.all().delete()
    clock.set_offset(dt.timedelta(0))
    with kinds.known(*kinds.ALL):
        yield _sink


@dataclass
class Dispatcher:
    """`manage.py dispatch_messages --loop` in a process of its own, which knows the test kinds."""

    process: "subprocess.Popen[bytes]"

    def kill(self) -> None:
        """As the kernel does it: no handler runs."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """As a supervisor does it."""
        self.process.terminate()
        return self.process.wait(timeout=30)


@pytest.fixture
def start_dispatcher(server: Sink, tmp_path: Path) -> Iterator[Callable[[], Dispatcher]]:
    started: list[Dispatcher] = []

    def start() -> Dispatcher:
        log = (tmp_path / f"dispatcher-{len(started)}.log").open("wb")
        with log:
            command = [sys.executable, "-m", "tests.faults.dispatcher"]
            process = subprocess.Popen(command, cwd=ROOT, env=os.environ.copy(), stdout=log, stderr=log)
        started.append(Dispatcher(process))
        return started[-1]

    yield start
    for dispatcher in started:
        if dispatcher.process.poll() is None:
            dispatcher.kill()


def until(true: Callable[[], bool], *, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.05)
