"""Personal data in a log line is masked, whoever let it in."""

import logging

import pytest

from clinic import logs


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        ({"event": "mail to ada@mail.example failed"}, {"event": "mail to [removed] failed"}),
        ({"event": "call +49 30 5550100 back"}, {"event": "call [removed] back"}),
        ({"event": "x", "email": "a"}, {"event": "x", "email": "[removed]"}),
        ({"event": "x", "request": "GET /links/?token=abc"}, {"event": "x", "request": "GET /links/"}),
        (
            {"event": "x", "request": f"GET /display/{'a1' * 32}/now/"},
            {"event": "x", "request": "GET /display/[removed]/now/"},
        ),
        ({"event": "x", "patient_id": "0192f"}, {"event": "x", "patient_id": "0192f"}),
    ],
)
def test_redact(event: dict[str, str], shown: dict[str, str]) -> None:
    assert logs.redact(None, "info", dict(event)) == shown


def test_exception_text_is_redacted() -> None:
    configured = logs.configuration(as_json=True)["formatters"]["line"]
    line = configured["()"](
        foreign_pre_chain=configured["foreign_pre_chain"], processors=configured["processors"]
    )
    try:
        raise ValueError("ada@mail.example")
    except ValueError:
        import sys

        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "failed", None, sys.exc_info())
    assert "ada@mail.example" not in line.format(record)
