"""The five that come with the software, each in a file beside this one."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from treatments.instruments.definition import Definition, load

ORDER: Final = ("nrs", "peg", "rmdq", "pgic", "sane")
_HERE = Path(__file__).parent

BUILTIN: Final[Mapping[str, Definition]] = {
    code: load(tomllib.loads((_HERE / f"{code}.toml").read_text(encoding="utf-8"))) for code in ORDER
}
"""By code, in the order in which they are asked."""
