"""The repository keeps its promises: layout, drawn states, pinned assets, nothing that the pages' policy forbids."""

import hashlib
import importlib.resources
import re
import subprocess
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent
FORBIDDEN = (
    r"<style\b|\sstyle=|<script>(?!\s*</script>)|\son(?:click|change|input|submit|load|error|key\w+|focus|blur)="
    r"|javascript:|hx-on|\|\s*safe\b|autoescape off"
)
PAGES = sorted(path for path in (ROOT / "templates").rglob("*.html") if "emails" not in path.parts)


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_states_are_drawn_as_the_tables_say() -> None:
    call_command("draw_states", check=True)


def test_bootstrap_is_upstreams_file() -> None:
    css = (importlib.resources.files("bootstrap") / "css" / "bootstrap.min.css").read_bytes()
    assert (
        hashlib.sha256(css).hexdigest() == "d85327d99c7a3ee1f9b5d0500d1370acea3ad2db39c163c2f51f232baedbdede"
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT / "templates")))
def test_page_has_no_inline_script_or_style(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    forbidden = re.findall(FORBIDDEN, text)
    assert forbidden == []


def test_colours_live_in_one_file() -> None:
    strays = {
        path.name: found
        for path in (ROOT / "static" / "css").glob("*.css")
        if path.name not in {"tokens.css", "email.css"}
        and (found := re.findall(r":[^;{}]*(#[0-9a-fA-F]{3,8})\b", path.read_text()))
    }
    assert strays == {}


def test_requirements_carry_hashes_and_no_addresses() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert re.findall(r"https?://|--index-url|--find-links", text) == []
        pinned = re.findall(r"^[a-zA-Z][^\n]*==[^\n]*$", text, flags=re.MULTILINE)
        assert [line for line in pinned if not line.rstrip().endswith("\\")] == []


def test_nothing_generated_is_tracked() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    assert [
        path for path in tracked if path.startswith(("var/", ".venv/")) or path.endswith((".pyc", ".mo"))
    ] == []


def test_bugs_of_others_are_each_shown_absent_by_a_test_that_exists() -> None:
    table = (ROOT / "docs" / "reference" / "bugs-of-others.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \|.*\|(.*)\|$", table, flags=re.MULTILINE)
    assert [int(number) for number, _tests in rows] == list(range(1, 21))
    for number, named in rows:
        tests = re.findall(r"`([\w/.]+\.py)(?:::(\w+))?`", named)
        assert tests, f"row {number} names no test"
        for path, function in tests:
            text = (ROOT / path).read_text(encoding="utf-8")
            assert re.search(rf"^def {function or 'test_'}", text, flags=re.MULTILINE), f"{path}::{function}"
