"""Passwords and keys of one machine, made once and readable by their owner only."""

import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path


def read_or_make(path: Path, names: Sequence[str]) -> dict[str, str]:
    """The secrets by name; those that are missing are made and kept."""
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    missing = [name for name in names if name not in kept]
    if missing:
        kept |= {name: secrets.token_urlsafe(48) for name in missing}
        new = path.with_suffix(".new")
        new.unlink(missing_ok=True)
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as opened:
            json.dump(kept, opened)
        new.rename(path)
    return {name: kept[name] for name in names}
