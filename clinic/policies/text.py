"""What no text of a person may hold: it travels into mail headers, logs and print."""

import unicodedata

_JOINERS = {"\u200c", "\u200d"}


def has_control_characters(text: str) -> bool:
    """Line breaks, NUL and their like, and marks that turn the reading direction of what follows."""
    return any(
        unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") and letter not in _JOINERS
        for letter in text
    )


def tidy(text: str) -> str:
    """Composed letters, single spaces, none at the ends."""
    return " ".join(unicodedata.normalize("NFC", text).split(" ")).strip()
