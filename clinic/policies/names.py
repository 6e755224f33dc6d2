"""Folding of names: the same function serves the words that are stored and the words that are asked for."""

import datetime as dt
import re
import string
import unicodedata

LONGEST_WORD = 80
LONGEST_SORT_KEY = 200
MOST_WORDS_ASKED = 4
_FEW_LETTERS = 4

_UNFOLDED_BY_UNICODE = str.maketrans(
    {
        "ß": "ss",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "ħ": "h",
        "\u0131": "i",
        "ŋ": "ng",
    }
)
_APOSTROPHE = "['`\u2019\u02bc\u00b4]"
_APOSTROPHES = re.compile(rf"(?<=\w){_APOSTROPHE}(?=\w)")
_WORD = re.compile(r"[^\W_]+")
_LETTERS = frozenset(string.ascii_lowercase)
_FIRST_IDEOGRAPH = "\u2e80"


def folded(text: str) -> str:
    """Lower case, accents and ligatures folded: "Łukasz Größe-Nuñez" becomes "lukasz grosse-nunez"."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_UNFOLDED_BY_UNICODE))
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return unicodedata.normalize("NFC", bare)


def words_of(*names: str) -> frozenset[str]:
    """The words under which a person is found. O'Neil is found as "oneil" and as "neil"."""
    text = " ".join(folded(name) for name in names)
    joined = set(_WORD.findall(_APOSTROPHES.sub("", text)))
    pieces = {piece for piece in _WORD.findall(text) if len(piece) > 1}
    return frozenset(word[:LONGEST_WORD] for word in joined | pieces)


def sort_key(given_name: str, family_name: str, birth_date: dt.date) -> str:
    """A person's place in a list: by family name, given name, birth date, without regard to case and accents."""
    return f"{folded(family_name)}, {folded(given_name)} {birth_date.isoformat()}"[:LONGEST_SORT_KEY]


def words_asked(text: str) -> list[str]:
    """The words of a search, in order, without repeats; empty while there is too little to look for.

    Two letters are enough (Ng, Li), and one where one is a whole name (李). A single letter beside a
    longer word narrows.
    """
    words = list(
        dict.fromkeys(word[:LONGEST_WORD] for word in _WORD.findall(_APOSTROPHES.sub("", folded(text))))
    )
    return (
        words[:MOST_WORDS_ASKED] if any(len(word) > 1 or word >= _FIRST_IDEOGRAPH for word in words) else []
    )


def slips(word: str) -> set[str]:
    """Every word that one slip of the finger makes of this one: a letter missing, wrong or too many, two exchanged.

    Some five hundred for a word of ten letters, so that looking all of them up costs less than comparing.
    """
    letters = _LETTERS | set(word)
    splits = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    made = {head + tail[1:] for head, tail in splits if tail}
    made |= {head + tail[1] + tail[0] + tail[2:] for head, tail in splits if len(tail) > 1}
    made |= {head + letter + tail[1:] for head, tail in splits if tail for letter in letters}
    made |= {head + letter + tail for head, tail in splits for letter in letters}
    return made - {word, ""}


def begun_in(word: str) -> str:
    """A regular expression that is found in every `sort_key` in whose name some word begins with this one, unless the
    name is longer than what is kept of it.

    It is found in others too, such as all in which an apostrophe divides a word. An ASCII letter or digit before it
    would belong to the same word.
    """
    return f"(^|[^a-z0-9]){word}|{_APOSTROPHE}"


def slipped_in(word: str) -> str:
    """The same wherever some word begins with this one or is one slip (`slips`) away from it.

    A slip touches two neighbouring letters, in whose place up to three stand; the others are as they were typed. Of a
    long word it is enough, and quicker, to ask for those before the middle or those after it.
    """
    if len(word) >= LONGEST_WORD - 1:
        return ""  # found everywhere: what is kept of a word may end within it
    middle = len(word) // 2
    gaps = range(len(word) - 1) if len(word) <= _FEW_LETTERS else ()
    slipped = [f"{word[:at]}.{{0,3}}{word[at + 2 :]}([^a-z0-9]|$)" for at in gaps] or [word[:middle]]
    end = "" if gaps else f"|{word[middle + 1 :]}([^a-z0-9]|$)"
    return f"(^|[^a-z0-9])({'|'.join([word, *slipped])}){end}|{_APOSTROPHE}"


def trigrams(word: str) -> frozenset[str]:
    padded = f"  {word} "
    return frozenset(padded[start : start + 3] for start in range(len(padded) - 2))


def similarity(one: str, other: str) -> float:
    """Shared trigrams among all trigrams of two folded words, 0 to 1: as PostgreSQL's pg_trgm counts them."""
    ours, theirs = trigrams(one), trigrams(other)
    return len(ours & theirs) / len(ours | theirs)


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """How alike two people's names are, 0 to 1, in whatever order the words come (swapped given and family name).

    The mean, over the words of the shorter name, of the best match in the longer one.
    """
    shorter, longer = sorted((one, other), key=len)
    if not shorter:
        return 0.0
    return sum(max(similarity(word, candidate) for candidate in longer) for word in shorter) / len(shorter)
