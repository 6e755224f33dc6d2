"""Small commands for whoever works on the code: format, lock."""

import os
from collections.abc import Sequence

from clinic.local import commands, environment, paths

_LOCK = (
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-annotate",
    "--no-strip-extras",  # pip takes `coverage[toml]` for unpinned where only `coverage` is, once a newer one is out
    "--custom-compile-command=make lock",
)


def format_code() -> int:
    """Sort imports and format."""
    environment.prepare("requirements-dev.txt")
    ruff = paths.program("ruff")
    code = commands.show([ruff, "check", "--fix-only", "--exit-zero"], env=os.environ)
    return code or commands.show([ruff, "format"], env=os.environ)


def lock(arguments: Sequence[str]) -> int:
    """Pin what the .in files ask for, with hashes; `--upgrade` takes newer versions."""
    environment.prepare("requirements-dev.txt")
    uv = [
        paths.program("uv"),
        "pip",
        "compile",
        "--quiet",
        *_LOCK,
    ]
    for name in ("requirements", "requirements-local", "requirements-dev"):
        code = commands.show([*uv, *arguments, f"{name}.in", "--output-file", f"{name}.txt"], env=os.environ)
        if code:
            return code
    return 0
