"""What is missing or malformed stops the start with a sentence that names the variable and what it takes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from clinic import env

ROOT = Path(__file__).resolve().parent.parent.parent


def test_text_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("THING", raising=False)
    with pytest.raises(ImproperlyConfigured, match=r"^THING is not set\. It takes a colour\.$"):
        env.text("THING", what="a colour")


@pytest.mark.parametrize(
    ("value", "expected"), [("1", True), ("true", True), ("0", False), ("", False), ("off", False)]
)
def test_flag(monkeypatch: pytest.MonkeyPatch, value: str, expected: bool) -> None:
    monkeypatch.setenv("THING", value)
    assert env.flag("THING") is expected


def test_flag_malformed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THING", "maybe")
    with pytest.raises(ImproperlyConfigured, match="It takes 1 or 0"):
        env.flag("THING")


def test_secret_too_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THING", "short")
    with pytest.raises(ImproperlyConfigured, match=r"has 5 characters\. It takes at least 50"):
        env.secret("THING", at_least=50)


def test_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THING", "postgresql://me:p%40ss@db.example:5433/prp?sslmode=verify-full")
    assert env.database("THING") == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "prp",
        "USER": "me",
        "PASSWORD": "p@ss",
        "HOST": "db.example",
        "PORT": "5433",
        "OPTIONS": {"sslmode": "verify-full"},
    }


@pytest.mark.parametrize(
    "value", ["mysql://host/x", "postgresql://host", "nonsense", "postgresql://host:abc/x"]
)
def test_database_malformed(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("THING", value)
    with pytest.raises(ImproperlyConfigured, match="THING"):
        env.database("THING")


@pytest.mark.parametrize(
    ("value", "port", "tls", "ssl"),
    [
        ("smtp://host", 25, False, False),
        ("smtp+tls://u:p@host", 587, True, False),
        ("smtp+ssl://host:2465", 2465, False, True),
    ],
)
def test_mail_server(monkeypatch: pytest.MonkeyPatch, value: str, port: int, tls: bool, ssl: bool) -> None:
    monkeypatch.setenv("THING", value)
    server = env.mail_server("THING")
    assert (server["EMAIL_PORT"], server["EMAIL_USE_TLS"], server["EMAIL_USE_SSL"]) == (port, tls, ssl)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set"),
        ({"DATABASE_URL": "sqlite:///x"}, "DATABASE_URL is malformed"),
        ({"REDIS_URL": ""}, "REDIS_URL is not set"),
        ({"PUBLIC_URL": "clinic.example"}, "PUBLIC_URL is malformed"),
        ({"APP_ENV": "staging"}, "APP_ENV is 'staging'"),
        ({"APP_ENV": "production", "DEBUG": "1"}, "DEBUG is 1 but APP_ENV is production"),
        (
            {"APP_ENV": "production", "CLOCK_OFFSET_ALLOWED": "1"},
            "CLOCK_OFFSET_ALLOWED is 1 but APP_ENV is production",
        ),
    ],
)
def test_start_stops_with_a_sentence(change: dict[str, str], sentence: str) -> None:
    environment = {**os.environ, **change}
    done = subprocess.run(
        [sys.executable, "-c", "import clinic.settings"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert sentence in done.stderr.splitlines()[-1]
