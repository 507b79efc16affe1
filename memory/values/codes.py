"""Identifiers: order numbers, product codes, postal codes."""

import re

from stdnum import ean, imei, isbn
from stdnum.eu import vat


def code(value: str) -> str:
    """Return an identifier's letters and digits in upper case.

    Numbers of a known scheme (ISBN, EAN, IMEI, a European VAT number) are brought into
    that scheme's own form, when their check digit is right.
    """
    # A version 3.5 is not a version 35.
    bare = re.sub(r"(?<!\d)\.|\.(?!\d)|[^\w.]|_", "", value).upper()
    if not any(c.isdigit() for c in bare):
        # Words in place of a number, as "the first one".
        return bare if value.isalnum() else ""
    if isbn.is_valid(value):
        return str(isbn.to_isbn13(isbn.compact(value)))
    for scheme in (ean, imei, vat):
        if scheme.is_valid(value):
            return str(scheme.compact(value))
    return bare


def postal_code(value: str) -> str:
    """Return a postal code without spaces, in upper case; ZIP+4 keeps its hyphen."""
    bare = re.sub(r"\s+", "", value).upper()
    plus_four = re.fullmatch(r"(\d{5})-?(\d{4})", bare)
    return "-".join(plus_four.groups()) if plus_four else bare.replace("-", "")
