"""Strict readers of the environment: what is missing or malformed stops the start with one sentence.

Every reader names the variable and says what it takes, because the person who reads the message is
an administrator at a terminal, not someone with this file open.
"""

import os
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from django.conf.locale import LANG_INFO
from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}

EnvValue = str | int | bool | None


def text(name: str, *, default: str | None = None, what: str) -> str:
    """The variable's text; without a default it must be set and not blank."""
    value = os.environ.get(name, "").strip()
    if value:
        return value
    if default is None:
        raise ImproperlyConfigured(f"{name} is not set. It takes {what}.")
    return default


def flag(name: str, *, default: bool = False) -> bool:
    value = os.environ.get(name, "1" if default else "0").strip().lower()
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}. It takes 1 or 0.")


def number(name: str, *, default: int) -> int:
    """A whole number from 1 on."""
    value = os.environ.get(name, "").strip() or str(default)
    if not value.isdecimal() or int(value) < 1:
        raise ImproperlyConfigured(f"{name} is {value!r}. It takes a whole number from 1 on.")
    return int(value)


def choice(name: str, *, options: tuple[str, ...], default: str) -> str:
    value = os.environ.get(name, default).strip()
    if value not in options:
        raise ImproperlyConfigured(f"{name} is {value!r}. It takes one of: {', '.join(options)}.")
    return value


def secret(name: str, *, at_least: int) -> str:
    value = text(name, what=f"a random secret of at least {at_least} characters")
    if len(value) < at_least:
        raise ImproperlyConfigured(
            f"{name} has {len(value)} characters. It takes at least {at_least}, at random."
        )
    return value


def url(name: str, *, schemes: tuple[str, ...], default: str | None = None) -> str:
    """A URL with one of the schemes and a host."""
    example = f"a URL such as {schemes[0]}://host"
    value = text(name, default=default, what=example)
    parts = urlsplit(value)
    if parts.scheme not in schemes or not (parts.hostname or parts.path):
        raise ImproperlyConfigured(
            f"{name} is malformed. It takes {example} (schemes: {', '.join(schemes)})."
        )
    return value


def database(name: str) -> dict[str, object]:
    """Django's settings for `postgresql://user:password@host:port/name`; `?host=/socket/dir` names a socket."""
    value = url(name, schemes=("postgresql", "postgres"))
    parts = urlsplit(value)
    options = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    try:
        port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name} has a malformed port. It takes postgresql://user:password@host:5432/name."
        ) from error
    database_name = parts.path.lstrip("/")
    if not database_name:
        raise ImproperlyConfigured(
            f"{name} names no database. It takes postgresql://user:password@host:5432/name."
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(database_name),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(options.pop("host", parts.hostname or "")),
        "PORT": str(port or ""),
        "OPTIONS": {key: unquote(option) for key, option in options.items()},
    }


def mail_server(name: str) -> Mapping[str, EnvValue]:
    """Django's mail settings for `smtp://`, `smtp+tls://` (STARTTLS) or `smtp+ssl://user:password@host:port`."""
    value = url(name, schemes=("smtp", "smtp+tls", "smtp+ssl"))
    parts = urlsplit(value)
    try:
        port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} has a malformed port. It takes smtp://host:25.") from error
    return {
        "EMAIL_HOST": parts.hostname or "localhost",
        "EMAIL_PORT": port or {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
        "EMAIL_USE_SSL": parts.scheme == "smtp+ssl",
    }


def languages(name: str, *, default: str) -> list[tuple[str, str]]:
    """Language codes with their English names, in the order given. English is always among them: it is fallen back to."""
    value = text(name, default=default, what="language codes, comma-separated, such as en,es,de")
    codes = [code.lower() for code in value.replace(",", " ").split()]
    for code in codes:
        if "name" not in LANG_INFO.get(code, {}):
            raise ImproperlyConfigured(
                f"{name} names {code!r}. It takes codes of languages that Django knows."
            )
    if "en" not in codes:
        raise ImproperlyConfigured(
            f"{name} leaves out en, in which a text is written that is missing elsewhere."
        )
    return [(code, str(LANG_INFO[code]["name"])) for code in dict.fromkeys(codes)]
