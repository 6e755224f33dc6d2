"""Ctrl-C, TERM and a closed terminal all mean: stop what was started, once."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption:
    """Turns the first signal into KeyboardInterrupt and swallows those after it.

    A second Ctrl-C must not cut the stopping short: a server left behind is worse than a
    second of patience. Between `postponed()` and its end a signal waits, so that no child
    is started without being written down.
    """

    def __init__(self) -> None:
        self._raised = False
        self._waiting = False
        self._postponed = 0

    def listen(self) -> None:
        for number in _SIGNALS:
            signal.signal(number, self._arrived)

    @contextmanager
    def postponed(self) -> Iterator[None]:
        self._postponed += 1
        try:
            yield
        finally:
            self._postponed -= 1
        if self._waiting and not self._postponed:
            self._waiting = False
            raise KeyboardInterrupt

    def _arrived(self, _number: int, _frame: FrameType | None) -> None:
        if self._raised:
            return
        self._raised = True
        if self._postponed:
            self._waiting = True
        else:
            raise KeyboardInterrupt


interruption = Interruption()
