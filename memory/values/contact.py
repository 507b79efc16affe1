"""E-mail addresses, telephone numbers, languages."""

from functools import cache

import phonenumbers
from django.conf.locale import LANG_INFO
from email_validator import EmailNotValidError, validate_email

from memory.values.text import folded


def email(value: str) -> str:
    """Return an address in lower case with its domain in Unicode (RFC 6531)."""
    try:
        return validate_email(value, check_deliverability=False).normalized.casefold()
    except EmailNotValidError:
        return ""


def phone(value: str, region: str) -> str:
    """Return a number in E.164, or its digits where its country is not known."""
    try:
        number = phonenumbers.parse(value, region or None)
    except phonenumbers.NumberParseException:
        return "".join(c for c in value if c.isdigit())
    if not phonenumbers.is_possible_number(number):
        return "".join(c for c in value if c.isdigit())
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def same_phone(left: str, right: str) -> bool:
    """Return whether two forms are one number, the country of either left out."""
    match = phonenumbers.is_number_match(left, right)
    return bool(match >= phonenumbers.MatchType.NSN_MATCH)


def language(value: str) -> str:
    """Return the ISO 639 code of the one language that is named."""
    named = {code for word in folded(value).split() if (code := _languages().get(word))}
    return named.pop() if len(named) == 1 else ""


@cache
def _languages() -> dict[str, str]:
    by_name: dict[str, str] = {}
    for code, info in LANG_INFO.items():
        if "-" not in code and "name" in info:
            for name in (info["name"], info["name_local"]):
                by_name.setdefault(folded(name), code)
    return by_name
