"""A kit's label as a scanner types it: GS1 element strings, read into device identifier, lot and expiry."""

import datetime as dt
from dataclasses import dataclass

import biip
from biip.gs1_messages import GS1Message
from django.utils.translation import gettext as _

from clinic.exceptions import InvalidInput

_GTIN, _LOT, _EXPIRY = "01", "10", "17"
_SEPARATORS = ("\x1d", "<GS>", "|", "~")
"""How scanners that type send the separator FNC1."""


@dataclass(frozen=True, slots=True)
class Label:
    """What a label says. Empty: it does not say it."""

    device_identifier: str = ""
    lot: str = ""
    expires_on: dt.date | None = None


def read(scanned: str) -> Label:
    """The label, from a GS1 string raw, with symbology prefix, or in brackets as printed under the code.

    A bare product number gives the device identifier alone. Raises InvalidInput where nothing can be read.
    A day 00 of the expiry means the last of the month.
    """
    text = scanned.strip()
    for mark in _SEPARATORS:
        text = text.replace(mark, "\x1d")
    if not text.isascii() or len(text) > 200:
        raise _unreadable()
    if text.isdecimal() and len(text) in (8, 12, 13):
        return _product_number(text)
    try:
        if text.startswith("("):
            return _label(GS1Message.parse_hri(text))
        found = biip.parse(text)
    except (
        biip.ParseError,
        ValueError,
        IndexError,
    ) as error:  # IndexError: a lone "]", which biip takes for a prefix
        raise _unreadable() from error
    if found.gs1_message is not None:
        return _label(found.gs1_message)
    raise _unreadable()


def _label(message: GS1Message) -> Label:
    gtin = message.element_strings.get(ai=_GTIN)
    lot = message.element_strings.get(ai=_LOT)
    expiry = message.element_strings.get(ai=_EXPIRY)
    if gtin is None and lot is None:
        raise _unreadable()
    return Label(
        device_identifier=gtin.value if gtin is not None else "",
        lot=lot.value if lot is not None else "",
        expires_on=expiry.date if expiry is not None else None,
    )


def _product_number(text: str) -> Label:
    try:
        return Label(device_identifier=biip.gtin.Gtin.parse(text).as_gtin_14())
    except (biip.ParseError, ValueError) as error:
        raise _unreadable() from error


def _unreadable() -> InvalidInput:
    return InvalidInput(
        _("This is not a kit's label (GS1). Scan the larger code, or type lot and expiry."), field="scan"
    )
