"""Writers from several processes, as several gunicorn workers would be: threads of one process share one core."""

import multiprocessing
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.db import connections

from tests.concurrency.together import together

PROCESSES = 4


def swarm(action: Callable[[Any], Any], items: Sequence[Any]) -> list[tuple[str, float]]:
    """Call `action` once with each item, all at the same moment from PROCESSES processes.

    Returns for each the name of its error, empty for success, and its seconds.
    """
    connections.close_all()
    context = multiprocessing.get_context("fork")
    results: Any = context.Queue()
    start_at = time.monotonic() + 1.5
    shares = [items[number::PROCESSES] for number in range(PROCESSES)]
    children = [context.Process(target=_work, args=(action, share, start_at, results)) for share in shares]
    for child in children:
        child.start()
    outcomes = [outcome for _ in children for outcome in results.get(timeout=120)]
    for child in children:
        child.join()
    return outcomes


def _work(action: Callable[[Any], Any], share: Sequence[Any], start_at: float, results: Any) -> None:
    def one(item: Any) -> None:
        time.sleep(max(0.0, start_at - time.monotonic()))
        action(item)

    began = time.monotonic()
    outcomes = together([partial(one, item) for item in share])
    waited = max(0.0, start_at - began)
    results.put([(type(o.error).__name__ if o.error else "", o.seconds - waited) for o in outcomes])
