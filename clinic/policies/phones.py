"""Phone numbers: read as people write them in the site's country, kept as E.164."""

import re
from dataclasses import dataclass

import phonenumbers

FEWEST_DIGITS_ASKED = 3
COUNTRIES = frozenset(phonenumbers.SUPPORTED_REGIONS)
"""Two letters of each country whose numbers can be read."""

_LOOKS_LIKE_PHONE = re.compile(r"\+?[\d\s()./-]+")


@dataclass(frozen=True, slots=True)
class Phone:
    """`national` is the number's digits without country code and leading zeros: what people type to find it."""

    e164: str
    national: str


class NotAPhone(ValueError):
    """No number that could be dialled in that country or, with a +, anywhere."""


def parse(text: str, *, country: str | None = None) -> Phone:
    """Read a number as written in `country` (two letters); an international one, with a +, needs none."""
    try:
        number = phonenumbers.parse(text[:40], country)
    except phonenumbers.NumberParseException as error:
        raise NotAPhone from error
    if not phonenumbers.is_possible_number(number) or number.extension:
        raise NotAPhone
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Phone(e164=e164, national=str(number.national_number).lstrip("0"))


def shown(e164: str, *, country: str | None = None) -> str:
    """As people at home write it, or with the country code where it is a foreign number."""
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return e164
    at_home = country is not None and phonenumbers.region_code_for_number(number) == country
    style = (
        phonenumbers.PhoneNumberFormat.NATIONAL if at_home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    )
    return str(phonenumbers.format_number(number, style))


def digits_asked(text: str) -> str:
    """The digits of a search that can be the beginning of a phone number; empty when it can be none."""
    text = text.strip()
    if not _LOOKS_LIKE_PHONE.fullmatch(text):
        return ""
    digits = re.sub(r"\D", "", text)
    digits = digits.removeprefix("00") if digits.startswith("00") else digits.lstrip("0")
    return digits[:15] if len(digits) >= FEWEST_DIGITS_ASKED else ""
