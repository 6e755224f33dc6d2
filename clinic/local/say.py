"""What the commands tell the person at the terminal.

Results go to the standard output, progress and trouble to the error output: `make bench` is read by programs.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Trouble(Exception):
    """Something the person can mend; the text is a whole sentence that says how."""


def line(text: str = "") -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def note(text: str) -> None:
    sys.stdout.flush()
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


@contextmanager
def step(text: str) -> Iterator[None]:
    """Show that something is under way, and how many seconds it took."""
    sys.stdout.flush()
    sys.stderr.write(f"  {text} … ")
    sys.stderr.flush()
    started = time.monotonic()
    try:
        yield
    except BaseException:
        note("not done")
        raise
    note(f"{time.monotonic() - started:.1f} s")
