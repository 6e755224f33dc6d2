"""What was looked for, kept in the address: it stays while the call lasts, over to the next patient and visit."""

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.http import urlencode

from scheduling.forms.fields import InstantField

KEPT = ("visit_type", "lead", "earliest", "part", "weekdays")


def said(data: QueryDict) -> dict[str, Any]:
    """What a form starts with."""
    found: dict[str, Any] = {name: data[name] for name in KEPT if data.get(name)}
    if "weekdays" in found:
        found["weekdays"] = data.getlist("weekdays")
    return found


def start_of(data: QueryDict) -> dt.datetime | None:
    """The instant in an address or a form, where there is one."""
    try:
        found: dt.datetime | None = InstantField(required=False).clean(data.get("start", ""))
    except ValidationError:
        return None
    return found


def address(data: QueryDict) -> str:
    """The same as the end of an address; empty where nothing was looked for."""
    kept = QueryDict(mutable=True)
    for name, value in said(data).items():
        kept.setlist(name, value if isinstance(value, list) else [value])
    return f"?{kept.urlencode()}" if kept else ""


def with_start(data: QueryDict) -> str:
    """The same with the time that was clicked on the grid, until the patient is chosen."""
    kept = address(data)
    if start_of(data) is None:
        return kept
    return f"{kept}{'&' if kept else '?'}{urlencode({'start': str(data['start'])})}"
