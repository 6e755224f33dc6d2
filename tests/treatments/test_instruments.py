"""Questionnaires: the five that come with the software, and definitions that a clinic loads."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories.treatments import toy_instrument as toy
from treatments import instruments
from treatments.instruments import BUILTIN, Answers, DefinitionError, Unscorable
from treatments.instruments.definition import Translation, in_language

WHOLE = {code: list(one.by_code) for code, one in BUILTIN.items()}


def lookup() -> dict[str, Any]:
    table = {str(raw): str(80 - 4 * raw) for raw in range(16)}
    return toy(scoring={"kind": "lookup", "least": 2, "table": table}, low="20", high="80")


def weights() -> dict[str, Any]:
    each = {str(value): str(Decimal(value) / -20) for value in range(6)}
    rules = {
        "kind": "weights",
        "constant": "1",
        "decimals": 3,
        "weights": dict.fromkeys(("walking", "sitting", "lifting"), each),
    }
    return toy(scoring=rules, low="-1", high="1", more_is_better=True)


@pytest.mark.parametrize(
    ("code", "answers", "expected"),
    [
        ("nrs", {"value": 0}, "0"),
        ("nrs", {"value": 10}, "10"),
        ("peg", {"pain": 0, "enjoyment": 0, "activity": 0}, "0.0"),
        ("peg", {"pain": 10, "enjoyment": 10, "activity": 10}, "10.0"),
        ("peg", {"pain": 4, "enjoyment": 5, "activity": 5}, "4.7"),
        ("rmdq", {}, "0"),
        ("rmdq", {str(number): 0 for number in range(1, 25)}, "0"),
        ("rmdq", {str(number): 1 for number in range(1, 25)}, "24"),
        ("rmdq", {"3": 1, "9": 1, "10": None}, "2"),
        ("rmdq", {"total": 0}, "0"),
        ("rmdq", {"total": 24}, "24"),
        ("pgic", {"value": 1}, "1"),
        ("pgic", {"value": 7}, "7"),
        ("sane", {"value": 0}, "0"),
        ("sane", {"value": 100}, "100"),
    ],
)
def test_score_of_worked_example(code: str, answers: Answers, expected: str) -> None:
    found = instruments.score(BUILTIN[code], answers)
    assert (found, str(found)) == (Decimal(expected), expected)


@pytest.mark.parametrize(
    ("code", "answers", "words"),
    [
        ("nrs", {}, "Missing: pain on average"),
        ("nrs", {"value": -1}, "Between 0 and 10"),
        ("nrs", {"value": 11}, "Between 0 and 10"),
        ("peg", {"pain": 4, "enjoyment": 4}, "Missing: general activity"),
        ("peg", {"pain": 4, "enjoyment": 4, "activity": 11}, "Between 0 and 10: general activity"),
        ("rmdq", {"1": 2}, "Choose one"),
        ("rmdq", {"total": 25}, "Between 0 and 24"),
        ("pgic", {"value": 0}, "Choose one of the answers"),
        ("pgic", {"value": 8}, "Choose one of the answers"),
        ("sane", {"value": 101}, "Between 0 and 100"),
    ],
)
def test_unscorable_names_what_is_wrong(code: str, answers: Answers, words: str) -> None:
    with pytest.raises(Unscorable, match=words):
        instruments.score(BUILTIN[code], answers)


@pytest.mark.parametrize("code", list(BUILTIN))
def test_builtin_speaks_both_languages_and_says_which_is_its_own(code: str) -> None:
    one = BUILTIN[code]
    texts = [one.name, one.instruction, *(item.words for item in one.items)]
    texts += [option.words for item in one.items for option in item.options]
    texts += [words for item in one.items for words in (item.low_words, item.high_words) if words]
    assert {tuple(sorted(words)) for words in texts} == {("en", "es")}
    assert one.translations == {"en": Translation.ORIGINAL, "es": Translation.WORKING}
    assert one.licence


def test_words_fall_back_to_english() -> None:
    words = {"en": "pain", "es": "dolor"}
    assert [in_language(words, code) for code in ("es", "fr")] == ["dolor", "pain"]


@given(st.data())
def test_builtin_score_is_bounded_and_monotonic(data: st.DataObject) -> None:
    """On its scale; and one answer more on one item never moves it the other way."""
    one = BUILTIN[data.draw(st.sampled_from(list(BUILTIN)))]
    answers = {item.code: data.draw(st.sampled_from(list(item.values))) for item in one.items}
    item = data.draw(st.sampled_from(one.items))
    before = instruments.score(one, answers)
    values = list(item.values)
    higher = values[min(values.index(answers[item.code]) + 1, len(values) - 1)]

    after = instruments.score(one, answers | {item.code: higher})

    assert one.low <= before <= after <= one.high


def test_percentage_leaves_a_blank_out_of_its_denominator() -> None:
    one = instruments.load(toy())
    assert instruments.score(one, {"walking": 5, "sitting": 5, "lifting": 5}) == 100
    assert instruments.score(one, {"walking": 2, "sitting": 3}) == 50
    with pytest.raises(Unscorable, match="sitting"):
        instruments.score(one, {"walking": 2})


def test_lookup_prorates_what_is_missing() -> None:
    one = instruments.load(lookup())
    ends = [instruments.score(one, dict.fromkeys(one.by_code, value)) for value in (0, 5)]
    assert ends == [80, 20]
    assert instruments.score(one, {"walking": 2, "sitting": 4}) == 80 - 4 * 9


def test_weights_refuse_any_blank() -> None:
    one = instruments.load(weights())
    ends = [instruments.score(one, dict.fromkeys(one.by_code, value)) for value in (0, 5)]
    assert ends == [Decimal("1.000"), Decimal("0.250")]
    with pytest.raises(Unscorable, match="lifting"):
        instruments.score(one, {"walking": 0, "sitting": 0})


@given(
    shape=st.sampled_from([toy, lookup, weights]),
    values=st.lists(st.one_of(st.none(), st.integers(0, 5)), min_size=3, max_size=3),
)
def test_loaded_score_stays_on_its_scale_or_is_refused(shape: Any, values: list[int | None]) -> None:
    one = instruments.load(shape())
    answers = dict(zip(one.by_code, values, strict=True))
    given_ones = [value for value in values if value is not None]
    least = one.scoring.least or 3
    if len(given_ones) < least:
        with pytest.raises(Unscorable):
            instruments.score(one, answers)
    else:
        assert one.low <= instruments.score(one, answers) <= one.high


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"code": "Toy Index"}, "code"),
        ({"items": []}, "Between 1 and"),
        ({"scoring": {"kind": "percent", "least": 4}}, "More items"),
        ({"scoring": {"kind": "value"}}, "exactly one item"),
        ({"scoring": {"kind": "mean", "total": True}}, "only for a sum"),
        ({"scoring": {"kind": "lookup", "table": {"0": "1"}}}, "no line for the sum 1"),
        ({"scoring": {"kind": "weights"}}, "No weight for answer 0"),
        ({"scoring": {"kind": "magic"}}, "kind"),
        ({"low": "100"}, "below its upper end"),
        ({"stray": 1}, "stray"),
        ({"items": [{"code": "a", "words": {"en": "?"}, "kind": "choice"}] * 2}, "twice"),
        ({"items": [{"code": "total", "words": {"en": "?"}}]}, "total"),
        ({"items": [{"code": "a", "words": {"en": "?"}, "low": 0, "high": 100}]}, "at most 21 steps"),
        ({"items": [{"code": "a", "words": {}}]}, "no words"),
    ],
)
def test_definition_that_cannot_be_used_says_why(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        instruments.load(toy(**changes))


@pytest.mark.parametrize("text", ["", "{", "[]", "nonsense", '{"code": "\ud800"}', "x" * 300_000])
def test_text_that_is_no_definition(text: str) -> None:
    from treatments.instruments.definition import read

    with pytest.raises(DefinitionError):
        read(text)
