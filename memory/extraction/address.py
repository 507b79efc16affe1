"""Postal addresses: street, city, state, postal code, country; and moves."""

import re
from collections.abc import Iterator

from memory.extraction.dialogue import Utterance
from memory.extraction.findings import Finding, trimmed
from memory.extraction.vocabulary import words

US_STATES: dict[str, str] = dict(
    pair.split(":")
    for pair in sorted(
        words(
            "AL:Alabama AK:Alaska AZ:Arizona AR:Arkansas CA:California CO:Colorado "
            "CT:Connecticut DE:Delaware DC:D.C. FL:Florida GA:Georgia HI:Hawaii "
            "ID:Idaho "
            "IL:Illinois IN:Indiana IA:Iowa KS:Kansas KY:Kentucky LA:Louisiana "
            "ME:Maine "
            "MD:Maryland MA:Massachusetts MI:Michigan MN:Minnesota MS:Mississippi "
            "MO:Missouri MT:Montana NE:Nebraska NV:Nevada NH:New_Hampshire "
            "NJ:New_Jersey "
            "NM:New_Mexico NY:New_York NC:North_Carolina ND:North_Dakota OH:Ohio "
            "OK:Oklahoma OR:Oregon PA:Pennsylvania RI:Rhode_Island SC:South_Carolina "
            "SD:South_Dakota TN:Tennessee TX:Texas UT:Utah VT:Vermont VA:Virginia "
            "WA:Washington WV:West_Virginia WI:Wisconsin WY:Wyoming"
        )
    )
)
"""Source: USPS Publication 28, appendix B."""

_COUNTRIES = (
    "Argentina|Australia|Austria|Belgium|Brazil|Canada|Chile|China|Denmark|Egypt|"
    "Finland|France|Germany|Greece|Hungary|Iceland|India|Indonesia|Ireland|Israel|"
    "Italy|Japan|Kenya|Malaysia|Mexico|Morocco|New Zealand|Nigeria|Norway|Pakistan|"
    "Peru|Philippines|Poland|Portugal|Romania|Scotland|Singapore|South Africa|Spain|"
    "Sweden|Switzerland|Taiwan|Thailand|the Netherlands|Netherlands|Turkey|"
    "United Kingdom|England|Wales|UK|USA|United States|the US|the UK|Ukraine|Vietnam"
)
COUNTRY = re.compile(rf"(?:{_COUNTRIES})$", re.IGNORECASE)

_SUFFIX = (
    r"(?:st|street|ave?|avenue|rd|road|blvd|boulevard|ln|lane|dr|drive|ct|court|pl|"
    r"place|way|sq|square|row|terrace|ter|pkwy|parkway|hwy|highway|cir|circle|trail|"
    r"crescent|close|gardens?|quay|walk|hill|alley|nagar|salai|expressway|crossing|"
    r"mews|plaza|turnpike|loop)"
)
_STREET = (
    r"(?P<street>(?<![\w#-])\d{1,5}[A-Za-z]?(?:[-/]\d+)? (?!(?:st|nd|rd|th)\b)"
    rf"(?:[\w'.]+ ){{1,4}}?(?:{_SUFFIX}\b\.?)"
    r"(?:,? (?:apt|apartment|suite|unit|flat|floor|#)\.? ?\w+)?"
    r"|\b[A-Z][\wäöüßéèë]*(?:straat|laan|weg|str(?:aße|asse|\.)|gasse|platz|plein|"
    r"gracht|"
    r"gade|gatan|vej|kade) \d{1,4} ?[a-zA-Z]?\b"
    r"|\b(?:rue|avenue|via|calle|rua) (?:[\w']+ ){1,4}\d{1,4}\b"
    r"|(?<![\w#-])\d{1,4}(?: bis)?,? (?:rue|via|calle|rua|all[ée]e|impasse|chemin|quai)"
    r"(?: (?!\d)[\w'-]+){1,5}?(?=\s*(?:,|\n|$|\d{4,5}))"
    r")"
)
_CODES = "|".join(US_STATES)
_NAMES = "|".join(name.replace("_", " ") for name in US_STATES.values())
_STATE = rf"(?:(?-i:{_CODES})|(?:{_CODES})(?=,? \d{{5}}\b)|{_NAMES})"  # "in", "or"
_POSTCODE = r"\d{5}(?:-\d{4})?|\d{6}|\d{4} ?[A-Z]{2}|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}"
_LETTERS = r"[^\W\d_](?:[^\W\d_]|['.-])*"
_CITY = rf"{_LETTERS}(?: (?!(?:and|but|please|is|my)\b){_LETTERS}){{0,3}}?"
_ADDRESS = re.compile(
    rf"{_STREET}"
    rf"(?:(?:\s*[,\n]\s*|\s+)(?P<front>\d{{4,5}}(?= [A-Z])\s+)?(?P<city>{_CITY})"
    rf"(?=\s*(?:,|$|\n|[.!?](?:\s|$)|\s(?:{_STATE})\b|\s\d|\s(?:{_POSTCODE})\b))"
    rf"(?:\s*,?\s*(?P<state>{_STATE})\b)?"
    rf"(?:\s*,?\s*(?P<zip>{_POSTCODE})\b)?"
    rf"(?:\s*,\s*(?P<country>{_COUNTRIES})\b)?)?",
    re.IGNORECASE,
)
_CITY_STATE = re.compile(
    rf"\b(?P<city>[A-Z][\w'.-]*(?: [A-Z][\w'.-]*){{0,2}}), (?P<state>{_STATE})\b"
    rf"(?: (?P<zip>\d{{5}})\b)?"
)
_NOT_HOME = re.compile(
    r"\b(?:store|shop|branch|office|restaurant|hotel|old|previous|former|wrong|"
    r"delivered to|sent to|shipped to|someone at)\b",
    re.IGNORECASE,
)
_ZIP = re.compile(
    r"\b(?:zip|post(?:al)?)(?: ?code)?(?: is| number is)?\s*[:#-]?\s*"
    rf"(?P<value>{_POSTCODE})\b",
    re.IGNORECASE,
)
_BARE_ZIP = re.compile(rf"(?<![\w-])(?P<value>{_POSTCODE})(?![\w-])")
_PLACE = r"(?-i:[A-Z][\w'.-]+)(?: (?-i:[A-Z])[\w'.-]+){0,2}"
_LIVES = re.compile(
    r"\b(?:i|we)(?:'(?:m|re|ve)| am| are| have| just)? ?(?:now |just |recently |"
    r"currently |actually |also |have |already |still )*"
    r"(?P<verb>live|living|based|moved|relocated|reside|settled|moving|move)"
    r"(?: here| back| house| out| over| down)?"
    rf"(?: from {_PLACE})?"
    rf" (?:in|to|near|at)(?: the city of| sunny| beautiful)? (?P<value>(?:the "
    rf")?{_PLACE})"
    rf"(?:, (?P<wider>{_PLACE}))?",
    re.IGNORECASE,
)
_LIVED = re.compile(
    rf"\bi(?:'ve| have)? (?:used to live|was living|been living|lived) (?:in|at) "
    rf"(?P<value>{_PLACE})(?= (?:until|till|up to|since)\b)",
    re.IGNORECASE,
)
_LOWER_LIVES = re.compile(
    r"\bi(?:'m| am)? (?:now |just |have |recently )*"
    r"(?:live|moved|relocated|living|reside) (?:in|to) "
    r"(?P<value>[a-z]{3,})(?=$|[,.!;]| (?:now|and|but|in \w+|last|so|since)\b)"
)
_NEXT_SENTENCE = re.compile(r"(?<=\w{4})\. ")
_NO_PLACE = words(
    "the a an my our another new different this that here there and january february "
    "march april may june july august september october november december apartment "
    "house place flat town city summer winter spring autumn monday tuesday wednesday "
    "thursday friday saturday sunday"
)
_LABELLED_PART = re.compile(
    r"\b(?:my |the |current |new )*(?P<key>city|town|state|country)(?: name)?"
    r"(?:\s*:\s*|\s+is\s+(?:now )?)"
    r"(?P<value>[A-Za-z][\w'.-]*(?: (?!and\b|zip\b|but\b)[A-Za-z][\w'.-]*){0,2})",
    re.IGNORECASE,
)


def addresses(said: Utterance) -> Iterator[Finding]:
    """Street addresses with whatever city, state and postal code follow."""
    if said.tokenised and not said.guided:  # without signs the parts cannot be told
        return
    for match in _ADDRESS.finditer(said.text):
        if _NOT_HOME.search(said.text[: match.start()].split("\n")[-1][-40:]):
            continue
        yield from _parts(match)
    if not any(_ADDRESS.finditer(said.text)) and (
        "street_address" in said.asked or "city" in said.asked
    ):
        for match in _CITY_STATE.finditer(said.text):
            yield from _parts(match)


def postal_codes(said: Utterance) -> Iterator[Finding]:
    """Postal codes that are named or were asked for."""
    patterns = [_ZIP]
    if {"zip_code", "street_address"} & set(said.asked):
        patterns.append(_BARE_ZIP)
    for pattern in patterns:
        for match in pattern.finditer(said.text):
            start, end = match.span("value")
            yield Finding("zip_code", match["value"], start, end, 0.9, certain=True)


def homes(said: Utterance) -> Iterator[Finding]:
    """Where the customer lives or has moved to."""
    for match in _LIVES.finditer(said.text):
        if match["verb"].lower() in ("moving", "move"):
            continue
        yield from _home(match)
    for match in _LIVED.finditer(said.text):
        yield from _home(match)  # with its "until" it is an end
    for match in _LOWER_LIVES.finditer(said.text):
        if match["value"] not in _NO_PLACE:
            yield from _home(match)
    for match in _LABELLED_PART.finditer(said.text):
        key = {"town": "city"}.get(match["key"].lower(), match["key"].lower())
        if match["value"].lower().split()[0] not in _NO_PLACE:
            yield Finding(key, *_value(match, "value"), 0.85)


def _home(match: re.Match[str]) -> Iterator[Finding]:
    value, start, end = _value(match, "value")
    if next_sentence := _NEXT_SENTENCE.search(match.string, start, end):
        # "I live in Ghent. My …"
        end = next_sentence.start()
        value = " ".join(match.string[start:end].split())
    key = "country" if COUNTRY.match(value) else "city"
    first = value.lower().split()[0]
    if key == "city" and (value.lower() in _NO_PLACE or first in _NO_PLACE - {"new"}):
        return
    yield Finding(key, value, start, end, 0.85)
    if "wider" in match.groupdict() and match["wider"]:
        wider, start, end = _value(match, "wider")
        key = "state" if wider.replace(" ", "_") in _state_names() else "country"
        if key == "state" or COUNTRY.match(wider):
            yield Finding(key, wider, start, end, 0.8)


def _state_names() -> set[str]:
    return {*US_STATES, *US_STATES.values()}


def _parts(match: re.Match[str]) -> Iterator[Finding]:
    """One finding for each part of a postal address that was matched."""
    parts = match.groupdict()
    for name, key in (
        ("street", "street_address"),
        ("city", "city"),
        ("state", "state"),
        ("zip", "zip_code"),
        ("front", "zip_code"),
        ("country", "country"),
    ):
        if not parts.get(name):
            continue
        value, start, end = _value(match, name)
        if key == "city" and not parts.get("state") and _opens_with_filler(value):
            return
        is_country = key == "city" and COUNTRY.match(value)
        yield Finding(
            "country" if is_country else key, value, start, end, 0.9, certain=True
        )


_FILLERS = words(
    "please thanks thank and but is that the it i my not for so to in on at apt ok "
    "yes no if can could now instead with or"
)


def _opens_with_filler(value: str) -> bool:
    return value.lower().split()[0] in _FILLERS


def _value(match: re.Match[str], name: str) -> tuple[str, int, int]:
    start, end = trimmed(match.string, *match.span(name))
    return " ".join(match.string[start:end].split()), start, end
