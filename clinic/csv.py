"""Tables as CSV that is safe to open in a spreadsheet (RFC 4180; OWASP ASVS 5.0, 1.2.10).

A text cell that a spreadsheet would read as a formula gets an apostrophe in front. Numbers are written as numbers: -3
stays -3. UTF-8 with a byte order mark, without which Excel reads accents wrongly.
"""

import csv
import io
from collections.abc import Iterable, Sequence

Cell = str | int | float | None

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

_STARTS = frozenset(_DANGEROUS)


def safe(cell: Cell) -> str | int | float:
    """What is written for a cell: nothing for None, text that is no formula."""
    if cell is None:
        return ""
    if isinstance(cell, str) and cell.startswith(_DANGEROUS):
        return f"'{cell}"
    return cell


def written(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """The whole file. Every cell is quoted where it must be, every line ends in CR LF."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([safe(cell) for cell in header])
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def head(cells: Sequence[str]) -> bytes:
    """The first line of a file that is written in parts, with the byte order mark."""
    return written(cells, [])


def lines(rows: Iterable[Sequence[Cell]]) -> bytes:
    """Further lines of it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    # As `safe` does, which is called for the few cells that need it: millions of cells pass here.
    writer.writerows(
        [safe(cell) if cell.__class__ is str and cell[:1] in _STARTS else cell for cell in row]
        for row in rows
    )
    return text.getvalue().encode()
