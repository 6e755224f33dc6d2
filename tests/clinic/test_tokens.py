"""Every pair of colours that a page puts on another can be read, in both themes; and colours stand in one file."""

import re
from pathlib import Path

import pytest
from django.conf import settings

CSS = Path(settings.BASE_DIR) / "static" / "css"

TEXT = [
    *(
        (ink, ground)
        for ink in ("ink", "ink-quiet", "ink-faint", "accent-ink", "harm-ink", "attention-ink")
        for ground in ("ground", "surface", "raised")
    ),
    *(
        (ink, ground)
        for ink in ("ink", "ink-quiet")
        for ground in ("sunken", "hover", "closed", "hatch", "accent-soft", "harm-soft", "attention-soft")
    ),
    ("ink", "mark"),
    ("accent-ink", "accent-soft"),
    ("accent-ink", "hover"),
    ("harm-ink", "harm-soft"),
    ("attention-ink", "attention-soft"),
    ("on-accent", "accent"),
    ("on-accent", "accent-hover"),
    ("on-accent", "accent-press"),
    ("on-harm", "harm"),
    ("on-harm", "harm-hover"),
    ("on-check", "check"),
]
EDGES = [
    *(
        (edge, ground)
        for edge in ("line-strong", "accent", "harm", "attention", "check")
        for ground in ("ground", "surface", "raised")
    ),
    ("accent", "accent-soft"),
    *((f"hue-{number}", "surface") for number in range(1, 9)),
]


def _themes() -> dict[str, dict[str, str]]:
    text = (CSS / "tokens.css").read_text()
    blocks = {
        name: re.search(rf'\[data-bs-theme="{name}"\] {{\n  color-scheme(.*?)\n}}', text, re.DOTALL)
        for name in ("light", "dark")
    }
    return {
        name: dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block.group(1)))
        for name, block in blocks.items()
        if block
    }


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2's ratio, 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_reaches_4_5_and_edges_3_to_1(theme: str) -> None:
    tokens = _themes()[theme]
    weak = [
        (front, back, round(contrast(tokens[front], tokens[back]), 2))
        for pairs, least in ((TEXT, 4.5), (EDGES, 3.0))
        for front, back in pairs
        if contrast(tokens[front], tokens[back]) < least
    ]
    assert weak == []


def test_both_themes_name_the_same_colours() -> None:
    themes = _themes()
    assert themes["light"].keys() == themes["dark"].keys()


def test_colour_values_stand_in_the_tokens_only() -> None:
    found = {
        path.name: re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[^{]*[;}])|\brgba?\(|\bhsla?\(", path.read_text())
        for path in CSS.glob("*.css")
        if path.name != "tokens.css"
    }
    assert {name: values for name, values in found.items() if values} == {}
