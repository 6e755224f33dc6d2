"""Tables as files: no cell that a spreadsheet would run, and every value back as it was."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.csv import safe, written


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(start: str) -> None:
    assert safe(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


@pytest.mark.parametrize("cell", [-3, -1.5, 0, "a=b", "’tis", "", "Łęcki, 李 👩‍⚕️"])
def test_numbers_and_plain_text_stay_as_they_are(cell: str | int | float) -> None:
    assert safe(cell) == cell


def test_a_file_begins_with_a_mark_and_ends_its_lines_with_cr_lf() -> None:
    assert written(["a", "b"], [['say "no", twice', None]]) == b'\xef\xbb\xbfa,b\r\n"say ""no"", twice",\r\n'


@given(
    st.lists(
        st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00")), min_size=2, max_size=2)
    )
)
def test_every_table_comes_back_as_it_was(rows: list[list[str]]) -> None:
    text = written(["one", "two"], rows).decode("utf-8-sig")
    back = list(csv.reader(io.StringIO(text, newline="")))
    assert back == [["one", "two"], *([str(safe(cell)) for cell in row] for row in rows)]
    assert not any(cell[:1] in ("=", "+", "-", "@", "\t", "\r") for row in back for cell in row)
