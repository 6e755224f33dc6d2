"""One `make run` a checkout: a lock that dies with its holder, and a note of where it serves."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from clinic.local import paths
from clinic.local.say import Trouble


@contextmanager
def only_one(note: str, *, lock: str = "run.lock") -> Iterator[None]:
    """Hold the checkout's lock of that name, leaving `note` for the next who tries; Trouble when somebody holds it."""
    path = paths.RUN / lock
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            message = (
                f"This command already runs from this folder ({file.read().strip()}). "
                "Stop it there with Ctrl-C first."
            )
            raise Trouble(message) from error
        file.truncate(0)
        file.write(note)
        file.flush()
        yield
