"""`make bench`: a PostgreSQL of its own under `var/`, kept between runs because a million appointments are built once."""

import os
import secrets
from collections.abc import Sequence

from clinic.local import (
    commands,
    engines,
    environment,
    home,
    leftovers,
    paths,
    postgres,
    say,
    secret_file,
    single,
    valkey,
)
from clinic.local.crew import Crew
from clinic.local.postgres import Passwords

_OPTIONS = {
    "max_connections": "200",
    "shared_buffers": "512MB",
    "effective_cache_size": "4GB",
    "maintenance_work_mem": "512MB",
    "max_wal_size": "4GB",
    "random_page_cost": "1.1",
}
"""A small server with an SSD. fsync and synchronous_commit stay on: a booking that was answered is on the disk."""


def bench(arguments: Sequence[str]) -> int:
    """Measure; one JSON object a line on the standard output, progress on the error output."""
    environment.prepare("requirements-dev.txt")
    paths.make_var()
    records = paths.RUN / "bench"
    with single.only_one(f"process {os.getpid()}", lock="bench.lock"), home.throw_away() as scratch:
        leftovers.stop(records)
        with Crew(records=records) as crew:
            place = home.lasting("bench")
            kept = secret_file.read_or_make(place.folder / "secrets.json", ["superuser", "owner", "web"])
            with say.step("Starting PostgreSQL and Valkey for measuring"):
                log = paths.LOG / "bench-postgres.log"
                server = postgres.start(crew, place, Passwords(**kept), options=_OPTIONS, log=log)
                engines.make_cloneable(server)
                log = paths.LOG / "bench-valkey.log"
                broker = valkey.start(crew, scratch, secrets.token_urlsafe(24), log=log)
            variables = engines.variables(server, broker)
            command = [paths.program("python"), "-m", "tests.bench", *arguments]
            return commands.show(command, env={**os.environ, **variables})
