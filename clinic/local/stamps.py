"""Whether the files that something is made from have changed since it was made."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from clinic.local import paths


@contextmanager
def unless_unchanged(name: str, patterns: Sequence[str], *, result: Path) -> Iterator[bool]:
    """Give True when the result is missing or older than its sources; remember them if the block succeeds."""
    stamp = paths.STAMPS / name
    digest = hashlib.sha256()
    for pattern in patterns:
        for path in sorted(paths.ROOT.glob(pattern)):
            if path.is_file():
                digest.update(path.relative_to(paths.ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    changed = not result.exists() or not stamp.exists() or stamp.read_text() != digest.hexdigest()
    if changed:
        stamp.unlink(missing_ok=True)
    yield changed
    if changed:
        stamp.write_text(digest.hexdigest())
