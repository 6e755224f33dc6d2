"""`python3 -m clinic.local COMMAND`: see `make help`."""

import argparse
import sys
from collections.abc import Callable, Sequence

from clinic.local import engines, say
from clinic.local.interruption import interruption
from clinic.local.say import Trouble

_COMMANDS: dict[str, tuple[Callable[[], int], str]] = {
    "engines": (engines.foreground, "start throw-away test engines and write var/test.env"),
}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m clinic.local", description=__doc__)
    parser.add_argument("command", choices=sorted(_COMMANDS))
    command, _ = _COMMANDS[parser.parse_args(arguments).command]
    interruption.listen()
    try:
        return command()
    except Trouble as trouble:
        say.trouble(f"\n{trouble}")
        return 1
    except KeyboardInterrupt:
        say.line("\nStopped.")
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
