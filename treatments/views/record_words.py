"""A record in words, field by field in the order of the procedure: what is not recorded says so."""

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from treatments.models import Anaesthetic, Injection, Spin
from treatments.selectors.record_fields import FIELDS, Field, MiboSection
from treatments.selectors.record_rows import RecordRows

_TOLD_ELSEWHERE = ("recipient.diagnosis", "delivery.targets")


def facts(rows: RecordRows) -> list[tuple[str, list[tuple[str, str]]]]:
    """Each section with its fields and what they say; the diagnosis and the targets stand elsewhere."""
    return [
        (
            str(section.label),
            [
                (_capital(str(field.words)), _said(field, rows))
                for field in FIELDS
                if field.mibo == section and field.code not in _TOLD_ELSEWHERE
            ],
        )
        for section in MiboSection
    ]


def _said(field: Field, rows: RecordRows) -> str:
    match field.code:
        case "preparation.spins":
            found = "; ".join(_spin(spin) for spin in rows.spins)
        case "delivery.anaesthetic":
            found = "; ".join(_anaesthetic(row) for row in rows.anaesthetics)
        case "delivery.guidance":
            found = _each(rows.injections, lambda row: str(row.get_guidance_display()))
        case "delivery.needle":
            found = _each(rows.injections, lambda row: f"{row.needle_gauge} G" if row.needle_gauge else "")
        case _:
            return _value(field.said(rows), "" if field.unit == "a" else field.unit)
    return found or _("not recorded")


def _value(value: Any, unit: str) -> str:
    if value is None or value == "":
        return _("not recorded")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dt.datetime):
        return date_format(localtime(value), "H:i")
    if isinstance(value, int | Decimal):
        times = "× " if unit.startswith("10") else ""
        return f"{number_format(value)} {times}{unit}".strip()
    return str(value)


def _each(rows: Iterable[Injection], words: Callable[[Injection], str]) -> str:
    return ", ".join(dict.fromkeys(said for row in rows if (said := words(row))))


def _spin(spin: Spin) -> str:
    return _("%(g)s g for %(minutes)s min") % {"g": spin.g, "minutes": number_format(spin.minutes)}


def _anaesthetic(row: Anaesthetic) -> str:
    parts = [str(row.get_agent_display())]
    parts += [f"{number_format(row.percent)} %"] if row.percent is not None else []
    parts += [f"{number_format(row.ml)} mL"] if row.ml is not None else []
    return ", ".join([*parts, str(row.get_use_display()).lower()])


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
