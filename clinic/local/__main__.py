"""`python3 -m clinic.local COMMAND [ARGUMENT …]`: see `make help`."""

import sys
from collections.abc import Callable, Sequence

from clinic.local import bench, check, develop, engines, run, say, test
from clinic.local.interruption import interruption
from clinic.local.say import Trouble

_ALONE: dict[str, Callable[[], int]] = {
    "run": run.run,
    "dev": run.dev,
    "engines": engines.foreground,
    "check": check.check,
    "format": develop.format_code,
}
_WITH_ARGUMENTS: dict[str, Callable[[Sequence[str]], int]] = {
    "test": test.test,
    "soak": test.soak,
    "bench": bench.bench,
    "lock": develop.lock,
}


def main(arguments: Sequence[str]) -> int:
    name, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    interruption.listen()
    try:
        if name in _WITH_ARGUMENTS:
            return _WITH_ARGUMENTS[name](rest)
        if name in _ALONE and not rest:
            return _ALONE[name]()
    except Trouble as trouble:
        say.note(f"\n{trouble}")
        return 1
    except PermissionError as error:
        say.note(
            f"\nThis user may not touch {error.filename}. Run the command as whoever ran it here before, "
            "or remove that file or folder."
        )
        return 1
    except KeyboardInterrupt:
        say.line("Stopped.")
        return 130 if name in _WITH_ARGUMENTS or name == "check" else 0
    say.note(f"Commands: {', '.join(sorted([*_ALONE, *_WITH_ARGUMENTS]))}. See `make help`.")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
