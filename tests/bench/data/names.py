"""Invented names: a few that everybody bears, a long tail that hardly anybody does. The n-th name is always the same."""

from collections.abc import Iterator

_GIVEN = [
    "Maria",
    "John",
    "Ana",
    "José",
    "Anna",
    "Michael",
    "Peter",
    "Thomas",
    "Elena",
    "Carmen",
    "David",
    "Laura",
    "Robert",
    "Hans",
    "Ursula",
    "Emma",
    "Paul",
    "Lucía",
    "Karin",
    "Li",
]
_FAMILY = [
    "García",
    "Smith",
    "Müller",
    "Johnson",
    "Martínez",
    "Schmidt",
    "Nguyen",
    "López",
    "Brown",
    "O'Neil",
    "Schneider",
    "Núñez",
    "Weber",
    "Jones",
    "Ng",
    "Großmann",
    "Fischer",
    "Sánchez",
    "Łukasik",
    "Wagner",
]
_HEADS = [
    "ba",
    "be",
    "bi",
    "bo",
    "bra",
    "cha",
    "da",
    "de",
    "di",
    "dor",
    "el",
    "fa",
    "fre",
    "ga",
    "gre",
    "ha",
    "hei",
    "is",
    "ja",
    "jo",
    "ka",
    "kra",
    "la",
    "le",
    "lin",
    "ma",
    "mar",
    "me",
    "mo",
    "na",
    "no",
    "or",
    "pa",
]
_MIDDLES = [
    "ber",
    "chen",
    "den",
    "der",
    "do",
    "fen",
    "ga",
    "gel",
    "go",
    "ken",
    "la",
    "len",
    "li",
    "lo",
    "mann",
    "men",
    "mi",
    "na",
    "ner",
    "no",
    "ra",
    "ri",
    "ro",
    "sen",
    "son",
    "ta",
    "ti",
    "ven",
    "vi",
    "za",
]
_TAILS = [
    "a",
    "al",
    "an",
    "as",
    "berg",
    "dal",
    "e",
    "ek",
    "el",
    "en",
    "er",
    "es",
    "feld",
    "ic",
    "ini",
    "is",
    "ko",
    "ler",
    "man",
    "o",
    "os",
    "ova",
    "rich",
    "ski",
    "son",
    "stein",
    "ström",
    "us",
    "y",
    "z",
]


def given(count: int) -> Iterator[str]:
    """The most common first."""
    yield from _made(_GIVEN, count, step=7)


def family(count: int) -> Iterator[str]:
    yield from _made(_FAMILY, count, step=11)


def _made(known: list[str], count: int, *, step: int) -> Iterator[str]:
    """Those that are known, then syllables counted through; `step` shuffles, so that neighbours do not look alike."""
    yield from known[:count]
    sizes = (len(_HEADS), len(_MIDDLES), len(_TAILS))
    total = sizes[0] * sizes[1] * sizes[2]
    for number in range(count - len(known)):
        rest = number * (step * 1_000 + 3) % total
        rest, head = divmod(rest, sizes[0])
        tail, middle = divmod(rest, sizes[1])
        more = _MIDDLES[number // total % sizes[1]] if number >= total else ""
        yield (_HEADS[head] + _MIDDLES[middle] + more + _TAILS[tail]).capitalize()
