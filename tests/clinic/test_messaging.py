"""The registry of kinds and the strict filling-in of words."""

import pytest

from clinic import messaging
from clinic.messaging import DefaultText, TextError
from tests.faults import kinds


def test_fill_replaces_each_name() -> None:
    assert messaging.fill("Hello {given_name}, {given_name}!", {"given_name": "Ada"}) == "Hello Ada, Ada!"


def test_fill_leaves_braces_of_values_alone() -> None:
    assert messaging.fill("Hello {a}", {"a": "{b}", "b": "no"}) == "Hello {b}"


@pytest.mark.parametrize(
    "text", ["{unknown}", "{a.__class__}", "{a!r}", "{a[0]}", "{0}", "{}", "{{a}}", "a } b", "{a"]
)
def test_fill_refuses_what_is_no_known_placeholder(text: str) -> None:
    with pytest.raises(TextError):
        messaging.fill(text, {"a": "x"})


def test_register_refuses_a_second_kind_of_the_same_key() -> None:
    with kinds.known(kinds.PLAIN), pytest.raises(ValueError, match="twice"):
        messaging.register(kinds.kind())


def test_register_refuses_a_kind_without_a_language() -> None:
    with pytest.raises(ValueError, match="es"):
        messaging.register(kinds.kind(texts={"en": kinds.TEXTS["en"]}))


def test_register_refuses_a_name_in_a_subject() -> None:
    named = DefaultText("For {given_name}", "Hello")
    with pytest.raises(TextError):
        messaging.register(kinds.kind(texts={"en": named, "es": named}))


def test_register_refuses_a_group_that_nobody_can_decline() -> None:
    with pytest.raises(ValueError, match="no known group"):
        messaging.register(kinds.kind(group="offers"))


def test_what_may_be_declined_counts_and_rides() -> None:
    known = {kind.key: (kind.group, kind.counts, kind.rides, kind.carries) for kind in messaging.all_kinds()}
    assert known["appointment.reminder_1d"] == ("reminders", True, False, True)
    assert known["appointment.confirmation"] == ("", False, False, True)
    assert known["appointment.cancelled"] == ("", False, False, False)
    assert known["treatments.questionnaire"] == ("questionnaires", True, True, True)
    assert known["treatments.recovery_day_1"] == ("recovery", True, False, True)


def test_known_placeholders_are_those_of_the_defaults_and_the_common_ones() -> None:
    assert messaging.known_placeholders(kinds.PLAIN) == {"given_name", "clinic_name", "phone", "about"}


def test_kinds_of_the_house_are_registered() -> None:
    keys = {kind.key for kind in messaging.all_kinds()}
    assert {"appointment.confirmation", "appointment.reminder_3d", "appointment.reminder_1d"} <= keys
