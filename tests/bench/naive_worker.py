"""The naive design measured: a real Celery worker, a rate, and what killing it loses or doubles."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from uuid import UUID

from tests.bench.mail_sink import Sink
from tests.database import ROOT

_MOST = 60.0  # seconds


def measured(fill: Callable[[], list[UUID]], sink: Sink, *, late: bool) -> tuple[float, str]:
    """Mails a second of two pool processes, undisturbed; then in words what killing the worker each second costs."""
    rate = _rate(fill(), sink, late=late)
    lost, doubled, kills = _under_fire(fill(), sink, late=late)
    return (
        rate,
        f"naive: {rate:.0f} mails/s; of as many again with {kills} kills {lost} lost, {doubled} doubled",
    )


def _rate(keys: list[UUID], sink: Sink, *, late: bool) -> float:
    sink.clear()
    worker = _start(sink, late=late)
    try:
        _enqueue(keys, late=late)
        _wait(lambda: len(sink.counts()) >= 1)
        first = time.perf_counter()
        before = len(sink.counts())
        _wait(lambda: len(sink.counts()) >= len(keys))
        return (len(keys) - before) / (time.perf_counter() - first)
    finally:
        _kill(worker)


def _under_fire(keys: list[UUID], sink: Sink, *, late: bool) -> tuple[int, int, int]:
    sink.clear()
    _enqueue(keys, late=late)
    kills, still = 0, 0
    while len(sink.counts()) < len(keys) and still < 3 and kills < 20:
        before = len(sink.counts())
        worker = _start(sink, late=late)
        _wait(lambda before=before: len(sink.counts()) > before, seconds=10)  # type: ignore[misc]
        time.sleep(1)
        _kill(worker)
        kills += 1
        still = still + 1 if len(sink.counts()) == before else 0
    counts = sink.counts()
    return len(set(keys) - counts.keys()), sum(counts.values()) - len(counts), kills


def _enqueue(keys: list[UUID], *, late: bool) -> None:
    from celery import Celery

    app = Celery(broker=os.environ["REDIS_URL"])
    queue = "naive-late" if late else "naive-early"
    with app.connection_for_write() as broker:
        for key in keys:
            app.send_task("naive.send", args=[str(key)], queue=queue, connection=broker, ignore_result=True)


def _start(sink: Sink, *, late: bool) -> "subprocess.Popen[bytes]":
    environment = os.environ | {
        "EMAIL_URL": f"smtp://127.0.0.1:{sink.port}",
        "NAIVE_LATE": "1" if late else "0",
    }
    queue = "naive-late" if late else "naive-early"
    command = [sys.executable, "-m", "celery", "-A", "tests.bench.naive", "worker", "-c", "2", "-Q", queue]
    return subprocess.Popen(
        [*command, "--without-gossip", "--without-mingle", "--loglevel", "ERROR"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _kill(worker: "subprocess.Popen[bytes]") -> None:
    """With its pool, as when the machine goes."""
    os.killpg(worker.pid, 9)
    worker.wait()


def _wait(true: Callable[[], bool], *, seconds: float = _MOST) -> None:
    until = time.monotonic() + seconds
    while not true() and time.monotonic() < until:
        time.sleep(0.05)
