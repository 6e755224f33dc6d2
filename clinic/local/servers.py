"""The real or local servers that the clinic's processes talk to, as environment variables."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from clinic.local import home, paths, ports, postgres, say, secret_file, valkey
from clinic.local.crew import Crew
from clinic.local.home import Home
from clinic.local.postgres import Passwords
from clinic.local.say import Trouble

_POSTGRES_OPTIONS = {"shared_buffers": "128MB", "max_connections": "100"}


@dataclass(frozen=True)
class Servers:
    """`environment` is for web, worker and beat; `owner` is what a migration runs with."""

    environment: Mapping[str, str]
    owner: Mapping[str, str]
    mail_page: str


def start(crew: Crew, *, mail_port: int) -> Servers:
    """Start what the environment does not already name: PostgreSQL, Valkey, the mail catcher."""
    given = os.environ
    place = home.lasting() if {"DATABASE_URL", "REDIS_URL"} - given.keys() else None
    found: dict[str, str] = {}
    owner_url = given.get("DATABASE_OWNER_URL", "")
    if "DATABASE_URL" in given and not owner_url:
        message = (
            "DATABASE_URL is set, so DATABASE_OWNER_URL must be too: migrations run as the owner, pages as a "
            "role that owns nothing (docs/how-to/run-locally.md)."
        )
        raise Trouble(message)
    if place is not None and "DATABASE_URL" not in given:
        server = _postgres(crew, place)
        found["DATABASE_URL"], owner_url = server.url("prp_web"), server.url("prp_owner")
    if place is not None and "REDIS_URL" not in given:
        with say.step("Starting Valkey"):
            secret = secret_file.read_or_make(place.folder / "secrets.json", ["valkey"])["valkey"]
            found["REDIS_URL"] = valkey.start(crew, place, secret, log=paths.LOG / "valkey.log") + "/0"
    mail_page = ""
    if "EMAIL_URL" not in given:
        found["EMAIL_URL"], mail_page = _mail_catcher(crew, mail_port)
    environment = {**given, **found}
    return Servers(environment, {**environment, "DATABASE_URL": owner_url}, mail_page)


def _postgres(crew: Crew, place: Home) -> postgres.Postgres:
    with say.step("Starting PostgreSQL"):
        kept = secret_file.read_or_make(place.folder / "secrets.json", ["superuser", "owner", "web"])
        return postgres.start(
            crew, place, Passwords(**kept), options=_POSTGRES_OPTIONS, log=paths.LOG / "postgres.log"
        )


def _mail_catcher(crew: Crew, page_port: int) -> tuple[str, str]:
    smtp = f"{ports.LOOPBACK}:{ports.free()}"
    crew.start(
        "The mail catcher",
        [
            paths.program("python"),
            "-m",
            "clinic.local.mailcatcher",
            "--smtp",
            smtp,
            "--http",
            f"{ports.LOOPBACK}:{page_port}",
            "--folder",
            str(paths.MAIL),
        ],
        env=os.environ,
        log=paths.LOG / "mailcatcher.log",
    )
    return f"smtp://{smtp}", f"http://localhost:{page_port}/"
