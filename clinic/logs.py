"""Structured logs that carry ids and codes only.

Redaction is the second wall: nobody should log a name in the first place, yet what looks like an
address, a phone number or a long secret is masked before it is written.
"""

import re
from typing import Any

import structlog

_MASK = "[removed]"
_PERSONAL = [
    re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+\.[^\s@<>\"']+"),  # mail address
    re.compile(r"(?<![\w-])\+\d[\d ()/-]{6,}\d"),  # phone number in international form
    re.compile(r"(?<![\w-])[\w-]{43,}(?![\w-])"),  # secret of an address: longer than any key
]
_PERSONAL_KEYS = {
    "email",
    "phone",
    "name",
    "given_name",
    "family_name",
    "birth_date",
    "password",
    "token",
    "notes",
    "request",
    "user_agent",
    "ip",
}


def redact(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Mask personal keys and anything in a text that looks like an address or a phone number."""
    for key, value in event.items():
        if key in _PERSONAL_KEYS:
            event[key] = _path_only(value) if key == "request" else _MASK
        elif isinstance(value, str):
            event[key] = _masked(value)
    return event


def _masked(text: str) -> str:
    for pattern in _PERSONAL:
        text = pattern.sub(_MASK, text)
    return text


def _path_only(request: object) -> str:
    """`GET /patients/?x=1` without its query: links carry tokens, forms carry names. Secrets in the path are masked."""
    return _masked(str(request).partition("?")[0])


_shared: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configuration(*, as_json: bool) -> dict[str, Any]:
    """The LOGGING setting: one line an event on standard error."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _shared,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    redact,
                    renderer,
                ],
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": "INFO"},
        "loggers": {
            "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
            "django": {"handlers": ["console"], "level": "INFO", "propagate": False},
        },
    }


def configure() -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.filter_by_level,
            *_shared[1:],
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
