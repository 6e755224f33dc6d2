"""One `make run` a checkout: a lock that dies with its holder, and a note of where it serves."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from clinic.local import paths
from clinic.local.say import Trouble


@contextmanager
def only_one(note: str) -> Iterator[None]:
    """Hold the checkout's lock, leaving `note` for the next who tries; Trouble when somebody holds it."""
    path = paths.RUN / "run.lock"
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            message = (
                f"The clinic already runs from this folder ({lock.read().strip()}). "
                "Stop it there with Ctrl-C first."
            )
            raise Trouble(message) from error
        lock.truncate(0)
        lock.write(note)
        lock.flush()
        yield
