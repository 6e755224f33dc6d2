"""`make test`: throw-away engines, a browser, and every group of tests with its seconds."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clinic.local import browser, commands, engines, environment, paths, say
from clinic.local.say import Trouble

_NO_TESTS = 5  # pytest's exit code when nothing was collected


@dataclass(frozen=True)
class Group:
    """Tests that run together; faults and races have the machine to themselves."""

    name: str
    folder: str
    arguments: Sequence[str] = ()


_STORIES = "tests/treatments/test_calendar_machine.py"
_SOAK = ("300", "60")
_APART = ("concurrency", "faults", "browser", "bench")
_TWO_WORKERS = ("-n", "2", "--dist", "loadfile")
_GROUPS = (
    Group("unit", "tests", (*_TWO_WORKERS, *(f"--ignore=tests/{name}" for name in _APART))),
    Group("concurrency", "tests/concurrency"),
    Group("faults", "tests/faults"),
    Group("browser", "tests/browser", _TWO_WORKERS),
)


def test(arguments: Sequence[str]) -> int:
    """Run every group, or pytest with the arguments given; 0 when all that ran passed and something did."""
    environment.prepare("requirements-dev.txt")
    found = browser.find()
    engines.end_leftovers()
    with engines.throw_away() as (_, variables):
        env = {**os.environ, **variables, "BROWSER_PATH": str(found)}
        return _pytest(arguments, env) if arguments else _every_group(env)


def soak(arguments: Sequence[str]) -> int:
    """Play the desk in random order for long: `[EXAMPLES [STEPS]]`, 300 stories of 60 steps if not given."""
    environment.prepare("requirements-dev.txt")
    engines.end_leftovers()
    examples, steps = [*arguments, *_SOAK[len(arguments) :]][:2]
    with engines.throw_away() as (_, variables):
        env = {**os.environ, **variables, "SOAK_EXAMPLES": examples, "SOAK_STEPS": steps}
        return _pytest([_STORIES], env)


def _every_group(env: Mapping[str, str]) -> int:
    results = []
    for group in _GROUPS:
        if not (paths.ROOT / group.folder).is_dir():
            continue
        say.line(f"\n== {group.name}")
        started = time.monotonic()
        code = _pytest([group.folder, *group.arguments], env)
        results.append((group, code, time.monotonic() - started))
    say.line("\nSeconds of each group")
    for group, code, seconds in results:
        say.line(f"  {group.name:<12} {seconds:7.1f}  {_verdict(code)}")
    codes = {code for _, code, _ in results}
    if codes <= {_NO_TESTS}:
        message = "No test ran at all."
        raise Trouble(message)
    return 0 if codes <= {0, _NO_TESTS} else 1


def _verdict(code: int) -> str:
    return {0: "passed", _NO_TESTS: "no tests yet"}.get(code, "FAILED")


def _pytest(arguments: Sequence[str], env: Mapping[str, str]) -> int:
    return commands.show([paths.program("python"), "-m", "pytest", *arguments], env=env)
