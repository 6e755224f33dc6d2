"""`make bench`: one JSON object a line, `{"name", "value", "unit", "bar", "met", "floor", "ratio", "note"}`.

The bar is what was promised, the floor the least that the same answer could cost, measured in the same run. Measured
on a million appointments and a million patients, built once (BENCH_SCALE=0.01 builds a hundredth, for trying).
"""

import json
import logging
import os
import sys

import django


def main(names: list[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    os.environ["CLOCK_OFFSET_ALLOWED"] = (
        "0"  # as in production: with it on, each look at the clock is a query
    )
    django.setup()
    logging.disable(logging.CRITICAL)  # the rows alone are the output
    from tests.bench import ground, rows

    with ground.cloned():
        for row in rows.measured(names):
            sys.stdout.write(json.dumps(row) + "\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
