"""`make run` and `make dev`: the whole clinic on this machine."""

import os
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from clinic.local import commands, environment, leftovers, paths, ports, say, secret_file, servers, stamps
from clinic.local.crew import Crew
from clinic.local.say import Trouble
from clinic.local.servers import Servers
from clinic.local.single import only_one

_WEB_START = 60.0  # seconds
_STATIC_SOURCES = ("static/**/*", "requirements.txt", "clinic/settings.py")


def run() -> int:
    """Serve as production does: gunicorn, hashed static files."""
    return _serve(debug=False)


def dev() -> int:
    """Serve with debug pages, and reload the web process when code changes."""
    return _serve(debug=True)


def _serve(*, debug: bool) -> int:
    if os.environ.get("APP_ENV") == "test":
        message = "This terminal has the variables of the test engines (var/test.env): use another one."
        raise Trouble(message)
    port, mail_port = _port("PORT", 8000), _port("MAIL_PORT", 8025)
    paths.make_var()
    with only_one(f"process {os.getpid()}, http://localhost:{port}/"):
        records = paths.RUN / "children"
        if leftovers.stop(records):
            say.note("  An earlier run was killed; what it left running is stopped now.")
        ports.wanted(port, variable="PORT", purpose="the clinic's pages")
        if "EMAIL_URL" not in os.environ:
            ports.wanted(mail_port, variable="MAIL_PORT", purpose="the page of caught mail")
        environment.prepare("requirements.txt" if _all_given() else "requirements-local.txt")
        with Crew(records=records) as crew:
            _up(crew, port=port, mail_port=mail_port, debug=debug)
            try:
                crew.watch()
            finally:
                say.line("\nStopping …")
    return 0


def _all_given() -> bool:
    return {"DATABASE_URL", "REDIS_URL"} <= os.environ.keys()


def _port(name: str, default: int) -> int:
    value = os.environ.get(name) or str(default)
    if not value.isdecimal() or not 1 <= int(value) <= 65535:
        message = f"{name} is {value!r}. It takes a port number, such as {default}."
        raise Trouble(message)
    return int(value)


def _up(crew: Crew, *, port: int, mail_port: int, debug: bool) -> None:
    found = servers.start(crew, mail_port=mail_port)
    own = {
        "APP_ENV": "development",
        "SECRET_KEY": secret_file.read_or_make(paths.SECRETS, ["secret_key"])["secret_key"],
        "PUBLIC_URL": f"http://localhost:{port}",
        "EXTRA_HOSTS": ports.LOOPBACK,
        "DJANGO_SETTINGS_MODULE": "clinic.settings",
        "PYTHONUNBUFFERED": "1",
    }
    env = {**own, **found.environment, "DEBUG": "1" if debug else "0"}
    owner = {**env, "DATABASE_URL": found.owner["DATABASE_URL"]}
    _prepare(env, owner, debug=debug)
    _start_web(crew, env, port=port, debug=debug)
    with say.step("Waiting for the first page"):
        _wait_for_web(crew, port)
    _start_celery(crew, env, debug=debug)
    _tell(env, found, port)


def _prepare(env: Mapping[str, str], owner: Mapping[str, str], *, debug: bool) -> None:
    with say.step("Bringing the database up to date"):
        state = commands.run(
            [paths.program("python"), "-m", "clinic.local.schema"], what="Migrating", env=owner
        )
    if not debug:
        with stamps.unless_unchanged("static", _STATIC_SOURCES, result=paths.STATIC) as changed:
            if changed:
                with say.step("Collecting static files"):
                    commands.run(
                        _manage("collectstatic", "--noinput", "--clear"), what="collectstatic", env=env
                    )
    if state.splitlines()[-1:] == ["empty"]:
        say.line("  Loading the demo clinic")
        if commands.show(_manage("seed_demo"), env=env):
            message = "The demo clinic could not be loaded; the lines above say why."
            raise Trouble(message)


def _start_web(crew: Crew, env: Mapping[str, str], *, port: int, debug: bool) -> None:
    address = f"{ports.LOOPBACK}:{port}"
    gunicorn = [paths.program("python"), "-m", "gunicorn", "clinic.wsgi", "--bind", address]
    amount = ["--workers", "2", "--threads", "4", "--preload", "--no-control-socket"]
    command = _manage("runserver", address) if debug else [*gunicorn, *amount]
    crew.start("The web server", command, env=env, log=_log("web", debug=debug))


def _start_celery(crew: Crew, env: Mapping[str, str], *, debug: bool) -> None:
    celery = [paths.program("python"), "-m", "celery", "-A", "clinic.celery"]
    worker = [
        "worker",
        "--concurrency",
        "1",
        "--queues",
        "default,mail",
        "--without-gossip",
        "--without-mingle",
    ]
    schedule = [
        "--scheduler",
        "clinic.local.beat:PulseScheduler",
        "--schedule",
        str(paths.RUN / "beat-schedule"),
    ]
    beat = ["beat", *schedule, "--pidfile", ""]
    crew.start(
        "The worker", [*celery, *worker, "--loglevel", "INFO"], env=env, log=_log("worker", debug=debug)
    )
    crew.start("The beat", [*celery, *beat, "--loglevel", "WARNING"], env=env, log=_log("beat", debug=debug))


def _log(name: str, *, debug: bool) -> Path | None:
    """The child's log file; none while debugging, when it writes to the terminal."""
    return None if debug else paths.LOG / f"{name}.log"


def _wait_for_web(crew: Crew, port: int) -> None:
    until = time.monotonic() + _WEB_START
    url = f"http://{ports.LOOPBACK}:{port}/readyz"
    while True:
        crew.check()
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.HTTPError as error:
            answer = f"{error.code}: {error.read(500).decode(errors='replace')}"
            error.close()
        except OSError as error:
            answer = str(error)
        if time.monotonic() > until:
            message = f"The web server is not ready after {_WEB_START:.0f} seconds. {url} answers {answer}"
            raise Trouble(message)
        time.sleep(0.1)


def _tell(env: Mapping[str, str], found: Servers, port: int) -> None:
    say.line()
    say.line(f"  The clinic     http://localhost:{port}/")
    if found.mail_page:
        say.line(f"  Caught mail    {found.mail_page}")
    say.line(f"  Logs           {paths.LOG.relative_to(paths.ROOT)}/")
    say.line()
    say.line(commands.run(_manage("demo_logins"), what="demo_logins", env=env).rstrip())
    say.line("\n  Ctrl-C stops everything.")


def _manage(*arguments: str) -> list[str]:
    return [paths.program("python"), str(paths.ROOT / "manage.py"), *arguments]
