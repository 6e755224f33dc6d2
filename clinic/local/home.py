"""Where the engines keep their data and find their programs."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clinic.local import account, paths, say
from clinic.local.account import Account
from clinic.local.say import Trouble

_THROW_AWAY = "prp-test-"
_NO_WHEEL = (
    "The {name} wheel has no program for this machine. Start PostgreSQL 18 and Redis yourself "
    "and set DATABASE_URL and REDIS_URL (docs/how-to/run-locally.md)."
)


@dataclass(frozen=True)
class Home:
    """A folder for data, and the account that owns it and runs the engines."""

    folder: Path
    account: Account

    def make(self, name: str) -> Path:
        """A folder of that name for one engine's data, owned by the engines' account."""
        folder = self.folder / name
        if not folder.exists():
            folder.mkdir(mode=0o700)
            self.account.owns(folder)
        return folder

    def programs(self, package: str, program: str) -> Path:
        """The program of a wheel, at a place where the account can run it.

        `program` is a pattern below the package's folder. A virtual environment that the
        account cannot read is copied beside the data; its permissions stay as they are.
        """
        installed = paths.site_packages()
        found = sorted(installed.glob(f"{package}/{program}"))
        if not found:
            raise Trouble(_NO_WHEEL.format(name=package.replace("_", "-")))
        if self.account.can_run(found[0]):
            return found[0]
        copy = self._copy(package)
        copied = copy / found[0].relative_to(installed)
        if not self.account.can_run(copied):
            raise Trouble(_NO_WHEEL.format(name=package.replace("_", "-")))
        return copied

    def _copy(self, package: str) -> Path:
        installed = paths.site_packages()
        version = next(installed.glob(f"{package}-*.dist-info")).stem
        target = self.folder / version
        if target.is_dir():
            return target
        half = Path(tempfile.mkdtemp(prefix=f"{version}.", dir=self.folder))
        for part in (package, f"{package}.libs"):
            if (installed / part).is_dir():
                shutil.copytree(
                    installed / part, half / part, symlinks=True, ignore=shutil.ignore_patterns("*.pyc")
                )
        half.chmod(0o755)
        for path in half.rglob("*"):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        half.rename(target)
        return target


def lasting(name: str = "engines") -> Home:
    """A home that is kept (`make run`, `make bench`): below `var/`, or in /var/lib when root's checkout is closed to others."""
    paths.make_var()
    folder = paths.VAR / name
    folder.mkdir(mode=0o755, exist_ok=True)
    who = account.for_engines(data=folder / "postgres", checkout=paths.ROOT)
    if who.can_enter(folder):
        return Home(folder, who)
    key = hashlib.sha256(str(paths.ROOT).encode()).hexdigest()[:8] + name.removeprefix("engines")
    elsewhere = Path("/var/lib") / f"prp-clinic-{key}"
    elsewhere.mkdir(mode=0o755, parents=True, exist_ok=True)
    elsewhere.chmod(0o755)
    who = account.for_engines(data=elsewhere / "postgres", checkout=paths.ROOT)
    if not who.can_enter(elsewhere):
        message = (
            f"Neither {folder} nor {elsewhere} can be entered by the account that runs PostgreSQL: "
            "run the command as an ordinary user, or set DATABASE_URL and REDIS_URL."
        )
        raise Trouble(message)
    say.note(
        f"  This folder is closed to the account that runs PostgreSQL, so its data is kept in {elsewhere}."
    )
    return Home(elsewhere, who)


@contextmanager
def throw_away() -> Iterator[Home]:
    """A home for tests, in a short temporary folder that is deleted in the end."""
    folder = Path(tempfile.mkdtemp(prefix=_THROW_AWAY))
    try:
        folder.chmod(0o755)
        yield Home(folder, account.for_engines(data=folder / "postgres", checkout=paths.ROOT))
    finally:
        delete_throw_away(folder)


def delete_throw_away(folder: Path) -> None:
    if folder.name.startswith(_THROW_AWAY):
        shutil.rmtree(folder, ignore_errors=True)
